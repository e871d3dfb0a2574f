import { expect, it } from 'vitest';
import { inverseUpperCholesky } from '../../../src-main/kernels';
import { roundWithFeedback } from '../../../src-main/kernels/feedback-rounding';

/** Worked by hand: H = [[2, 1], [1, 2]], H⁻¹ = [[2, −1], [−1, 2]] / 3 = Uᵀ·U with U = [[√(2/3), −1/√6], [0, 1/√2]]. */
const upper = Float64Array.of(Math.sqrt(2 / 3), -1 / Math.sqrt(6), 0, Math.SQRT1_2);

it('passes the error of the first input on to the second', () => {
  // w = [0.4, 0.4], step 1: q₀ = 0, e = 0.4 / √(2/3); w₁ = 0.4 + 0.4/(√(2/3)·√6) = 0.6, q₁ = 1.
  const w = Float64Array.of(0.4, 0.4);
  const codes = new Int8Array(2);
  roundWithFeedback(w, upper, 2, Float32Array.of(1), 127, codes);
  expect([...codes]).toEqual([0, 1]);
  expect(w[1]).toBeCloseTo(0.6, 12);
});

it('takes the factor that the Cholesky kernel gives', () => {
  const h = Float64Array.of(2, 1, 1, 2);
  expect(inverseUpperCholesky(h, 2)).toBe(-1);
  h.forEach((value, at) => {
    expect(value).toBeCloseTo(upper[at] as number, 12);
  });
});

it('keeps codes within the limit, and rounds each alone where inputs have nothing in common', () => {
  const codes = new Int8Array(3);
  const alone = Float64Array.of(1, 0, 0, 0, 1, 0, 0, 0, 1);
  roundWithFeedback(Float64Array.of(300, -0.5, -300), alone, 3, Float32Array.of(1), 127, codes);
  expect([...codes]).toEqual([127, 0, -127]);
});
