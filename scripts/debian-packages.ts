// Brings programs that npm does not: from Debian's packages, where this is root on Debian.
import { spawnSync } from 'node:child_process';
import { existsSync, rmSync, writeFileSync } from 'node:fs';

// Debian asks this file whether a service may be started; 101 means no.
const SERVICE_POLICY = '/usr/sbin/policy-rc.d';

/**
 * Whether a command is on the PATH. If it is not and this is root on Debian, installs the package
 * first, without starting a service.
 */
export function provideCommand(command: string, packageName: string): boolean {
  if (isOnPath(command)) return true;
  if (!isRootOnDebian()) return false;
  process.stdout.write(`${command} is not on the PATH: installing it with apt-get.\n`);
  withoutStartingServices(() => {
    apt('update');
    apt('install', '--yes', '--no-install-recommends', packageName);
  });
  return isOnPath(command);
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
