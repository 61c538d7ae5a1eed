// Headers that list what a caller takes, each with a weight (RFC 9110 §12.4.2).

/** Each item in lower case with its weight, from 0 (not wanted) to 1; parameters other than `q` are left out. */
export function readWeights(header: string): ReadonlyMap<string, number> {
  return new Map(
    header.split(',').map((item) => {
      const [name = '', ...parameters] = item.split(';').map((part) => part.trim().toLowerCase());
      return [name, readWeight(parameters)];
    }),
  );
}

function readWeight(parameters: readonly string[]): number {
  const q = parameters.find((parameter) => parameter.startsWith('q='));
  if (q === undefined) return 1;
  return /^q=(?:0(?:\.\d{0,3})?|1(?:\.0{0,3})?)$/.test(q) ? Number(q.slice(2)) : 0;
}
