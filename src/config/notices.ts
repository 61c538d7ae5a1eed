// What an operator should know about a configuration that is correct.
import { type Environment, type Variables, variable } from './environment.ts';
import type { ConfigFile } from './file.ts';
import type { RedisSettings } from './redis-settings.ts';

/** In config.example.yaml; nobody knows a key with this hash. */
const EXAMPLE_KEY_HASH = Buffer.alloc(32);
const WITHOUT_REDIS = 'REDIS_URL is not set: answers are kept';

/** Sentences about memory without Redis, the key of the example, and settings that have no effect in this version. */
export function noticesOf(options: {
  readonly env: Variables;
  readonly workers: Environment['workers'];
  readonly redis: RedisSettings | null;
  readonly file: Pick<ConfigFile, 'apps'>;
}): readonly string[] {
  const { env, workers, redis, file } = options;
  const isSet = (...names: string[]): boolean =>
    names.some((name) => variable(env, name) !== undefined);
  const userQuotas = namesWith(file.apps, ({ userQuota }) => userQuota !== undefined);
  const withExampleKey = namesWith(file.apps, ({ keys }) =>
    keys.some((key) => key.equals(EXAMPLE_KEY_HASH)),
  );
  const notices: readonly (readonly [isTold: boolean, sentence: string])[] = [
    [redis === null && workers === 1, `${WITHOUT_REDIS} in the memory of this process alone.`],
    [
      redis === null && workers !== 1,
      `${WITHOUT_REDIS} by each worker alone, which grants its part of each quota and budget.`,
    ],
    [
      isSet('AUDIT_LOG', 'AUDIT_SECRET', 'AUDIT_SECRET_FILE'),
      withoutEffect('AUDIT_LOG and AUDIT_SECRET', 'no audit log is written'),
    ],
    [
      isSet('OTEL_EXPORTER_OTLP_ENDPOINT'),
      withoutEffect('OTEL_EXPORTER_OTLP_ENDPOINT', 'no traces are sent'),
    ],
    [
      withExampleKey !== '',
      `keys (${withExampleKey}): the hash of the example fits no key; npm run c360 -- keys new <app> makes one.`,
    ],
    [userQuotas !== '', withoutEffect(`userQuota (${userQuotas})`, 'quotas hold for whole apps')],
  ];
  return notices.filter(([isTold]) => isTold).map(([, sentence]) => sentence);
}

function withoutEffect(setting: string, instead: string): string {
  return `${setting}: without effect in this version; ${instead}.`;
}

function namesWith<T>(entries: Readonly<Record<string, T>>, has: (entry: T) => boolean): string {
  const named = Object.entries(entries).filter(([, entry]) => has(entry));
  return named.map(([name]) => name).join(', ');
}
