// A fault proxy in a thread of its own, which what this process has to do does not delay.
import { once } from 'node:events';
import { isMainThread, parentPort, Worker, workerData } from 'node:worker_threads';
import { createEnding, type Ending } from './ending.ts';
import { type FaultProxy, type ProxyMode, startFaultProxy } from './fault-proxy.ts';

/** What the thread tells: first that it listens, then that a mode is set. */
interface Told {
  readonly port: number;
  readonly accepted: number;
}

/** What it is told: a mode; nothing: to tell how it stands. */
type Order = ProxyMode | null;

/** The proxy, as the process sees it. How many connections there were is known by `count` alone. */
export interface ProxyThread extends Omit<FaultProxy, 'accepted'> {
  count(): Promise<number>;
}

/** Starts a proxy in a thread. */
export async function startProxyThread(t: Ending, targetPort: number): Promise<ProxyThread> {
  const thread = new Worker(new URL(import.meta.url), { workerData: targetPort });
  t.after(async () => void (await thread.terminate()));
  const told = async (): Promise<Told> => {
    const [message] = await once(thread, 'message');
    return message as Told;
  };
  const { port } = await told();
  // One order after the other, so that each answer is to the last order.
  let last: Promise<unknown> = Promise.resolve();
  const order = (text: Order): Promise<Told> => {
    const next = last.then(() => {
      const answer = told();
      thread.postMessage(text);
      return answer;
    });
    last = next;
    return next;
  };
  return {
    port,
    set: async (mode) => void (await order(mode)),
    count: async () => (await order(null)).accepted,
  };
}

async function serve(targetPort: number): Promise<void> {
  const proxy = await startFaultProxy(createEnding(), targetPort);
  const tell = () => {
    const { port, accepted } = proxy;
    parentPort?.postMessage({ port, accepted } satisfies Told);
  };
  parentPort?.on('message', async (order: Order) => {
    if (order !== null) await proxy.set(order);
    tell();
  });
  tell();
}

if (!isMainThread) await serve(Number(workerData));
