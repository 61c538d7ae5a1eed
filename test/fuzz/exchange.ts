// What is said on one connection: it depends on the seed and its number alone, so that it can be said again.
import { type Chance, createChance } from '../../src/sandbox/chance.ts';
import { breakBytes, SHAPE_NAMES } from './broken.ts';
import type { AppKeys } from './marked.ts';
import { LAST_REQUEST, makeRequest, type Port, type Request } from './request.ts';

/** One connection. */
export interface Exchange {
  readonly number: number;
  readonly kind: string;
  readonly port: Port;
  /** Requests that have one reply each, in this order. */
  readonly requests: readonly Request[];
  /** Whether they are sent at once, together with the rest, or each after the reply to the one before. */
  readonly isPipelined: boolean;
  /** How many bytes are sent at a time. */
  readonly pieceBytes: number;
  /** Bytes after them that may have any number of replies; null if there are none. */
  readonly rest: Buffer | null;
}

/** What exchanges are made from. */
export interface Script {
  readonly seed: number;
  readonly keys: AppKeys;
}

const MOST_REQUESTS = 6;

/** The exchange of a number. */
export function makeExchange({ seed, keys }: Script, number: number): Exchange {
  const chance = createChance(`${seed}/${number}`);
  const port = chance.oneIn(40) ? 'ops' : 'api';
  const about = { keys, number, port } as const;
  const isPipelined = chance.oneIn(2);
  const pieceBytes = chance.oneIn(6) ? chance.between(1, 3_000) : Infinity;
  if (chance.oneIn(3)) {
    const count = chance.oneIn(3) ? chance.between(1, 2) : 0;
    const requests = makeRequests(chance, { ...about, count, mayEnd: false });
    const { kind, rest } = makeRest(chance, about);
    return { number, kind, port, requests, isPipelined, pieceBytes, rest };
  }
  const count = chance.between(1, MOST_REQUESTS);
  const requests = makeRequests(chance, { ...about, count, mayEnd: true });
  const kind = count > 1 && isPipelined ? 'pipelined' : 'one by one';
  return {
    number,
    kind: count === 1 ? 'single' : kind,
    port,
    requests,
    isPipelined,
    pieceBytes,
    rest: null,
  };
}

/** How many requests it stands for. */
export function requestsIn({ requests, rest }: Exchange): number {
  return requests.length + (rest === null ? 0 : 1);
}

/** All that is sent, as one would send it again. */
export function bytesOf({ requests, rest }: Exchange): Buffer {
  return Buffer.concat([...requests.map(({ bytes }) => bytes), rest ?? Buffer.alloc(0)]);
}

interface About {
  readonly keys: AppKeys;
  readonly number: number;
  readonly port: Port;
}

function makeRequests(
  chance: Chance,
  { keys, port, number, count, mayEnd }: About & { count: number; mayEnd: boolean },
): readonly Request[] {
  return Array.from({ length: count }, (_, index) => {
    const isLast = mayEnd && index === count - 1 && chance.oneIn(2);
    return makeRequest(chance, { keys, port, id: `fz-${number}-${index}`, isLast });
  });
}

function makeRest(chance: Chance, { keys, port, number }: About): { kind: string; rest: Buffer } {
  const name = chance.pick(SHAPE_NAMES);
  const sound = () => soundBytes(chance, { keys, port, id: `fz-${number}-rest`, isLast: false });
  const bytes = breakBytes(name, chance, { keys, sound });
  return { kind: name, rest: chance.oneIn(2) ? Buffer.concat([bytes, LAST_REQUEST]) : bytes };
}

/** A key where an id should be is taken over once it is changed, so that such requests are left out here. */
function soundBytes(chance: Chance, options: Parameters<typeof makeRequest>[1]): Buffer {
  for (;;) {
    const { bytes } = makeRequest(chance, options);
    if (!/x-request-id: (?!fz-)/i.test(bytes.toString('latin1'))) return bytes;
  }
}
