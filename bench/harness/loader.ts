// A process that loads with undici and tells latencies and `Cache-Status`: node loader.ts <JSON of a Load>
import { readFileSync } from 'node:fs';
import { Client } from 'undici';
import { percentile } from './figures.ts';
import type { Load } from './load.ts';

const load: Load = JSON.parse(process.argv[2] ?? '');
const { connections, until } = load;
const message = messageOf(load);
const pathOf = pathsOf(load);
const latencies: number[] = [];
const cacheStatus: Record<string, number> = {};
let failures = 0;
let asked = 0;

const startedAt = performance.now();
const isOver =
  'seconds' in until
    ? () => performance.now() - startedAt >= until.seconds * 1000
    : () => asked >= until.requests;
await Promise.all(Array.from({ length: connections }, keepAsking));
process.stdout.write(
  `${JSON.stringify({
    requests: latencies.length,
    durationMs: performance.now() - startedAt,
    failures,
    p50Ms: percentile(latencies, 50),
    p99Ms: percentile(latencies, 99),
    cacheStatus,
  })}\n`,
);

async function keepAsking(): Promise<void> {
  const client = new Client(load.origin);
  while (!isOver()) {
    const path = pathOf(asked);
    asked += 1;
    const askedAt = performance.now();
    const response = await client.request({ path, ...message });
    await response.body.arrayBuffer();
    latencies.push(performance.now() - askedAt);
    if (response.statusCode !== 200) failures += 1;
    note(response.headers['cache-status']);
  }
  await client.close();
}

function messageOf({ headers = {}, post }: Load) {
  if (post === undefined) return { method: 'GET' as const, headers };
  const typed = { ...headers, 'content-type': 'application/json' };
  return { method: 'POST' as const, headers: typed, body: post };
}

function pathsOf({ path }: Load): (index: number) => string {
  if (typeof path === 'string') return () => path;
  if ('file' in path) {
    const paths: readonly string[] = JSON.parse(readFileSync(path.file, 'utf8'));
    return (index) => paths[index % paths.length] ?? '';
  }
  const { template, from, count } = path;
  return (index) => template.replace('{n}', String(from + (index % count)));
}

function note(header: string | string[] | undefined): void {
  const status = String(header ?? 'none').replace(/ttl=-?\d+; /, '');
  cacheStatus[status] = (cacheStatus[status] ?? 0) + 1;
}
