// Starts what the service is compared with, and what both need: upstream, Redis, nginx, varnish.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { Redis } from 'ioredis';
import { askOk } from './ask.ts';
import type { Bench } from './bench.ts';
import { freePort, type Server } from './processes.ts';

const PEERS = fileURLToPath(new URL('../peers', import.meta.url));

/** A peer written in TypeScript, by its file. */
export type NodePeer =
  | 'bare-fastify'
  | 'history-upstream'
  | 'parsing-fastify'
  | 'proxy-fastify'
  | 'redis-fastify'
  | 'upstream';

/** Starts a peer on a core for servers, or on that for load, and waits until it answers. */
export async function startNodePeer(
  bench: Bench,
  peer: NodePeer,
  { args = [], core = 'server' }: { args?: readonly string[]; core?: 'server' | 'load' } = {},
): Promise<Server> {
  const port = await freePort();
  const origin = `http://127.0.0.1:${port}`;
  const process_ = bench.processes.start({
    command: process.execPath,
    args: [join(PEERS, `${peer}.ts`), String(port), ...args],
    cores: core === 'server' ? bench.serverCores : undefined,
    env: { NODE_ENV: 'production' },
  });
  await process_.until(() => askOk(`${origin}/ready`));
  return { origin, process: process_ };
}

/** What the peer `upstream` was asked for. */
export interface UpstreamCalls {
  readonly calls: number;
  /** By email address or phone number, as escaped in the URL; empty unless it was told to count them. */
  readonly callsOf: Readonly<Record<string, number>>;
}

/** Asks the peer `upstream` what it was asked for since its start or its last reset. */
export async function readCalls(upstream: string): Promise<UpstreamCalls> {
  const { body } = await askOk(`${upstream}/control/calls`);
  return JSON.parse(String(body));
}

/** Starts a peer that sends these bytes, whatever customer it is asked for. */
export async function startBareFastify(
  bench: Bench,
  body: Buffer,
  core: 'server' | 'load' = 'server',
): Promise<Server> {
  const file = join(await bench.folder(), 'body');
  await writeFile(file, body);
  return startNodePeer(bench, 'bare-fastify', { args: [file], core });
}

/** Starts a Redis server beside the load, empty, that writes nothing to disk. Its URL. */
export async function startRedis(bench: Bench): Promise<string> {
  const port = await freePort();
  const withoutDisk = ['--save', '', '--appendonly', 'no', '--dir', await bench.folder()];
  const server = bench.processes.start({
    command: 'redis-server',
    args: ['--port', String(port), '--bind', '127.0.0.1', ...withoutDisk],
  });
  const url = `redis://127.0.0.1:${port}`;
  await server.until(async () => {
    const client = new Redis(url, { lazyConnect: true, retryStrategy: () => null });
    client.on('error', () => undefined);
    await client.connect().finally(() => client.disconnect());
  });
  return url;
}

/** Starts nginx with one worker and a cache before `origin`; `gzip` is `on` or `off`. */
export async function startNginx(
  bench: Bench,
  { origin, gzip }: { origin: string; gzip: 'on' | 'off' },
): Promise<Server> {
  const folder = await bench.folder();
  const port = await freePort();
  const user = process.getuid?.() === 0 ? 'user root;' : '';
  const file = await fillIn('nginx.conf', folder, {
    ...{ folder, gzip, user, port: String(port) },
    authority: new URL(origin).host,
  });
  return startServer(bench, port, {
    command: 'nginx',
    args: ['-p', folder, '-e', 'stderr', '-c', file],
  });
}

/** Starts varnish with gzip and a cache in memory before `origin`. */
export async function startVarnish(bench: Bench, origin: string): Promise<Server> {
  const folder = await bench.folder();
  const port = await freePort();
  const file = await fillIn('varnish.vcl', folder, { port: new URL(origin).port });
  const threads = ['thread_pools=1', 'thread_pool_min=100', 'thread_pool_max=100'];
  return startServer(bench, port, {
    command: 'varnishd',
    args: [
      ...['-F', '-j', 'none', '-n', join(folder, 'work'), '-T', 'none'],
      ...['-a', `127.0.0.1:${port}`, '-f', file, '-s', 'malloc,512m'],
      ...threads.flatMap((setting) => ['-p', setting]),
    ],
  });
}

async function startServer(
  bench: Bench,
  port: number,
  command: { command: string; args: readonly string[] },
): Promise<Server> {
  const origin = `http://127.0.0.1:${port}`;
  const server = bench.processes.start({ ...command, cores: bench.serverCores });
  await server.until(() => askOk(`${origin}/ready`));
  return { origin, process: server };
}

/** Writes a template with `{{name}}` filled in to a folder. The file's path. */
async function fillIn(
  template: string,
  folder: string,
  values: Readonly<Record<string, string>>,
): Promise<string> {
  const text = await readFile(join(PEERS, template), 'utf8');
  const path = join(folder, template);
  await writeFile(
    path,
    text.replace(/\{\{(\w+)\}\}/g, (_, name: string) => values[name] ?? ''),
  );
  return path;
}
