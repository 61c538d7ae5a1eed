// The settings of the process: environment variables, and the `.env` file in their place.
import { isIP } from 'node:net';
import { ConfigurationError, type Fault, readFailure } from './faults.ts';
import { duration, LONGEST_TIMER_MS, matching, oneOf, type Rule } from './rules.ts';

/** The environment, as `process.env` has it. */
export type Variables = Readonly<Record<string, string | undefined>>;

/** pino's levels. */
export const LOG_LEVELS = ['trace', 'debug', 'info', 'warn', 'error', 'fatal', 'silent'] as const;

/** One of pino's levels. */
export type LogLevel = (typeof LOG_LEVELS)[number];

/** Where a server listens; port 0 picks a free one. */
export interface ListenAddress {
  readonly host: string;
  readonly port: number;
}

/** The settings of the process that hold no secret. */
export interface Environment {
  readonly configFile: string;
  readonly listen: ListenAddress;
  readonly ops: ListenAddress;
  readonly logLevel: LogLevel;
  /** Addresses and networks (CIDR) whose `X-Forwarded-For` is believed. */
  readonly trustedProxies: readonly string[];
  readonly shutdown: { readonly delayMs: number; readonly graceMs: number };
  /** How many processes serve callers; `auto` is one a core. */
  readonly workers: number | 'auto';
}

const HOST: Rule<string> = {
  // Of `localhost` Fastify would make a server for each address, and the second would lack what we do to connections.
  read: (text) => (isHost(text) ? text.replace(/^localhost$/i, '127.0.0.1') : undefined),
  problem: 'is not an address to listen on',
  mend: 'Write an IP address or a host name without brackets and port, such as 127.0.0.1 or ::1.',
};

/** A TCP port, or 0 for one that is free. */
export const PORT: Rule<number> = {
  read: (text) => (/^\d{1,5}$/.test(text) && Number(text) <= 65_535 ? Number(text) : undefined),
  problem: 'is not a port',
  mend: 'Write a whole number from 0 to 65535; 0 picks a free port.',
};

const TRUSTED_PROXIES: Rule<readonly string[]> = {
  read: (text) => {
    const proxies = text.split(',').map((proxy) => proxy.trim());
    return proxies.every(isAddressOrNetwork) ? proxies : undefined;
  },
  problem: 'holds something that is neither an IP address nor a network',
  mend: 'Write addresses or networks with commas between, such as 10.0.0.0/8,192.168.1.5.',
};

const WORKERS: Rule<number | 'auto'> = {
  read: (text) => {
    if (text === 'auto') return text;
    return /^[1-9]\d{0,3}$/.test(text) ? Number(text) : undefined;
  },
  problem: 'is not a number of processes',
  mend: 'Write a whole number from 1 to 9999, or auto for one process a core.',
};

const SHUTDOWN_DURATION = duration(0, LONGEST_TIMER_MS);
const ANY_TEXT = matching(/^/, 'is not text', 'Write text.');

/**
 * Adds the variables of a `.env` file to `process.env`; what is set there already stays.
 * An absent file is fine; one that cannot be read is a ConfigurationError.
 */
export function loadDotEnv(path = '.env'): void {
  try {
    process.loadEnvFile(path);
  } catch (error) {
    const reason = readFailure(error);
    if (reason === ' (ENOENT)') return;
    const mend = 'Make it a file that this user may read, or remove it.';
    throw new ConfigurationError([{ place: path, problem: `cannot be read${reason}`, mend }]);
  }
}

/** The value of a variable without the blanks around it; undefined when it is unset or empty. */
export function variable(env: Variables, name: string): string | undefined {
  const value = Object.hasOwn(env, name) ? env[name]?.trim() : undefined;
  return value === '' ? undefined : value;
}

/** Reads one variable by a rule; it has the default when unset. */
export type SettingReader = <T>(name: string, rule: Rule<T>, byDefault: T) => T;

/** Reads variables. A faulty one is added to `faults`, and stands at its default meanwhile. */
export function createSettingReader(env: Variables, faults: Fault[]): SettingReader {
  return (name, { read, problem, mend }, byDefault) => {
    const text = variable(env, name);
    if (text === undefined) return byDefault;
    const value = read(text);
    if (value === undefined) faults.push({ place: name, problem, mend });
    return value ?? byDefault;
  };
}

/** The settings of the process. Faults are added to `faults`. */
export function readEnvironment(env: Variables, faults: Fault[]): Environment {
  const setting = createSettingReader(env, faults);
  const environment: Environment = {
    configFile: setting('CONFIG_FILE', ANY_TEXT, './config.yaml'),
    listen: { host: setting('HOST', HOST, '127.0.0.1'), port: setting('PORT', PORT, 8360) },
    ops: { host: setting('OPS_HOST', HOST, '127.0.0.1'), port: setting('OPS_PORT', PORT, 8361) },
    logLevel: setting('LOG_LEVEL', oneOf(LOG_LEVELS), 'info'),
    trustedProxies: setting('TRUSTED_PROXIES', TRUSTED_PROXIES, []),
    shutdown: {
      delayMs: setting('SHUTDOWN_DELAY', SHUTDOWN_DURATION, 0),
      graceMs: setting('SHUTDOWN_GRACE', SHUTDOWN_DURATION, 10_000),
    },
    workers: setting('WORKERS', WORKERS, 1),
  };
  if (collide(environment.listen, environment.ops)) {
    const mend = 'Give the ops port an address of its own.';
    faults.push({ place: 'OPS_PORT', problem: 'is the same address as PORT', mend });
  }
  return environment;
}

function collide(one: ListenAddress, other: ListenAddress): boolean {
  return one.port !== 0 && one.port === other.port && one.host === other.host;
}

function isHost(text: string): boolean {
  if (isIP(text) !== 0) return true;
  return /^[A-Za-z0-9][A-Za-z0-9.-]{0,252}$/.test(text) && /[A-Za-z]/.test(text);
}

// A prefix of 0 would trust everybody, and Fastify refuses it.
function isAddressOrNetwork(text: string): boolean {
  const [address = '', prefix, ...rest] = text.split('/');
  const version = address.includes('%') ? 0 : isIP(address);
  if (version === 0 || rest.length > 0) return false;
  if (prefix === undefined) return true;
  return /^[1-9]\d{0,2}$/.test(prefix) && Number(prefix) <= (version === 4 ? 32 : 128);
}
