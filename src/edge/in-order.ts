// Many pieces of work, a few at a time, with their results in order.

/**
 * Yields the result of each piece of work in the order of the items. At most `ahead` pieces are begun of which the
 * result has not been taken: who takes slowly has little lie about, and who stops has the others never begun.
 * @param work must not fail
 */
export async function* inOrder<Item, Result>(
  items: readonly Item[],
  work: (item: Item) => Promise<Result>,
  ahead: number,
): AsyncGenerator<Result, void> {
  const begun: Promise<Result>[] = [];
  for (const item of items) {
    begun.push(work(item));
    if (begun.length < ahead) continue;
    const [first] = begun.splice(0, 1);
    if (first) yield first;
  }
  yield* begun;
}
