// The command `config check [FILE]`: what is wrong with a configuration, or what it means.

import { type Configuration, loadConfiguration } from '../config/configuration.ts';
import { ConfigurationError } from '../config/faults.ts';
import { formatDuration, formatSize } from '../config/units.ts';
import type { App } from '../domain/caller.ts';
import type { FreshnessPolicy, Tenant } from '../domain/tenant.ts';
import { type CommandIo, EXIT } from './command-io.ts';

const USAGE = 'Usage: npm run c360 -- config check [FILE]\n';

/**
 * Runs `config check [FILE]`; `args` begin after `config`, and FILE stands in for `CONFIG_FILE`.
 * The exit code: 0, 64 for a wrong use, or 78 when the configuration has faults.
 */
export function runConfig(io: CommandIo, args: readonly string[]): number {
  const [verb, file, ...rest] = args;
  if (verb !== 'check' || rest.length > 0) {
    io.fail(USAGE);
    return EXIT.usage;
  }
  const env = file === undefined ? io.env : { ...io.env, CONFIG_FILE: file };
  try {
    io.write(describe(loadConfiguration({ env, readFile: io.readFile })));
    return EXIT.ok;
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    io.fail(error.message);
    return EXIT.configuration;
  }
}

/** A configuration in words, for a terminal. Holds no secret. */
function describe(configuration: Configuration): string {
  const { tenants, apps, notices } = configuration;
  const sections = [
    'The configuration is correct.',
    table('Tenants', [
      ['name', 'tenant id', 'region', 'base URL', 'keys', 'country', 'grid'],
      ...[...tenants.values()].map((tenant) => tenantRow(configuration, tenant)),
    ]),
    table('Freshness', [
      ['tenant', 'open', 'closed', 'settle', 'while revalidating', 'if error'],
      ...[...tenants.values()].map(({ name, freshness }) => [name, ...freshnessCells(freshness)]),
    ]),
    table('Apps', [
      ['name', 'keys', 'tenants', 'scopes', 'quota', 'origins', 'hide'],
      ...apps.map(appRow),
    ]),
    table('Service', serviceRows(configuration)),
    ...(notices.length === 0 ? [] : [['Notices', ...notices].join('\n  ')]),
  ];
  return `${sections.join('\n\n')}\n`;
}

function tenantRow({ regions, secrets }: Configuration, tenant: Tenant): string[] {
  const { name, tenantId, region, defaultCountry = '-', timeGridMs } = tenant;
  const keys = String(secrets.vendorKeys(name).length);
  const grid = formatDuration(timeGridMs);
  return [name, tenantId, region, regions[region], keys, defaultCountry, grid];
}

function freshnessCells(freshness: FreshnessPolicy): string[] {
  const { openMs, closedMs, settleMs, staleWhileRevalidateMs, staleIfErrorMs } = freshness;
  return [openMs, closedMs, settleMs, staleWhileRevalidateMs, staleIfErrorMs].map(formatDuration);
}

function appRow({ caller, keyHashes }: App): string[] {
  const { app, tenants, scopes, quota, origins, hide } = caller;
  const limit = `${quota.requests} per ${formatDuration(quota.perMs)}`;
  const [keys, scopeList] = [String(keyHashes.length), listed(scopes)];
  return [app, keys, listed(tenants), scopeList, limit, listed(origins), listed(hide)];
}

function serviceRows(configuration: Configuration): string[][] {
  const { listen, ops, redis, secrets, cache, upstream, shutdown } = configuration;
  const count = secrets.redisUrls().length;
  const addresses = count === 1 ? '1 address' : `${count} addresses`;
  const [memory, maxEntry] = [cache.memoryBytes, cache.maxEntryBytes].map(formatSize);
  const [deadline, attempt] = [upstream.deadlineMs, upstream.attemptTimeoutMs].map(formatDuration);
  const [delay, grace] = [shutdown.delayMs, shutdown.graceMs].map(formatDuration);
  return [
    ['callers', `${listen.host} port ${listen.port}`],
    ['ops', `${ops.host} port ${ops.port}`],
    ['Redis', redis === null ? 'none' : `${redis.mode}, ${addresses}`],
    ['memory', `${memory}, ${maxEntry} for one entry`],
    ['upstream', `${deadline} for an answer, ${attempt} for an attempt`],
    ['', `${upstream.connections} connections a region`],
    ['', `${formatSize(upstream.maxResponseBytes)} for a response`],
    ['trusted proxies', listed(configuration.trustedProxies)],
    ['log level', configuration.logLevel],
    ['workers', configuration.workers === 'auto' ? 'one a core' : String(configuration.workers)],
    ['shutdown', `${delay} delay, ${grace} grace`],
  ];
}

function listed(items: Iterable<string>): string {
  return [...items].join(', ') || '-';
}

/** A title, and the rows below it with their columns aligned. */
function table(title: string, rows: readonly (readonly string[])[]): string {
  const columns = Math.max(...rows.map((row) => row.length));
  const widths = Array.from({ length: columns }, (_, at) =>
    Math.max(...rows.map((row) => row[at]?.length ?? 0)),
  );
  const lines = rows.map((row) =>
    row
      .map((cell, at) => cell.padEnd(widths[at] ?? 0))
      .join('  ')
      .trimEnd(),
  );
  return [title, ...lines].join('\n  ');
}
