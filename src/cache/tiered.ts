// The cache layer: answers from memory while it may, else by one flight for all who ask for the same.
import type { CacheKey } from '../domain/cache-key.ts';
import { isProblem } from '../domain/problem.ts';
import type { Context, Fetched, Layer } from '../domain/source.ts';
import { type Emit, internalError } from '../telemetry/events.ts';
import { answerFromMemory, type FlightOptions, fly, type Held, type Landed } from './flight.ts';
import { createFlights } from './flights.ts';
import { placeName } from './place.ts';
import { asSeenBy, fetchOutcome, readEvent } from './provenance.ts';

interface TieredCacheOptions<Query> extends FlightOptions {
  readonly keyOf: (query: Query) => CacheKey;
  readonly emit: Emit;
}

/** Answers from the tiers by the rules for what is stale, else from the next source, and keeps what that says. */
export function tieredCache<Query>(
  options: TieredCacheOptions<Query>,
): Layer<Query, Fetched, Held> {
  const { keyOf, tiers, now, emit } = options;
  return (next) => {
    const flights = createFlights<Landed>();

    const join = (key: CacheKey, query: Query, context: Context) =>
      flights.join(placeName(key), () => {
        emit({ type: 'flight-begun', kind: key.kind });
        const fetch = (signal: AbortSignal, endsAt: number) =>
          next(query, { ...context, signal, endsAt });
        return fly({ key, wish: context, fetch }, options);
      });

    const refresh = (key: CacheKey, query: Query, { app, view }: Context) => {
      if (flights.has(placeName(key))) return;
      const { result } = join(key, query, { app, view, refresh: false, isBackground: true });
      const tell = (outcome: 'ok' | 'failed') =>
        emit({ type: 'background-refresh', kind: key.kind, outcome });
      result.then(
        ({ provenance }) => tell(provenance.outcome === 'stale' ? 'failed' : 'ok'),
        (error: unknown) => {
          tell('failed');
          if (!isProblem(error)) emit(internalError(error, null));
        },
      );
    };

    const fromFlight = async (key: CacheKey, query: Query, context: Context): Promise<Landed> => {
      const { result, collapsed } = join(key, query, context);
      if (collapsed) emit({ type: 'flight-joined', kind: key.kind });
      const landed = await result.catch((error: unknown) => {
        const outcome = fetchOutcome(context);
        emit({ type: 'cache-read', kind: key.kind, outcome, tier: 'none', count: 1 });
        throw error;
      });
      // What others found in Redis is no answer to one who wants it fetched anew.
      const isAnother = collapsed && context.refresh && landed.provenance.outcome === 'hit';
      if (isAnother) return fromFlight(key, query, context);
      return { ...landed, provenance: asSeenBy(landed.provenance, context, collapsed) };
    };

    return async (query, context) => {
      const key = keyOf(query);
      const recalled = tiers.recall(key);
      const held = recalled instanceof Promise ? await recalled : recalled;
      const kept = answerFromMemory(held, { key, wish: context }, options);
      const landed = kept ?? (await fromFlight(key, query, context));
      if (landed.isRefreshDue) refresh(key, query, context);
      emit(readEvent(key.kind, { ...landed, instants: landed.entry.instants }, now()));
      return landed;
    };
  };
}
