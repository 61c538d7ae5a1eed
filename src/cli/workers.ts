// The first of several processes: it starts the workers, owns the ops port and ends them all together.
import type { FastifyInstance } from 'fastify';
import type { Logger } from 'pino';
import type { Configuration } from '../config/configuration.ts';
import { createConnectionPlaces, roomOfProcess } from '../connection-places.ts';
import { closeServers, type DrainWaits } from '../drain.ts';
import { createOpsServer } from '../edge/ops-server.ts';
import { emitTo } from '../telemetry/events.ts';
import { logEvents } from '../telemetry/logging.ts';
import { createMetricSums, type MetricSums } from '../telemetry/metric-sums.ts';
import { createMetrics } from '../telemetry/metrics.ts';
import { type CommandIo, EXIT } from './command-io.ts';
import { endGracefully } from './graceful-end.ts';
import type { HandedSources } from './handed-sources.ts';
import { describeListenFailure } from './listen-failure.ts';
import { createWorkerPool, type WorkerPool } from './worker-pool.ts';

/** What the first process starts from. */
export interface FirstProcess extends Pick<CommandIo, 'fail'> {
  readonly configuration: Configuration;
  /** How many workers serve. */
  readonly count: number;
  readonly handed: HandedSources;
  readonly logger: Logger;
}

interface OpsParts {
  readonly pool: WorkerPool;
  readonly sums: MetricSums;
  readonly isDraining: () => boolean;
}

const STOPS = ['SIGHUP', 'SIGINT', 'SIGTERM'] as const;
const ticks = () => performance.now();

/**
 * Serves by workers until a signal. Returns 0 when they are started, else an exit code.
 * If the callers' port cannot be had, which shows later, the process ends with the same code.
 */
export async function serveByWorkers(first: FirstProcess): Promise<number> {
  const { configuration, count, handed, logger, fail } = first;
  let ending: Promise<void> | undefined;
  const sums = createMetricSums();
  const pool = createWorkerPool({
    count,
    handed,
    logger,
    ticks,
    async onListening(api) {
      for (const notice of configuration.notices) logger.warn(notice);
      logger.info({ api, ops: (await building).listeningOrigin }, 'listening');
    },
    async onRefused(words) {
      process.exitCode = await giveUp(words);
    },
    onMetrics: sums.hold,
    onEnd: sums.retire,
  });
  const building = buildOps(first, { pool, sums, isDraining: () => ending !== undefined });

  async function endAll(waits: DrainWaits): Promise<void> {
    await pool.drain(waits);
    await closeServers([await building], waits.graceMs);
  }
  function end(waits: DrainWaits): Promise<void> {
    ending ??= endAll(waits);
    return ending;
  }
  async function giveUp(words: string): Promise<number> {
    fail(`Cannot listen: ${words}\n`);
    await end({ delayMs: 0, graceMs: 0 });
    return EXIT.unavailable;
  }

  endOnSignal(first, end);
  const ops = await building;
  try {
    // Fastify writes to the options that it is given.
    await ops.listen({ ...configuration.ops });
  } catch (error) {
    return giveUp(describeListenFailure(error));
  }
  pool.start();
  return EXIT.ok;
}

/** The ops port tells about all workers: ready while one of them is, their metrics added up. */
async function buildOps(
  { configuration, logger }: FirstProcess,
  { pool, sums, isDraining }: OpsParts,
): Promise<FastifyInstance> {
  // It calls nobody: what there is to tell of that, workers do.
  const metrics = createMetrics({ tenants: [], hasRedis: false });
  const emit = emitTo(logEvents(logger), metrics.emit);
  return createOpsServer({
    emit,
    connections: createConnectionPlaces(emit, roomOfProcess(1)).ops,
    ticks,
    trustedProxies: configuration.trustedProxies,
    lifecycle: { isDraining, isClosing: () => false },
    isReady: pool.isListening,
    async degraded() {
      await pool.ask('degraded');
      return pool.degraded();
    },
    metrics: {
      contentType: metrics.contentType,
      async render() {
        await pool.ask('metrics');
        return sums.render(await metrics.snapshot());
      },
    },
  });
}

/** A second signal changes nothing: one Ctrl-C may come both from the terminal and through npm. */
function endOnSignal(
  { configuration: { shutdown }, logger }: FirstProcess,
  end: (waits: DrainWaits) => Promise<void>,
): void {
  let isEnding = false;
  let stop: NodeJS.Signals | undefined;
  const close = endGracefully({ logger, except: STOPS }, async ({ isFault, signal = stop }) => {
    isEnding = true;
    logger.info({ signal }, 'draining');
    await end(isFault ? { delayMs: 0, graceMs: shutdown.graceMs } : shutdown);
    logger.info('ended');
  });
  for (const signal of STOPS) {
    process.on(signal, () => {
      if (isEnding) return;
      stop = signal;
      close();
    });
  }
}
