// A gate before the sandbox: calls wait at it until a test lets them through.
import { once } from 'node:events';
import { createServer, request } from 'node:http';
import type { AddressInfo } from 'node:net';
import type { TestContext } from 'node:test';
import type { Sandbox } from '../../src/sandbox/server.ts';

/** A gate, closed at first. It ends with the test. */
export interface Gate {
  /** For `regions` of a configuration. */
  readonly baseUrls: Readonly<Record<string, string>>;
  /** How many calls have come. */
  readonly arrived: number;
  /** Resolves when so many calls have come in all. */
  nth(count: number): Promise<void>;
  /** Lets through who waits, and who comes. */
  open(): void;
  /** Who comes from now on waits again. */
  shut(): void;
}

/** Puts a gate before a sandbox. */
export async function createGate(t: TestContext, sandbox: Sandbox): Promise<Gate> {
  let arrived = 0;
  let isOpen = false;
  let waiting: (() => void)[] = [];
  const server = createServer(async (incoming, outgoing) => {
    arrived += 1;
    server.emit('call');
    if (!isOpen) await new Promise<void>((resolve) => waiting.push(resolve));
    const { url: path, headers } = incoming;
    const onward = request({ port: sandbox.port, host: '127.0.0.1', path, headers });
    onward.on('error', () => outgoing.destroy());
    onward.on('response', (response) => {
      outgoing.writeHead(response.statusCode ?? 0, response.headers);
      response.pipe(outgoing);
    });
    onward.end();
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  t.after(() => {
    server.closeAllConnections();
    server.close();
  });
  const { port } = server.address() as AddressInfo;
  const urls = Object.keys(sandbox.baseUrls).map((name) => [
    name,
    `http://127.0.0.1:${port}/${name}`,
  ]);
  return {
    baseUrls: Object.fromEntries(urls),
    get arrived() {
      return arrived;
    },
    async nth(count) {
      while (arrived < count) await once(server, 'call');
    },
    open() {
      isOpen = true;
      for (const pass of waiting) pass();
      waiting = [];
    },
    shut() {
      isOpen = false;
    },
  };
}
