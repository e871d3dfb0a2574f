import { expect, it } from 'vitest';
import { dampedInverse, inverseUpperCholesky } from '../../../src-main/kernels';

it('gives U of H + λ·I by hand: H = [[4, 2], [2, 0]], share 1/2, λ = 1, H + λ·I = [[5, 2], [2, 1]]', () => {
  // As in gptq.test.ts, whose H this is: Uᵀ·U = [[1, −2], [−2, 5]] = (H + λ·I)⁻¹.
  expect([...(dampedInverse(Float64Array.of(4, 2, 2, 0), 2, 0.5, inverseUpperCholesky) ?? [])]).toEqual([1, -2, 0, 1]);
});

it('takes ten times as much λ until there is a factor: [[1, 2], [2, 1]] has the eigenvalue −1', () => {
  // λ = 0.02 and 0.2 leave it below zero; 2 makes [[3, 2], [2, 3]], of which U₂₂² = 1 / 3.
  const upper = dampedInverse(Float64Array.of(1, 2, 2, 1), 2, 0.02, inverseUpperCholesky) as Float64Array;
  expect((upper[3] as number) ** 2).toBeCloseTo(1 / 3, 12);
  expect((upper[0] as number) ** 2).toBeCloseTo(3 / 5, 12); // (H + λ·I)⁻¹ = [[3, −2], [−2, 3]] / 5
});

it('lets inputs that were always 0 stand alone', () => {
  expect([...(dampedInverse(new Float64Array(4), 2, 0.25, inverseUpperCholesky) ?? [])]).toEqual([2, 0, 0, 2]);
});

it('gives nothing for what is not finite', () => {
  expect(dampedInverse(Float64Array.of(1, 0, 0, Number.NaN), 2, 0.01, inverseUpperCholesky)).toBeNull();
  expect(dampedInverse(Float64Array.of(Infinity, 0, 0, 1), 2, 0.01, inverseUpperCholesky)).toBeNull();
});
