// Sees to it, before tests start, that there is a Redis server for those that need one.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';
import { REDIS_MISSING } from '../test/support/redis.ts';

// Debian asks this file whether a service may be started; 101 means no.
const SERVICE_POLICY = '/usr/sbin/policy-rc.d';

/**
 * If none is on the PATH and this is root on Debian, installs Debian's `redis-server` without
 * starting the service. Throws an `Error` that says how to get one where it cannot.
 */
export function provideRedisServer(): void {
  if (isOnPath('redis-server')) return;
  if (!isRootOnDebian()) throw new Error(REDIS_MISSING);
  process.stdout.write('redis-server is not on the PATH: installing it with apt-get.\n');
  withoutStartingServices(() => {
    apt('update');
    apt('install', '--yes', '--no-install-recommends', 'redis-server');
  });
  if (!isOnPath('redis-server')) throw new Error(REDIS_MISSING);
}

function isOnPath(command: string): boolean {
  return spawnSync(command, ['--version'], { stdio: 'ignore' }).error === undefined;
}

function isRootOnDebian(): boolean {
  return process.getuid?.() === 0 && existsSync('/etc/debian_version') && isOnPath('apt-get');
}

function apt(...args: string[]): void {
  spawnSync('apt-get', ['--quiet', ...args], {
    env: { ...process.env, DEBIAN_FRONTEND: 'noninteractive' },
    stdio: ['ignore', 'ignore', 'inherit'],
  });
}

function withoutStartingServices(work: () => void): void {
  const isOurs = !existsSync(SERVICE_POLICY);
  if (isOurs) writeFileSync(SERVICE_POLICY, '#!/bin/sh\nexit 101\n', { mode: 0o755 });
  try {
    work();
  } finally {
    if (isOurs) rmSync(SERVICE_POLICY);
  }
}
