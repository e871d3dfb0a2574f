/**
 * Exponential moving average of the weights: a ← d·a + (1 − d)·w, with d rising to `decay` over the first updates so
 * that the average is not held back by where it began. Source: Polyak and Juditsky 1992 (SIAM J. Control Optim. 30);
 * the rising decay min(d, (1 + t) / (10 + t)) as in Tarvainen and Valpola 2017 (arXiv:1703.01780).
 */

import type { NdArray } from '../onnx/ir';
import type { Weights } from './training-state';

/** @param step updates done before this one; @returns a new average, the given one untouched; empty stays empty */
export function follow(average: Weights, weights: Weights, decay: number, step: number): Weights {
  const kept = Math.min(decay, (1 + step) / (10 + step));
  return new Map(
    [...average].map(([name, values]) => {
      const current = (weights.get(name) as NdArray<'float32'>).data;
      const data = values.data.map((value, at) => kept * value + (1 - kept) * (current[at] as number));
      return [name, { ...values, data }];
    }),
  );
}
