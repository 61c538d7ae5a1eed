// Customers whose answers are large.
import { standardPopulation } from '../../src/sandbox/population.ts';

/** The standard population, where each interaction has a title of so many characters. */
export function largePopulation(now: number, titleLength: number) {
  const title = 'x'.repeat(titleLength);
  return standardPopulation(now).map(({ tenants, ...account }) => ({
    ...account,
    tenants: tenants.map(({ customers, ...tenant }) => ({
      ...tenant,
      customers: customers.map(({ interactions, ...customer }) => ({
        ...customer,
        interactions: interactions.map((interaction) => ({ ...interaction, title })),
      })),
    })),
  }));
}
