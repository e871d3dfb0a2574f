import { expect, it } from 'vitest';
import { attributes, floatTensor, makeNode } from '../../../src-main/onnx/ir';
import { correctedBias } from '../../../src-main/quantize/bias-correction';
import { quantizedWeight } from '../../../src-main/quantize/weights';

it('gives back what rounding takes from the mean of each output, groups included', () => {
  // Two groups of one input each; step 1: 0.4 → 0, −1.6 → −2. Input means 10 and 5.
  const node = makeNode('Conv', 'conv', ['x', 'w', 'b'], ['y'], { group: attributes.int(2) });
  const weight = floatTensor('w', [2, 1, 1, 1], [0.4, -1.6]);
  const scales = { axis: 0, scales: Float32Array.of(1, 1) };
  const bias = floatTensor('b', [2], [1, 1]);
  const corrected = correctedBias(
    node,
    weight,
    quantizedWeight('q', weight, scales),
    scales,
    bias,
    Float64Array.of(10, 5),
  );
  // 1 + (0.4 − 0)·10 and 1 + (−1.6 + 2)·5, weights in float32.
  expect(corrected[0]).toBeCloseTo(5, 5);
  expect(corrected[1]).toBeCloseTo(3, 5);
});

it('follows a Gemm whose weight is [in, out]', () => {
  const node = makeNode('Gemm', 'gemm', ['x', 'w'], ['y']);
  const weight = floatTensor('w', [2, 3], [0.4, 0, 0, 0, 0.3, 0]);
  const scales = { axis: 1, scales: Float32Array.of(1, 1, 1) };
  const corrected = correctedBias(
    node,
    weight,
    quantizedWeight('q', weight, scales),
    scales,
    undefined,
    Float64Array.of(10, 20),
  );
  [4, 6, 0].forEach((value, output) => {
    expect(corrected[output]).toBeCloseTo(value, 5);
  });
});
