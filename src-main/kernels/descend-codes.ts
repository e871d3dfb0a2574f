/**
 * Moves single codes of one output up or down while that lowers the error of the output, Σ over samples of
 * ((w − s·q)·x)² = eᵀ·H·e with e = w − s·q and H = Σ x·xᵀ: AdaRound's objective (Nagel et al. 2020, arXiv:2004.10568,
 * equation 10) by coordinate descent on the Gram matrix, with no gradient and no sample at hand.
 *
 * Moving q_j by δ = ±1 changes the error by −2·s·δ·g_j + s²·H_jj, with g = H·e.
 */

/** Each sweep looks at every code once. */
const mostSweeps = 20;

/**
 * @param w [inputs]
 * @param h [inputs, inputs], symmetric
 * @param limit largest code; the least is its negative
 * @param upOrDown whether a code must stay one of the two integers around w/s
 * @param codes [inputs], changed in place
 * @returns eᵀ·H·e with the codes as they are now; never more than before
 */
export function descendCodes(
  w: Float64Array,
  h: Float64Array,
  scale: number,
  limit: number,
  upOrDown: boolean,
  codes: Int8Array,
): number {
  const inputs = w.length;
  const error = w.map((value, j) => value - scale * codes[j]!);
  const gradient = new Float64Array(inputs);
  for (let j = 0; j < inputs; j++) {
    const e = error[j]!;
    if (e === 0) continue;
    for (let i = 0, at = j * inputs; i < inputs; i++, at++) gradient[i]! += h[at]! * e;
  }
  for (let sweep = 0, moved = true; moved && sweep < mostSweeps; sweep++) {
    moved = false;
    for (let j = 0; j < inputs; j++) {
      const step = Math.sign(gradient[j]!);
      if (2 * Math.abs(gradient[j]!) <= scale * h[j * inputs + j]! * (1 + 1e-9)) continue;
      const code = codes[j]! + step;
      if (Math.abs(code) > limit || (upOrDown && Math.abs(w[j]! / scale - code) >= 1)) continue;
      codes[j] = code;
      error[j]! -= scale * step;
      const change = scale * step;
      for (let i = 0, at = j * inputs; i < inputs; i++, at++) gradient[i]! -= h[at]! * change;
      moved = true;
    }
  }
  return error.reduce((sum, e, j) => sum + e * gradient[j]!, 0);
}
