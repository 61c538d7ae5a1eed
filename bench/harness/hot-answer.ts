// What the hot scenarios share: a customer whose answer is in memory, and the bytes of that answer.
import { askOk } from './ask.ts';
import type { Bench } from './bench.ts';
import { type Load, type LoadFigures, loadWithWrk } from './load.ts';
import { startNodePeer } from './peers.ts';
import { CREDENTIAL, type Service, type ServiceOptions, startService } from './service.ts';

/** The path that every hot scenario asks for. */
export const HOT_PATH = '/v1/customer?email=customer%40example.com';

/** So large is the vendor's answer of which ours has 16 kB. */
export const HOT_VENDOR_BYTES = 15_500;
const CONNECTIONS = 64;

/** A service that holds the hot customer in memory, and what it answers without compression. */
export interface HotService extends Service {
  readonly body: Buffer;
}

/** Starts a service and asks until it answers from memory. */
export async function startHotService(
  bench: Bench,
  options: Omit<ServiceOptions, 'upstream'> = {},
): Promise<HotService> {
  const args = ['0', String(HOT_VENDOR_BYTES)];
  const upstream = await startNodePeer(bench, 'upstream', { args, core: 'load' });
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
  origin: string,
  headers: Readonly<Record<string, string>> = {},
): Promise<LoadFigures> {
  const load: Load = {
    origin,
    path: HOT_PATH,
    headers: { ...CREDENTIAL, ...headers },
    connections: CONNECTIONS,
    until: { seconds: bench.pace.seconds },
  };
  return loadWithWrk(bench, load);
}

/** The requests/s of each round. */
export function throughputs(rounds: readonly LoadFigures[]): number[] {
  return rounds.map(({ requestsPerSecond }) => requestsPerSecond);
}
