// The vendor's keys of all tenants, and the budgets that belong to the keys' values.
import { isJsonObject } from '../domain/json-object.ts';
import { ALLOWANCE, type KeyReference, parseKeyReference } from './file.ts';
import { entriesOf } from './schema-parts.ts';
import { readSecret, readSecretFile, type SecretSources } from './secrets.ts';
import type { Finding, Path } from './yaml-document.ts';

/** The keys that could be read, and what is wrong with the others. */
export interface VendorKeyReading {
  readonly keysOf: ReadonlyMap<string, readonly string[]>;
  readonly findings: readonly Finding[];
}

/** Reads the keys of all tenants in the file's data, also of those that have faults elsewhere. */
export function readVendorKeys(tenants: unknown, sources: SecretSources): VendorKeyReading {
  const findings: Finding[] = [];
  const keysOf = new Map<string, readonly string[]>();
  for (const [name, tenant] of entriesOf(tenants)) {
    const references = isJsonObject(tenant) ? tenant.apiKeys : undefined;
    const keys = (Array.isArray(references) ? references : []).flatMap((value, at) => {
      const reference = parseKeyReference(value);
      if (reference === undefined) return [];
      const outcome = readKey(reference, ['tenants', name, 'apiKeys', at], sources);
      if (typeof outcome === 'string') return [outcome];
      findings.push(outcome);
      return [];
    });
    keysOf.set(name, keys);
  }
  return { keysOf, findings };
}

/** Tenants with the same key share one bucket, so their budgets must be equal. */
export function unequalBudgets(
  tenants: unknown,
  keysOf: VendorKeyReading['keysOf'],
): readonly Finding[] {
  const firstWith = new Map<string, { readonly name: string; readonly budget: string }>();
  return entriesOf(tenants).flatMap(([name, tenant]) => {
    const budget = isJsonObject(tenant) ? budgetText(tenant.budget) : undefined;
    if (budget === undefined) return [];
    const keys = keysOf.get(name) ?? [];
    const rival = keys
      .map((key) => firstWith.get(key))
      .find((first) => first !== undefined && first.budget !== budget);
    for (const key of keys) if (!firstWith.has(key)) firstWith.set(key, { name, budget });
    if (rival === undefined) return [];
    const problem = `is not that of ${rival.name}, which has the same key of the vendor`;
    const mend = 'Give tenants that share a key the same budget, or none of them one.';
    return [{ path: ['tenants', name, 'budget'], problem, mend }];
  });
}

/** The same text for the same budget; undefined for one that is faulty itself. */
function budgetText(value: unknown): string | undefined {
  if (value === undefined) return 'none';
  const { data } = ALLOWANCE.safeParse(value);
  return data && `${data.requests} per ${data.per}ms`;
}

function readKey(reference: KeyReference, around: Path, sources: SecretSources): string | Finding {
  if ('file' in reference) {
    const path = [...around, 'file'];
    const reading = readSecretFile(reference.file, sources.readFile, 'file');
    if (reading.kind === 'found') return judge(reading.value, path);
    return { path, problem: reading.fault.problem, mend: reading.fault.mend };
  }
  const path = [...around, 'env'];
  const reading = readSecret(reference.env, sources);
  if (reading.kind === 'found') return judge(reading.value, path);
  if (reading.kind === 'absent') return { path, ...unset(reference.env) };
  const { place, problem, mend } = reading.fault;
  const variable = isPrintable(place) ? place : 'a variable';
  return { path, problem: `needs ${variable}, which ${problem}`, mend };
}

function unset(name: string): Omit<Finding, 'path'> {
  if (isPrintable(name)) {
    const mend = `Set ${name} to the key, or ${name}_FILE to the path of a file that holds it.`;
    return { problem: `names ${name}, which is not set`, mend };
  }
  const mend = 'Write the name of the variable that holds the key, never the key itself.';
  return { problem: 'names a variable that is not set', mend };
}

function judge(key: string, path: Path): string | Finding {
  if (/^[\x21-\x7e]+$/.test(key)) return key;
  const mend = 'A key is one line of printable ASCII characters without blanks.';
  return { path, problem: 'leads to something that is not a key', mend };
}

// A key pasted where a variable's name belongs must not be printed: keys have small letters.
function isPrintable(name: string): boolean {
  return /^[A-Z_][A-Z0-9_]*$/.test(name);
}
