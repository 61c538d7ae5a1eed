// Sees to it, before tests start, that there is a Redis server for those that need one.
import { REDIS_MISSING } from '../test/support/redis.ts';
import { provideCommand } from './debian-packages.ts';

/**
 * If none is on the PATH and this is root on Debian, installs Debian's `redis-server` without
 * starting the service. Throws an `Error` that says how to get one where it cannot.
 */
export function provideRedisServer(): void {
  if (!provideCommand('redis-server', 'redis-server')) throw new Error(REDIS_MISSING);
}
