// The service as a process: configured, listening, and drained on a signal.
import { type Logger, pino } from 'pino';
import { buildApp, type Service } from '../app.ts';
import {
  type Configuration,
  type ConfigurationSources,
  loadConfiguration,
} from '../config/configuration.ts';
import { ConfigurationError, renderFaults } from '../config/faults.ts';
import type { DrainWaits } from '../drain.ts';
import { shareMemory } from '../memory-budget.ts';
import { processCount } from '../process-count.ts';
import { createLogOutput, createTimestamp } from '../telemetry/log-output.ts';
import { type CommandIo, EXIT } from './command-io.ts';
import { endGracefully } from './graceful-end.ts';
import { rememberSources } from './handed-sources.ts';
import { boundHeapGrowth } from './heap-growth.ts';
import { describeListenFailure } from './listen-failure.ts';

/** Serves until a signal, alone or by workers. Returns an exit code if the service cannot start, else 0. */
export async function serve(io: CommandIo): Promise<number> {
  const sources = rememberSources(io);
  const configuration = readConfiguration(sources, io);
  if (configuration === undefined) return EXIT.configuration;
  const count = processCount(configuration);
  if (count > 1) {
    const [handed, logger] = [sources.handDown(), createLogger(configuration.logLevel)];
    const { serveByWorkers } = await import('./workers.ts');
    return serveByWorkers({ configuration, count, handed, logger, fail: io.fail });
  }
  const service = await startService(configuration, io);
  return service === undefined ? EXIT.unavailable : EXIT.ok;
}

/** Builds the service, listens on both ports and drains on a signal; undefined if a port cannot be had. */
export async function startService(
  configuration: Configuration,
  io: Pick<CommandIo, 'fail'>,
): Promise<Service | undefined> {
  const { listen, ops, shutdown } = configuration;
  const logger = createLogger(configuration.logLevel);
  boundHeapGrowth(shareMemory(configuration.cache.memoryBytes).growthBytes);
  const building = buildApp(configuration, logger);
  drainOnSignal(building, { shutdown, logger });
  const app = await building;
  try {
    // Fastify writes to the options that it is given.
    await app.api.listen({ ...listen });
    await app.ops.listen({ ...ops });
  } catch (error) {
    io.fail(`Cannot listen: ${describeListenFailure(error)}\n`);
    await app.drain({ delayMs: 0, graceMs: 0 });
    return undefined;
  }
  for (const notice of configuration.notices) logger.warn(notice);
  logger.info({ api: app.api.listeningOrigin, ops: app.ops.listeningOrigin }, 'listening');
  return app;
}

/** Also while the service is still being built: process 1 of a container ignores a signal that nobody handles. */
function drainOnSignal(
  building: Promise<Service>,
  { shutdown, logger }: { shutdown: DrainWaits; logger: Logger },
): void {
  endGracefully({ logger }, async ({ isFault, signal }) => {
    logger.info({ signal }, 'draining');
    const app = await building.catch(() => undefined);
    await app?.drain(isFault ? { delayMs: 0, graceMs: shutdown.graceMs } : shutdown);
    logger.info('ended');
  });
}

/** Reads a configuration; tells all its faults and returns undefined if there are any. */
export function readConfiguration(
  sources: ConfigurationSources,
  io: Pick<CommandIo, 'fail'>,
): Configuration | undefined {
  try {
    return loadConfiguration(sources);
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    io.fail(renderFaults(error.faults));
    return undefined;
  }
}

/** One JSON object a line on the standard output; times in ISO-8601 UTC. */
export function createLogger(level: Configuration['logLevel']): Logger {
  const output = createLogOutput(process.stdout.fd);
  // However the process ends, short of being killed.
  process.once('exit', output.flush);
  return pino(
    {
      level,
      base: { pid: process.pid },
      timestamp: createTimestamp(Date.now),
      formatters: { level: (label) => ({ level: label }) },
    },
    output,
  );
}
