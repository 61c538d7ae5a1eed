// Searches what left a process for marked values, in every spelling in which one might leak.
import { createHash } from 'node:crypto';

/** Marked values by what they are. Each has 9 letters or digits at least, so that no chance makes one. */
export type Marks = Readonly<Record<string, string>>;

/** Searches one text. */
export type MarkSearch = (text: string | Buffer) => readonly string[];

/**
 * What was found, as `email in base64`: each mark as it is, in other cases, backwards, without or with
 * other punctuation, escaped, in hex, in base64 at any alignment, and as a plain SHA-256.
 */
export function findMarks(text: string | Buffer, marks: Marks): readonly string[] {
  return createMarkSearch(marks)(text);
}

/** The same for many texts: the spellings are made once. */
export function createMarkSearch(marks: Marks): MarkSearch {
  const wanted = Object.entries(marks).map(([name, mark]) => {
    const reversed: Spelling = ['backwards', [...mark].reverse().join('')];
    // Of those that are alike the first is named.
    const all = [...spellings(mark).map(([how, text]): Spelling => [`in ${how}`, text]), reversed];
    const byText = new Map(all.reverse().map(([how, text]) => [text.toLowerCase(), how]));
    return { name, byText: [...byText].reverse(), bare: lettersAndDigits(mark) };
  });
  return (text) => {
    const plain = (typeof text === 'string' ? Buffer.from(text) : text)
      .toString('latin1')
      .toLowerCase();
    const withoutPunctuation = lettersAndDigits(plain);
    return wanted.flatMap(({ name, byText, bare }) => {
      const found = byText.find(([spelling]) => plain.includes(spelling));
      if (found) return [`${name} ${found[1]}`];
      return withoutPunctuation.includes(bare) ? [`${name} in other punctuation`] : [];
    });
  };
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
