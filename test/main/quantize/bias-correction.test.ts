import { expect, it } from 'vitest';
import {
  attributes,
  floatTensor,
  indexGraph,
  makeNode,
  type Node,
  type Tensor,
  tensorFromArray,
} from '../../../src-main/onnx/ir';
import { addedBias, correctedBias } from '../../../src-main/quantize/bias-correction';
import { constantsOf } from '../../../src-main/quantize/constants';
import { quantizedWeight } from '../../../src-main/quantize/weights';
import { modelFromText } from '../../support/model-from-text';

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

it('corrects the constant that is added behind a MatMul', () => {
  const graph = modelFromText(`g (float[N,2] x) => (float[N,3] y)
    <float[2,3] w = {0.4, 0, 0, 0, 0.3, 0}, float[1,3] b = {1, 1, 1}> {
    p = MatMul(x, w)
    y = Add(b, p)
  }`).graph;
  const index = indexGraph(graph);
  const constants = constantsOf(index);
  const node = graph.nodes[0] as Node;
  expect(addedBias(index, constants, node)).toMatchObject({ add: { opType: 'Add' }, at: 0 });
  const scales = { axis: 1, scales: Float32Array.of(1, 1, 1) };
  const weight = constants.tensor('w') as Tensor;
  const corrected = correctedBias(
    node,
    weight,
    quantizedWeight('q', weight, scales),
    scales,
    constants.tensor('b'),
    Float64Array.of(10, 20),
  );
  // 1 + 0.4·10, 1 + 0.3·20, 1
  [5, 7, 1].forEach((value, output) => {
    expect(corrected[output]).toBeCloseTo(value, 5);
  });
});

it('knows a sum with another activation from a bias', () => {
  const { graph } = modelFromText(`g (float[N,2] x, float[N,2] z) => (float[N,2] y) <float[2,2] w = {1, 1, 1, 1}> {
    p = MatMul(x, w)
    y = Add(p, z)
  }`);
  const index = indexGraph(graph);
  expect(addedBias(index, constantsOf(index), graph.nodes[0] as Node)).toBeNull();
});

it('takes back what arrives shifted, too', () => {
  const node = makeNode('Gemm', 'gemm', ['x', 'w'], ['y'], { transB: attributes.int(1) });
  const weight = floatTensor('w', [1, 2], [0.5, 2]);
  const scales = { axis: 0, scales: Float32Array.of(1) };
  // Codes (1, 2): nearest of 0.5 by half up. W·E[x] = 0.5·10 + 2·20 = 45, Ŵ·E[x̂] = 1·11 + 2·19 = 49.
  const codes = tensorFromArray('q', { dtype: 'int8', shape: [1, 2], data: Int8Array.of(1, 2) });
  const means = Float64Array.of(10, 20);
  expect(correctedBias(node, weight, codes, scales, undefined, means, Float64Array.of(11, 19))[0]).toBe(-4);
  expect(correctedBias(node, weight, codes, scales, undefined, means)[0]).toBe(-5);
});
