// What is wrong with a configuration: where, what, and how to mend it. Never holds a secret.

/** One thing that is wrong. `problem` reads on from `place`; `mend` is a sentence of its own. */
export interface Fault {
  /** A variable (`PORT`) or a line and path in the file (`config.yaml:12 tenants.acme.region`). */
  readonly place: string;
  readonly problem: string;
  readonly mend: string;
}

/** A configuration that cannot be used, with all of its faults. */
export class ConfigurationError extends Error {
  override readonly name = 'ConfigurationError';
  readonly faults: readonly Fault[];

  constructor(faults: readonly Fault[]) {
    super(renderFaults(faults));
    this.faults = faults;
  }
}

/** All faults as plain text for a terminal: a heading with their number, then a block for each. */
export function renderFaults(faults: readonly Fault[]): string {
  const heading = `The configuration has ${faults.length} fault${faults.length === 1 ? '' : 's'}.`;
  const blocks = faults.map(
    ({ place, problem, mend }) =>
      `${printable(place)} ${printable(problem)}\n    ${printable(mend)}`,
  );
  return `${[heading, ...blocks].join('\n\n')}\n`;
}

/** The system's code for a failed read, as ` (ENOENT)`; never its message, which has the path. */
export function readFailure(error: unknown): string {
  const code = error instanceof Error && 'code' in error ? error.code : undefined;
  return typeof code === 'string' && /^E[A-Z0-9]+$/.test(code) ? ` (${code})` : '';
}

// Names come from a file that anyone may have written: a terminal must not obey them.
function printable(text: string): string {
  return text.replace(/[\p{Cc}\p{Cf}\p{Cs}\u2028\u2029]/gu, '?');
}
