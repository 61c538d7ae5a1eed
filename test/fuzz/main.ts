// `npm run fuzz`: random, half-valid and broken requests to the real service, each reply judged.
import { createEnding, type Ending } from '../support/ending.ts';
import { commandOf, type FuzzArguments, parseArguments } from './arguments.ts';
import { isClean, renderFindings, renderTrial } from './report.ts';
import { repeatExchange, runSession, type SessionOptions } from './session.ts';

const USAGE_ERROR = 64;

process.exitCode = await main();

async function main(): Promise<number> {
  let wanted: FuzzArguments;
  try {
    wanted = parseArguments(process.argv.slice(2));
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`);
    process.stderr.write(
      'Usage: npm run fuzz -- [--seed N] [--requests N] [--only N] [--redis] [--workers N]\n',
    );
    return USAGE_ERROR;
  }
  const { seed, only, setups } = wanted;
  const requests = Math.ceil(wanted.requests / setups.length);
  const codes: number[] = [];
  for (const setup of setups) {
    const options = { seed, setup, requests };
    codes.push(await withEnding((ending) => tryOut(ending, options, only)));
  }
  return Math.max(...codes);
}

async function withEnding(run: (ending: Ending) => Promise<number>): Promise<number> {
  const ending = createEnding();
  try {
    return await run(ending);
  } finally {
    await ending.end();
  }
}

/** All of it, or only the exchange of that number. */
async function tryOut(
  ending: Ending,
  options: SessionOptions,
  only: number | null,
): Promise<number> {
  if (only !== null) {
    const { trial } = await repeatExchange(ending, { ...options, number: only });
    process.stdout.write(renderTrial(trial, commandOf(options)));
    return trial.rules.length > 0 ? 1 : 0;
  }
  process.stdout.write(`${options.requests} requests: ${commandOf(options)}\n\n`);
  const findings = await runSession(ending, options);
  process.stdout.write(renderFindings(findings, options));
  return isClean(findings) ? 0 : 1;
}
