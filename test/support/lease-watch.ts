// Leases as a Redis server sees them: a wait until processes have taken, tried to take or renewed one.
import { once } from 'node:events';
import type { TestContext } from 'node:test';
import { startMonitor } from './redis-monitor.ts';

/**
 * Counts the commands on leases from now on. A lease that is free is one `SET`; one who finds it held sends two before
 * it waits. The result resolves when there have been so many of a command in all.
 */
export async function watchLeases(
  t: TestContext,
  url: string,
): Promise<(command: 'SET' | 'PEXPIRE', count: number) => Promise<void>> {
  const { monitor } = await startMonitor(t, url);
  const counts = new Map<string, number>();
  monitor.on('monitor', (_time: string, [command = '', key = '']: readonly string[]) => {
    const name = key.includes(':lease:') ? command.toUpperCase() : '';
    counts.set(name, (counts.get(name) ?? 0) + 1);
  });
  return async (command, count) => {
    while ((counts.get(command) ?? 0) < count) await once(monitor, 'monitor');
  };
}
