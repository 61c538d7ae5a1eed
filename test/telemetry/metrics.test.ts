// Metrics: each event counts somewhere, as Prometheus text, under labels of few values.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import type { ServiceEvent } from '../../src/telemetry/events.ts';
import { createMetrics, type Measured } from '../../src/telemetry/metrics.ts';
import { EVERY_EVENT, MEASURED, REDIS_AT_FIRST, REQUEST } from './every-event.ts';

/** The samples of our own metrics after these events, without those of the process. */
async function samplesAfter(...events: readonly ServiceEvent[]): Promise<readonly string[]> {
  const metrics = createMetrics(MEASURED);
  for (const event of events) metrics.emit(event);
  return (await metrics.render())
    .split('\n')
    .filter((line) => /^(http_request|customer360)_/.test(line))
    .filter((line) => !line.includes('_bucket{') && !line.endsWith(' 0'));
}

const expected: { readonly [Type in ServiceEvent['type']]: readonly string[] } = {
  request: [
    'http_request_duration_seconds_sum{method="GET",route="/v1/customer",status_code="200"} 0.012',
    'http_request_duration_seconds_count{method="GET",route="/v1/customer",status_code="200"} 1',
  ],
  'cache-read': ['customer360_cache_reads_total{kind="range",outcome="hit",tier="memory"} 3'],
  'quota-refused': ['customer360_quota_refusals_total{policy="app",app="desk"} 1'],
  load: ['customer360_load_shedding 1'],
  'load-shed': ['customer360_load_shed_total{reason="event-loop"} 1'],
  'flight-begun': ['customer360_flights_total{kind="range"} 1'],
  'lease-wait': [
    'customer360_lease_wait_duration_seconds_sum{kind="range"} 0.25',
    'customer360_lease_wait_duration_seconds_count{kind="range"} 1',
  ],
  'flight-joined': ['customer360_flights_joined_total{kind="range"} 1'],
  'background-refresh': [
    'customer360_background_refreshes_total{kind="joined",outcome="failed"} 1',
  ],
  lease: ['customer360_leases_total{kind="range",outcome="stored"} 1'],
  'upstream-call': [
    'customer360_upstream_call_duration_seconds_sum{region="us",endpoint="interactions",outcome="upstream-invalid",priority="caller"} 0.25',
    'customer360_upstream_call_duration_seconds_count{region="us",endpoint="interactions",outcome="upstream-invalid",priority="caller"} 1',
  ],
  'upstream-retry': ['customer360_upstream_retries_total{region="us",outcome="retried"} 1'],
  breaker: ['customer360_breaker_state{tenant="acme",region="us"} 2'],
  'connection-refused': ['customer360_connections_refused_total 1'],
  connections: ['customer360_connections_refusing 1'],
  bulkhead: ['customer360_upstream_refusing{region="us"} 1'],
  budget: ['customer360_budget_calls_total{tenant="acme",outcome="taken",priority="caller"} 1'],
  'upstream-refused-place': ['customer360_upstream_refused_places_total{region="us"} 1'],
  'upstream-drift': ['customer360_upstream_drift_total{endpoint="summaries",drift="wrong-type"} 4'],
  'upstream-refused-key': ['customer360_upstream_refused_keys_total{tenant="acme",region="us"} 1'],
  'store-failed': ['customer360_store_failures_total{operation="read"} 1'],
  counting: ['customer360_counting_alone{of="quota"} 1'],
  replicas: ['customer360_replicas 4'],
  'entry-unreadable': ['customer360_unreadable_entries_total 1'],
  'redis-state': ['customer360_redis_up{connection="commands"} 1'],
  'redis-breaker': ['customer360_redis_breaker_state 2'],
  'redis-messages': ['customer360_redis_up{connection="messages"} 1'],
  'internal-error': ['customer360_internal_errors_total 1'],
};

for (const [type, samples] of Object.entries(expected)) {
  test(`${type} is counted`, async () => {
    const event = EVERY_EVENT.find((each) => each.type === type);
    assert.ok(event);
    assert.deepEqual((await samplesAfter(event)).toSorted(), samples.toSorted());
  });
}

test('an answer past its fresh time is counted by why it was given', async () => {
  const read = { type: 'cache-read', kind: 'range', count: 2 } as const;
  const samples = await samplesAfter(
    { ...read, outcome: 'stale', tier: 'memory' },
    { ...read, outcome: 'stale-if-error', tier: 'none', reason: 'upstream-timeout' },
  );
  assert.deepEqual(
    samples.filter((line) => line.startsWith('customer360_stale')),
    [
      'customer360_stale_served_total{kind="range",reason="refreshing"} 2',
      'customer360_stale_served_total{kind="range",reason="upstream-timeout"} 2',
    ],
  );
});

