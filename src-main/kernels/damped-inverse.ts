/** The factor that GPTQ and SparseGPT walk along, of sums that may be short of full rank. */

/**
 * U upper with (H + λ·I)⁻¹ = Uᵀ·U, λ = share · the mean of H's diagonal (where that is 0, share), ten times as much as
 * long as rounding leaves no factor.
 * @param h [n, n], symmetric
 * @param factor {@link inverseUpperCholesky}, as TypeScript or native
 * @returns null: H holds what is no finite number
 */
export function dampedInverse(
  h: Float64Array,
  n: number,
  share: number,
  factor: (h: Float64Array, n: number) => number,
): Float64Array | null {
  let trace = 0;
  for (let i = 0; i < n; i++) trace += h[i * n + i]!;
  const mean = trace === 0 ? 1 : trace / n;
  for (let tried = share; tried < 1e6; tried *= 10) {
    const damped = h.slice();
    for (let i = 0; i < n; i++) damped[i * n + i]! += tried * mean;
    if (factor(damped, n) < 0) return damped;
  }
  return null;
}
