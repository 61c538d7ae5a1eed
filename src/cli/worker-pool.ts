// As many workers as are wanted: started, told to serve, replaced when they die, drained together.
import type { Logger } from 'pino';
import type { DrainWaits } from '../drain.ts';
import type { MetricsSnapshot } from '../telemetry/metric-sums.ts';
import { type ForkedWorker, forkWorker, type WorkerEnd } from './forked-worker.ts';
import type { HandedSources } from './handed-sources.ts';
import { createRestartWaits } from './restart-wait.ts';
import type { Question, Report } from './worker-messages.ts';

/** What a pool is made of, and who hears of it. */
export interface WorkerPoolOptions {
  readonly count: number;
  readonly handed: HandedSources;
  readonly logger: Logger;
  /** Milliseconds that only grow. */
  readonly ticks: () => number;
  /** All workers listen for the first time, at this origin. */
  readonly onListening: (origin: string) => void;
  /** The callers' port cannot be had. */
  readonly onRefused: (words: string) => void;
  readonly onMetrics: (workerId: number, metrics: MetricsSnapshot) => void;
  readonly onEnd: (workerId: number) => void;
}

/** Workers that share the callers' port. */
export interface WorkerPool {
  start(): void;
  /** Whether there is a worker that listens. */
  isListening(): boolean;
  /** Asks all that listen; resolves when they have answered, or after half a second without. */
  ask(what: Question): Promise<void>;
  /** The dependencies that are out of reach for any worker, as they told last. */
  degraded(): readonly string[];
  /** Lets the workers finish and end; none is replaced any more. Resolves when all have ended. */
  drain(waits: DrainWaits): Promise<void>;
}

interface Member {
  readonly worker: ForkedWorker;
  readonly startedAt: number;
  stage: 'starting' | 'started' | 'told' | 'listening';
  degraded: readonly string[];
}

const LONGEST_ANSWER_MS = 500;
/** What a worker may take beyond the waits of a drain before it is ended by force. */
const DRAIN_MARGIN_MS = 2_000;

/** Creates a pool without workers. */
export function createWorkerPool(options: WorkerPoolOptions): WorkerPool {
  const { count, handed, logger, ticks } = options;
  const members = new Map<number, Member>();
  const restarts = new Set<NodeJS.Timeout>();
  const restartWaits = createRestartWaits();
  let isDraining = false;
  let hasAllListened = false;
  const inStage = (stage: Member['stage']) =>
    [...members.values()].filter((member) => member.stage === stage);

  /** One alone until a worker has the port: Node's cluster fails where two are refused it at once. */
  function tellToServe(): void {
    const isOpen = inStage('listening').length > 0;
    if (!isOpen && inStage('told').length > 0) return;
    for (const member of isOpen ? inStage('started') : inStage('started').slice(0, 1)) {
      member.stage = 'told';
      member.worker.order({ type: 'serve', ...handed });
    }
  }

  function onReport({ id, pid }: ForkedWorker, report: Report): void {
    const member = members.get(id);
    if (member === undefined) return;
    switch (report.type) {
      case 'started':
        member.stage = 'started';
        tellToServe();
        break;
      case 'listening':
        member.stage = 'listening';
        logger.info({ worker: pid }, 'a worker listens');
        tellToServe();
        tellThatAllListen(report.origin);
        break;
      case 'refused':
        if (!isDraining) options.onRefused(report.words);
        break;
      case 'degraded':
        member.degraded = report.degraded;
        break;
      case 'metrics':
        options.onMetrics(id, report.metrics);
        break;
    }
  }

  function tellThatAllListen(origin: string): void {
    if (hasAllListened || inStage('listening').length < count) return;
    hasAllListened = true;
    options.onListening(origin);
  }

  function onEnd({ id, pid }: ForkedWorker, end: WorkerEnd): void {
    const member = members.get(id);
    members.delete(id);
    options.onEnd(id);
    if (member === undefined) return;
    if (isDraining) {
      if (end.code !== 0) logger.warn({ worker: pid, ...end }, 'a worker ended early');
      return;
    }
    const waitMs = restartWaits.afterDeath(ticks() - member.startedAt);
    logger.warn({ worker: pid, ...end, waitMs }, 'a worker ended; another takes its place');
    const restart = setTimeout(() => {
      restarts.delete(restart);
      startWorker();
    }, waitMs);
    restarts.add(restart);
    tellToServe();
  }

  function startWorker(): void {
    const worker = forkWorker({ onReport, onEnd });
    members.set(worker.id, { worker, startedAt: ticks(), stage: 'starting', degraded: [] });
  }

  return {
    start() {
      if (isDraining) return;
      for (let at = 0; at < count; at += 1) startWorker();
    },
    isListening: () => inStage('listening').length > 0,
    async ask(what) {
      const answers = inStage('listening').map(({ worker }) => worker.ask(what));
      const { promise: late, resolve } = Promise.withResolvers<void>();
      const timer = setTimeout(resolve, LONGEST_ANSWER_MS);
      await Promise.race([Promise.all(answers), late]);
      clearTimeout(timer);
    },
    degraded: () => [...new Set([...members.values()].flatMap((member) => member.degraded))],
    async drain({ delayMs, graceMs }) {
      isDraining = true;
      for (const restart of restarts) clearTimeout(restart);
      const all = [...members.values()];
      for (const { worker, stage } of all) {
        if (stage === 'told' || stage === 'listening') {
          worker.order({ type: 'drain', delayMs, graceMs });
        } else {
          members.delete(worker.id);
          worker.kill();
        }
      }
      const cut = setTimeout(
        () => {
          for (const { worker } of all) worker.kill();
        },
        delayMs + graceMs + DRAIN_MARGIN_MS,
      );
      await Promise.all(all.map(({ worker }) => worker.ended));
      clearTimeout(cut);
    },
  };
}
