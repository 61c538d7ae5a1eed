// Email addresses: every spelling that means the same mailbox becomes one canonical address.
import { domainToASCII } from 'node:url';

const MAX_INPUT_CHARACTERS = 1024;
const MAX_CHARACTERS = 254; // RFC 5321 §4.5.3.1.3: a path of 256 octets, less the angle brackets
const MAX_LOCAL_CHARACTERS = 64; // RFC 5321 §4.5.3.1.1

/**
 * The canonical form of an email address, or undefined if it is none.
 * Lower case (the local part keeps its case if the tenant says so), NFC, an ASCII domain without trailing dot.
 * Dots and `+tags` are never touched: whether they matter is for the mail server to know.
 */
export function normalizeEmail(text: string, caseSensitive: boolean): string | undefined {
  if (text.length > MAX_INPUT_CHARACTERS) return undefined;
  const parts = text.trim().normalize('NFC').split('@');
  const [local, host] = parts;
  if (parts.length !== 2 || local === undefined || host === undefined) return undefined;
  const canonicalLocal = (caseSensitive ? local : local.toLowerCase()).normalize('NFC');
  const domain = canonicalDomain(host);
  if (domain === undefined || !isLocalPart(canonicalLocal)) return undefined;
  const address = `${canonicalLocal}@${domain}`;
  return address.length <= MAX_CHARACTERS ? address : undefined;
}

function isLocalPart(local: string): boolean {
  return local.length >= 1 && local.length <= MAX_LOCAL_CHARACTERS && !/[\s"]/u.test(local);
}

function canonicalDomain(host: string): string | undefined {
  // domainToASCII also percent-decodes, cuts at `/` and reads IPv4 numbers: only plain names may reach it.
  if (!/^[\p{L}\p{M}\p{N}.-]+$/u.test(host)) return undefined;
  const domain = domainToASCII(host.toLowerCase()).replace(/\.$/, '');
  const labels = domain.split('.');
  const last = labels.at(-1) ?? '';
  const named = labels.length >= 2 && labels.every(isLabel) && !/^\d+$/.test(last);
  return named ? domain : undefined;
}

/** RFC 1035 §2.3.4. Compatibility characters may have become others than letters, digits and hyphens. */
function isLabel(label: string): boolean {
  return /^[a-z0-9-]{1,63}$/.test(label);
}
