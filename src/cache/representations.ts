// The representations made of one entry so far, bounded in number and counted in bytes.
import type { Representation } from '../domain/source.ts';

/** Each representation by a name of its view and coding. */
export interface Representations {
  /** The one of that name; the first caller makes it, others wait for it. */
  getOrMake(name: string, make: () => Promise<Representation>): Promise<Representation>;
  /** The bytes of those that are made and kept. */
  bytes(): number;
}

/** Beyond so many the oldest makes room. */
const MAX_REPRESENTATIONS = 16;

/** Creates the collection of an entry's body. A representation that could not be made is forgotten. */
export function createRepresentations(entryBody: Buffer): Representations {
  const making = new Map<string, Promise<Representation>>();
  const bytesByName = new Map<string, number>();
  const forget = (name: string) => {
    making.delete(name);
    bytesByName.delete(name);
  };
  return {
    getOrMake(name, make) {
      const kept = making.get(name);
      if (kept) return kept;
      // Making one may itself make another that it is based on.
      const made = make();
      const [oldest] = making.keys();
      if (oldest !== undefined && making.size >= MAX_REPRESENTATIONS) forget(oldest);
      making.set(name, made);
      made.then(
        ({ body }) => {
          const isKept = making.get(name) === made && body !== entryBody;
          if (isKept) bytesByName.set(name, body.length);
        },
        () => making.get(name) === made && forget(name),
      );
      return made;
    },
    bytes: () => [...bytesByName.values()].reduce((sum, bytes) => sum + bytes, 0),
  };
}
