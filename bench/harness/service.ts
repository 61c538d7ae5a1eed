// The built service as a process, configured as a company would, but for a quota that never refuses.
import { createHash, randomBytes } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { startFlags, startSettings } from '../../scripts/start-command.ts';
import { askOk } from './ask.ts';
import { type Bench, PROJECT } from './bench.ts';
import { freePort, type Server } from './processes.ts';

/** How a service differs from the usual one. */
export interface ServiceOptions {
  /** The base URL of the upstream. */
  readonly upstream: string;
  /** Absent: memory only. */
  readonly redis?: string | undefined;
  /** `cache.memory`. */
  readonly memory?: string;
  /** How long what may still change is fresh. */
  readonly open?: string;
  /** `history.maxCalls`. */
  readonly maxCalls?: number;
  /** `WORKERS`. */
  readonly workers?: number;
  /** The cores to keep it on; absent: those for servers. */
  readonly cores?: readonly number[] | undefined;
}

const APP_KEY = `c360_bench_${randomBytes(32).toString('base64url')}`;
const VENDOR_KEY = 'eght_bench';
const CACHE_SECRET = randomBytes(32).toString('base64url');

/** The header that opens the service; peers are sent it too, and do not read it. */
export const CREDENTIAL = { authorization: `Bearer ${APP_KEY}` };

/** Starts a service and waits until it is ready. */
export async function startService(bench: Bench, options: ServiceOptions): Promise<Server> {
  const { service, opsOrigin } = await spawnService(bench, options);
  await service.process.until(() => askOk(`${opsOrigin}/readyz`));
  return service;
}

/** Starts a service without waiting for it. */
export async function spawnService(
  bench: Bench,
  options: ServiceOptions,
): Promise<{ service: Server; opsOrigin: string }> {
  const folder = await bench.folder();
  await writeFile(join(folder, 'config.yaml'), JSON.stringify(configuration(options)));
  const [port, opsPort] = [await freePort(), await freePort()];
  const process_ = bench.processes.start({
    command: process.execPath,
    args: [...startFlags, join(PROJECT, 'dist/main.js')],
    cores: options.cores ?? bench.serverCores,
    cwd: folder,
    discardOutput: true,
    env: {
      NODE_ENV: 'production',
      ...startSettings,
      NODE_COMPILE_CACHE: join(PROJECT, startSettings.NODE_COMPILE_CACHE ?? ''),
      PORT: String(port),
      OPS_PORT: String(opsPort),
      BENCH_8X8_KEY: VENDOR_KEY,
      CACHE_SECRET,
      WORKERS: String(options.workers ?? 1),
      SHUTDOWN_GRACE: '1s',
      ...(options.redis !== undefined && { REDIS_URL: options.redis }),
    },
  });
  const service = { origin: `http://127.0.0.1:${port}`, process: process_ };
  return { service, opsOrigin: `http://127.0.0.1:${opsPort}` };
}

/** JSON is YAML. Answers stay fresh for longer than a run takes. */
function configuration(options: ServiceOptions): object {
  const { upstream, memory = '256MiB', open = '1d', maxCalls = 64 } = options;
  const freshness = { open, closed: '1d' };
  const hash = createHash('sha256').update(APP_KEY).digest('hex');
  return {
    regions: { us: upstream },
    tenants: {
      acme: {
        tenantId: 'acvcc1652172111112801',
        region: 'us',
        apiKeys: [{ env: 'BENCH_8X8_KEY' }],
        defaultCountry: 'US',
        freshness,
      },
    },
    apps: {
      bench: {
        keys: [`sha256:${hash}`],
        tenants: ['acme'],
        scopes: ['read', 'export'],
        quota: { requests: 1_000_000_000, per: '1m' },
      },
    },
    cache: { memory, maxEntry: '512KiB' },
    history: { maxCalls },
  };
}
