// The network of an address: what one subscriber has, and can change within at will.
import { isIP, isIPv6 } from 'node:net';

const GROUPS = 8;
/** The first 64 bits of an IPv6 address (RFC 6177 §2: a site has that or more). */
const NETWORK_GROUPS = 4;
const IPV4_MAPPED = /^::ffff:(\d+\.\d+\.\d+\.\d+)$/i;

/** Of who has left, and of what a proxy calls an address and is none. */
const UNKNOWN = 'unknown';
/** Some proxies tell the port as well: `192.0.2.7:1234`, `[2001:db8::1]:1234`. */
const WITH_PORT = /^(?:\[([^\]]*)\](?::\d+)?|([^:]*):\d+)$/;

/** An IPv4 address as it is, also where IPv6 wraps it (RFC 4291 §2.5.5.2); of any other IPv6 address its /64. */
export function networkOf(address = ''): string {
  const [, inBrackets, beforePort] = WITH_PORT.exec(address) ?? [];
  const [plain = ''] = (inBrackets ?? beforePort ?? address).split('%');
  if (isIP(plain) === 0) return UNKNOWN;
  const mapped = IPV4_MAPPED.exec(plain)?.[1];
  if (mapped !== undefined) return mapped;
  return isIPv6(plain) ? `${groupsOf(plain).slice(0, NETWORK_GROUPS).join(':')}::/64` : plain;
}

/** The eight groups without leading zeros; `::` stands for those that are missing (RFC 4291 §2.2). */
function groupsOf(address: string): readonly string[] {
  const [head = '', tail] = address.split('::');
  const before = splitGroups(head);
  const after = splitGroups(tail ?? '');
  const missing = Array.from({ length: GROUPS - before.length - after.length }, () => '0');
  return [...before, ...(tail === undefined ? [] : missing), ...after];
}

/** A dotted end stands for two groups, which are never in the network. */
function splitGroups(text: string): readonly string[] {
  if (text === '') return [];
  return text
    .split(':')
    .flatMap((group) =>
      group.includes('.') ? ['0', '0'] : [Number.parseInt(group, 16).toString(16)],
    );
}
