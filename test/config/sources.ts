// Sources of a configuration for tests: a file's text, an environment and other files.
import assert from 'node:assert/strict';
import {
  type Configuration,
  type ConfigurationSources,
  loadConfiguration,
} from '../../src/config/configuration.ts';
import { ConfigurationError, type Fault } from '../../src/config/faults.ts';

/** What a configuration is made of: `yaml`, or else the smallest file and what is added to it. */
export interface Parts {
  readonly yaml?: string;
  /** More lines for the tenant `acme`, each indented by four blanks. */
  readonly tenant?: string;
  /** More lines for the app `desk`, each indented by four blanks. */
  readonly app?: string;
  /** More sections. */
  readonly more?: string;
  readonly env?: Record<string, string>;
  readonly files?: Record<string, string>;
}

/** A correct hash, another for each digit. */
export function hash(digit: number): string {
  return `sha256:${String(digit).repeat(64)}`;
}

/** The sources; without `yaml` those of the smallest correct configuration. */
export function sources({ yaml, tenant, app, more, env, files }: Parts = {}): ConfigurationSources {
  const text = yaml ?? smallest({ tenant: tenant ?? '', app: app ?? '', more: more ?? '' });
  const all: Record<string, string> = { './config.yaml': text, ...files };
  return {
    env: { ACME_KEY: 'eght_acme', ...env },
    readFile: (path) => {
      const content = all[path];
      if (content === undefined) throw Object.assign(new Error(path), { code: 'ENOENT' });
      return content;
    },
  };
}

/** The configuration of some parts. */
export function load(parts: Parts = {}): Configuration {
  return loadConfiguration(sources(parts));
}

/** The faults of some parts; none when they are correct. */
export function faultsOf(parts: Parts): readonly Fault[] {
  try {
    load(parts);
    return [];
  } catch (error) {
    assert.ok(error instanceof ConfigurationError, String(error));
    return error.faults;
  }
}

/** The faults of some parts, each as its place and problem. */
export function problemsOf(parts: Parts): string[] {
  return faultsOf(parts).map(({ place, problem }) => `${place} ${problem}`);
}

function smallest({ tenant, app, more }: Record<'tenant' | 'app' | 'more', string>): string {
  return `tenants:
  acme:
    tenantId: t1
    region: us
    apiKeys: [{ env: ACME_KEY }]
${tenant}
apps:
  desk:
    keys: ["${hash(1)}"]
    tenants: [acme]
    quota: { requests: 600, per: 1m }
${app}
${more}
`;
}
