// One worker as the first process sees it.
import type { ChildProcess } from 'node:child_process';
import cluster from 'node:cluster';
import { WORKER_COMMAND } from './command-io.ts';
import { type Order, type Question, type Report, readReport } from './worker-messages.ts';

/** How a worker ended. */
export interface WorkerEnd {
  readonly code: number | null;
  readonly signal: string | null;
}

/** What is made of a worker's reports and of its end. */
export interface WorkerListeners {
  readonly onReport: (worker: ForkedWorker, report: Report) => void;
  readonly onEnd: (worker: ForkedWorker, end: WorkerEnd) => void;
}

/** A process that serves callers. */
export interface ForkedWorker {
  /** Never used twice, unlike a process id. */
  readonly id: number;
  readonly pid: number | undefined;
  /** Sends an order; nothing happens if the worker has ended. */
  order(order: Order): void;
  /** Resolves when it has answered or ended. */
  ask(what: Question): Promise<void>;
  kill(): void;
  /** Resolves when it has ended. */
  readonly ended: Promise<void>;
}

/** Starts a worker: this very program again, with what it has inherited. */
export function forkWorker({ onReport, onEnd }: WorkerListeners): ForkedWorker {
  cluster.setupPrimary({ args: [WORKER_COMMAND] });
  const worker = cluster.fork();
  const closeUntaken = rememberConnection(worker.process);
  const { promise: ended, resolve: resolveEnd } = Promise.withResolvers<void>();
  const asked = new Map<Question, PromiseWithResolvers<void>>();
  const forked: ForkedWorker = {
    id: worker.id,
    pid: worker.process.pid,
    order(order) {
      if (worker.isConnected()) worker.send(order, () => undefined);
    },
    async ask(what) {
      const asking = asked.get(what);
      // A worker that does not answer is not asked again.
      if (asking === undefined) forked.order({ type: 'tell', what });
      const answer = asking ?? Promise.withResolvers<void>();
      asked.set(what, answer);
      await answer.promise;
    },
    kill: () => void worker.process.kill('SIGKILL'),
    ended,
  };
  worker.on('message', (message: unknown) => {
    const report = readReport(message);
    if (report === undefined) return;
    onReport(forked, report);
    if (report.type === 'degraded' || report.type === 'metrics') {
      asked.get(report.type)?.resolve();
      asked.delete(report.type);
    }
  });
  // A message that could not be sent: the end that it tells of is what counts.
  worker.on('error', () => undefined);
  worker.once('exit', (code: number | null, signal: string | null) => {
    closeUntaken();
    resolveEnd();
    for (const { resolve } of asked.values()) resolve();
    onEnd(forked, { code, signal });
  });
  return forked;
}

/**
 * Node hands a worker one new connection at a time, and keeps it until the worker has taken it. Where that dies before,
 * Node forgets the connection without closing it, and its caller would wait for good. Returns what closes it.
 */
function rememberConnection(child: ChildProcess): () => void {
  let latest: { close(): void } | undefined;
  const send = child.send as (...args: unknown[]) => boolean;
  child.send = (...args: unknown[]) => {
    const [, handle] = args;
    if (isClosable(handle)) latest = handle;
    return send.apply(child, args);
  };
  // One that was taken is closed here already, and to close it again does nothing.
  return () => latest?.close();
}

function isClosable(value: unknown): value is { close(): void } {
  return typeof value === 'object' && value !== null && 'close' in value;
}
