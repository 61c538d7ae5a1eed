// Faults of 8x8: those of the sandbox, and those of the way to it.
import type { Fault, FaultKind } from '../../../src/sandbox/faults.ts';
import type { ProxyMode } from '../../support/fault-proxy.ts';
import type { Row } from '../row.ts';

const INVALID = ['upstream-invalid'];
const UNAVAILABLE = ['upstream-unavailable'];
const MISCONFIGURED = ['upstream-misconfigured'];
const THROTTLED = ['upstream-throttled'];
const LATE = ['upstream-timeout', 'upstream-unavailable'];
const MEGABYTE = 1_000_000;

/** One row for each. */
export const UPSTREAM_ROWS: readonly Row[] = [
  onTheWay('8x8-down', 'nobody listens', { mode: { mode: 'down' }, problems: UNAVAILABLE }),
  onTheWay('8x8-black-hole', 'connections stay, and nothing passes', {
    mode: { mode: 'blackHole' },
    problems: LATE,
  }),
  onTheWay('8x8-half-open', 'connections are dead, new ones are silent', {
    mode: { mode: 'halfOpen', newcomers: 'silent' },
    problems: LATE,
  }),
  onTheWay('8x8-narrow', 'replies come at 400 bytes a second', {
    mode: { mode: 'bandwidth', bytesPerSecond: 400 },
    problems: LATE,
  }),
  onTheWay('8x8-reset-on-connect', 'connections are reset', {
    mode: { mode: 'reset' },
    problems: UNAVAILABLE,
  }),
  switched('slow', 'answers take 700 ms', { delayMs: 700, problems: [] }),
  switched('slow', 'answers take longer than an attempt may', {
    name: '8x8-too-slow',
    delayMs: 2_000,
    problems: LATE,
  }),
  switched('hang', 'no answer ever comes', { problems: LATE }),
  switched('drip', 'a body comes byte by byte', { byteIntervalMs: 20, problems: LATE }),
  switched('reset', 'connections are reset before an answer', { problems: UNAVAILABLE }),
  switched('reset-mid-body', 'connections are reset after half a body', { problems: UNAVAILABLE }),
  switched('truncated', '200 with half of its JSON', { problems: INVALID }),
  switched('html', '200 with a page', { problems: INVALID }),
  switched('empty', '200 without a body', { problems: INVALID }),
  switched('not-an-object', '200 with a list', { problems: INVALID }),
  switched('no-interactions', '200 with {}', { problems: INVALID }),
  switched('wrong-types', '200 with values of wrong types', { damagesAnswers: true }),
  switched('drift', '200 with fields that nobody knows', { problems: [] }),
  switched('compressed', '200 that is compressed', { problems: INVALID }),
  switched('huge', '200 with a field of 200 MB', {
    bytes: 200 * MEGABYTE,
    // Where the machine is busy it comes too slowly to be found too large.
    problems: [...INVALID, ...LATE],
  }),
  switched('redirect', '302', { problems: INVALID }),
  switched('unauthorized', '401', { problems: MISCONFIGURED }),
  switched('gateway-token', "401 with the gateway's fault", { problems: MISCONFIGURED }),
  switched('forbidden', '403', { problems: MISCONFIGURED }),
  switched('throttled', '429 with Retry-After', { problems: THROTTLED }),
  switched('throttled-reset', '429 with x-ratelimit-reset', { problems: THROTTLED }),
  switched('gateway-quota', "500 with the gateway's fault for a quota", { problems: THROTTLED }),
  switched('server-error', '500', { problems: UNAVAILABLE }),
  switched('bad-gateway', '502 with a page', { problems: UNAVAILABLE }),
  switched('unavailable', '503 without a body', { problems: UNAVAILABLE }),
];

interface SwitchedOptions extends Omit<Fault, 'kind'>, Pick<Row, 'problems' | 'damagesAnswers'> {
  readonly name?: string;
}

function switched(kind: FaultKind, about: string, options: SwitchedOptions): Row {
  const { name = `8x8-${kind}`, problems, damagesAnswers, ...quantities } = options;
  return {
    name,
    about,
    kind: '8x8',
    topology: 'single',
    ...(problems !== undefined && { problems }),
    ...(damagesAnswers !== undefined && { damagesAnswers }),
    async begin({ sandbox }) {
      sandbox.faults.set({ kind, ...quantities });
      return {
        async end() {
          sandbox.faults.set(null);
          return [];
        },
      };
    },
  };
}

function onTheWay(
  name: string,
  about: string,
  { mode, problems }: { readonly mode: ProxyMode; readonly problems: readonly string[] },
): Row {
  return {
    name,
    about,
    kind: '8x8',
    topology: 'single',
    problems,
    async begin({ upstream }) {
      await upstream.set(mode);
      return {
        async end() {
          await upstream.set({ mode: 'pass' });
          return [];
        },
      };
    },
  };
}
