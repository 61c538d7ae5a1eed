// A vendor whose customers have long histories: 80 % of a year's interactions in one week, the newest 50 of a range told.
// node history-upstream.ts <port> <latency in ms> <interactions of each customer>
// /control/calls tells { calls }; /control/reset begins anew. customer<n>@… has a week of its own for each n.
import { createServer, type ServerResponse } from 'node:http';
import { templateRows } from './vendor-answers.ts';

const [port, latency, count] = process.argv.slice(2);
const DAY = 86_400;
const MOST_ROWS = 50;
const BUSY_PART = 0.8;
const endAt = Math.floor(Date.now() / 1000) - DAY;
const histories = new Map<number, readonly number[]>();
const templates = templateRows();
let calls = 0;

const server = createServer({ keepAliveTimeout: 60_000 }, ({ url = '' }, response) => {
  switch (url) {
    case '/ready':
      response.end();
      break;
    case '/control/calls':
      response.end(JSON.stringify({ calls, callsOf: {} }));
      break;
    case '/control/reset':
      calls = 0;
      response.end();
      break;
    default:
      serve(new URL(url, 'http://localhost').searchParams, response);
  }
});
server.listen(Number(port), '127.0.0.1');

function serve(query: URLSearchParams, response: ServerResponse): void {
  calls += 1;
  const customer = Number(/^customer(\d+)@/.exec(query.get('email') ?? '')?.[1]);
  const from = secondsOf(query.get('startTime')) ?? 0;
  const to = secondsOf(query.get('endTime')) ?? Number.MAX_VALUE;
  const rows = historyOf(customer)
    .filter((at) => at >= from && at <= to)
    .slice(0, MOST_ROWS)
    .map((at, index) => ({
      ...templates[index % templates.length],
      interactionId: `int-${customer}-${at}`,
      startedAt: at * 1000,
      endedAt: at * 1000 + 60_000,
    }));
  const body = JSON.stringify({ interactions: rows, insights: null });
  setTimeout(() => {
    response.writeHead(200, { 'content-type': 'application/json' }).end(body);
  }, Number(latency));
}

function secondsOf(instant: string | null): number | null {
  return instant === null ? null : Date.parse(instant) / 1000;
}

/** Starts in Unix seconds, each once, newest first. */
function historyOf(customer: number): readonly number[] {
  const known = histories.get(customer);
  if (known) return known;
  const random = randomFrom(customer);
  const week = endAt - 7 * DAY - Math.floor(random() * 350 * DAY);
  const starts = new Set<number>();
  while (starts.size < Number(count)) {
    const isBusy = random() < BUSY_PART;
    const [begin, seconds] = isBusy ? [week, 7 * DAY] : [endAt - 364 * DAY, 364 * DAY];
    starts.add(Math.floor(begin + random() * seconds));
  }
  const sorted = [...starts].sort((a, b) => b - a);
  histories.set(customer, sorted);
  return sorted;
}

/** The same numbers for the same customer. */
function randomFrom(seed: number): () => number {
  let state = Math.imul(seed + 1, 2_654_435_761) >>> 0;
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0;
    return state / 2 ** 32;
  };
}
