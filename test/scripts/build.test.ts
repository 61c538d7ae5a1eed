// `npm run build`: what it makes works from its own folder, the parts that are loaded late included.
import assert from 'node:assert/strict';
import { type ChildProcess, spawn, spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';
import { after, before, type TestContext, test } from 'node:test';
import { Worker } from 'node:worker_threads';

/** As in the image: these lie beside the folder of the build. */
const BESIDE = ['node_modules', 'package.json', 'config.sandbox.yaml'];
let folder: string;
let dist: string;

before(async () => {
  folder = await mkdtemp(join(tmpdir(), 'customer-360-build-'));
  dist = join(folder, 'dist');
  for (const name of BESIDE) await symlink(resolve(name), join(folder, name));
  const script = ['--disable-warning=ExperimentalWarning', 'scripts/build.ts', dist];
  const { status, stderr } = spawnSync(process.execPath, script, { encoding: 'utf8' });
  assert.equal(status, 0, stderr);
});
after(() => rm(folder, { recursive: true }));

function start(t: TestContext, args: readonly string[]): ChildProcess {
  const { PATH = '' } = process.env;
  const ports = { PORT: '0', OPS_PORT: '0', SANDBOX_PORT: '0' };
  const child = spawn(process.execPath, [join(dist, 'main.js'), ...args], {
    cwd: folder,
    env: { PATH, ...ports },
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  t.after(() => child.kill('SIGKILL'));
  return child;
}

test('the built demo serves customers and the documentation, and ends', async (t) => {
  const child = start(t, ['demo']);
  let output = '';
  for await (const text of child.stdout?.setEncoding('utf8') ?? []) {
    output += text;
    if (output.includes('Ctrl-C')) break;
  }
  const [, url = '', key = ''] = /curl -i '([^']+)' -H 'Authorization: ([^']+)'/.exec(output) ?? [];
  const reply = await fetch(url, { headers: { authorization: key } });
  assert.equal(reply.status, 200);
  const { version } = JSON.parse(await readFile('package.json', 'utf8'));
  const document = await (await fetch(new URL('/openapi.json', url))).json();
  assert.equal((document as { info: { version: string } }).info.version, version);
  for (const path of ['/docs', '/docs/static/swagger-ui.css']) {
    const part = await fetch(new URL(path, url));
    assert.equal(part.status, 200, path);
    await part.arrayBuffer();
  }
  child.kill('SIGTERM');
  assert.deepEqual(await once(child, 'exit'), [0, null]);
});

test('what Node compiles of it is kept, so that the next start is faster', async () => {
  const cache = join(dist, '.compile-cache');
  const [version = ''] = await readdir(cache);
  assert.ok(version.startsWith(process.version));
  const { length } = (await readdir(dist)).filter((name) =>
    /^(main|serve|redis).*\.js$/.test(name),
  );
  assert.ok((await readdir(join(cache, version))).length >= length);
});

test('the built thread selects fields, and stands where it is looked for', async () => {
  const name = 'field-selection-thread';
  const thread = new Worker(join(dist, `${name}.js`));
  const body = new TextEncoder().encode(
    '{"interactions":[{"id":"a","channel":"chat"}],"insights":null}',
  );
  thread.postMessage({
    body,
    selection: { fields: new Set(['startedAt']), hide: new Set() },
  });
  const [selected] = await once(thread, 'message');
  assert.equal(Buffer.from(selected).toString(), '{"interactions":[{"id":"a"}],"insights":null}');
  await thread.terminate();
  const scripts = (await readdir(dist)).filter((file) => file.endsWith('.js'));
  const texts = await Promise.all(scripts.map((file) => readFile(join(dist, file), 'utf8')));
  assert.equal(texts.filter((text) => text.includes(`./${name}`)).length, 1);
  // Stacks have the names of the source.
  assert.ok(texts.some((text) => text.includes('function createApiServer(')));
});
