// Log lines: one for each event, at the right level, and with the fields of the event alone.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { pino } from 'pino';
import type { RequestEvent, ServiceEvent } from '../../src/telemetry/events.ts';
import { logEvents } from '../../src/telemetry/logging.ts';
import { EVERY_EVENT, REQUEST } from './every-event.ts';

const LEVELS = { 20: 'debug', 30: 'info', 40: 'warn', 50: 'error' } as const;

interface Line {
  readonly level: keyof typeof LEVELS;
  readonly time: number;
  readonly msg: string;
}

function lineOf(event: ServiceEvent): Line {
  const lines: string[] = [];
  const logger = pino(
    { level: 'trace', base: null },
    { write: (line: string) => void lines.push(line) },
  );
  logEvents(logger)(event);
  assert.equal(lines.length, 1);
  return JSON.parse(lines[0] ?? '');
}

const levelOf = (event: ServiceEvent) => LEVELS[lineOf(event).level];

for (const event of EVERY_EVENT) {
  test(`${event.type} is one line with its own fields, and a sentence`, () => {
    const { level, time, msg, ...fields } = lineOf(event);
    const { type, ...own } = event;
    assert.deepEqual(fields, { event: type, ...own });
    assert.ok(level in LEVELS && time > 0 && msg.length > 5);
  });
}

test('a level says who has to act', () => {
  const levels = EVERY_EVENT.map((event) => [event.type, levelOf(event)]);
  assert.deepEqual(levels, [
    ['request', 'info'],
    ['cache-read', 'debug'],
    ['quota-refused', 'debug'],
    ['connection-refused', 'debug'],
    ['connections', 'warn'],
    ['connections', 'info'],
    ['load', 'warn'],
    ['load', 'info'],
    ['load-shed', 'debug'],
    ['flight-begun', 'debug'],
    ['lease-wait', 'debug'],
    ['flight-joined', 'debug'],
    ['background-refresh', 'debug'],
    ['lease', 'debug'],
    ['upstream-call', 'warn'],
    ['upstream-retry', 'debug'],
    ['upstream-retry', 'debug'],
    ['breaker', 'warn'],
    ['breaker', 'info'],
    ['breaker', 'info'],
    ['bulkhead', 'warn'],
    ['bulkhead', 'info'],
    ['budget', 'debug'],
    ['budget', 'debug'],
    ['budget', 'warn'],
    ['upstream-refused-place', 'debug'],
    ['upstream-drift', 'debug'],
    ['upstream-refused-key', 'error'],
    ['store-failed', 'debug'],
    ['counting', 'warn'],
    ['counting', 'info'],
    ['replicas', 'info'],
    ['entry-unreadable', 'debug'],
    ['redis-state', 'info'],
    ['redis-state', 'warn'],
    ['redis-breaker', 'warn'],
    ['redis-breaker', 'info'],
    ['redis-messages', 'debug'],
    ['redis-messages', 'warn'],
    ['internal-error', 'error'],
  ]);
  const call = {
    type: 'upstream-call',
    tenant: 'acme',
    region: 'us',
    endpoint: 'interactions',
    priority: 'caller',
  } as const;
  assert.equal(levelOf({ ...call, outcome: 'ok', reason: null, durationMs: 1 }), 'debug');
});

test('a request that fails by our fault is a warning; a probe that succeeds is not shown', () => {
  const level = (request: Partial<RequestEvent>) => levelOf({ ...REQUEST, ...request });
  assert.equal(level({ status: 499 }), 'info');
  assert.equal(level({ status: 500 }), 'warn');
  for (const route of ['/livez', '/readyz', '/metrics']) {
    assert.equal(level({ route }), 'debug');
    assert.equal(level({ route, status: 400 }), 'info');
    assert.equal(level({ route, status: 503 }), 'warn');
  }
  assert.equal(level({ route: null, status: 200 }), 'info');
});
