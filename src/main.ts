// The entry: serves, or runs one of the commands. Each command loads only what it needs.
import cluster from 'node:cluster';
import { readFileSync } from 'node:fs';
import { type CommandIo, EXIT, WORKER_COMMAND } from './cli/command-io.ts';
import { loadDotEnv } from './config/environment.ts';
import { ConfigurationError } from './config/faults.ts';

const USAGE = `Usage:
  (nothing)              serve with CONFIG_FILE
  demo                   serve with a simulated 8x8
  keys new <app>         make an app key
  config check [FILE]    say what is wrong with a configuration, or what it means
`;

const NODE_MAJOR = 24;

const io: CommandIo = {
  env: process.env,
  readFile: (path) => readFileSync(path, 'utf8'),
  write: (text) => void process.stdout.write(text),
  fail: (text) => void process.stderr.write(text),
};

process.exitCode = await run(process.argv.slice(2));

async function run([command, ...args]: readonly string[]): Promise<number> {
  if (Number.parseInt(process.versions.node, 10) < NODE_MAJOR) {
    io.fail(`Node ${NODE_MAJOR} or newer is needed, and brought by npm: use npm start.\n`);
    return EXIT.unavailable;
  }
  // It inherits what .env has said to the first process.
  if (command === WORKER_COMMAND && cluster.isWorker) {
    (await import('./cli/worker.ts')).serveAsWorker(io.env);
    return EXIT.ok;
  }
  try {
    loadDotEnv('.env');
  } catch (error) {
    if (!(error instanceof ConfigurationError)) throw error;
    io.fail(error.message);
    return EXIT.configuration;
  }
  switch (command) {
    case undefined:
      return (await import('./cli/serve.ts')).serve(io);
    case 'demo':
      if (args.length > 0) break;
      return (await import('./cli/demo.ts')).runDemo(io);
    case 'keys':
      return (await import('./cli/keys.ts')).runKeys(io, args);
    case 'config':
      return (await import('./cli/config.ts')).runConfig(io, args);
    case '--help':
      if (args.length > 0) break;
      io.write(USAGE);
      return EXIT.ok;
  }
  io.fail(USAGE);
  return EXIT.usage;
}
