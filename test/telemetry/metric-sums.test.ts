// Sums of metrics: those of several processes read like those of one, and no counter ever falls.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMetricSums, metricsSnapshot } from '../../src/telemetry/metric-sums.ts';
import { createMetrics, type Metrics } from '../../src/telemetry/metrics.ts';
import { MEASURED, REQUEST } from './every-event.ts';

/** A process that has served so many requests of 12 ms and found Redis so. */
function processWith(requests: number, redis: 'ready' | 'lost' = 'ready'): Metrics {
  const metrics = createMetrics(MEASURED);
  for (let at = 0; at < requests; at += 1) metrics.emit(REQUEST);
  metrics.emit(
    redis === 'ready'
      ? { type: 'redis-state', state: 'ready' }
      : { type: 'redis-state', state: 'lost', reason: 'closed' },
  );
  return metrics;
}

/** A snapshot as it comes out of a message. */
async function sent(metrics: Metrics) {
  return metricsSnapshot.parse(JSON.parse(JSON.stringify(await metrics.snapshot())));
}

/** The value of the one sample whose name and labels begin so. */
function sampleIn(text: string, start: string): number {
  const lines = text.split('\n').filter((line) => line.startsWith(start));
  assert.equal(lines.length, 1, `${lines.length} samples begin with ${start}`);
  return Number(lines[0]?.split(' ').at(-1));
}

const LABELS = 'method="GET",route="/v1/customer",status_code="200"';
const COUNT = `http_request_duration_seconds_count{${LABELS}}`;
const BELOW = `http_request_duration_seconds_bucket{le="0.01",${LABELS}}`;
const WITHIN = `http_request_duration_seconds_bucket{le="0.025",${LABELS}}`;
const UP = 'customer360_redis_up{connection="commands"}';

test('what processes counted is summed, histograms bucket by bucket', async () => {
  const sums = createMetricSums();
  sums.hold(1, await sent(processWith(3)));
  sums.hold(2, await sent(processWith(4)));
  const text = await sums.render(await processWith(1).snapshot());
  assert.equal(sampleIn(text, COUNT), 8);
  assert.equal(sampleIn(text, BELOW), 0);
  assert.equal(sampleIn(text, WITHIN), 8);
  const seconds = sampleIn(text, COUNT.replace('_count', '_sum'));
  assert.ok(Math.abs(seconds - 8 * 0.012) < 1e-9);
});

test('the sum has every name, meaning and type of one process, and none twice', async () => {
  const told = (text: string) =>
    text
      .split('\n')
      .filter((line) => line.startsWith('#') && !line.includes('process_start_time'))
      .toSorted();
  const one = processWith(1);
  const sums = createMetricSums();
  sums.hold(1, await sent(processWith(2)));
  assert.deepEqual(told(await sums.render(await one.snapshot())), told(await one.render()));
});

test('a snapshot takes the place of the one before', async () => {
  const sums = createMetricSums();
  sums.hold(1, await sent(processWith(3)));
  sums.hold(1, await sent(processWith(5)));
  assert.equal(sampleIn(await sums.render([]), COUNT), 5);
});

test('what a process counted outlives it, and its gauges do not', async () => {
  const sums = createMetricSums();
  sums.hold(1, await sent(processWith(3)));
  sums.hold(2, await sent(processWith(4)));
  const resident = sampleIn(await sums.render([]), 'process_resident_memory_bytes');
  for (const ended of [1, 2, 2, 7]) sums.retire(ended);
  sums.hold(3, await sent(processWith(2)));
  const text = await sums.render([]);
  assert.equal(sampleIn(text, COUNT), 9);
  assert.ok(sampleIn(text, 'process_resident_memory_bytes') < resident);
});

test('Redis is up when it is up for every process', async () => {
  const sums = createMetricSums();
  sums.hold(1, await sent(processWith(0, 'ready')));
  sums.hold(2, await sent(processWith(0, 'ready')));
  assert.equal(sampleIn(await sums.render([]), UP), 1);
  sums.hold(2, await sent(processWith(0, 'lost')));
  assert.equal(sampleIn(await sums.render([]), UP), 0);
});

test('of what processes know of a budget the least is told, and their calls are added up', async () => {
  const sums = createMetricSums();
  for (const [process, calls] of [7, 3, 5].entries()) {
    const metrics = processWith(0);
    metrics.watch({
      budgetsLeft: () => new Map([['acme', calls]]),
      places: () => new Map([['us', { underWay: calls, waiting: 2 * calls }]]),
    });
    sums.hold(process, await sent(metrics));
  }
  const text = await sums.render(await processWith(0).snapshot());
  assert.equal(sampleIn(text, 'customer360_budget_left_calls{tenant="acme"}'), 3);
  assert.equal(sampleIn(text, 'customer360_upstream_calls_under_way{region="us"}'), 15);
  assert.equal(sampleIn(text, 'customer360_upstream_calls_waiting{region="us"}'), 30);
});

test('a value that is no number yet is left out', async () => {
  const metrics = createMetrics(MEASURED);
  // The first reading empties the histogram of delays, and the mean of nothing is not a number.
  await metrics.snapshot();
  const names = (await metrics.snapshot()).filter(({ values }) =>
    values.some(({ value }) => !Number.isFinite(value)),
  );
  assert.deepEqual(names, []);
});
