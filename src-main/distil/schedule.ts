/** Learning rate by step: linear warm-up, then half a cosine down to zero (Loshchilov and Hutter 2017, arXiv:1608.03983) or flat. */

export type Schedule = 'cosine' | 'constant';

/** @param at step number from 0; @param steps of the whole training; @param warmup steps at the start */
export function learningRateAt(at: number, steps: number, peak: number, warmup: number, schedule: Schedule): number {
  if (at < warmup) return (peak * (at + 1)) / warmup;
  if (schedule === 'constant') return peak;
  const share = (at - warmup) / Math.max(1, steps - warmup);
  return 0.5 * peak * (1 + Math.cos(Math.PI * share));
}
