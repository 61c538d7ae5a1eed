// Whom the balancer asks: nobody who says no, and nobody who does not answer twice.
import assert from 'node:assert/strict';
import { EventEmitter, on, once } from 'node:events';
import { createServer, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { type TestContext, test } from 'node:test';
import { createBalancer } from './balancer.ts';

/** A replica whose looks are answered by the test, each in its turn. */
async function startReplica(t: TestContext) {
  const looks = new EventEmitter();
  const arrivals = on(looks, 'look');
  const server = createServer((request, response) => {
    if (request.url === '/readyz') looks.emit('look', response);
    else response.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const api = `http://127.0.0.1:${(server.address() as AddressInfo).port}`;
  return {
    replica: { api, credential: {} },
    /** The next look, unanswered; what the one before has shown is known by then. */
    async look(): Promise<ServerResponse> {
      const { value: [response] = [] } = await arrivals.next();
      return response as ServerResponse;
    },
  };
}

test('a replica that does not answer once is asked on, and after a second time no more', async (t) => {
  const { replica, look } = await startReplica(t);
  const balancer = createBalancer(t);
  const isAsked = async () => (await balancer.pass('/'))?.answer?.status === 200;
  const used = balancer.use([replica]);
  (await look()).end();
  await used;
  const answers: boolean[] = [];
  for (const status of [200, null, null, 200, 503, 200]) {
    const response = await look();
    answers.push(await isAsked());
    if (status === null) response.destroy();
    else response.writeHead(status).end();
  }
  await look();
  answers.push(await isAsked());
  assert.deepEqual(answers, [true, true, true, false, true, false, true]);
});
