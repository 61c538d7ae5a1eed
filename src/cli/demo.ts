// The main job with nothing else installed: the service before a simulated 8x8, and lines to paste.
import { fileURLToPath } from 'node:url';
import type { FastifyInstance } from 'fastify';
import type { ConfigurationSources } from '../config/configuration.ts';
import { createSettingReader, PORT as PORT_RULE } from '../config/environment.ts';
import { type Fault, renderFaults } from '../config/faults.ts';
import { CUSTOMERS } from '../sandbox/customers.ts';
import { createSandbox, type Sandbox } from '../sandbox/server.ts';
import { KEYS } from '../sandbox/tenants.ts';
import { type CommandIo, EXIT } from './command-io.ts';
import { readConfiguration, startService } from './serve.ts';

/** Public: they open nothing but the simulated customers of this command. */
const APP_KEYS = {
  desk: 'c360_demo-desk_FJaR3VQSv1EJ-BjGSUallTimKfqcreRF43r0p5oPnfM',
  mobile: 'c360_demo-mobile_9I_fR2xXhV0fW-MTgntZtZJ0apFvepRkLZNMBSktKDQ',
} as const;

const CONFIG_FILE = fileURLToPath(new URL('../../config.sandbox.yaml', import.meta.url));
const CONFIGURED_SANDBOX = 'http://127.0.0.1:9360';
const LATENCY_MS = 150;

/** Serves until a signal. Ports are taken from `PORT`, `OPS_PORT` and `SANDBOX_PORT`. */
export async function runDemo(io: CommandIo): Promise<number> {
  const faults: Fault[] = [];
  const port = createSettingReader(io.env, faults)('SANDBOX_PORT', PORT_RULE, 9360);
  if (faults.length > 0) {
    io.fail(renderFaults(faults));
    return EXIT.configuration;
  }
  const sandbox = await openSandbox(port, io);
  if (sandbox === undefined) return EXIT.unavailable;
  const exitCode = await serveBefore(sandbox, io);
  if (exitCode !== EXIT.ok) await sandbox.close();
  return exitCode;
}

async function serveBefore(sandbox: Sandbox, io: CommandIo): Promise<number> {
  const configuration = readConfiguration(demoSources(io, sandbox), io);
  if (configuration === undefined) return EXIT.configuration;
  const service = await startService(configuration, io);
  if (service === undefined) return EXIT.unavailable;
  io.write(welcome(originOf(service.api), originOf(service.ops)));
  return EXIT.ok;
}

async function openSandbox(port: number, { fail }: CommandIo): Promise<Sandbox | undefined> {
  try {
    return await createSandbox({ port, latencyMs: LATENCY_MS });
  } catch {
    fail(`The simulated 8x8 cannot listen on port ${port}; set SANDBOX_PORT to another.\n`);
    return undefined;
  }
}

/** The sandbox's configuration, in memory only, whatever else the environment names. */
function demoSources({ env, readFile }: CommandIo, { port }: Sandbox): ConfigurationSources {
  const { HOST, PORT, OPS_HOST, OPS_PORT, SHUTDOWN_GRACE, LOG_LEVEL = 'warn' } = env;
  return {
    env: {
      HOST,
      PORT,
      OPS_HOST,
      OPS_PORT,
      SHUTDOWN_GRACE,
      LOG_LEVEL,
      CONFIG_FILE,
      ACME_8X8_KEY: KEYS.acme,
      GLOBEX_8X8_KEY: KEYS.globex,
    },
    readFile: (path) => readFile(path).replaceAll(CONFIGURED_SANDBOX, `http://127.0.0.1:${port}`),
  };
}

/** An address to paste: one that listens everywhere is reached on loopback. */
function originOf({ listeningOrigin }: FastifyInstance): string {
  return listeningOrigin.replace('//0.0.0.0:', '//127.0.0.1:');
}

function welcome(origin: string, opsOrigin: string): string {
  const { ada, busy } = CUSTOMERS;
  return `
The service answers on ${origin}, before a simulated 8x8 with invented customers.
Paste one of these into another terminal:

  curl -i '${origin}/v1/customer?tenant=acme&email=${ada.email}' -H 'Authorization: Bearer ${APP_KEYS.desk}'

  curl -s '${origin}/v1/customer' -H 'Authorization: Bearer ${APP_KEYS.desk}' -H 'Content-Type: application/json' -d '{"tenant":"acme","customer":"(415) 555-0140","last":"P30D","include":["summaries"]}'

  curl -s --compressed '${origin}/v1/customer?customer=contact:${busy.contactId}&fields=channel,startedAt,sentiment' -H 'X-App-Key: ${APP_KEYS.mobile}'

Read the contract:   ${origin}/docs
Watch the metrics:   ${opsOrigin}/metrics
Stop it:             Ctrl-C
`;
}
