// The fault proxy does what its modes say, on connections that are there and on those that come.
import assert from 'node:assert/strict';
import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { type TestContext, test } from 'node:test';
import { type FaultProxy, startFaultProxy } from './fault-proxy.ts';
import { startProxyThread } from './fault-proxy-thread.ts';

/** A proxy before a server that says everything back. */
async function start(t: TestContext) {
  const sockets = new Set<Socket>();
  const echo = createServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined).pipe(socket);
  });
  echo.listen(0, '127.0.0.1');
  await once(echo, 'listening');
  t.after(() => {
    for (const socket of sockets) socket.destroy();
    echo.close();
  });
  const proxy = await startFaultProxy(t, (echo.address() as AddressInfo).port);
  return { proxy, client: await open(t, proxy) };
}

async function open(t: TestContext, proxy: Pick<FaultProxy, 'port'>) {
  const socket = connect(proxy.port, '127.0.0.1');
  t.after(() => void socket.destroy());
  await once(socket, 'connect');
  let received = '';
  let failure: string | undefined;
  socket.setEncoding('utf8').on('data', (text: string) => {
    received += text;
  });
  socket.on('error', (error: NodeJS.ErrnoException) => {
    failure = error.code;
  });
  const closed = new Promise<string>((resolve) => {
    socket.once('close', () => resolve(failure ?? 'ended'));
  });
  return {
    closed,
    received: () => received,
    say: (text: string) => void socket.write(text),
    async hears(text: string) {
      while (!received.endsWith(text)) await once(socket, 'data');
    },
  };
}

async function refusal(t: TestContext, proxy: Pick<FaultProxy, 'port'>): Promise<unknown> {
  return open(t, proxy).then(
    ({ closed }) => closed,
    ({ code }) => code,
  );
}

test('everything passes, in its order', async (t) => {
  const { proxy, client } = await start(t);
  client.say('one');
  client.say(' two');
  await client.hears('one two');
  const large = 'x'.repeat(3_000_000);
  client.say(large);
  await client.hears(large);
  assert.equal(proxy.accepted, 1);
});

test('late replies are late, and keep their order', async (t) => {
  const { proxy, client } = await start(t);
  await proxy.set({ mode: 'latency', latencyMs: 80 });
  const from = performance.now();
  client.say('one');
  await client.hears('one');
  assert.ok(performance.now() - from >= 79);
  client.say('two');
  await proxy.set({ mode: 'pass' });
  client.say('three');
  await client.hears('twothree');
});

test('a narrow way takes its time', async (t) => {
  const { proxy, client } = await start(t);
  await proxy.set({ mode: 'bandwidth', bytesPerSecond: 100_000 });
  const from = performance.now();
  client.say('x'.repeat(20_000));
  await client.hears('x'.repeat(20_000));
  assert.ok(performance.now() - from >= 199);
});

test('a black hole accepts and gives nothing back, until it is over', async (t) => {
  const { proxy, client } = await start(t);
  await proxy.set({ mode: 'blackHole' });
  const late = await open(t, proxy);
  client.say('one');
  late.say('two');
  // A connection of its own, through the same event loop: what could have come has come.
  const other = await start(t);
  other.client.say('other');
  await other.client.hears('other');
  assert.deepEqual([client.received(), late.received()], ['', '']);
  await proxy.set({ mode: 'pass' });
  await Promise.all([client.hears('one'), late.hears('two')]);
});

test('connections are reset, and those that come too', async (t) => {
  const { proxy, client } = await start(t);
  await proxy.set({ mode: 'reset' });
  assert.equal(await client.closed, 'ECONNRESET');
  assert.equal(await refusal(t, proxy), 'ECONNRESET');
  await proxy.set({ mode: 'pass' });
  const next = await open(t, proxy);
  next.say('back');
  await next.hears('back');
});

test('half-open connections stay silent for good, others are refused until it is over', async (t) => {
  const { proxy, client } = await start(t);
  await proxy.set({ mode: 'halfOpen', newcomers: 'refused' });
  client.say('lost');
  assert.equal(await refusal(t, proxy), 'ECONNREFUSED');
  await proxy.set({ mode: 'pass' });
  const next = await open(t, proxy);
  client.say('lost too');
  next.say('heard');
  await next.hears('heard');
  assert.equal(client.received(), '');
});

test('half-open with silence for those that come', async (t) => {
  const { proxy } = await start(t);
  await proxy.set({ mode: 'halfOpen', newcomers: 'silent' });
  const silent = await open(t, proxy);
  silent.say('lost');
  await proxy.set({ mode: 'pass' });
  const next = await open(t, proxy);
  next.say('heard');
  await next.hears('heard');
  assert.equal(silent.received(), '');
});

test('what is down closes and refuses, and comes back on its port', async (t) => {
  const { proxy, client } = await start(t);
  const { port } = proxy;
  await proxy.set({ mode: 'down' });
  assert.equal(await client.closed, 'ended');
  assert.equal(await refusal(t, proxy), 'ECONNREFUSED');
  await proxy.set({ mode: 'pass' });
  assert.equal(proxy.port, port);
  const next = await open(t, proxy);
  next.say('back');
  await next.hears('back');
});

test('in a thread of its own it does the same', async (t) => {
  const { proxy: target } = await start(t);
  const proxy = await startProxyThread(t, target.port);
  const client = await open(t, proxy);
  client.say('one');
  await client.hears('one');
  assert.equal(await proxy.count(), 1);
  await Promise.all([proxy.set({ mode: 'down' }), client.closed]);
  assert.equal(await refusal(t, proxy), 'ECONNREFUSED');
  await proxy.set({ mode: 'pass' });
  const next = await open(t, proxy);
  next.say('back');
  await next.hears('back');
  assert.equal(await proxy.count(), 2);
});
