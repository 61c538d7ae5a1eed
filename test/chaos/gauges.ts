// What a replica tells about itself on its ops port.
import type { Replica } from '../support/replica-processes.ts';

/** What it holds of the machine. */
export interface Holdings {
  readonly pid: number;
  readonly residentBytes: number;
  readonly openFiles: number;
  readonly handles: number;
}

/** What a replica, or all workers of it, holds. */
export async function holdingsOf(replica: Replica): Promise<Holdings> {
  const text = await metricsOf(replica);
  const value = (name: string) => Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]);
  return {
    pid: replica.child.pid ?? 0,
    residentBytes: value('process_resident_memory_bytes'),
    openFiles: value('process_open_fds'),
    handles: value('nodejs_active_handles_total'),
  };
}

/** Whether a replica uses Redis, and hears the others' messages. */
export async function isRedisUp(replica: Replica): Promise<boolean> {
  const told = [...(await metricsOf(replica)).matchAll(/^customer360_redis_up\{.*\} (\d)$/gm)];
  return told.length === 2 && told.every(([, value]) => value === '1');
}

async function metricsOf({ ops }: Replica): Promise<string> {
  const reply = await fetch(`${ops}/metrics`, { signal: AbortSignal.timeout(5_000) });
  return reply.text();
}
