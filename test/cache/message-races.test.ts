// What overtakes the reply of Redis to what was asked before it: a message is not forgotten over that, nor an erasure.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createEntry, type Entry } from '../../src/cache/entry.ts';
import { createMemoryStore } from '../../src/cache/memory-store.ts';
import { createMessages } from '../../src/cache/messages.ts';
import type { Head, Shared } from '../../src/cache/redis-store.ts';
import type { SoftStore } from '../../src/cache/soft-store.ts';
import { createTiers } from '../../src/cache/tiers.ts';
import { instantsFrom } from '../../src/domain/freshness.ts';
import { createClock } from '../support/clock.ts';
import { NOW } from '../support/queries.ts';
import { someKey } from '../support/store-contract.ts';

const LIFETIME = { freshMs: 60_000, staleWhileRevalidateMs: 0, staleIfErrorMs: 0 };
const HEALING_MS = 10_000;

const entryAt = (text: string, at: number) =>
  createEntry(Buffer.from(text), instantsFrom(at, LIFETIME, 0.5));

/** A process whose Redis replies when the test lets it; what it replies is what it held when it was asked. */
function start() {
  const clock = createClock(NOW);
  const { now } = clock;
  const key = someKey();
  const redis: { entry: Entry; replies: (() => void)[] } = {
    entry: entryAt('old', NOW),
    replies: [],
  };
  const reply = async <Result>(result: Result): Promise<Result> => {
    await new Promise<void>((resolve) => redis.replies.push(resolve));
    return result;
  };
  const never = () => assert.fail('not asked for here');
  const store: SoftStore = {
    head: (): Promise<Head> => reply({ generation: 0, instants: redis.entry.instants }),
    read: (): Promise<Shared> =>
      reply({ entry: redis.entry, generation: 0, seen: Buffer.alloc(0) }),
    erase: () => reply(1),
    ...{ write: never, renew: never, take: never, fill: never, release: never },
  };
  const messages = createMessages('this');
  const tiers = createTiers({
    memory: createMemoryStore({ maxBytes: 100_000, maxEntryBytes: 1_000, now }),
    shared: { store, leases: { fetch: never }, messages },
    now,
    random: () => 0.5,
  });
  const answerAll = async () => {
    for (const answer of redis.replies.splice(0)) answer();
  };
  /** What another process does: Redis holds something else, and all are told. */
  const fillElsewhere = () => {
    clock.pass(1);
    redis.entry = entryAt('new', now());
    messages.receive(createMessages('other').filled(key));
  };
  /** What memory answers with, after all that it asks Redis. */
  const recall = async () => {
    let isOver = false;
    const recalled = Promise.resolve(tiers.recall(key)).finally(() => {
      isOver = true;
    });
    while (!isOver) {
      await answerAll();
      await Promise.resolve();
    }
    return (await recalled)?.entry.body.toString();
  };
  return { clock, key, tiers, redis, answerAll, fillElsewhere, recall };
}

test('while Redis is asked whether an entry is still what it holds', async () => {
  const { clock, key, tiers, answerAll, fillElsewhere, recall } = start();
  const looked = tiers.look(key);
  await answerAll();
  await looked;
  clock.pass(HEALING_MS);
  const checked = tiers.recall(key);
  fillElsewhere();
  await answerAll();
  await checked;
  assert.equal(await recall(), 'new');
});

test('while an entry is read for the first time', async () => {
  const { key, tiers, answerAll, fillElsewhere, recall } = start();
  const looked = tiers.look(key);
  fillElsewhere();
  await answerAll();
  await looked;
  assert.equal(await recall(), 'new');
});

test('a process that was told asks again, and has it', async () => {
  const { key, tiers, answerAll, fillElsewhere, recall } = start();
  const looked = tiers.look(key);
  await answerAll();
  await looked;
  assert.equal(await recall(), 'old');
  fillElsewhere();
  assert.equal(await recall(), 'new');
});

test('what a look brings back while Redis is erasing it leaves memory again', async () => {
  const { tiers, key, redis } = start();
  const erasing = tiers.erase(key.identity);
  const looking = tiers.look(key);
  const [erased, found] = redis.replies.splice(0);
  found?.();
  assert.ok((await looking).entry && tiers.recall(key));
  erased?.();
  await erasing;
  assert.equal(tiers.recall(key), undefined);
});
