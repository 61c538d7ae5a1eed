// What processes tell each other: texts that only others read, and of which nothing malformed does harm.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { createMessages, type Message } from '../../src/cache/messages.ts';
import { isProblem, Problem } from '../../src/domain/problem.ts';

const place = { identity: 'c360:1:{ann}', field: 'range' };
const other = { ...place, field: 'joined' };
const never = new AbortController().signal;

/** Two processes on one channel; `heard` is what the second one hears. */
function startTwo() {
  const [one, two] = [createMessages('one'), createMessages('two')];
  const heard: Message[] = [];
  two.onMessage((message) => heard.push(message));
  return {
    one,
    two,
    heard,
    publish: (text: string) => {
      one.receive(text);
      two.receive(text);
    },
  };
}

test('others hear what was filled and what was erased', () => {
  const { one, heard, publish } = startTwo();
  publish(one.filled(place));
  publish(`${one.erased(place.identity)}1780000000000`);
  assert.deepEqual(heard, [
    { kind: 'filled', ...place },
    { kind: 'erased', identity: place.identity, generation: 1_780_000_000_000 },
  ]);
});

test('a process passes over its own texts, and only those', () => {
  const { two, heard, publish } = startTwo();
  publish(two.filled(place));
  publish(two.failed(place, new Problem('upstream-timeout')));
  publish(`${two.erased(place.identity)}1`);
  assert.deepEqual(heard, []);
  publish(createMessages('two-more').filled(place));
  assert.deepEqual(heard, [{ kind: 'filled', ...place }]);
});

test('a failure keeps its type and what the vendor said about waiting, and nothing else', () => {
  const { one, heard, publish } = startTwo();
  const told = [
    new Problem('upstream-throttled', { retryAfterSeconds: 17.25, detail: 'ann@example.com' }),
    new Problem('upstream-throttled', { retryAfterSeconds: 0 }),
    new Problem('upstream-unavailable', { reason: 'ECONNRESET' }),
  ];
  for (const problem of told) {
    const text = one.failed(place, problem);
    assert.doesNotMatch(text, /ann@|ECONNRESET/);
    publish(text);
  }
  const failures = heard.map((message) => {
    assert.ok(message.kind === 'failed' && isProblem(message.problem));
    const { kind: _, problem, ...about } = message;
    assert.deepEqual(about, place);
    return [problem.slug, problem.status, problem.details.retryAfterSeconds];
  });
  assert.deepEqual(failures, [
    ['upstream-throttled', 503, 17.25],
    ['upstream-throttled', 503, 0],
    ['upstream-unavailable', 503, undefined],
  ]);
});

test('a text is one line of words, without the space that would part them', () => {
  const { one } = startTwo();
  for (const text of [one.filled(place), one.failed(place, new Problem('upstream-throttled'))]) {
    assert.match(text, /^one (filled|failed) c360:1:\{ann\} range( upstream-throttled )?$/);
  }
});

for (const text of [
  '',
  ' ',
  'two',
  'other',
  'other filled',
  'other filled error',
  'other filled  error',
  'other failed error',
  'other failed error  upstream-timeout',
  `other failed ${place.identity} ${place.field}`,
  `other failed ${place.identity} ${place.field} no-such-problem 5`,
  `other failed ${place.identity} ${place.field} toString`,
  `other failed ${place.identity} ${place.field} __proto__`,
  'other erased',
  `other erased ${place.identity} soon`,
  `other emptied ${place.identity} ${place.field}`,
  '{"kind":"filled"}',
  '\u0000\uFFFD',
]) {
  test(`passed over without harm: ${JSON.stringify(text)}`, () => {
    const { two, heard } = startTwo();
    assert.doesNotThrow(() => two.receive(text));
    const harmful = heard.filter(
      (message) => message.identity === place.identity && message.kind !== 'erased',
    );
    assert.deepEqual(harmful, []);
  });
}

test('a Retry-After that is no number is none', () => {
  const { two, heard } = startTwo();
  for (const seconds of ['', 'soon', '-5', 'Infinity', 'NaN']) {
    two.receive(`other failed ${place.identity} ${place.field} upstream-throttled ${seconds}`);
  }
  assert.equal(heard.length, 5);
  for (const message of heard) {
    assert.ok(message.kind === 'failed');
    assert.equal(message.problem.details.retryAfterSeconds, undefined);
  }
});

test('one who waits for a key hears of the next message about it, and of no other', async () => {
  const { one, two, publish } = startTwo();
  const next = two.next(place, never);
  let isOver = false;
  const over = next.then((message) => {
    isOver = true;
    return message;
  });
  publish(one.filled(other));
  publish(one.filled({ ...place, identity: 'c360:1:{bob}' }));
  publish(two.filled(place));
  await Promise.resolve();
  assert.equal(isOver, false);
  publish(one.failed(place, new Problem('upstream-timeout')));
  publish(one.filled(place));
  const message = await over;
  assert.equal(message.kind, 'failed');
});

test('all who wait for a key hear of it', async () => {
  const { one, two, publish } = startTwo();
  const waiting = [two.next(place, never), two.next(place, never), two.next(other, never)];
  publish(one.filled(place));
  publish(one.filled(other));
  assert.deepEqual(await Promise.all(waiting), [
    { kind: 'filled', ...place },
    { kind: 'filled', ...place },
    { kind: 'filled', ...other },
  ]);
});

test('waiting ends with the signal, also where that has ended before', async () => {
  const { two } = startTwo();
  const controller = new AbortController();
  const next = two.next(place, controller.signal);
  controller.abort(new Error('the deadline'));
  await assert.rejects(next, (error: Error) => {
    assert.equal(error.name, 'AbortError');
    assert.ok(error.cause instanceof Error && error.cause.message === 'the deadline');
    return true;
  });
  await assert.rejects(two.next(place, controller.signal), { name: 'AbortError' });
});
