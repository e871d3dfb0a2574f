import { describe, expect, it } from 'vitest';
import { gptq, inverseUpperCholesky, pruneInputs } from '../../../src-main/kernels';
import { floats, golden, unpack } from './golden';

const { inputs, outputs, group } = golden.gptq as { inputs: number; outputs: number; group: number };
const hessian = unpack(Float64Array, 8, golden.gptq.hessian); // [inputs, inputs]
const upper = unpack(Float64Array, 8, golden.gptq.upper); // [inputs, inputs], by numpy

/** Σ over outputs of (w − ŵ)ᵀ H (w − ŵ): what GPTQ makes small. */
function loss(w: Float32Array, settled: Float32Array): number {
  let sum = 0;
  for (let n = 0; n < outputs; n++)
    for (let i = 0; i < inputs; i++)
      for (let j = 0; j < inputs; j++) {
        const d = (k: number) => w[k * outputs + n]! - settled[k * outputs + n]!;
        sum += d(i) * hessian[i * inputs + j]! * d(j);
      }
  return sum;
}

describe('inverseUpperCholesky', () => {
  it('gives the factor that numpy gives by way of the inverse', () => {
    const u = hessian.slice();
    expect(inverseUpperCholesky(u, inputs)).toBe(-1);
    const largest = upper.reduce((max, value) => Math.max(max, Math.abs(value)), 0);
    // numpy inverts first: its error grows with the condition number, about 1e4 here.
    u.forEach((value, at) => {
      expect(Math.abs(value - upper[at]!)).toBeLessThan(1e-10 * largest);
    });
  });

  it('solves a 2 by 2 by hand: H = [[5, 2], [2, 1]], U = [[1, −2], [0, 1]]', () => {
    const h = Float64Array.of(5, 2, 2, 1);
    inverseUpperCholesky(h, 2);
    expect([...h]).toEqual([1, -2, 0, 1]); // Uᵀ·U = [[1, −2], [−2, 5]] = H⁻¹
  });

  it('names the pivot of a matrix that is not positive definite', () => {
    expect(inverseUpperCholesky(Float64Array.of(1, 2, 2, 1), 2)).toBe(0);
    expect(inverseUpperCholesky(Float64Array.of(1, 0, 0, NaN), 2)).toBe(1);
  });
});

describe('gptq', () => {
  it('settles on the codes that the algorithm in numpy settles on', () => {
    const w = floats(golden.gptq.w);
    const codes = new Uint8Array(w.length);
    const scales = new Float32Array((inputs / group) * outputs);
    gptq(w, upper, inputs, outputs, group, 4, 1, codes, scales, null);
    expect(codes).toEqual(unpack(Uint8Array, 1, golden.gptq.codes));
    const expected = floats(golden.gptq.scales);
    // float32 sums of up to 24 terms against float64.
    scales.forEach((scale, at) => {
      expect(Math.abs(scale - expected[at]!)).toBeLessThan(1e-5 * Math.abs(expected[at]!));
    });
  });

  it('loses less than rounding to nearest does', () => {
    const w = floats(golden.gptq.w);
    const settle = (u: Float64Array) => {
      const settled = w.slice();
      const zeroPoints = new Uint8Array((inputs / group) * outputs);
      const scales = new Float32Array((inputs / group) * outputs);
      gptq(settled, u, inputs, outputs, group, 4, 1, new Uint8Array(w.length), scales, zeroPoints);
      return loss(w, settled);
    };
    const nothingPassedOn = Float64Array.from(upper, (_, at) => (at % (inputs + 1) === 0 ? 1 : 0));
    expect(settle(upper)).toBeLessThan(0.7 * settle(nothingPassedOn));
  });
});

describe('pruneInputs', () => {
  it('zeroes what is masked and makes up for it in the inputs after', () => {
    const w = floats(golden.gptq.w);
    const mask = Uint8Array.from(w, (_, at) => (Math.floor(at / outputs) % 3 === 0 ? 0 : 1));
    const settled = w.slice();
    pruneInputs(settled, upper, inputs, outputs, 0, inputs, mask);
    const plain = w.map((value, at) => value * mask[at]!);
    settled.forEach((value, at) => {
      if (mask[at] === 0) expect(value).toBe(0);
    });
    expect(loss(w, settled)).toBeLessThan(0.9 * loss(w, plain));
  });

  it('leaves weights alone where nothing is masked', () => {
    const w = floats(golden.gptq.w);
    const settled = w.slice();
    pruneInputs(settled, upper, inputs, outputs, 0, inputs, new Uint8Array(w.length).fill(1));
    expect(settled).toEqual(w);
  });
});
