// `npm run fuzz`: random, half-valid and broken requests to the real service, each reply judged.
import type { Lifetime } from '../support/process.ts';
import { type FuzzArguments, parseArguments } from './arguments.ts';
import { isClean, renderBreach, renderFindings } from './report.ts';
import { repeatExchange, runSession } from './session.ts';

const USAGE_ERROR = 64;

process.exitCode = await main();

async function main(): Promise<number> {
  let wanted: FuzzArguments;
  try {
    wanted = parseArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.stderr.write('Usage: npm run fuzz -- [--seed N] [--requests N] [--only N]\n');
    return USAGE_ERROR;
  }
  const ends: (() => Promise<void>)[] = [];
  const lifetime = { after: (end: () => Promise<void>) => void ends.unshift(end) };
  try {
    return await (wanted.only === null
      ? fuzz(lifetime, wanted)
      : repeat(lifetime, wanted, wanted.only));
  } finally {
    for (const end of ends) await end();
  }
}

async function fuzz(lifetime: Lifetime, wanted: FuzzArguments): Promise<number> {
  process.stdout.write(`${wanted.requests} requests, seed ${wanted.seed}\n\n`);
  const findings = await runSession(lifetime, wanted);
  process.stdout.write(renderFindings(findings, wanted));
  return isClean(findings) ? 0 : 1;
}

async function repeat(
  lifetime: Lifetime,
  { seed }: FuzzArguments,
  number: number,
): Promise<number> {
  const { breach, answered } = await repeatExchange(lifetime, { seed, number });
  if (breach) {
    process.stdout.write(renderBreach(breach, seed));
    return 1;
  }
  const statuses = answered.map(({ reply }) => reply.status);
  process.stdout.write(`Nothing is broken; replies: ${statuses.join(', ') || 'none'}\n`);
  return 0;
}
