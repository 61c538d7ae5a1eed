// The layer of one attempt: a timeout of its own, and the tenant's next key when one is refused.
import type { Context, Layer } from '../domain/source.ts';
import type { Tenant } from '../domain/tenant.ts';
import { withTimeout } from '../resilience/timeout.ts';
import type { Emit } from '../telemetry/events.ts';
import { KeyRefused } from './failures.ts';

interface AttemptOptions {
  readonly timeoutMs: number;
  /** How many of the vendor's keys a tenant has. */
  readonly keyCount: (tenant: Tenant) => number;
  readonly emit: Emit;
}

/** A timeout here counts as a connection failure; only the deadline of the whole answer is a timeout to callers. */
export function attempt<Query extends { readonly tenant: Tenant }, Answer>({
  timeoutMs,
  keyCount,
  emit,
}: AttemptOptions): Layer<Query, Answer> {
  const tellRefusal = ({ name, region }: Tenant, keyIndex: number, status: number) =>
    emit({
      type: 'upstream-refused-key',
      tenant: name,
      region,
      keyPosition: keyIndex + 1,
      status,
    });
  return (next) => {
    const tryFrom = async (keyIndex: number, query: Query, context: Context): Promise<Answer> => {
      try {
        return await withTimeout({ timeoutMs, outer: context.signal }, (signal) =>
          next(query, { ...context, keyIndex, signal }),
        );
      } catch (error) {
        if (!(error instanceof KeyRefused)) throw error;
        tellRefusal(query.tenant, keyIndex, error.upstreamStatus);
        const hasNext = keyIndex + 1 < keyCount(query.tenant);
        if (error.upstreamStatus !== 401 || !hasNext) throw error;
        return tryFrom(keyIndex + 1, query, context);
      }
    };
    return (query, context) => tryFrom(0, query, context);
  };
}
