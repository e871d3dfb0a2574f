/** Area under the receiver operating curve. */

/**
 * A function that gives the weighted area for weights per sample: the chance that a positive outranks a negative, ties
 * counting half (Hanley & McNeil, Radiology 143, 1982). The scores are sorted once.
 * NaN where one of the classes carries no weight.
 */
export function rocAuc(
  scores: ArrayLike<number>,
  positive: ArrayLike<number>,
): (weights: Float64Array | null) => number {
  const order = Uint32Array.from({ length: scores.length }, (_, at) => at).sort(
    (a, b) => (scores[a] as number) - (scores[b] as number),
  );
  return (weights) => {
    let negativesBelow = 0;
    let positives = 0;
    let area = 0;
    for (let start = 0; start < order.length; ) {
      const score = scores[order[start] as number];
      let tiedPositives = 0;
      let tiedNegatives = 0;
      let at = start;
      for (; at < order.length && scores[order[at] as number] === score; at++) {
        const sample = order[at] as number;
        const weight = weights === null ? 1 : (weights[sample] as number);
        if (positive[sample] === 1) tiedPositives += weight;
        else tiedNegatives += weight;
      }
      area += tiedPositives * (negativesBelow + tiedNegatives / 2);
      positives += tiedPositives;
      negativesBelow += tiedNegatives;
      start = Math.max(at, start + 1);
    }
    return area / (positives * negativesBelow);
  };
}
