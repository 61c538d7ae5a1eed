// One worker as the first process sees it.
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
    resolveEnd();
    for (const { resolve } of asked.values()) resolve();
    onEnd(forked, { code, signal });
  });
  return forked;
}
