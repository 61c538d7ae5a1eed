// Messages between processes: what is known arrives whole, and nothing else does.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { type Order, type Report, readOrder, readReport } from '../../src/cli/worker-messages.ts';
import { createMetrics } from '../../src/telemetry/metrics.ts';
import { MEASURED } from '../telemetry/every-event.ts';

const orders: readonly Order[] = [
  { type: 'serve', files: { './config.yaml': 'apps: {}' }, secret: 'c2VjcmV0' },
  { type: 'tell', what: 'degraded' },
  { type: 'tell', what: 'metrics' },
  { type: 'drain', delayMs: 0, graceMs: 10_000 },
];

const reports: readonly Report[] = [
  { type: 'started' },
  { type: 'listening', origin: 'http://127.0.0.1:8360' },
  { type: 'refused', words: '127.0.0.1:8360 is in use.' },
  { type: 'degraded', degraded: ['redis'] },
  { type: 'metrics', metrics: await createMetrics(MEASURED).snapshot() },
];

const overTheWire = (message: unknown): unknown => JSON.parse(JSON.stringify(message));

test('every order and every report arrives as it was sent', () => {
  for (const order of orders) assert.deepEqual(readOrder(overTheWire(order)), order);
  for (const report of reports) assert.deepEqual(readReport(overTheWire(report)), report);
});

test('what is no order or no report is neither', () => {
  const strange = [undefined, null, 5, 'drain', [], {}, { type: 'dependency', path: '/x' }];
  const wrong = [
    { type: 'serve', files: { a: 1 }, secret: '' },
    { type: 'tell', what: 'secrets' },
    { type: 'drain', delayMs: '1', graceMs: 1 },
    { type: 'listening' },
    { type: 'degraded', degraded: 'redis' },
    { type: 'metrics', metrics: [{ name: 'a', values: [{ value: 'x' }] }] },
  ];
  for (const message of [...strange, ...wrong]) {
    assert.equal(readOrder(message), undefined);
    assert.equal(readReport(message), undefined);
  }
  for (const order of orders) assert.equal(readReport(order), undefined);
  for (const report of reports) assert.equal(readOrder(report), undefined);
});
