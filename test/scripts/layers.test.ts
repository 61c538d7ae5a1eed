// The layer rules of biome.json, shown by breaking each of them in a copy of the project.
import assert from 'node:assert/strict';
import { spawnSync } from 'node:child_process';
import { cp, mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join, resolve } from 'node:path';
import { after, before, test } from 'node:test';

const COPIED = ['biome.json', 'package.json', '.gitignore', 'scripts/inline-import-types.grit'];
const RULES = 'lint/style/noRestrictedImports';
const biome = resolve('node_modules/.bin/biome');
let project: string;

before(async () => {
  project = await mkdtemp(join(tmpdir(), 'customer-360-layers-'));
  for (const path of COPIED) {
    await cp(path, join(project, path));
  }
});
after(() => rm(project, { recursive: true }));

/** The rules that refuse each of these files (path to text), all of them in one project. */
async function refusals(files: Readonly<Record<string, string>>): Promise<Map<string, string>> {
  for (const [path, text] of Object.entries(files)) {
    await mkdir(dirname(join(project, path)), { recursive: true });
    await writeFile(join(project, path), text);
  }
  const { stdout } = spawnSync(
    biome,
    ['lint', '--reporter=github', '--max-diagnostics=none', ...Object.keys(files)],
    { cwd: project, encoding: 'utf8' },
  );
  const found = stdout.matchAll(/^::error title=([^,]+),file=([^,]+),/gm);
  return new Map(
    [...found].map(([, rule = '', path = '']) => [path.replace(`${project}/`, ''), rule]),
  );
}

function importing(specifiers: Readonly<Record<string, string>>): Record<string, string> {
  return Object.fromEntries(
    Object.entries(specifiers).map(([path, specifier]) => [
      `src/${path}`,
      `import type { A } from '${specifier}';\n\nexport type B = A;\n`,
    ]),
  );
}

test('imports against the layer table are refused, of types too', async () => {
  const files = importing({
    'app-a.ts': './sandbox/server.ts',
    'cli/a.ts': '../sandbox/server.ts',
    'cli/demo.ts': '../../scripts/test.ts',
    'edge/a.ts': '../cache/entry.ts',
    'edge/b.ts': '../upstream/client.ts',
    'edge/c.ts': '../config/file.ts',
    'edge/d.ts': '../app.ts',
    'edge/e.ts': './routes/../../cache/entry.ts',
    'edge/f.ts': '../domain/../cache/entry.ts',
    'edge/routes/a.ts': '../../cache/entry.ts',
    'edge/routes/b.ts': '../../redis/connection.ts',
    'cache/a.ts': '../upstream/client.ts',
    'cache/b.ts': '../edge/reply.ts',
    'cache/c.ts': '../redis/connection.ts',
    'upstream/a.ts': '../cache/entry.ts',
    'upstream/b.ts': '../config/file.ts',
    'redis/a.ts': '../resilience/retry.ts',
    'redis/b.ts': '../config/file.ts',
    'resilience/a.ts': '../telemetry/events.ts',
    'resilience/b.ts': '../redis/connection.ts',
    'telemetry/a.ts': '../resilience/retry.ts',
    'config/a.ts': '../cli/keys.ts',
    'sandbox/a.ts': '../upstream/contract.ts',
    'domain/a.ts': '../telemetry/events.ts',
    'domain/b.ts': 'fastify',
    'domain/c.ts': 'node:fs',
    'domain/d.ts': 'ioredis',
    'domain/e.ts': 'undici',
    'domain/f.ts': 'pino',
    'domain/g.ts': 'node:http',
    'new-folder/a.ts': '../domain/region.ts',
  });
  const expected = new Map(Object.keys(files).map((path) => [path, RULES]));
  assert.deepEqual(await refusals(files), expected);
});

test('other ways to name a module are seen as well', async () => {
  const files = {
    'src/cache/value.ts': "import { a } from '../edge/reply.ts';\n\nexport const b = a;\n",
    'src/cache/effect.ts': "import '../edge/reply.ts';\n",
    'src/cache/again.ts': "export type { A } from '../edge/reply.ts';\n",
    'src/cache/later.ts': "export const a = await import('../edge/reply.ts');\n",
  };
  const expected = new Map(Object.keys(files).map((path) => [path, RULES]));
  assert.deepEqual(await refusals(files), expected);
  const inline = { 'src/cache/inline.ts': "export type A = import('../edge/reply.ts').A;\n" };
  assert.deepEqual(await refusals(inline), new Map([['src/cache/inline.ts', 'plugin']]));
});

test('imports along the layer table are not refused', async () => {
  const files = importing({
    'main.ts': './app.ts',
    'app.ts': './config/file.ts',
    'cli/keys.ts': '../redis/connection.ts',
    'cli/demo.ts': '../sandbox/server.ts',
    'edge/a.ts': '../domain/source.ts',
    'edge/b.ts': './routes/health.ts',
    'edge/c.ts': 'fastify',
    'edge/routes/a.ts': '../../telemetry/events.ts',
    'edge/routes/b.ts': '../reply.ts',
    'edge/routes/c.ts': './health.ts',
    'cache/a.ts': '../resilience/deadline.ts',
    'cache/b.ts': './entry.ts',
    'cache/c.ts': '../redis/commands.ts',
    'upstream/a.ts': '../telemetry/events.ts',
    'redis/a.ts': '../telemetry/events.ts',
    'resilience/a.ts': '../domain/source.ts',
    'resilience/b.ts': '../redis/commands.ts',
    'telemetry/a.ts': '../domain/source.ts',
    'config/a.ts': '../domain/region.ts',
    'sandbox/a.ts': '../domain/region.ts',
    'domain/a.ts': './region.ts',
    'domain/b.ts': 'zod',
    'domain/c.ts': 'libphonenumber-js/max',
    'domain/d.ts': 'node:crypto',
  });
  assert.deepEqual(await refusals(files), new Map());
});

test('a cycle is refused, of types too', async () => {
  const files = {
    'src/domain/chicken.ts':
      "import type { Egg } from './egg.ts';\n\nexport type Chicken = Egg[];\n",
    'src/domain/egg.ts':
      "import type { Chicken } from './chicken.ts';\n\nexport type Egg = Chicken[];\n",
  };
  const rule = 'lint/suspicious/noImportCycles';
  const expected = new Map(Object.keys(files).map((path) => [path, rule]));
  assert.deepEqual(await refusals(files), expected);
});

test('a source file has 250 lines at most', async () => {
  const lines = (count: number): string => 'export {};\n'.repeat(count);
  const files = { 'src/cache/long.ts': lines(250), 'src/cache/longer.ts': lines(251) };
  const rule = 'lint/style/noExcessiveLinesPerFile';
  const found = await refusals(files);
  assert.equal(found.get('src/cache/longer.ts'), rule);
  assert.notEqual(found.get('src/cache/long.ts'), rule);
});
