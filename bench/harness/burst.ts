// A process that lets many callers on open connections ask at the same moment: node burst.ts <JSON of a Burst>
import { connect, type Socket } from 'node:net';
import { percentile } from './figures.ts';

/** Who asks what, all at once. */
export interface Burst {
  /** Ports of loopback; callers are shared out evenly. */
  readonly ports: readonly number[];
  readonly callers: number;
  /** Asked once by each caller before, so that its connection is known to work. */
  readonly warmPath: string;
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
}

/** What the callers saw. Times are from the moment before the first one wrote. */
export interface BurstFigures {
  readonly p50Ms: number;
  readonly p99Ms: number;
  /** How many got a 200. */
  readonly answered: number;
}

/** One caller: asks, and tells whether a whole 200 came. */
interface Caller {
  ask(path: string): Promise<boolean>;
  hangUp(): void;
}

/** So many connect at a time: more would overrun the queue of a listening socket. */
const CONNECT_AT_ONCE = 100;
const HEAD_END = '\r\n\r\n';

const { ports, callers: count, warmPath, path, headers }: Burst = JSON.parse(process.argv[2] ?? '');
const headerLines = Object.entries({ host: '127.0.0.1', ...headers })
  .map(([name, value]) => `${name}: ${value}\r\n`)
  .join('');

const callers: Caller[] = [];
while (callers.length < count) {
  const next = Array.from({ length: Math.min(CONNECT_AT_ONCE, count - callers.length) }, (_, at) =>
    createCaller(ports[(callers.length + at) % ports.length] ?? 0),
  );
  callers.push(...(await Promise.all(next)));
}
const startedAt = performance.now();
const replies = await Promise.all(
  callers.map(async (caller) => {
    const isAnswered = await caller.ask(path);
    return { isAnswered, tookMs: performance.now() - startedAt };
  }),
);
for (const caller of callers) caller.hangUp();
const times = replies.map(({ tookMs }) => tookMs);
const figures: BurstFigures = {
  p50Ms: percentile(times, 50),
  p99Ms: percentile(times, 99),
  answered: replies.filter(({ isAnswered }) => isAnswered).length,
};
process.stdout.write(`${JSON.stringify(figures)}\n`);

async function createCaller(port: number): Promise<Caller> {
  const socket = connect(port, '127.0.0.1').setNoDelay();
  socket.on('error', () => undefined);
  const caller: Caller = {
    ask: (asked) => askOn(socket, `GET ${asked} HTTP/1.1\r\n${headerLines}\r\n`),
    hangUp: () => void socket.destroy(),
  };
  if (!(await caller.ask(warmPath))) throw new Error(`No answer on port ${port} before the burst.`);
  return caller;
}

/** Reads as much of HTTP as a reply with a `Content-Length` needs. */
function askOn(socket: Socket, request: string): Promise<boolean> {
  return new Promise((resolve) => {
    let head: string | undefined = '';
    let missing = 0;
    const finish = (isAnswered: boolean): void => {
      socket.off('data', read).off('close', lost);
      resolve(isAnswered);
    };
    const lost = () => finish(false);
    let isOk = false;
    const read = (chunk: Buffer): void => {
      missing -= chunk.length;
      if (head !== undefined) {
        head += chunk.toString('latin1');
        const end = head.indexOf(HEAD_END);
        if (end < 0) return;
        const [, length = '0'] = /^content-length: (\d+)/im.exec(head) ?? [];
        isOk = head.startsWith('HTTP/1.1 200 ');
        missing = end + HEAD_END.length + Number(length) - head.length;
        head = undefined;
      }
      if (missing <= 0) finish(isOk);
    };
    socket.on('data', read).on('close', lost);
    socket.write(request);
  });
}
