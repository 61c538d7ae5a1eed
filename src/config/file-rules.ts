// The rules for values that stand in config.yaml alone.
import { isIPv4 } from 'node:net';
import { isSupportedCountry } from 'libphonenumber-js/max';
import { INTERACTION_FIELDS } from '../domain/interaction.ts';
import { matching, oneOf, type Rule } from './rules.ts';

/** The vendor's identifier of a tenant. */
export const TENANT_ID = matching(
  /^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$/,
  'is not an identifier of the vendor',
  'Write the tenant id that 8x8 gave, in quotes if it is digits alone.',
);

/** A country (ISO 3166-1 alpha-2) whose phone numbers are known. */
export const COUNTRY: Rule<string> = {
  read: (text) => (/^[A-Z]{2}$/.test(text) && isSupportedCountry(text) ? text : undefined),
  problem: 'is not a country that has phone numbers',
  mend: 'Write two capital letters, such as US or GB (ISO 3166).',
};

/** A base URL of the vendor, read without a slash at its end. */
export const BASE_URL: Rule<string> = {
  read: readBaseUrl,
  problem: 'is not a base URL',
  mend: 'Write https://host[:port][/path] without user and query; http:// is for loopback alone.',
};

/** An origin, written as browsers send it. */
export const ORIGIN: Rule<string> = {
  read: (text) => (isOrigin(text) ? text : undefined),
  problem: 'is not an origin as browsers send it',
  mend: 'Write scheme://host[:port] in small letters, with no path, / at the end or default port.',
};

/** The SHA-256 of an app key. */
export const KEY_HASH: Rule<Buffer> = {
  read: (text) => {
    const [, hex] = /^sha256:([0-9a-f]{64})$/i.exec(text) ?? [];
    return hex === undefined ? undefined : Buffer.from(hex, 'hex');
  },
  problem: 'is not the SHA-256 of an app key',
  mend: 'Write "sha256:<64 hex digits>", never the key. npm run c360 -- keys new <app> makes one.',
};

/** What an app may be kept from seeing; `id` is always there. */
export const HIDEABLE = oneOf([
  ...INTERACTION_FIELDS.filter((field) => field !== 'id'),
  'summary',
] as const);

/** A name of one of the tenants in the file. */
export function knownTenant(names: readonly string[]): Rule<string> {
  return {
    read: (text) => (names.includes(text) ? text : undefined),
    problem: 'is not a tenant of this file',
    mend: 'Write a name that stands under tenants, or "*" in place of the list.',
  };
}

function readBaseUrl(text: string): string | undefined {
  const url = URL.parse(text);
  if (url === null || /[\s?#]/.test(text)) return undefined;
  const isAllowed =
    url.protocol === 'https:' || (url.protocol === 'http:' && isLoopback(url.hostname));
  if (!isAllowed || `${url.username}${url.password}` !== '') return undefined;
  return `${url.origin}${url.pathname}`.replace(/\/+$/, '');
}

function isLoopback(hostname: string): boolean {
  if (hostname === 'localhost' || hostname === '[::1]') return true;
  return isIPv4(hostname) && hostname.startsWith('127.');
}

const ORIGIN_FORM = /^[a-z][a-z0-9+.-]*:\/\/([a-z0-9][a-z0-9._-]*|\[[0-9a-f:]+\])(:[1-9]\d{0,4})?$/;

// Apps in a web view send origins of their own scheme, whose URL.origin is 'null'.
function isOrigin(text: string): boolean {
  const url = ORIGIN_FORM.test(text) ? URL.parse(text) : null;
  return url !== null && (url.origin === text || url.origin === 'null');
}
