// What the container files promise, read from their text: no engine is needed.
import assert from 'node:assert/strict';
import { readFileSync } from 'node:fs';
import { test } from 'node:test';
import { parseEnv } from 'node:util';
import { parse } from 'yaml';
import { loadConfiguration } from '../src/config/configuration.ts';
import { KEYS } from '../src/sandbox/tenants.ts';

const SECRET = /KEY|SECRET|TOKEN|PASSWORD|REDIS_URL/i;

/** The instructions of the Dockerfile, stage by stage, continued lines joined. */
const stages = readFileSync('Dockerfile', 'utf8')
  .replaceAll(/^#.*\n/gm, '')
  .replaceAll(/\\\n\s*/g, ' ')
  .split(/^(?=FROM )/m)
  .filter((stage) => stage.startsWith('FROM '))
  .map((stage) => stage.split('\n').filter((line) => line !== ''));
const final = stages.at(-1) ?? [];

const compose = parse(readFileSync('docker-compose.yml', 'utf8'), { merge: true });
const { 'customer-360': service, redis, sandbox } = compose.services;

/** What the final stage says after a word; the last one counts. */
function instruction(word: string): string {
  const line = final.findLast((text) => text.startsWith(`${word} `)) ?? '';
  return line.slice(word.length + 1);
}

test('every stage of the image stands on Node 24 slim', () => {
  const bases = stages.map(([from = '']) => from.split(' ')[1]);
  assert.deepEqual(bases, Array(3).fill('node:24-bookworm-slim'));
});

test('the image holds what was built and production packages, and no secret', () => {
  const copied = final.filter((line) => /^(COPY|ADD) /.test(line));
  assert.deepEqual(copied, [
    'COPY --from=dependencies /app/node_modules ./node_modules',
    'COPY --from=build --chown=root:root /app/dist ./dist',
    'COPY --chmod=0644 package.json config.sandbox.yaml ./',
  ]);
  assert.match(stages[0]?.join('\n') ?? '', /RUN npm ci --omit=dev /);
  assert.deepEqual(
    stages.flat().filter((line) => /^(ENV|ARG) /.test(line) && SECRET.test(line)),
    [],
  );
});

test('the image runs as node and needs no shell', () => {
  assert.equal(instruction('USER'), 'node');
  // With the limits of memory that npm start sets.
  const start = JSON.parse(readFileSync('package.json', 'utf8')).scripts.start;
  const settings = /MALLOC_ARENA_MAX=.*/.exec(instruction('ENV')) ?? [];
  const entry = [...settings, 'exec', ...JSON.parse(instruction('ENTRYPOINT'))];
  assert.deepEqual(entry.join(' ').split(/\s+/).join(' '), start);
  const [, check = ''] = instruction('HEALTHCHECK').split(' CMD ');
  const [program, , script] = JSON.parse(check);
  assert.equal(program, 'node');
  assert.match(script, /OPS_PORT.*\/livez/);
});

test('compose waits for a Redis 8 that is healthy and published to nobody', () => {
  assert.match(redis.image, /^redis:8\b/);
  assert.deepEqual(redis.healthcheck.test, ['CMD', 'redis-cli', 'ping']);
  assert.equal(redis.ports, undefined);
  assert.equal(service.depends_on.redis.condition, 'service_healthy');
  assert.equal(service.environment.REDIS_URL, 'redis://redis:6379');
});

test('compose gives the containers no more than they need', () => {
  for (const { read_only, cap_drop, security_opt } of [service, redis, sandbox]) {
    assert.deepEqual({ read_only, cap_drop }, { read_only: true, cap_drop: ['ALL'] });
    assert.deepEqual(security_opt, ['no-new-privileges:true']);
  }
  assert.equal(service.ports.length, 1);
  assert.match(service.ports[0], /^127\.0\.0\.1:/);
  const named = Object.keys(service.environment).filter((name) => SECRET.test(name));
  assert.deepEqual(named, ['REDIS_URL']);
});

test('compose has the sandbox as a profile, which sandbox.env configures', () => {
  assert.deepEqual(sandbox.profiles, ['sandbox']);
  assert.equal(sandbox.network_mode, 'service:customer-360');
  const settings = parseEnv(readFileSync('sandbox.env', 'utf8'));
  assert.equal(settings.ACME_8X8_KEY, KEYS.acme);
  assert.equal(settings.GLOBEX_8X8_KEY, KEYS.globex);
  const { listen, redis: redisSettings } = loadConfiguration({
    env: { ...settings, ...service.environment },
    readFile: () => readFileSync(settings.CONFIG_FILE ?? '', 'utf8'),
  });
  assert.deepEqual(listen, { host: '0.0.0.0', port: 8360 });
  assert.deepEqual(redisSettings, { mode: 'single' });
});
