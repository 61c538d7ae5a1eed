// From the path of config.yaml to its settings and the vendor's keys, or to all their faults.

import { normalize } from 'node:path';
import { isJsonObject } from '../domain/json-object.ts';
import { type Fault, readFailure } from './faults.ts';
import { type ConfigFile, fileSchema } from './file.ts';
import { findingOf } from './file-faults.ts';
import { KEY_HASH } from './file-rules.ts';
import { entriesOf } from './schema-parts.ts';
import type { SecretSources } from './secrets.ts';
import { readVendorKeys, unequalBudgets, type VendorKeyReading } from './vendor-keys.ts';
import { type Finding, readYaml } from './yaml-document.ts';

/** What came of reading the file. */
export type FileReading =
  | { readonly file: ConfigFile; readonly vendorKeys: VendorKeyReading['keysOf'] }
  | { readonly faults: readonly Fault[] };

/** Reads the file and the keys that it refers to. Never throws. */
export function readConfigFile(path: string, sources: SecretSources): FileReading {
  const text = readText(path, sources.readFile);
  if (typeof text !== 'string') return { faults: [text] };
  const { data, report } = readYaml(text, path);
  if (data === undefined) return { faults: report([]) };

  const { tenants, apps } = isJsonObject(data) ? data : {};
  const tenantNames = entriesOf(tenants).map(([name]) => name);
  const { data: file, error } = fileSchema(tenantNames).safeParse(data);
  const { keysOf, findings } = readVendorKeys(tenants, sources);
  const faults = report([
    ...(error?.issues ?? []).map((issue) => findingOf(issue, data)),
    ...findings,
    ...unequalBudgets(tenants, keysOf),
    ...sharedHashes(apps),
  ]);
  return file !== undefined && faults.length === 0 ? { file, vendorKeys: keysOf } : { faults };
}

function readText(path: string, readFile: SecretSources['readFile']): string | Fault {
  try {
    return readFile(path);
  } catch (error) {
    const mend = `Copy config.example.yaml to ${path}, or name another file in CONFIG_FILE.`;
    return { place: normalize(path), problem: `cannot be read${readFailure(error)}`, mend };
  }
}

/** A key belongs to one app: the same hash in a second one is a fault. */
function sharedHashes(apps: unknown): Finding[] {
  const owners = new Map<string, string>();
  return entriesOf(apps).flatMap(([app, settings]) => {
    const keys: unknown = isJsonObject(settings) ? settings.keys : [];
    return (Array.isArray(keys) ? keys : []).flatMap((key: unknown, at) => {
      const hash = typeof key === 'string' ? KEY_HASH.read(key)?.toString('hex') : undefined;
      if (hash === undefined) return [];
      const owner = owners.get(hash);
      owners.set(hash, owner ?? app);
      if (owner === undefined || owner === app) return [];
      const mend = 'Make a key for each app: npm run c360 -- keys new <app>.';
      return [{ path: ['apps', app, 'keys', at], problem: `is a key of ${owner} already`, mend }];
    });
  });
}
