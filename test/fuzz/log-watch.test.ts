// The watch over what a process writes finds what must not be there, wherever it is cut.
import assert from 'node:assert/strict';
import { PassThrough } from 'node:stream';
import { test } from 'node:test';
import { createLeakSearch } from './leaks.ts';
import { watchLog } from './log-watch.ts';
import { MARKED } from './marked.ts';

const find = createLeakSearch({ email: MARKED.email, phone: MARKED.phoneNumber });

function watched() {
  const stdout = new PassThrough({ encoding: 'utf8' });
  const stderr = new PassThrough({ encoding: 'utf8' });
  let forgotten = 0;
  const watch = watchLog({ stdout, stderr }, find, () => {
    forgotten += 1;
  });
  return { stdout, stderr, watch, forgotten: () => forgotten };
}

/** What the watch says about text that comes in two pieces. */
async function breachesIn(text: string, cutAt = 0): Promise<readonly string[]> {
  const { stdout, watch } = watched();
  stdout.write(text.slice(0, cutAt));
  stdout.end(text.slice(cutAt));
  await new Promise((resolve) => stdout.once('end', resolve));
  return watch.breaches;
}

const LINE = '{"event":"request","requestId":"fz-1-0","durationMs":1.5,"msg":"request"}\n';

test('good lines are counted, and forgotten', async () => {
  const { stdout, watch, forgotten } = watched();
  stdout.end(LINE.repeat(3));
  await new Promise((resolve) => stdout.once('end', resolve));
  assert.deepEqual(watch, { breaches: [], lines: 3, servers: new Set() });
  assert.ok(forgotten() > 0);
});

test('a marked value, a fault of the service and what is no JSON are found', async () => {
  const rows: readonly (readonly [string, RegExp])[] = [
    [`${LINE}{"msg":"Cannot serve ${MARKED.email}"}\n`, /holds email in plain/],
    [`{"url":"/?phone=${encodeURIComponent(MARKED.phoneNumber)}"}\n${LINE}`, /holds phone/],
    [`{"durationMs":16285550174.5}\n`, /holds phone/],
    [`${LINE}{"event":"internal-error","name":"TypeError"}\n`, /a fault of the service/],
    [`${LINE}TypeError: x is not a function\n`, /not a log line/],
  ];
  for (const [text, rule] of rows) {
    for (let cutAt = 0; cutAt < text.length; cutAt += 7) {
      assert.match((await breachesIn(text, cutAt)).join(), rule, text);
    }
  }
});

test('the death of a worker is one, and who has served callers is known', async () => {
  const died = '{"level":40,"pid":7,"worker":8,"msg":"a worker ended; another takes its place"}\n';
  assert.match((await breachesIn(died)).join(), /a worker is gone/);
  const { stdout, watch } = watched();
  const served = (pid: number, route: string) =>
    `{"level":30,"pid":${pid},"event":"request","route":"${route}","status":200}\n`;
  const routes = ['/v1/customer', '/livez', '/v1/summaries', '/v1/customer'];
  for (const [at, route] of routes.entries()) stdout.write(served(at % 3, route));
  stdout.end();
  await new Promise((resolve) => stdout.once('end', resolve));
  assert.deepEqual(watch, { breaches: [], lines: 4, servers: new Set(['0', '2']) });
});

test('whatever stands on the standard error is one', async () => {
  const { stderr, watch } = watched();
  stderr.end('(node:1) Warning: something\n');
  await new Promise((resolve) => stderr.once('end', resolve));
  assert.match(watch.breaches.join(), /Warning: something/);
});

test('a text that was clean is remembered without what varies, and one that was not is found again', () => {
  const search = createLeakSearch({ phone: MARKED.phoneNumber });
  assert.deepEqual(search(LINE), []);
  assert.deepEqual(search(LINE.replace('1.5', '2.5')), []);
  const bad = LINE.replace('fz-1-0', '16285550174');
  assert.equal(search(bad).length, 1);
  assert.equal(search(bad).length, 1);
});
