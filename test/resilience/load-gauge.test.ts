// A process that is short of time or memory for long is overloaded; one long turn is no reason.
import assert from 'node:assert/strict';
import { type TestContext, test } from 'node:test';
import { setTimeout as delay } from 'node:timers/promises';
import {
  createLoadGauge,
  createLoadReader,
  type Load,
  type Shortage,
} from '../../src/resilience/load-gauge.ts';

const WELL: Load = { delayMs: 5, memoryShare: 0.5 };
const LATE: Load = { ...WELL, delayMs: 201 };
const FULL: Load = { ...WELL, memoryShare: 1.01 };

function start() {
  let load = WELL;
  let look = () => {};
  let isEnded = false;
  const changes: (Shortage | null)[] = [];
  const gauge = createLoadGauge({
    read: () => load,
    onChange: (shortage) => changes.push(shortage),
    every: (run) => {
      look = run;
      return () => {
        isEnded = true;
      };
    },
  });
  /** What it says after each of these readings. */
  const after = (...loads: readonly Load[]) =>
    loads.map((each) => {
      load = each;
      look();
      return gauge.shortage();
    });
  return { gauge, after, changes, isEnded: () => isEnded };
}

test('late once is nothing, late twice in a row is a shortage until it is in time', () => {
  const { after, changes } = start();
  const found = after(LATE, WELL, LATE, LATE, LATE, WELL, LATE);
  assert.deepEqual(found, [null, null, null, 'event-loop', 'event-loop', null, null]);
  assert.deepEqual(changes, ['event-loop', null]);
});

test('memory that is nearly used up is a shortage at once', () => {
  const { after, changes } = start();
  const found = after(FULL, { ...FULL, delayMs: 500 }, { ...LATE }, WELL);
  assert.deepEqual(found, ['memory', 'memory', 'event-loop', null]);
  assert.deepEqual(changes, ['memory', 'event-loop', null]);
});

test('up to the bounds there is none', () => {
  const bounds = { delayMs: 200, memoryShare: 1 };
  assert.deepEqual(start().after(bounds, bounds, bounds), [null, null, null]);
});

test('nothing is looked at after the end', () => {
  const { gauge, isEnded } = start();
  gauge.end();
  assert.equal(isEnded(), true);
});

/** Keeps the event loop busy. */
function block(ms: number): void {
  const until = performance.now() + ms;
  while (performance.now() < until);
}

test('the reading tells how late the event loop is, and begins anew each time', async () => {
  const read = createLoadReader(1);
  // Two ticks, and what was late between them is recorded.
  const ticks = async () => {
    for (let count = 0; count < 3; count += 1) await delay(25);
  };
  await ticks();
  const { memoryShare } = read();
  assert.ok(memoryShare > 0 && memoryShare < 1, String(memoryShare));
  block(2_000);
  await ticks();
  const late = read().delayMs;
  assert.ok(late > 250, `${late} ms`);
  await ticks();
  const after = read().delayMs;
  assert.ok(after < late / 2, `${after} ms after ${late}`);
});

const MIB = 1024 * 1024;

interface Container {
  readonly limit: number;
  /** What the kernel counts, files included. */
  readonly used: number;
  /** What this process holds. */
  readonly held: number;
}

/** The share of memory that is read in a container (MiB) in which so many processes serve. */
function shareIn(t: TestContext, { limit, used, held }: Container, processes: number): number {
  t.mock.method(process, 'constrainedMemory', () => limit * MIB);
  t.mock.method(process, 'availableMemory', () => (limit - used) * MIB);
  t.mock.method(process.memoryUsage, 'rss', () => held * MIB);
  const { memoryShare } = createLoadReader(processes)();
  return Math.round(memoryShare * 100) / 100;
}

test('the memory of a container is shared by all processes that serve in it', (t) => {
  const full = { limit: 100_000, used: 99_000, held: 45_000 };
  assert.equal(shareIn(t, full, 1), 0.5);
  assert.equal(shareIn(t, full, 2), 1);
  assert.equal(shareIn(t, full, 3), 1.1, 'no more than the kernel counts');
});

test('neither files in memory nor what processes share are taken for a shortage', (t) => {
  assert.equal(shareIn(t, { limit: 100_000, used: 99_000, held: 9_000 }, 4), 0.4);
  assert.equal(shareIn(t, { limit: 100_000, used: 45_000, held: 30_000 }, 4), 0.5);
});
