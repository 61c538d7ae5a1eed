// One example of every event, for tests of what listens to them, and of whom they may be told.
import type { RequestEvent, ServiceEvent } from '../../src/telemetry/events.ts';
import type { Measured } from '../../src/telemetry/metrics.ts';

/** A service of which every event may be told. */
export const MEASURED: Measured = {
  tenants: [{ name: 'acme', region: 'us' }],
  hasRedis: true,
};

/** Samples of a service that has not reached its Redis yet. */
export const REDIS_AT_FIRST: readonly string[] = [
  'customer360_redis_up{connection="commands"} 0',
  'customer360_redis_up{connection="messages"} 0',
  'customer360_redis_breaker_state 0',
  'customer360_counting_alone{of="quota"} 0',
  'customer360_counting_alone{of="budget"} 0',
  'customer360_replicas 0',
];

/** A request that was answered from memory. */
export const REQUEST: RequestEvent = {
  type: 'request',
  requestId: 'request-1',
  method: 'GET',
  route: '/v1/customer',
  status: 200,
  durationMs: 12,
  outcome: 'hit',
  reason: null,
  app: 'desk',
  tenant: 'acme',
  strategy: 'email',
};

const BY_NAME: { readonly [Type in ServiceEvent['type']]: readonly ServiceEvent[] } = {
  request: [REQUEST],
  'cache-read': [{ type: 'cache-read', kind: 'range', outcome: 'hit', tier: 'memory', count: 3 }],
  'quota-refused': [{ type: 'quota-refused', policy: 'app', app: 'desk' }],
  'connection-refused': [{ type: 'connection-refused' }],
  connections: [
    { type: 'connections', state: 'full' },
    { type: 'connections', state: 'free' },
  ],
  load: [
    { type: 'load', shortage: 'memory' },
    { type: 'load', shortage: null },
  ],
  'load-shed': [{ type: 'load-shed', reason: 'event-loop' }],
  'flight-begun': [{ type: 'flight-begun', kind: 'range' }],
  'lease-wait': [{ type: 'lease-wait', kind: 'range', durationMs: 250 }],
  'flight-joined': [{ type: 'flight-joined', kind: 'range' }],
  'background-refresh': [{ type: 'background-refresh', kind: 'joined', outcome: 'failed' }],
  lease: [{ type: 'lease', kind: 'range', outcome: 'stored' }],
  'upstream-call': [
    {
      type: 'upstream-call',
      tenant: 'acme',
      region: 'us',
      endpoint: 'interactions',
      priority: 'caller',
      outcome: 'upstream-invalid',
      reason: 'status 302',
      durationMs: 250,
    },
  ],
  'upstream-retry': [
    { type: 'upstream-retry', tenant: 'acme', region: 'us', outcome: 'retried' },
    { type: 'upstream-retry', tenant: 'acme', region: 'us', outcome: 'spent' },
  ],
  breaker: [
    { type: 'breaker', tenant: 'acme', region: 'us', state: 'open' },
    { type: 'breaker', tenant: 'acme', region: 'us', state: 'half-open' },
    { type: 'breaker', tenant: 'acme', region: 'us', state: 'closed' },
  ],
  bulkhead: [
    { type: 'bulkhead', region: 'us', state: 'full' },
    { type: 'bulkhead', region: 'us', state: 'free' },
  ],
  budget: [
    { type: 'budget', tenant: 'acme', outcome: 'taken', priority: 'caller', left: 9 },
    { type: 'budget', tenant: 'acme', outcome: 'spent', priority: 'refresh', left: 1 },
    { type: 'budget', tenant: 'acme', outcome: 'lowered', priority: 'caller', left: 0 },
  ],
  'upstream-refused-place': [{ type: 'upstream-refused-place', region: 'us' }],
  'upstream-drift': [
    { type: 'upstream-drift', endpoint: 'summaries', drift: 'wrong-type', count: 4 },
  ],
  'upstream-refused-key': [
    { type: 'upstream-refused-key', tenant: 'acme', region: 'us', keyPosition: 1, status: 401 },
  ],
  'store-failed': [{ type: 'store-failed', operation: 'read' }],
  counting: [
    { type: 'counting', of: 'quota', state: 'alone', replicas: 4 },
    { type: 'counting', of: 'quota', state: 'shared', replicas: 4 },
  ],
  replicas: [{ type: 'replicas', count: 4 }],
  'entry-unreadable': [{ type: 'entry-unreadable' }],
  'redis-state': [
    { type: 'redis-state', state: 'ready' },
    { type: 'redis-state', state: 'lost', reason: 'ECONNREFUSED' },
  ],
  'redis-breaker': [
    { type: 'redis-breaker', state: 'open' },
    { type: 'redis-breaker', state: 'closed' },
  ],
  'redis-messages': [
    { type: 'redis-messages', state: 'ready' },
    { type: 'redis-messages', state: 'lost' },
  ],
  'internal-error': [
    { type: 'internal-error', requestId: 'request-1', name: 'TypeError', stack: ['at app.ts:1:1'] },
  ],
};

/** At least one of each type: a type that is missing here does not compile. */
export const EVERY_EVENT: readonly ServiceEvent[] = Object.values(BY_NAME).flat();
