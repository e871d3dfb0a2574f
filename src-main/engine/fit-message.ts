/** Lists cut to what a message can carry; the document says how many entries are left out. */

/** For all lists of one answer together, well below the limit of a message. */
export const listBytes = 700_000;

/** The first entries whose JSON takes no more than `bytes` in UTF-8. */
export function firstThatFit<Item>(items: readonly Item[], bytes: number): Item[] {
  let room = bytes;
  const fits = (item: Item): boolean => {
    room -= Buffer.byteLength(JSON.stringify(item)) + 1;
    return room >= 0;
  };
  const end = items.findIndex((item) => !fits(item));
  return end < 0 ? [...items] : items.slice(0, end);
}
