// A request that breaks a rule of the API.

/** Thrown where a rule is checked, answered as a 400 in one place. The message is the detail. */
export class Refusal extends Error {
  override readonly name = 'Refusal';
}