test('Redis is up or not', async () => {
  const ready = { type: 'redis-state', state: 'ready' } as const;
  const lost = { type: 'redis-state', state: 'lost', reason: 'ECONNREFUSED' } as const;
  assert.deepEqual(await samplesAfter(ready, lost), []);
  assert.deepEqual(await samplesAfter(ready, lost, ready), [
    'customer360_redis_up{connection="commands"} 1',
  ]);
  const heard = { type: 'redis-messages', state: 'ready' } as const;
  assert.deepEqual(await samplesAfter(ready, heard, lost), [
    'customer360_redis_up{connection="messages"} 1',
  ]);
  assert.deepEqual(await samplesAfter(heard, { ...heard, state: 'lost' }), []);
});

test('it is Prometheus text, with what each metric means, and those of the process', async () => {
  const metrics = createMetrics(MEASURED);
  for (const event of EVERY_EVENT) metrics.emit(event);
  metrics.watch({ budgetsLeft: () => new Map(), places: () => new Map() });
  const text = await metrics.render();
  assert.match(metrics.contentType, /^text\/plain; version=/);
  const sample = /^[a-zA-Z_:][\w:]*(\{[^}]*\})? (-?\d[\d.e+-]*|Nan|NaN|[+-]Inf)$/;
  const comment = /^# (HELP|TYPE) [a-zA-Z_:][\w:]* \S/;
  for (const line of text.trimEnd().split('\n').filter(Boolean)) {
    assert.ok(sample.test(line) || comment.test(line), line);
  }
  const named = (kind: string) =>
    [...text.matchAll(new RegExp(`^# ${kind} (customer360_\\w+|http_request_\\w+)`, 'gm'))].map(
      ([, name]) => name,
    );
  assert.equal(named('HELP').length, 31);
  assert.deepEqual(named('TYPE'), named('HELP'));
  assert.match(text, /^nodejs_eventloop_lag_seconds /m);
});

test('what has many values is no label: requests differ by route, never by path, id or customer', async () => {
  const requests = Array.from(
    { length: 50 },
    (_, index): ServiceEvent => ({
      ...REQUEST,
      requestId: `request-${index}`,
      app: `app-${index}`,
      tenant: `tenant-${index}`,
      durationMs: index,
    }),
  );
  const counts = (await samplesAfter(...requests)).filter((line) => line.includes('_count'));
  assert.deepEqual(counts, [
    'http_request_duration_seconds_count{method="GET",route="/v1/customer",status_code="200"} 50',
  ]);
  const [unknown] = await samplesAfter({ ...REQUEST, route: null, status: 404 });
  assert.match(unknown ?? '', /route="none",status_code="404"/);
});

test('what has states has those of the start, before anything happens', async () => {
  const states = async (measured: Measured) =>
    (await createMetrics(measured).render())
      .split('\n')
      .filter((line) =>
        /^customer360_(breaker|upstream_refusing|redis|counting|replicas)/.test(line),
      );
  assert.deepEqual(await states(MEASURED), [
    'customer360_breaker_state{tenant="acme",region="us"} 0',
    'customer360_upstream_refusing{region="us"} 0',
    ...REDIS_AT_FIRST,
  ]);
  assert.deepEqual(await states({ tenants: [], hasRedis: false }), []);
});

test('what guards the calls to 8x8 is told as it stands whenever metrics are asked for', async () => {
  const metrics = createMetrics(MEASURED);
  let calls = 9;
  metrics.watch({
    budgetsLeft: () => new Map([['acme', calls]]),
    places: () => new Map([['us', { underWay: calls + 1, waiting: calls + 2 }]]),
  });
  for (calls of [9, 8, 10]) {
    const samples = (await metrics.render())
      .split('\n')
      .filter((line) => /^customer360_(budget_left|upstream_calls)_/.test(line));
    assert.deepEqual(samples, [
      `customer360_budget_left_calls{tenant="acme"} ${calls}`,
      `customer360_upstream_calls_under_way{region="us"} ${calls + 1}`,
      `customer360_upstream_calls_waiting{region="us"} ${calls + 2}`,
    ]);
  }
});

test('each service counts for itself', async () => {
  const [one, other] = [createMetrics(MEASURED), createMetrics(MEASURED)];
  one.emit({ type: 'entry-unreadable' });
  assert.match(await one.render(), /^customer360_unreadable_entries_total 1$/m);
  assert.match(await other.render(), /^customer360_unreadable_entries_total 0$/m);
});
