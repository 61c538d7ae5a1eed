// Events: one emitter for all who listen, and faults of ours without their messages.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { Problem } from '../../src/domain/problem.ts';
import { emitTo, internalError, type ServiceEvent } from '../../src/telemetry/events.ts';

function faultOf(error: unknown, requestId: string | null = 'request-1') {
  const event = internalError(error, requestId);
  assert.ok(event.type === 'internal-error');
  return event;
}

test('each subscriber hears of each event, in the order of their naming', () => {
  const heard: string[] = [];
  const emit = emitTo(
    ({ type }) => heard.push(`first ${type}`),
    ({ type }) => heard.push(`second ${type}`),
  );
  const event: ServiceEvent = { type: 'entry-unreadable' };
  emit(event);
  emit({ type: 'store-failed', operation: 'read' });
  assert.deepEqual(heard, [
    'first entry-unreadable',
    'second entry-unreadable',
    'first store-failed',
    'second store-failed',
  ]);
  assert.doesNotThrow(() => emitTo()(event));
});

test('a fault is told by its name and the places it came through', () => {
  const { requestId, name, stack } = faultOf(new RangeError('ann@example.com'));
  assert.deepEqual([requestId, name], ['request-1', 'RangeError']);
  assert.match(stack[0] ?? '', /^at .*events\.test\.ts:\d+:\d+/);
  assert.equal(faultOf(new Error('x'), null).requestId, null);
});

test('no message is in it, whatever it looks like', () => {
  const messages = [
    'ann@example.com',
    'first line\n    at ann@example.com (+14155550140)\nlast line',
    '\n  at ann@example.com',
  ];
  for (const message of messages) {
    const cause = new TypeError(message);
    for (const error of [cause, new Problem('internal-error', { cause })]) {
      const event = faultOf(error);
      assert.equal(event.name, 'TypeError');
      assert.ok(event.stack.length > 0);
      assert.equal(JSON.stringify(event).includes('ann@'), false);
    }
  }
});

test('what is thrown and is no error is told without its value', () => {
  for (const thrown of ['ann@example.com', { email: 'ann@example.com' }, null, undefined, 7]) {
    const event = faultOf(thrown);
    assert.equal(event.name, 'Error');
    assert.equal(JSON.stringify(event).includes('ann@'), false);
  }
});

test('an error may be without a stack', () => {
  const error = new Error('ann@example.com');
  delete error.stack;
  assert.deepEqual(faultOf(error).stack, []);
});
