// Several processes' caches over one Redis, and a vendor that does as it is told: what the state machine drives.
import { randomBytes, randomUUID } from 'node:crypto';
import type { Held } from '../../src/cache/flight.ts';
import { createLeases } from '../../src/cache/leases.ts';
import { createMemoryStore } from '../../src/cache/memory-store.ts';
import { createMessages } from '../../src/cache/messages.ts';
import { createRedisStore } from '../../src/cache/redis-store.ts';
import { createSealer } from '../../src/cache/seal.ts';
import { softStore } from '../../src/cache/soft-store.ts';
import { tieredCache } from '../../src/cache/tiered.ts';
import { createTiers } from '../../src/cache/tiers.ts';
import { createCacheKeys } from '../../src/domain/cache-key.ts';
import { instantsFrom } from '../../src/domain/freshness.ts';
import { isProblem, Problem } from '../../src/domain/problem.ts';
import type { Fetched } from '../../src/domain/source.ts';
import { type Ask, CacheRecord, type Subject } from './cache-record.ts';
import {
  faultsAtRest,
  faultsOfAnswer,
  faultsOfFetch,
  faultsOfProblem,
  LIFETIME,
} from './cache-rules.ts';
import type { Sites } from './cache-sites.ts';
import { createClock } from './clock.ts';
import { NOW, readQuery } from './queries.ts';

/** What the vendor does when it is asked. */
export type Mood = 'well' | 'down' | 'throttling' | 'refusing';

const MOODS: Readonly<Record<Exclude<Mood, 'well'>, () => Problem>> = {
  down: () => new Problem('upstream-invalid'),
  throttling: () => new Problem('upstream-throttled', { retryAfterSeconds: 30 }),
  refusing: () => new Problem('rejected-by-upstream'),
};
// Long enough that a busy machine does not lose a lease; what waits for its end is woken.
const LEASE = { leaseMs: 3_000, renewMs: 200 };

/** A world: what can be done in it, and the rules that were broken so far. */
export type World = ReturnType<typeof createWorld>;

