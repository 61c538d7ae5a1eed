// `npm run fuzz`: random, half-valid and broken requests to the real service, each reply judged.
import { createEnding, type Ending } from '../support/ending.ts';
import { type FuzzArguments, parseArguments } from './arguments.ts';
import { isClean, renderFindings, renderTrial } from './report.ts';
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
  const ending = createEnding();
  try {
    return await (wanted.only === null
      ? fuzz(ending, wanted)
      : repeat(ending, wanted, wanted.only));
  } finally {
    await ending.end();
  }
}

async function fuzz(ending: Ending, wanted: FuzzArguments): Promise<number> {
  process.stdout.write(`${wanted.requests} requests, seed ${wanted.seed}\n\n`);
  const findings = await runSession(ending, wanted);
  process.stdout.write(renderFindings(findings, wanted));
  return isClean(findings) ? 0 : 1;
}

async function repeat(ending: Ending, { seed }: FuzzArguments, number: number): Promise<number> {
  const { trial } = await repeatExchange(ending, { seed, number });
  process.stdout.write(renderTrial(trial, seed));
  return trial.rules.length > 0 ? 1 : 0;
}
