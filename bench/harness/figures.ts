// Arithmetic over measured figures: pure.

/** The middle of the values, or the mean of the two in the middle. Throws if there are none. */
export function median(values: readonly number[]): number {
  const middle = (values.length - 1) / 2;
  return (inOrder(values, Math.floor(middle)) + inOrder(values, Math.ceil(middle))) / 2;
}

/** The least value that `percent` (0 to 100) of the values do not exceed. Throws if there are none. */
export function percentile(values: readonly number[], percent: number): number {
  return inOrder(values, Math.max(0, Math.ceil((percent / 100) * values.length) - 1));
}

/** The median of the ratios of each round: what disturbs a round disturbs both of its figures. */
export function ratio(ours: readonly number[], theirs: readonly number[]): number {
  return median(ours.map((value, round) => value / (theirs[round] ?? Number.NaN)));
}

/** The median of the differences of each round. */
export function difference(ours: readonly number[], theirs: readonly number[]): number {
  return median(ours.map((value, round) => value - (theirs[round] ?? Number.NaN)));
}

function inOrder(values: readonly number[], place: number): number {
  const value = Float64Array.from(values).sort()[place];
  if (value === undefined) throw new RangeError('There are no values.');
  return value;
}
