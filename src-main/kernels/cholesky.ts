/**
 * The factor that GPTQ and SparseGPT walk along: U upper triangular with H⁻¹ = Uᵀ·U.
 *
 * Factoring from the last row upwards, H = R·Rᵀ with R upper, gives it without ever forming H⁻¹, since U = R⁻¹ is then
 * upper as well. Each element takes its products in descending order, one multiplication and one subtraction at a time,
 * so that blocked native code gives the same bits.
 */

/**
 * @param h [n, n], symmetric, only the upper triangle is read; overwritten by U, with zeros below the diagonal
 * @returns −1, or the row whose pivot is not above zero: H is then not positive definite and `h` is spoilt
 */
export function inverseUpperCholesky(h: Float64Array, n: number): number {
  const failed = factorFromTheEnd(h, n);
  if (failed >= 0) return failed;
  invertUpper(h, n);
  for (let i = 1; i < n; i++) h.fill(0, i * n, i * n + i);
  return -1;
}

/** H = R·Rᵀ in the upper triangle, the last column first. */
function factorFromTheEnd(h: Float64Array, n: number): number {
  const column = new Float64Array(n);
  for (let k = n - 1; k >= 0; k--) {
    const pivot = h[k * n + k]!;
    if (!(pivot > 0) || pivot === Infinity) return k;
    const root = Math.sqrt(pivot);
    h[k * n + k] = root;
    for (let i = 0; i < k; i++) {
      column[i] = h[i * n + k]! / root;
      h[i * n + k] = column[i]!;
    }
    for (let i = 0; i < k; i++) {
      const factor = column[i]!;
      const row = i * n;
      for (let j = i; j < k; j++) h[row + j]! -= factor * column[j]!;
    }
  }
  return -1;
}

/** R⁻¹ in the place of R, the last row first. */
function invertUpper(r: Float64Array, n: number): void {
  const sums = new Float64Array(n);
  for (let i = n - 1; i >= 0; i--) {
    sums.fill(0, i, n);
    for (let k = n - 1; k > i; k--) {
      const factor = r[i * n + k]!;
      for (let j = k; j < n; j++) sums[j]! -= factor * r[k * n + j]!;
    }
    const pivot = r[i * n + i]!;
    for (let j = i + 1; j < n; j++) r[i * n + j] = sums[j]! / pivot;
    r[i * n + i] = 1 / pivot;
  }
}