/** Creates a world in which nothing has happened yet. */
export function createWorld({ list, control, rest }: Sites, subjects: readonly Subject[]) {
  const clock = createClock(NOW);
  const { now } = clock;
  const record = new CacheRecord([...list.keys()], now);
  const faults: string[] = [];
  const vendor = { mood: 'well' as Mood, isSlow: false, version: 1, waiting: [] as (() => void)[] };
  const keys = createCacheKeys(randomBytes(32));
  const keyOf = ({ customer, range }: Subject) =>
    keys.range(readQuery(`contactId=${customer}&last=${range}`).query);
  const customers = new Map(subjects.map((each) => [keyOf(each).identity, each.customer]));

  const vendorOf =
    (process: number) =>
    async (subject: Subject): Promise<Fetched> => {
      const fetch = record.fetch(process, subject);
      faults.push(...faultsOfFetch(record, fetch));
      if (vendor.isSlow) await new Promise<void>((resolve) => vendor.waiting.push(resolve));
      // No two answers come at the same instant.
      clock.pass(1);
      if (vendor.mood !== 'well') {
        const problem = MOODS[vendor.mood]();
        record.end(fetch, { problem });
        throw problem;
      }
      const body = `${subject.customer} ${subject.range} ${vendor.version}`;
      record.end(fetch, { body });
      return { body: Buffer.from(body), instants: instantsFrom(now(), LIFETIME, 0.5) };
    };

  const processes = list.map((site, process) => {
    const options = { now, emit: () => undefined, maxEntryBytes: 1_000, ...LEASE };
    const messages = createMessages(`process-${process}`);
    const store = createRedisStore({
      ...options,
      redis: site.commands,
      sealer: createSealer(Buffer.alloc(32, 1)),
      messages,
      generationMs: 3_600_000,
    });
    const soft = softStore(store, options.emit);
    const leases = createLeases({ ...options, store: soft, messages, newToken: randomUUID });
    const memory = createMemoryStore({ ...options, maxBytes: 1_000_000 });
    const shared = { store: soft, leases, messages };
    const tiers = createTiers({ memory, shared, now, random: () => 0.5 });
    Object.assign(site, { isCut: false, toLose: 0 });
    site.hear = (text) => {
      const customer = customers.get(text.split(' ')[2] ?? '');
      if (customer === undefined) return;
      if (site.isCut || site.toLose > 0) {
        site.toLose -= site.isCut ? 0 : 1;
        record.lose(process, customer);
      } else messages.receive(text);
    };
    const layer = tieredCache<Subject>({ ...options, keyOf, tiers, deadlineMs: 60_000 });
    return { tiers, messages, source: layer(vendorOf(process)) };
  });

  const take = (ask: Ask, { entry, provenance }: Held): void => {
    const { instants } = entry;
    faults.push(
      ...faultsOfAnswer(record, ask, { body: entry.body.toString(), instants, provenance }),
    );
    const fetch = record.fetchedAt(instants.fetchedAt);
    if (fetch === undefined) return;
    if (provenance.outcome === 'hit') ask.hit = fetch;
    const isKept = !('stored' in provenance) || provenance.stored;
    if (isKept) record.hold(ask.process, { fetch, instants });
  };

  const follow = async (ask: Ask): Promise<void> => {
    try {
      const view = { fields: null, hide: new Set<string>(), coding: null };
      const held = await processes[ask.process]?.source(ask.subject, {
        app: 'desk',
        refresh: ask.refresh,
        view,
      });
      if (held) take(ask, held);
    } catch (error) {
      if (!isProblem(error)) throw error;
      faults.push(...faultsOfProblem(record, ask, error));
    } finally {
      ask.isOver = true;
    }
  };

  const answerAll = () => {
    for (const answer of vendor.waiting.splice(0)) answer();
  };

  const endStep = async () => {
    await rest();
    faults.push(...faultsAtRest(record));
    record.endStep();
  };

  const waitedFor = () =>
    subjects.filter((each) => record.asks.some((ask) => !ask.isOver && ask.subject === each));

  return {
    faults,
    vendor,
    record,
    pass: clock.pass,
    endStep,
    answerAll,
    ask: (wish: Pick<Ask, 'process' | 'subject' | 'refresh'>) => void follow(record.ask(wish)),
    erase(process: number, subject: Subject) {
      record.erase(process, subject.customer);
      const erased = processes[process]?.tiers.erase(keyOf(subject).identity);
      // Without Redis it is told that it could not be done.
      erased?.catch(() => record.wasCut(process, record.step) || faults.push('an erasure failed'));
    },
    async lose(subject: Subject, part: 'entry' | 'everything') {
      const { identity, field } = keyOf(subject);
      if (part === 'entry') await control.hdel(identity, field);
      else await control.del(identity);
      record.forget(subject.customer, part);
    },
    loseMessages(process: number, count: number) {
      Object.assign(list[process] ?? {}, { toLose: count });
    },
    cut(process: number, isCut: boolean) {
      Object.assign(list[process] ?? {}, { isCut });
      if (isCut) record.cut(process);
      else record.mend(process);
    },
    /**
     * Lets the vendor answer, and leases that nobody renews end, until nobody waits any more: those who do are woken
     * as if it had been filled, which ends their back-off, too.
     */
    async settle() {
      vendor.isSlow = false;
      answerAll();
      await endStep();
      for (let turn = 0; turn < 20 && record.asks.some(({ isOver }) => !isOver); turn += 1) {
        for (const subject of waitedFor()) {
          const { identity, field } = keyOf(subject);
          record.forgetFailures(subject);
          await control.del(`${identity}:lease:${field}`);
          for (const { messages } of processes) messages.receive(`- filled ${identity} ${field}`);
        }
        await endStep();
      }
      if (record.asks.some(({ isOver }) => !isOver)) faults.push('an ask never ended');
    },
  };
}
