/** Distance of two texts. */

/** Insertions, deletions and replacements that turn one text into the other (V. Levenshtein, 1966), by code points. */
export function editDistance(from: string, to: string): number {
  const target = [...to];
  const row = Uint32Array.from({ length: target.length + 1 }, (_, at) => at);
  let length = 0;
  for (const letter of from) {
    length++;
    let diagonal = row[0] as number;
    row[0] = length;
    for (let at = 1; at <= target.length; at++) {
      const above = row[at] as number;
      const replaced = diagonal + (letter === target[at - 1] ? 0 : 1);
      row[at] = Math.min(above + 1, (row[at - 1] as number) + 1, replaced);
      diagonal = above;
    }
  }
  return row[target.length] as number;
}
