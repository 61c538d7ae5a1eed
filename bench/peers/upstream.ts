// A vendor without work of its own: prebuilt answers for any customer, and a count of its calls.
// node upstream.ts <port> <latency in ms> <sizes in bytes, with commas between> [by-customer]
// /control/calls tells { calls, callsOf }; /control/reset begins anew. callsOf needs by-customer.
import { createServer, type ServerResponse } from 'node:http';
import { vendorAnswer } from './vendor-answers.ts';

const [port, latency, sizes = '', counting] = process.argv.slice(2);
const latencyMs = Number(latency);
const answers = sizes.split(',').map((bytes) => {
  const body = vendorAnswer(Number(bytes));
  return { body, head: { 'content-type': 'application/json', 'content-length': body.length } };
});
const NOTHING = { body: '', head: {} };
let calls = 0;
let callsOf: Record<string, number> = {};

const server = createServer({ keepAliveTimeout: 60_000 }, ({ url = '' }, response) => {
  switch (url) {
    case '/ready':
      response.end();
      break;
    case '/control/calls':
      response.end(JSON.stringify({ calls, callsOf }));
      break;
    case '/control/reset':
      calls = 0;
      callsOf = {};
      response.end();
      break;
    default:
      serve(url, response);
  }
});
server.listen(Number(port), '127.0.0.1');

function serve(url: string, response: ServerResponse): void {
  const { head, body } = answers[calls % answers.length] ?? NOTHING;
  calls += 1;
  if (counting === 'by-customer') {
    const customer = customerOf(url);
    callsOf[customer] = (callsOf[customer] ?? 0) + 1;
  }
  const send = () => void response.writeHead(200, head).end(body);
  if (latencyMs > 0) setTimeout(send, latencyMs);
  else send();
}

function customerOf(url: string): string {
  return /[?&](?:email|phoneNumber)=([^&]*)/.exec(url)?.[1] ?? '';
}
