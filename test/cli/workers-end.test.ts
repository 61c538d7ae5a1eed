// The ends of several processes: of one worker, which is replaced, of the first one, and of all together.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { sendRaw } from '../support/raw-http.ts';
import { listening, SEARCH, startService } from '../support/service-process.ts';
import { countIn, linesOf, signal, untilLogged, workersOf } from '../support/worker-logs.ts';

const PATIENT = { upstream: { deadline: '1m', attemptTimeout: '1m' } };
const REPLACED = 'a worker ended; another takes its place';
const BREAK = "new Error('marked-value')";

/** One request after another on a connection that is kept; resolves with how many got no good answer. */
async function askUntil(url: string, isOver: () => boolean): Promise<number> {
  let lost = 0;
  while (!isOver()) {
    try {
      const reply = await fetch(url, { signal: AbortSignal.timeout(5_000) });
      assert.equal(reply.status, 200);
      await reply.arrayBuffer();
    } catch {
      lost += 1;
    }
  }
  return lost;
}

test('a worker that is killed loses what it had in hand, and is replaced', async (t) => {
  const { started } = await startService(t, { env: { WORKERS: '2' } });
  const { api, ops } = await listening(started);
  let isOver = false;
  const askers = [1, 2, 3, 4].map(() => askUntil(`${api}/readyz`, () => isOver));
  const scrape = async () => (await fetch(`${ops}/metrics`)).text();
  const gaugeIn = (metrics: string) => /^process_max_fds \d+$/m.exec(metrics)?.[0];
  let before = await scrape();
  while (countIn(before, '/readyz') < 20) before = await scrape();

  const [killed] = workersOf(started);
  signal(killed, 'SIGKILL');
  await untilLogged(started, 'a worker listens', 3);
  const after = await scrape();
  assert.ok(countIn(after, '/readyz') >= countIn(before, '/readyz'), 'a counter fell');
  assert.equal(gaugeIn(after), gaugeIn(before), 'a gauge outlived its worker');
  assert.equal((await fetch(`${ops}/readyz`)).status, 200);
  isOver = true;
  const lost = (await Promise.all(askers)).reduce((sum, each) => sum + each, 0);
  assert.ok(lost <= askers.length, `${lost} requests were lost`);

  const [end, ...others] = linesOf(started, REPLACED);
  assert.deepEqual(others, []);
  assert.deepEqual(
    [end?.level, end?.worker, end?.code, end?.signal, end?.waitMs],
    ['warn', killed, null, 'SIGKILL', 0],
  );
  const workers = workersOf(started);
  assert.equal(new Set(workers).size, 3);
  started.child.kill('SIGTERM');
  assert.deepEqual(await started.ended, [0, null]);
});

test('a connection that was given to a worker which then died is closed', async (t) => {
  const { started } = await startService(t, { env: { WORKERS: '2' } });
  const { api } = await listening(started);
  const [stopped] = workersOf(started);
  signal(stopped, 'SIGSTOP');
  let lost = 0;
  const asked = [1, 2].map(() =>
    sendRaw(api, ['GET', '/readyz'], { headers: { connection: 'close' } }).catch(() => {
      lost += 1;
    }),
  );
  // Each worker is given one of them.
  await Promise.race(asked);
  assert.equal(lost, 0);
  signal(stopped, 'SIGKILL');
  await Promise.all(asked);
  assert.equal(lost, 1);
});

