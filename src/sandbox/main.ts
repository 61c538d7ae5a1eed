// Serves the sandbox alone, until SIGTERM or SIGINT.
import { createSandbox } from './server.ts';

const { SANDBOX_HOST = '127.0.0.1', SANDBOX_PORT = '9360', SANDBOX_LATENCY_MS = '0' } = process.env;

const sandbox = await createSandbox({
  host: SANDBOX_HOST,
  port: wholeNumber('SANDBOX_PORT', SANDBOX_PORT, 65_535),
  latencyMs: wholeNumber('SANDBOX_LATENCY_MS', SANDBOX_LATENCY_MS, 600_000),
});

process.once('SIGTERM', sandbox.close);
process.once('SIGINT', sandbox.close);

const addresses = Object.entries(sandbox.baseUrls).map(([region, url]) => `${region} ${url}`);
process.stdout.write(`The simulated 8x8 answers at ${addresses.join(', ')}\n`);

function wholeNumber(name: string, text: string, max: number): number {
  const value = Number(text);
  if (/^\d+$/.test(text) && value <= max) return value;
  process.stderr.write(`${name} must be a whole number from 0 to ${max}.\n`);
  process.exit(78);
}
