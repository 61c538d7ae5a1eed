// More connections than a process takes: those that are there are served, others are closed, and that is told once.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { connectRaw, type RawConnection, requestBytes } from '../support/raw-http.ts';
import { type Service, startService } from '../support/service.ts';
import { listening, startService as startProcesses } from '../support/service-process.ts';
import { untilTrue } from '../support/until.ts';

const LIVE = requestBytes('GET', '/livez');

async function isServed(connection: RawConnection): Promise<boolean> {
  connection.write(LIVE);
  return (await connection.reply())?.status === 200;
}

/** Whether a new connection is served; it is left then. */
async function isTaken(origin: string): Promise<boolean> {
  const connection = await connectRaw(origin);
  const isGood = await isServed(connection);
  connection.leave();
  return isGood;
}

async function countsOf({ app }: Service): Promise<readonly string[]> {
  return (await app.metrics.render()).match(/^customer360_connections_\w+ \d+$/gm) ?? [];
}

for (const port of ['api', 'ops'] as const) {
  test(`beyond the limit of a port (${port}) connections are closed, until there is room`, async (t) => {
    const service = await startService(t);
    const { server } = service.app[port];
    const origin = port === 'api' ? service.url : service.opsUrl;
    assert.ok((server.maxConnections ?? 0) > 3);
    server.maxConnections = 3;
    const held: RawConnection[] = [];
    while (held.length < 3) held.push(await connectRaw(origin));
    for (const connection of held) assert.ok(await isServed(connection));
    for (let at = 0; at < 5; at += 1) assert.equal(await isTaken(origin), false);
    for (const connection of held) assert.ok(await isServed(connection));
    assert.deepEqual(await countsOf(service), [
      'customer360_connections_refused_total 5',
      'customer360_connections_refusing 1',
    ]);

    held[0]?.leave();
    await untilTrue(10_000, () => isTaken(origin));
    await service.events.nth('connections', 2);
    const states = service.events.of('connections').map(({ state }) => state);
    assert.deepEqual(states, ['full', 'free']);
    const lines = service.logs().match(/"event":"connections"/g);
    assert.equal(lines?.length, 2);
    for (const connection of held) connection.leave();
  });
}

/** Lets each process take two callers. */
const TWO_CALLERS = `
import { Server } from 'node:net';
const { listen } = Server.prototype;
Server.prototype.listen = function (...args) {
  if (this.maxConnections > 100) this.maxConnections = 2;
  return listen.apply(this, args);
};
`;

test('where all workers have as many as they take, a connection is closed, not handed round', async (t) => {
  const { started } = await startProcesses(t, { env: { WORKERS: '2' }, prelude: TWO_CALLERS });
  const { api, ops } = await listening(started);
  const held: RawConnection[] = [];
  let refused = 0;
  // Where one of the workers is slower, the other may be handed a third one.
  while (held.length < 4) {
    const connection = await connectRaw(api);
    if (await isServed(connection)) held.push(connection);
    else refused += 1;
  }
  for (let at = 0; at < 4; at += 1) assert.equal(await isTaken(api), false);
  for (const connection of held) assert.ok(await isServed(connection));
  const metrics = await (await fetch(`${ops}/metrics`)).text();
  assert.ok(metrics.includes(`\ncustomer360_connections_refused_total ${refused + 4}\n`));
  assert.match(metrics, /^customer360_connections_refusing 1$/m);
  for (const connection of held) connection.leave();
  await untilTrue(10_000, () => isTaken(api));
});
