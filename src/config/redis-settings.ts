// Where Redis is: REDIS_URL, REDIS_MODE and REDIS_SENTINEL_NAME.
import { createSettingReader, variable } from './environment.ts';
import type { Fault } from './faults.ts';
import { oneOf } from './rules.ts';
import { readSecret, type SecretSources } from './secrets.ts';

/** How Redis is reached, without its addresses, which may hold a password. */
export interface RedisSettings {
  readonly mode: RedisMode;
  /** The name of the master that sentinels watch; there in mode `sentinel` alone. */
  readonly sentinelName?: string;
}

const REDIS_MODES = ['single', 'cluster', 'sentinel'] as const;

const MODE = oneOf(REDIS_MODES);

/** One server, a Redis Cluster, or servers watched by sentinels. */
export type RedisMode = (typeof REDIS_MODES)[number];

/** What the environment says about Redis. */
export interface RedisReading {
  /** Null without Redis. */
  readonly redis: RedisSettings | null;
  readonly urls: readonly string[];
  /** Whether an address was given, be it faulty. */
  readonly wanted: boolean;
}

/** The settings of Redis. Faults are added to `faults`. */
export function readRedis(sources: SecretSources, faults: Fault[]): RedisReading {
  const mode = createSettingReader(sources.env, faults)('REDIS_MODE', MODE, 'single');
  const reading = readSecret('REDIS_URL', sources);
  if (reading.kind === 'absent') {
    if (mode !== 'single') faults.push(missing('REDIS_URL', mode, 'Set it, or unset REDIS_MODE.'));
    return { redis: null, urls: [], wanted: false };
  }
  const sentinelName = variable(sources.env, 'REDIS_SENTINEL_NAME');
  if (mode === 'sentinel' && sentinelName === undefined) {
    const mend = 'Write the name of the master that the sentinels watch.';
    faults.push(missing('REDIS_SENTINEL_NAME', mode, mend));
  }
  if (reading.kind === 'fault') {
    faults.push(reading.fault);
    return { redis: null, urls: [], wanted: true };
  }
  const urls = reading.value.split(',').map((url) => url.trim());
  faults.push(...urlFaults(urls, mode));
  const named = mode === 'sentinel' && sentinelName !== undefined ? { sentinelName } : {};
  return { redis: { mode, ...named }, urls, wanted: true };
}

function missing(place: string, mode: RedisMode, mend: string): Fault {
  return { place, problem: `is missing, and REDIS_MODE is ${mode}`, mend };
}

function urlFaults(urls: readonly string[], mode: RedisMode): Fault[] {
  const place = 'REDIS_URL';
  if (mode === 'single' && urls.length > 1) {
    const mend = 'Write one address, or set REDIS_MODE to cluster or sentinel.';
    return [{ place, problem: 'is a list, and REDIS_MODE is single', mend }];
  }
  return urls.flatMap((url, at) => {
    if (isRedisUrl(url, mode)) return [];
    const which = urls.length === 1 ? '' : ` at place ${at + 1} of the list`;
    const path = mode === 'cluster' ? '' : '[/database]';
    const mend = `Write redis://[user:password@]host[:port]${path}, or rediss:// for TLS.`;
    return [{ place, problem: `is not an address of Redis${which}`, mend }];
  });
}

function isRedisUrl(text: string, mode: RedisMode): boolean {
  const url = URL.parse(text);
  if (url === null || !/^rediss?:\/\/\S+$/.test(text)) return false;
  // A Redis Cluster has database 0 alone.
  const path = mode === 'cluster' ? /^\/?0?$/ : /^(\/\d{0,5})?$/;
  return (
    url.hostname !== '' &&
    path.test(url.pathname) &&
    `${url.search}${url.hash}` === '' &&
    isEscapedText(url.username) &&
    isEscapedText(url.password)
  );
}

function isEscapedText(text: string): boolean {
  try {
    decodeURIComponent(text);
    return true;
  } catch {
    return false;
  }
}
