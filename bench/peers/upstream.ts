// A vendor without work of its own: prebuilt answers for any customer, and a count of its calls.
// node upstream.ts <port> <latency in ms> <sizes in bytes, with commas between> [count]
import { createServer } from 'node:http';
import { vendorAnswer } from './vendor-answers.ts';

const [port, latency, sizes = '', count] = process.argv.slice(2);
const latencyMs = Number(latency);
const answers = sizes.split(',').map((bytes) => {
  const body = vendorAnswer(Number(bytes));
  const head = { 'content-type': 'application/json', 'content-length': body.length };
  return { body, head };
});
let calls = 0;
let callsOf: Record<string, number> = {};

const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) => {
  const url = request.url ?? '';
  if (url === '/ready') response.end();
  else if (url === '/control/calls') response.end(JSON.stringify({ calls, callsOf }));
  else if (url === '/control/reset') {
    calls = 0;
    callsOf = {};
    response.end();
  } else if (latencyMs > 0) setTimeout(answer, latencyMs);
  else answer();

  if (url.startsWith('/control/') || url === '/ready') return;
  calls += 1;
  if (count === 'count') callsOf[customerOf(url)] = (callsOf[customerOf(url)] ?? 0) + 1;

  function answer(): void {
    const { body, head } = answers[calls % answers.length] ?? { body: '', head: {} };
    response.writeHead(200, head).end(body);
  }
});
server.listen(Number(port), '127.0.0.1');

function customerOf(url: string): string {
  return /[?&](?:email|phoneNumber)=([^&]*)/.exec(url)?.[1] ?? '';
}
