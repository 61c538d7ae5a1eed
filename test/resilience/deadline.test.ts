// The deadline of a whole answer: a signal for what lies below, and a problem of its own when it passes.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../src/domain/problem.ts';
import type { Context, Source } from '../../src/domain/source.ts';
import { deadline, withDeadline } from '../../src/resilience/deadline.ts';

const ask: Context = {
  app: 'desk',
  refresh: false,
  view: { fields: null, hide: new Set(), coding: null },
};
const LONG_MS = 3_600_000;

/** Fails as a connection does when its signal ends; the timer keeps the process, as a socket would. */
const hang: Source<string, string> = (_query, { signal }) =>
  new Promise((_resolve, reject) => {
    const timer = setTimeout(() => reject(new Error('never ended')), 10_000);
    signal?.addEventListener('abort', () => {
      clearTimeout(timer);
      reject(new Problem('upstream-unavailable', { cause: signal.reason }));
    });
  });

test('past the deadline it is upstream-timeout, with what went wrong as the cause', async () => {
  await assert.rejects(deadline<string, string>(5)(hang)('a', ask), (error: unknown) => {
    assert.ok(error instanceof Problem);
    assert.equal(error.slug, 'upstream-timeout');
    assert.ok(error.cause instanceof Problem);
    return true;
  });
});

test('within the deadline an answer passes, and so does a failure', async () => {
  const layer = deadline<string, string>(LONG_MS);
  assert.equal(await layer(async (query) => query.toUpperCase())('a', ask), 'A');
  const failing = layer(async () => {
    throw new Problem('upstream-throttled');
  });
  await assert.rejects(failing('a', ask), { slug: 'upstream-throttled' });
});

test('work of any kind has a deadline in the same way', async () => {
  assert.equal(await withDeadline(LONG_MS, async ({ aborted }) => aborted), false);
  const failing = withDeadline(LONG_MS, async () => {
    throw new Problem('upstream-invalid');
  });
  await assert.rejects(failing, { slug: 'upstream-invalid' });
  const ended = withDeadline(5, (signal) => hang('a', { ...ask, signal }));
  await assert.rejects(ended, { slug: 'upstream-timeout' });
  // What fails only by the way of the deadline is no fault of ours.
  const aborted = withDeadline(5, async (signal) => {
    await hang('a', { ...ask, signal }).catch(() => undefined);
    signal.throwIfAborted();
  });
  await assert.rejects(aborted, { slug: 'upstream-timeout' });
});

test('what the work brings in time is brought, though the deadline passes before it is looked at', async () => {
  const late = withDeadline(5, async (signal) => {
    await hang('a', { ...ask, signal }).catch(() => undefined);
    return 'brought';
  });
  assert.equal(await late, 'brought');
});

test('what the work has is waited for a moment, and no longer', async ({ mock }) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const { promise: passed, resolve: pass } = Promise.withResolvers<void>();
  const work = async (signal: AbortSignal) => {
    signal.addEventListener('abort', () => pass());
    await passed;
    // As Redis does.
    await new Promise<void>((resolve) => setTimeout(resolve, 50));
    return 'kept';
  };
  const late = withDeadline(5, work);
  const never = withDeadline(5, () => new Promise(() => undefined));
  mock.timers.tick(5);
  await new Promise(setImmediate);
  mock.timers.tick(50);
  assert.equal(await late, 'kept');
  mock.timers.tick(50);
  await assert.rejects(never, { slug: 'upstream-timeout' });
});

test('a deadline that is lifted ends nothing more', async ({ mock }) => {
  mock.timers.enable({ apis: ['setTimeout'] });
  const endsAfter = (lifts: boolean) =>
    withDeadline(5, async (signal, _endsAt, lift) => {
      if (lifts) lift();
      mock.timers.tick(10);
      return signal.aborted;
    });
  assert.equal(await endsAfter(true), false);
  assert.equal(await endsAfter(false), true);
});

test('each answer has a deadline of its own', async () => {
  const signals: (AbortSignal | undefined)[] = [];
  const source = deadline<string, string>(LONG_MS)(async (query, { signal }) => {
    signals.push(signal);
    return query;
  });
  await Promise.all([source('a', ask), source('b', ask)]);
  assert.ok(signals[0] && signals[1] && signals[0] !== signals[1]);
});

test('within a longer answer the deadline of that one holds', async () => {
  const seen: (AbortSignal | undefined)[] = [];
  const inner = deadline<string, string>(0)(async (query, { signal }) => {
    seen.push(signal);
    return query;
  });
  const outer = deadline<string, string>(LONG_MS)(async (query, context) => {
    seen.push(context.signal);
    return inner(query, context);
  });
  assert.equal(await outer('a', ask), 'a');
  assert.equal(seen[0], seen[1]);
  assert.equal(seen[0]?.aborted, false);

  const short = deadline<string, string>(5)(deadline<string, string>(LONG_MS)(hang));
  await assert.rejects(short('a', ask), { slug: 'upstream-timeout' });
});
