// The command `config check`: what a configuration means, or what is wrong with it, and no secret.
import assert from 'node:assert/strict';
import { test } from 'node:test';
import { runConfig } from '../../src/cli/config.ts';

const FILE = `
tenants:
  acme: { tenantId: t1, region: us, apiKeys: [{ env: KEY }, { file: /key }], defaultCountry: US }
  globex: { tenantId: t2, region: ap, apiKeys: [{ env: KEY }], freshness: { open: 90s } }
apps:
  desk:
    keys: ["sha256:${'ab'.repeat(32)}"]
    tenants: "*"
    scopes: [read, summaries]
    quota: { requests: 600, per: 1m }
    userQuota: { requests: 60, per: 1m }
    origins: ["https://desk.example.com"]
    hide: [address]
`;

const ENV = {
  KEY: 'sesame-vendor',
  REDIS_URL: 'rediss://user:sesame-redis@redis.example',
  CACHE_SECRET: Buffer.alloc(32, 's').toString('base64url'),
};

function run(
  args: readonly string[],
  { env = ENV, file = FILE }: { env?: Record<string, string>; file?: string } = {},
): { code: number; out: string; err: string } {
  const files: Record<string, string> = {
    './config.yaml': file,
    '/key': 'sesame-file',
    'b.yaml': 'x: 1',
  };
  const [out, err]: [string[], string[]] = [[], []];
  const code = runConfig(
    {
      env,
      readFile: (path) => {
        const content = files[path];
        if (content === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
        return content;
      },
      write: (text) => void out.push(text),
      fail: (text) => void err.push(text),
    },
    args,
  );
  return { code, out: out.join(''), err: err.join('') };
}

test('a correct configuration is explained, and exits with 0', () => {
  const { code, out, err } = run(['check']);
  assert.deepEqual([code, err], [0, '']);
  const lines = out.split('\n').map((line) => line.trim().replaceAll(/ {2,}/g, ' | '));
  for (const line of [
    'acme | t1 | us | https://api.8x8.com/cidp-customer-360/us | 2 | US | 1m',
    'globex | t2 | ap | https://api.8x8.com/cidp-customer-360/ap | 1 | - | 1m',
    'globex | 90s | 1d | 2d | 10m | 1d',
    'desk | 1 | acme, globex | read, summaries | 600 per 1m | https://desk.example.com | address',
    'Redis | single, 1 address',
    'memory | 256MiB, 2MiB for one entry',
    'workers | 1',
    'userQuota (desk): without effect in this version; quotas hold for whole apps.',
  ]) {
    assert.ok(lines.includes(line), `${line}\n\n${out}`);
  }
});

test('columns are aligned', () => {
  const { out } = run(['check']);
  const starts = out.split('\n').filter((line) => /^ {2}(acme|globex) +t\d/.test(line));
  assert.equal(starts.length, 2);
  assert.equal(new Set(starts.map((line) => line.indexOf('https:'))).size, 1);
});

test('without Redis it says so', () => {
  const { out } = run(['check'], { env: { KEY: 'k', WORKERS: 'auto' } });
  assert.match(out, /Redis +none/);
  assert.match(out, /workers +one a core/);
  assert.match(out, /REDIS_URL is not set/);
});

test('a faulty configuration is told as faults, and exits with 78', () => {
  const { code, out, err } = run(['check'], { env: { ...ENV, PORT: 'x' }, file: 'apps: {}' });
  assert.deepEqual([code, out], [78, '']);
  assert.match(err, /^The configuration has 3 faults\.\n\nPORT is not a port\n/);
  assert.doesNotMatch(err, /\n\s+at /);
});

test('FILE stands in for CONFIG_FILE', () => {
  const { code, err } = run(['check', 'b.yaml'], { env: { ...ENV, CONFIG_FILE: 'a.yaml' } });
  assert.equal(code, 78);
  assert.match(err, /^b\.yaml:1 x is not known here$/m);
  assert.match(run(['check', 'c.yaml']).err, /^c\.yaml cannot be read \(ENOENT\)$/m);
});

test('no secret is printed', () => {
  const good = run(['check']);
  const bad = run(['check'], { env: { ...ENV, REDIS_URL: `${ENV.REDIS_URL}?sesame` } });
  assert.equal(bad.code, 78);
  const shown = [good.out, bad.err].join('\n');
  assert.doesNotMatch(shown, /sesame/);
  assert.ok(!shown.includes(ENV.CACHE_SECRET));
});

test('any other use prints how it is used, and exits with 64', () => {
  for (const args of [[], ['show'], ['check', 'a', 'b']]) {
    const { code, out, err } = run(args);
    assert.deepEqual([code, out], [64, '']);
    assert.equal(err, 'Usage: npm run c360 -- config check [FILE]\n');
  }
});