test('SIGTERM twice, and to all processes, loses no request', async (t) => {
  const { sandbox, started, key } = await startService(t, {
    env: { WORKERS: '2', SHUTDOWN_DELAY: '1s' },
    config: PATIENT,
  });
  const { api, ops } = await listening(started);
  sandbox.faults.set({ kind: 'slow', delayMs: 2_000 });
  const headers = { 'x-app-key': key };
  const underWay = [1, 2, 3, 4].map((days) => fetch(`${api}${SEARCH}&last=P${days}D`, { headers }));
  await sandbox.calls.nth(underWay.length);
  const everybody = [started.child.pid, ...workersOf(started)];
  for (const name of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) {
    for (const pid of everybody) signal(pid, name);
  }
  await started.until(/"msg":"draining"/);

  const ready = await fetch(`${ops}/readyz`);
  assert.deepEqual([ready.status, ready.headers.get('retry-after')], [503, '1']);
  assert.equal((await fetch(`${ops}/livez`)).status, 200);
  while ((await fetch(`${api}/readyz`)).status !== 503);
  const during = await fetch(`${api}/livez`);
  assert.deepEqual([during.status, during.headers.get('connection')], [200, 'close']);

  for (const reply of await Promise.all(underWay)) {
    assert.deepEqual([reply.status, reply.headers.get('connection')], [200, 'close']);
  }
  assert.deepEqual(await started.ended, [0, null]);
  const ends = linesOf(started).filter(({ msg }) => /drain|end/.test(String(msg)));
  assert.deepEqual(
    ends.map(({ msg }) => msg),
    ['draining', 'ended'],
  );
});

test('workers whose first process is gone answer what is under way, and end', async (t) => {
  const { sandbox, started, key } = await startService(t, {
    env: { WORKERS: '2' },
    config: PATIENT,
  });
  const { api } = await listening(started);
  sandbox.faults.set({ kind: 'slow', delayMs: 1_000 });
  const call = sandbox.calls.next();
  const reply = fetch(api + SEARCH, { headers: { 'x-app-key': key } });
  await call;
  started.child.kill('SIGKILL');
  assert.equal((await reply).status, 200);
  // The end of all who hold its output.
  assert.deepEqual(await started.ended, [null, 'SIGKILL']);
});

test('an error in a worker is told, ends that worker alone after its work, and it is replaced', async (t) => {
  const prelude = `process.once('SIGWINCH', () => { throw ${BREAK}; });`;
  const { sandbox, started, key } = await startService(t, {
    env: { WORKERS: '2' },
    config: PATIENT,
    prelude,
  });
  const { api, ops } = await listening(started);
  sandbox.faults.set({ kind: 'slow', delayMs: 1_000 });
  const call = sandbox.calls.next();
  const reply = fetch(api + SEARCH, { headers: { 'x-app-key': key } });
  await call;
  const broken = workersOf(started);
  for (const worker of broken) signal(worker, 'SIGWINCH');
  assert.equal((await reply).status, 200);
  await untilLogged(started, 'a worker listens', 4);
  assert.equal((await fetch(`${ops}/readyz`)).status, 200);
  assert.deepEqual(
    linesOf(started, REPLACED)
      .map(({ worker, code }) => `${worker} ${code}`)
      .toSorted(),
    broken.map((worker) => `${worker} 1`).toSorted(),
  );
  assert.equal(linesOf(started, 'a fault of this service').length, 2);

  signal(started.child.pid, 'SIGWINCH');
  assert.deepEqual(await started.ended, [1, null]);
  assert.equal(linesOf(started, 'a fault of this service').at(-1)?.pid, started.child.pid);
  assert.doesNotMatch(started.output() + started.errors(), /marked-value/);
});

test('workers that keep dying young are replaced ever later, and the service can still be ended', async (t) => {
  const prelude = `if (process.argv[2] === 'worker') process.exit(3);`;
  const { started } = await startService(t, { env: { WORKERS: '2' }, prelude });
  await untilLogged(started, REPLACED, 4);
  assert.deepEqual(
    linesOf(started, REPLACED)
      .slice(0, 4)
      .map(({ code, waitMs }) => [code, waitMs]),
    [
      [3, 0],
      [3, 250],
      [3, 500],
      [3, 1_000],
    ],
  );
  assert.deepEqual(workersOf(started), []);
  started.child.kill('SIGTERM');
  assert.deepEqual(await started.ended, [0, null]);
  assert.doesNotMatch(started.output(), /listening/);
});
