// Searches what left a process for marked values, in every spelling in which one might leak.
import { createHash } from 'node:crypto';

/** Marked values by what they are. Each has 9 letters or digits at least, so that no chance makes one. */
export type Marks = Readonly<Record<string, string>>;

/**
 * What was found, as `email in base64`: each mark as it is, in other cases, backwards, without or with
 * other punctuation, escaped, in hex, in base64 at any alignment, and as a plain SHA-256.
 */
export function findMarks(text: string | Buffer, marks: Marks): readonly string[] {
  const plain = (typeof text === 'string' ? Buffer.from(text) : text)
    .toString('latin1')
    .toLowerCase();
  const bare = lettersAndDigits(plain);
  return Object.entries(marks).flatMap(([name, mark]) => {
    const found = spellings(mark).find(([, spelling]) => plain.includes(spelling.toLowerCase()));
    if (found) return [`${name} in ${found[0]}`];
    const reversed = [...mark].reverse().join('');
    if (plain.includes(reversed.toLowerCase())) return [`${name} backwards`];
    return bare.includes(lettersAndDigits(mark)) ? [`${name} in other punctuation`] : [];
  });
}

type Spelling = readonly [name: string, text: string];

function spellings(mark: string): readonly Spelling[] {
  const variants = [mark, mark.toLowerCase(), mark.toUpperCase(), lettersAndDigits(mark)];
  return variants.flatMap((variant): readonly Spelling[] => {
    const bytes = Buffer.from(variant);
    const hash = createHash('sha256').update(bytes).digest();
    return [
      ['plain', bytes.toString('latin1')],
      ['percent escapes', encodeURIComponent(variant)],
      ['a form', new URLSearchParams({ _: variant }).toString().slice(2)],
      ['JSON', JSON.stringify(variant).slice(1, -1)],
      ['hex', bytes.toString('hex')],
      ['a hash in hex', hash.toString('hex')],
      ['a hash in base64', hash.toString('base64').slice(0, 42)],
      ['a hash in base64url', hash.toString('base64url').slice(0, 42)],
      ['a raw hash', hash.toString('latin1')],
      ...base64Spellings(bytes),
    ];
  });
}

/** Within a longer text a value may begin at any of three alignments; only whole sextets are its own. */
function base64Spellings(bytes: Buffer): readonly Spelling[] {
  return [0, 1, 2].flatMap((before): readonly Spelling[] => {
    const padded = Buffer.concat([Buffer.alloc(before), bytes]);
    const first = Math.ceil((before * 8) / 6);
    const last = Math.floor((padded.length * 8) / 6);
    return [
      ['base64', padded.toString('base64').slice(first, last)],
      ['base64url', padded.toString('base64url').slice(first, last)],
    ];
  });
}

function lettersAndDigits(text: string): string {
  return text.replace(/[^A-Za-z0-9]/g, '').toLowerCase();
}
