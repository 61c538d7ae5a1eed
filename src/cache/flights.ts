// Work under way in this process: one flight a name, joined by all who want the same.

/** Flights by name. */
export interface Flights<Result> {
  /**
   * The flight under way with this name, else a new one. What fails, fails for all who joined; nothing is remembered
   * after the end. A caller who leaves changes nothing for the others.
   */
  join(name: string, start: () => Promise<Result>): Joined<Result>;
  /** True while there is one. */
  has(name: string): boolean;
}

/** A flight as one caller sees it. */
export interface Joined<Result> {
  readonly result: Promise<Result>;
  /** True if others had begun it. */
  readonly collapsed: boolean;
}

/** Creates an empty set of flights. */
export function createFlights<Result>(): Flights<Result> {
  const flights = new Map<string, Promise<Result>>();

  const land = async (name: string, flight: Promise<Result>) => {
    try {
      return await flight;
    } finally {
      flights.delete(name);
    }
  };

  return {
    has: (name) => flights.has(name),
    join(name, start) {
      const joined = flights.get(name);
      if (joined) return { result: joined, collapsed: true };
      const result = land(name, start());
      flights.set(name, result);
      return { result, collapsed: false };
    },
  };
}
