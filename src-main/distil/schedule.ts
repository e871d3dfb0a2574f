/**
 * Learning rate by step: linear warm-up, then half a cosine down to zero (Loshchilov and Hutter 2017, arXiv:1608.03983),
 * in steps (a tenth after half of the training, a hundredth after three quarters: He et al. 2016, arXiv:1512.03385,
 * section 4.2) or flat.
 */

export type Schedule = 'cosine' | 'step' | 'constant';

/** @param at step number from 0; @param steps of the whole training; @param warmup steps at the start */
export function learningRateAt(at: number, steps: number, peak: number, warmup: number, schedule: Schedule): number {
  if (at < warmup) return (peak * (at + 1)) / warmup;
  switch (schedule) {
    case 'constant':
      return peak;
    case 'step':
      return peak * (at < 0.5 * steps ? 1 : at < 0.75 * steps ? 0.1 : 0.01);
    case 'cosine':
      return 0.5 * peak * (1 + Math.cos((Math.PI * (at - warmup)) / Math.max(1, steps - warmup)));
  }
}
