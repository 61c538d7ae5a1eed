// The environment: defaults, what is read, what is refused, and the `.env` file.
import assert from 'node:assert/strict';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { test } from 'node:test';
import {
  type Environment,
  LOG_LEVELS,
  loadDotEnv,
  readEnvironment,
} from '../../src/config/environment.ts';
import { ConfigurationError, type Fault } from '../../src/config/faults.ts';

const DEFAULTS: Environment = {
  configFile: './config.yaml',
  listen: { host: '127.0.0.1', port: 8360 },
  ops: { host: '127.0.0.1', port: 8361 },
  logLevel: 'info',
  trustedProxies: [],
  shutdown: { delayMs: 0, graceMs: 10_000 },
  workers: 1,
};

function read(env: Record<string, string>): { environment: Environment; faults: Fault[] } {
  const faults: Fault[] = [];
  return { environment: readEnvironment(env, faults), faults };
}

function refused(name: string, ...values: string[]): void {
  for (const value of values) {
    const { faults } = read({ [name]: value });
    assert.deepEqual(
      faults.map(({ place }) => place),
      [name],
      `${name}=${value}`,
    );
  }
}

test('the defaults are the documented ones', () => {
  assert.deepEqual(read({}), { environment: DEFAULTS, faults: [] });
});

test('empty and blank variables count as unset', () => {
  const env = { PORT: '', HOST: ' ', LOG_LEVEL: '\t', TRUSTED_PROXIES: '', WORKERS: '' };
  assert.deepEqual(read(env), { environment: DEFAULTS, faults: [] });
});

test('every variable is read, without the blanks around it', () => {
  const { environment, faults } = read({
    CONFIG_FILE: '/etc/c360.yaml',
    HOST: '0.0.0.0',
    PORT: ' 0 ',
    OPS_HOST: '::1',
    OPS_PORT: '65535',
    LOG_LEVEL: 'silent',
    TRUSTED_PROXIES: '10.0.0.0/8, 192.168.1.5,fd00::/8 ,::1',
    SHUTDOWN_DELAY: '5s',
    SHUTDOWN_GRACE: '250ms',
    WORKERS: 'auto',
  });
  assert.deepEqual(faults, []);
  assert.deepEqual(environment, {
    configFile: '/etc/c360.yaml',
    listen: { host: '0.0.0.0', port: 0 },
    ops: { host: '::1', port: 65_535 },
    logLevel: 'silent',
    trustedProxies: ['10.0.0.0/8', '192.168.1.5', 'fd00::/8', '::1'],
    shutdown: { delayMs: 5000, graceMs: 250 },
    workers: 'auto',
  });
});

test("all of pino's levels are known, and no other", () => {
  for (const level of LOG_LEVELS) {
    assert.equal(read({ LOG_LEVEL: level }).environment.logLevel, level);
  }
  refused('LOG_LEVEL', 'INFO', 'verbose', '30');
});

test('what breaks a rule is refused at its variable', () => {
  for (const name of ['PORT', 'OPS_PORT']) refused(name, '65536', '-1', '80.5', '0x50', 'http');
  for (const name of ['HOST', 'OPS_HOST']) refused(name, '[::1]', 'a b', '1.2.3', 'host:80', '-a');
  for (const name of ['SHUTDOWN_DELAY', 'SHUTDOWN_GRACE']) refused(name, '5', '-1s', '2d', '1.5s');
  refused('WORKERS', '0', '-1', '1.5', 'all', '10000');
  refused('TRUSTED_PROXIES', 'proxy', '10.0.0.0/0', '10.0.0.0/33', '::1/129', '10.0.0.0/8/8');
  refused('TRUSTED_PROXIES', '10.0.0.1,,10.0.0.2', '10.0.0.1;10.0.0.2', 'fe80::1%eth0', '*');
});

test('one address for both ports is a fault, unless the port is a free one', () => {
  refused('OPS_PORT', '8360');
  assert.deepEqual(read({ PORT: '0', OPS_PORT: '0' }).faults, []);
  assert.deepEqual(read({ OPS_PORT: '8360', OPS_HOST: '127.0.0.2' }).faults, []);
});

test('localhost is one address', () => {
  const { listen, ops } = read({ HOST: 'localhost', OPS_HOST: 'LOCALHOST' }).environment;
  assert.deepEqual([listen.host, ops.host], ['127.0.0.1', '127.0.0.1']);
});

test('all faults are told at once, and none repeats the value', () => {
  const { faults } = read({ PORT: 'sesame', LOG_LEVEL: 'sesame', WORKERS: 'sesame' });
  assert.deepEqual(
    faults.map(({ place }) => place),
    ['PORT', 'LOG_LEVEL', 'WORKERS'],
  );
  assert.doesNotMatch(JSON.stringify(faults), /sesame/);
});

test('.env adds what is not set, and may be absent', async (t) => {
  const folder = await mkdtemp(join(tmpdir(), 'c360-env-'));
  const names = ['C360_TEST_DOTENV_NEW', 'C360_TEST_DOTENV_SET'] as const;
  t.after(async () => {
    for (const name of names) delete process.env[name];
    await rm(folder, { recursive: true });
  });
  const [added, kept] = names;
  process.env[kept] = 'real';
  await writeFile(join(folder, '.env'), `${added}=file\n${kept}=file\n`);
  loadDotEnv(join(folder, '.env'));
  assert.deepEqual([process.env[added], process.env[kept]], ['file', 'real']);
  loadDotEnv(join(folder, 'absent'));
  assert.throws(() => loadDotEnv(folder), ConfigurationError);
});
