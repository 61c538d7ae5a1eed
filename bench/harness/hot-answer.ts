// What the hot scenarios share: a customer whose answer is in memory, and the bytes of that answer.
import { askOk } from './ask.ts';
import type { Bench } from './bench.ts';
import { startNodePeer } from './peers.ts';
import type { Server } from './processes.ts';
import { CREDENTIAL, type ServiceOptions, startService } from './service.ts';
import { measureThroughput, type Throughput } from './throughput.ts';

/** The path that every hot scenario asks for. */
export const HOT_PATH = '/v1/customer?email=customer%40example.com';

/** So large is the vendor's answer of which ours has 16 kB. */
export const HOT_VENDOR_BYTES = 15_500;
const CONNECTIONS = 64;

/** A service that holds the hot customer in memory, and what it answers without compression. */
export interface HotService extends Server {
  readonly body: Buffer;
}

/** Starts a service and asks until it answers from memory. */
export async function startHotService(
  bench: Bench,
  options: Omit<ServiceOptions, 'upstream'> = {},
): Promise<HotService> {
  const args = ['0', String(HOT_VENDOR_BYTES)];
  const { origin: upstream } = await startNodePeer(bench, 'upstream', { args, core: 'load' });
  const service = await startService(bench, { upstream, ...options });
  const url = `${service.origin}${HOT_PATH}`;
  await askOk(url, CREDENTIAL);
  const { body, headers } = await askOk(url, CREDENTIAL);
  if (!/; hit;.*detail=memory/.test(String(headers['cache-status']))) {
    throw new Error(`Not a hit in memory: ${headers['cache-status']}`);
  }
  return { ...service, body };
}

/** Loads the hot path of one server for one round. */
export function loadHot(
  bench: Bench,
  server: Server,
  headers: Readonly<Record<string, string>> = {},
): Promise<Throughput> {
  return measureThroughput(bench, server, {
    path: HOT_PATH,
    headers: { ...CREDENTIAL, ...headers },
    connections: CONNECTIONS,
  });
}
