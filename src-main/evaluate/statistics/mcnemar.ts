/** Two proportions on the same samples. */

import { z95 } from '../../kernels/wilson';

export interface PairedShares {
  /** Share of the first minus share of the second. */
  readonly difference: number;
  readonly ci95: [number, number];
  /** Two-sided, exact. */
  readonly p: number;
}

/**
 * Exact McNemar test (Q. McNemar, Psychometrika 12, 1947; binomial form) of two models' hits on the same samples, and
 * the adjusted Wald interval of the difference (A. Agresti & Y. Min, Statistics in Medicine 24, 2005).
 * @param first 1 where the first model is right, 0 where not; `second` the same for the other, sample by sample
 */
export function comparePairedShares(first: Uint8Array, second: Uint8Array): PairedShares {
  let onlyFirst = 0;
  let onlySecond = 0;
  for (let at = 0; at < first.length; at++) {
    if (first[at] === second[at]) continue;
    if (first[at] === 1) onlyFirst++;
    else onlySecond++;
  }
  const n = first.length;
  const widened = n + 2;
  const centre = (onlyFirst - onlySecond) / widened;
  const error = Math.sqrt(Math.max(0, onlyFirst + onlySecond + 1 - widened * centre * centre)) / widened;
  return {
    difference: n === 0 ? 0 : (onlyFirst - onlySecond) / n,
    ci95: [Math.max(-1, centre - z95 * error), Math.min(1, centre + z95 * error)],
    p: exactMcNemar(onlyFirst, onlySecond),
  };
}

/** Two-sided binomial test of `onlyFirst` against `onlySecond` at one half. 1 where the models never differ. */
export function exactMcNemar(onlyFirst: number, onlySecond: number): number {
  const trials = onlyFirst + onlySecond;
  return Math.min(1, 2 * halfBinomialTail(trials, Math.min(onlyFirst, onlySecond)));
}

/** P(X ≤ k) for X ~ Binomial(n, ½). */
export function halfBinomialTail(n: number, k: number): number {
  let logTerm = -n * Math.LN2; // log of C(n, 0) / 2^n
  let sum = 0;
  for (let i = 0; i <= k; i++) {
    sum += Math.exp(logTerm);
    logTerm += Math.log(n - i) - Math.log(i + 1);
  }
  return Math.min(1, sum);
}
