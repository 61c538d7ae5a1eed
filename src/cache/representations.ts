// The representations made of one entry so far, bounded in number and counted in bytes.
import type { Representation } from '../domain/source.ts';

interface Made {
  readonly name: string;
  readonly representation: Promise<Representation>;
  /** Of its own body, once it is there. */
  bytes: number;
}

/** Beyond so many the oldest makes room. */
const MAX_REPRESENTATIONS = 16;

/** Each representation by a name of its view and coding. A class and a list: there is one for each of many entries. */
export class Representations {
  readonly #made: Made[] = [];
  /** Told when there are more bytes than before. */
  onGrowth: (() => void) | undefined;

  /** The bytes of those that are made and kept. */
  get bytes(): number {
    let bytes = 0;
    for (const made of this.#made) bytes += made.bytes;
    return bytes;
  }

  /** How many are made and kept. */
  get count(): number {
    return this.#made.length;
  }

  /** The one of that name; the first caller makes it, others wait for it. What could not be made is forgotten. */
  getOrMake(name: string, make: () => Promise<Representation>): Promise<Representation> {
    const kept = this.#made.find((each) => each.name === name);
    if (kept) return kept.representation;
    // Making one may itself make another that it is based on.
    const representation = make();
    const made = { name, representation, bytes: 0 };
    if (this.#made.length >= MAX_REPRESENTATIONS) this.#made.shift();
    this.#made.push(made);
    representation.then(
      ({ body }) => {
        made.bytes = body.length;
        this.onGrowth?.();
      },
      () => this.#forget(made),
    );
    return representation;
  }

  #forget(made: Made): void {
    const at = this.#made.indexOf(made);
    if (at >= 0) this.#made.splice(at, 1);
  }
}
