// One of several processes that share the callers' port: it serves, and obeys the first process.
import cluster from 'node:cluster';
import { buildApp, type Service } from '../app.ts';
import { type Configuration, loadConfiguration } from '../config/configuration.ts';
import type { Variables } from '../config/environment.ts';
import type { DrainWaits } from '../drain.ts';
import { shareMemory } from '../memory-budget.ts';
import { endGracefully } from './graceful-end.ts';
import { handedSources } from './handed-sources.ts';
import { boundHeapGrowth } from './heap-growth.ts';
import { describeListenFailure } from './listen-failure.ts';
import { createLogger } from './serve.ts';
import { type Order, type Question, type Report, readOrder } from './worker-messages.ts';

/** A worker that has been told to serve. */
interface ServingWorker {
  answer(question: Question): Promise<void>;
  /** Finishes what is under way and ends the process; without waits those of an end by itself. */
  drain(waits?: DrainWaits): void;
}

/** They reach a terminal's or a container's whole group; the first process says what follows from them. */
const GROUP_SIGNALS = ['SIGHUP', 'SIGINT', 'SIGQUIT', 'SIGTERM'] as const;

/** Obeys the first process until it says to end, or is gone. */
export function serveAsWorker(env: Variables): void {
  let serving: ServingWorker | undefined;
  for (const signal of GROUP_SIGNALS) process.on(signal, () => undefined);
  process.on('message', (message) => {
    const order = readOrder(message);
    if (order !== undefined) obey(order);
  });
  function obey(order: Order): void {
    switch (order.type) {
      case 'serve':
        serving ??= startServing(loadConfiguration(handedSources(env, order)));
        return;
      case 'tell':
        void serving?.answer(order.what);
        return;
      case 'drain':
        serving?.drain(order);
        return;
    }
  }
  const { worker } = cluster;
  worker?.once('disconnect', () => {
    if (serving === undefined) return;
    // Otherwise Node ends the process here, with the requests that are under way.
    worker.exitedAfterDisconnect = true;
    serving.drain();
  });
  report({ type: 'started' });
}

function startServing(configuration: Configuration): ServingWorker {
  const { logLevel, shutdown, listen } = configuration;
  const logger = createLogger(logLevel);
  boundHeapGrowth(shareMemory(configuration.cache.memoryBytes).growthBytes);
  const building = buildApp(configuration, logger);
  let isEnding = false;
  // When it ends by itself, there is nobody to be told first.
  let waits: DrainWaits = { delayMs: 0, graceMs: shutdown.graceMs };
  const close = endGracefully({ logger, except: GROUP_SIGNALS }, async () => {
    isEnding = true;
    const app = await building.catch(() => undefined);
    await app?.drain(waits);
  });
  void listenAndReport(building, listen, () => isEnding);
  return {
    async answer(question) {
      const { metrics, degraded } = await building;
      if (question === 'degraded') return report({ type: 'degraded', degraded: [...degraded()] });
      report({ type: 'metrics', metrics: await metrics.snapshot() });
    },
    drain(given = waits) {
      if (isEnding) return;
      waits = given;
      close();
    },
  };
}

async function listenAndReport(
  building: Promise<Service>,
  listen: Configuration['listen'],
  isEnding: () => boolean,
): Promise<void> {
  const { api } = await building;
  if (isEnding()) return;
  try {
    await api.listen({ ...listen });
  } catch (error) {
    return report({ type: 'refused', words: describeListenFailure(error) });
  }
  report({ type: 'listening', origin: api.listeningOrigin });
}

/** Nobody hears it if the first process is gone; that is told by the end of the connection. */
function report(message: Report): void {
  if (process.connected) process.send?.(message, undefined, undefined, () => undefined);
}
