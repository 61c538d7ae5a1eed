// Customers by number, as paths that count up.

import type { VariedPath } from './load.ts';

/** Paths that ask for `count` customers in turn, of whom the first has the number `from`. */
export function customers(from: number, count: number): VariedPath {
  return { template: '/v1/customer?email=customer{n}%40example.com', from, count };
}

/** The email address of one customer. */
export function customerEmail(number: number): string {
  return `customer${number}@example.com`;
}

/** The path of one customer. */
export function customerPath(number: number): string {
  return customers(0, 1).template.replace('{n}', String(number));
}
