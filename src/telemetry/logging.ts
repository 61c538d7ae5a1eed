// Events as log lines, for an operator: one line a request, and one for each thing that needs attention.
import { LRUCache } from 'lru-cache';
import type { Logger } from 'pino';
import type { Emit, RequestEvent, ServiceEvent } from './events.ts';

/** Writes events to a logger. Only what an event names is written: no object of a request ever is. */
export function logEvents(logger: Logger): Emit {
  const logRequest = createRequestLog(logger);
  return (event) => {
    const { level, message } = lineFor(event);
    if (!logger.isLevelEnabled(level)) return;
    if (event.type === 'request') return logRequest(event, { level, message });
    const { type, ...fields } = event;
    logger[level]({ event: type, ...fields }, message);
  };
}

/** What is known of so many kinds of requests is kept as text. */
const MAX_KINDS = 1_000;

/** Requests are many and of few kinds: what a kind has in common is serialized once, by a child logger. */
function createRequestLog(logger: Logger): (event: RequestEvent, line: Line) => void {
  const kinds = new LRUCache<string, Logger>({ max: MAX_KINDS });
  const kindOf = (event: RequestEvent): Logger => {
    const { type, requestId: _, durationMs: __, ...common } = event;
    return logger.child({ event: type, ...common });
  };
  return (event, { level, message }) => {
    const { requestId, durationMs, method, route, status, outcome, reason } = event;
    const name = `${method} ${route} ${status} ${outcome} ${reason} ${event.app} ${event.tenant} ${event.strategy}`;
    const held = kinds.get(name);
    const kind = held ?? kindOf(event);
    if (!held) kinds.set(name, kind);
    kind[level]({ requestId, durationMs }, message);
  };
}

const PROBES = new Set(['/livez', '/readyz', '/metrics']);

const REDIS_LINES = {
  ready: { level: 'info', message: 'Redis is connected' },
  lost: { level: 'warn', message: 'Redis cannot be reached; serving without it until it can' },
  failing: {
    level: 'warn',
    message: 'Redis refuses commands; serving without it where that is so',
  },
} as const;

const REDIS_BREAKER_LINES = {
  open: {
    level: 'warn',
    message: 'Redis answers too late; serving without it until it takes at most 10 ms',
  },
  closed: { level: 'info', message: 'Redis answers in time again' },
} as const;

const LOAD_LINES = {
  short: {
    level: 'warn',
    message: 'this process is short of time or memory; what it does not hold is refused',
  },
  bearable: { level: 'info', message: 'this process can bear its load again' },
} as const;

const CONNECTIONS_LINES = {
  full: {
    level: 'warn',
    message: 'there are as many connections as this process takes; others are refused',
  },
  free: { level: 'info', message: 'connections are taken again' },
} as const;

const COUNTING_LINES = {
  alone: {
    level: 'warn',
    message: 'Redis does not count; this process grants its share alone: the whole by replicas',
  },
  shared: { level: 'info', message: 'Redis counts for all replicas together again' },
} as const;

const MESSAGES_LINES = {
  ready: { level: 'debug', message: 'messages of other processes are heard' },
  lost: {
    level: 'warn',
    message: 'messages of other processes are not heard; entries are checked every 10 s',
  },
} as const;

const BREAKER_LINES = {
  open: {
    level: 'warn',
    message: '8x8 fails for this tenant; it is left alone for a while, and what is kept is used',
  },
  'half-open': { level: 'info', message: 'one call shows whether 8x8 works for this tenant again' },
  closed: { level: 'info', message: '8x8 works for this tenant again' },
} as const;

const BULKHEAD_LINES = {
  full: {
    level: 'warn',
    message:
      'too many calls to 8x8 wait in this region; others are refused, and what is kept is used',
  },
  free: { level: 'info', message: 'calls to 8x8 in this region are taken again' },
} as const;

const BUDGET_LINES = {
  taken: { level: 'debug', message: 'a call to 8x8 is counted' },
  spent: { level: 'debug', message: 'the calls to 8x8 are spent for now; what is kept is used' },
  lowered: { level: 'warn', message: '8x8 refuses calls as too many; fewer are made for a while' },
} as const;

interface Line {
  readonly level: 'debug' | 'info' | 'warn' | 'error';
  readonly message: string;
}

function lineFor(event: ServiceEvent): Line {
  switch (event.type) {
    case 'request':
      return { level: levelFor(event), message: 'request' };
    case 'cache-read':
      return { level: 'debug', message: 'cache read' };
    case 'quota-refused':
      return { level: 'debug', message: 'a quota is spent' };
    case 'connection-refused':
      return { level: 'debug', message: 'a connection was refused, since there are too many' };
    case 'connections':
      return CONNECTIONS_LINES[event.state];
    case 'load':
      return event.shortage === null ? LOAD_LINES.bearable : LOAD_LINES.short;
    case 'load-shed':
      return {
        level: 'debug',
        message: 'a fetch was refused, since this process has too much to do',
      };
    case 'flight-begun':
      return { level: 'debug', message: 'a fetch begins' };
    case 'lease-wait':
      return { level: 'debug', message: 'what another process was fetching was waited for' };
    case 'flight-joined':
      return { level: 'debug', message: 'waiting for a fetch under way' };
    case 'background-refresh':
      return { level: 'debug', message: 'a stale entry was fetched anew' };
    case 'lease':
      return { level: 'debug', message: 'the right to fetch, over all processes, has ended' };
    case 'upstream-call':
      return { level: event.outcome === 'ok' ? 'debug' : 'warn', message: 'call to 8x8' };
    case 'upstream-retry':
      return { level: 'debug', message: 'a call to 8x8 failed in passing' };
    case 'breaker':
      return BREAKER_LINES[event.state];
    case 'bulkhead':
      return BULKHEAD_LINES[event.state];
    case 'budget':
      return BUDGET_LINES[event.outcome];
    case 'upstream-refused-place':
      return { level: 'debug', message: 'too many calls to 8x8 are under way or wait' };
    case 'upstream-drift':
      return { level: 'debug', message: 'an answer of 8x8 was usable, but not as expected' };
    case 'upstream-refused-key':
      return {
        level: 'error',
        message:
          '8x8 refused a key or tenant id: check apiKeys, tenantId and region of this tenant',
      };
    case 'store-failed':
      return { level: 'debug', message: 'Redis did not do a command; going on without it' };
    case 'counting':
      return COUNTING_LINES[event.state];
    case 'replicas':
      return { level: 'info', message: 'so many processes share Redis' };
    case 'entry-unreadable':
      return {
        level: 'debug',
        message: 'an entry in Redis does not decrypt (CACHE_SECRET changed?); treated as a miss',
      };
    case 'redis-state':
      return REDIS_LINES[event.state];
    case 'redis-breaker':
      return REDIS_BREAKER_LINES[event.state];
    case 'redis-messages':
      return MESSAGES_LINES[event.state];
    case 'internal-error':
      return { level: 'error', message: 'a fault of this service' };
  }
}

/** Probes that succeed come every few seconds and would hide the rest. */
function levelFor({ route, status }: RequestEvent): 'debug' | 'info' | 'warn' {
  const code = status ?? 0;
  if (code >= 500) return 'warn';
  return code < 400 && PROBES.has(route ?? '') ? 'debug' : 'info';
}
