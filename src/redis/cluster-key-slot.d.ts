// The package has no types of its own.
declare module 'cluster-key-slot' {
  /** The slot of a key in a Redis Cluster, 0 to 16,383 (Redis Cluster specification, key distribution model). */
  const slotOf: (key: string) => number;
  export = slotOf;
}
