import { describe, expect, it } from 'vitest';
import { writePlainForms } from '../../../../src-main/distil/write-plain-forms';
import { attributes, elementCount, floatTensor, type Model, tensorFromArray } from '../../../../src-main/onnx/ir';
import { checkGradient, type GradientRow } from '../../../support/check-gradient';
import { expectSameOutputs, modelFromText, randomTensor } from '../../../support/model-from-text';
import { plainFormRow, drawn as x } from '../../../support/plain-form-rows';

const { float, int } = attributes;
const domain = 'com.microsoft';
const row = plainFormRow({ domain });

/** Weights of 6 outputs and 40 inputs in blocks of 32. */
const sized = { K: int(40), N: int(6), block_size: int(32) };
const bytes = (shape: readonly number[]) => ({
  bytes: Array.from({ length: elementCount(shape) }, (_, at) => (at * 89 + 7) % 256),
  shape,
});
const scales = { floats: Array.from({ length: 12 }, (_, at) => 0.02 + 0.01 * at), shape: [6, 2] };

const rows: GradientRow[] = [
  row('SkipLayerNormalization', '', [x([2, 3, 8]), x([2, 3, 8]), x([8], 0.5, 1.5), x([8]), x([8])]),
  row('SkipSimplifiedLayerNormalization', '', [x([2, 3, 8]), x([2, 3, 8]), x([8], 0.5, 1.5)]),
  row('BiasGelu', '', [x([2, 3, 4]), x([4])]),
  row('FastGelu', '', [x([2, 3, 4]), x([4])]),
  row('FusedMatMul', 'both turned', [x([2, 4, 3]), x([2, 5, 4])], {
    transA: int(1),
    transB: int(1),
    alpha: float(0.5),
  }),
  row('TransposeMatMul', '', [x([2, 4, 3]), x([4, 5])], { transA: int(1) }),
  row('FusedGemm', 'turned, with LeakyRelu', [x([3, 4]), x([5, 4]), x([5])], {
    transB: int(1),
    activation: attributes.string('LeakyRelu'),
    activation_alpha: float(0.2),
  }),
  row('MatMulNBits', '', [x([2, 3, 40]), bytes([6, 2, 16]), scales], { ...sized, bits: int(4) }),
  row('FusedConv', 'with a sum and LeakyRelu', [x([1, 2, 4, 4]), x([3, 2, 3, 3]), x([3]), x([1, 3, 2, 2])], {
    activation: attributes.string('LeakyRelu'),
    activation_params: attributes.floats([0.2]),
  }),
  row(
    'EmbedLayerNormalization',
    '',
    [{ int32: [1, 0, 2, 2], shape: [2, 2] }, null, x([3, 8]), x([4, 8]), null, x([8], 0.5, 1.5), x([8])],
    {},
    { silent: 1 },
  ),
];

/** A constant of ones and zeros. */
const marks = (name: string, shape: readonly number[], values: readonly number[]) =>
  tensorFromArray(name, { dtype: 'int32', shape, data: Int32Array.from(values) });

const packed = (name: string, shape: readonly number[]) =>
  tensorFromArray(name, { dtype: 'uint8', shape, data: Uint8Array.from(bytes(shape).bytes) });

const model = (text: string, tensors: Parameters<typeof modelFromText>[1] = []): Model =>
  modelFromText(`<ir_version: 9, opset_import: ["" : 18, "com.microsoft" : 1]> ${text}`, tensors);
/** @param given inputs of the node from the segments on, by name */
const embedding = (given: string): Model => {
  const has = (name: string) => (given.includes(name) ? name : '');
  const ints = (name: string, values: readonly number[]) => marks(name, [2, 3], values);
  return model(
    `g (float[3, 8] w) => (float[2, 3, 8] y, float[2, 3, 8] sum${has('mask') && ', int32[2] lengths'}) {
       y, ${has('mask') && 'lengths'}, sum = com.microsoft.EmbedLayerNormalization <epsilon = 0.00001> (words, ${has('segments')}, w, p, ${has('segments') && 's'}, gamma, beta, ${has('mask')}, ${has('positions')})
     }`,
    [
      ...[ints('words', [0, 2, 1, 1, 1, 0]), randomTensor('p', [4, 8], 2), randomTensor('s', [2, 8], 3)],
      ...[randomTensor('gamma', [8], 4), randomTensor('beta', [8], 5)],
      ...[
        ints('segments', [0, 1, 1, 0, 0, 1]),
        ints('mask', [1, 1, 0, 1, 1, 1]),
        ints('positions', [3, 2, 1, 0, 1, 2]),
      ],
    ],
  );
};
describe('fused operators written out', () => {
  it.each([
    [
      'SkipLayerNormalization with its sum',
      model(
        `g (float[B, 3, 8] x, float[B, 3, 8] s) => (float[B, 3, 8] y, float[B, 3, 8] sum) {
           y, m, d, sum = com.microsoft.SkipLayerNormalization <epsilon = 0.00001> (x, s, gamma, beta, bias)
         }`,
        [randomTensor('gamma', [8], 1), randomTensor('beta', [8], 2), randomTensor('bias', [8], 3)],
      ),
    ],
    [
      'SkipSimplifiedLayerNormalization with its sum',
      model(
        `g (float[B, 3, 8] x, float[B, 3, 8] s) => (float[B, 3, 8] y, float[B, 3, 8] sum) {
           y, m, d, sum = com.microsoft.SkipSimplifiedLayerNormalization <epsilon = 0.00001> (x, s, gamma)
         }`,
        [randomTensor('gamma', [8], 1)],
      ),
    ],
    [
      'gelus with a bias',
      model(
        `g (float[B, 8] x) => (float[B, 8] y, float[B, 8] z) {
           y = com.microsoft.BiasGelu (x, b)  z = com.microsoft.FastGelu (x, b)
         }`,
        [randomTensor('b', [8], 1)],
      ),
    ],
    [
      'FusedMatMul',
      model(
        `g (float[B, 4, 3] x) => (float[B, 3, 5] y) {
           y = com.microsoft.FusedMatMul <transA = 1, transB = 1, alpha = 0.5> (x, w)
         }`,
        [randomTensor('w', [5, 4], 1)],
      ),
    ],
    ...[
      '',
      'activation = "Relu", ',
      'activation = "Tanh", ',
      'activation = "Sigmoid", ',
      'activation = "LeakyRelu", activation_params = [0.1], ',
      'activation = "HardSigmoid", activation_params = [0.1, 0.4], ',
      'activation = "Clip", activation_params = [0.1, 0.4], ',
    ].map((attrs): [string, Model] => [
      `FusedConv, ${attrs}`,
      model(
        `g (float[B, 2, 5, 5] x, float[B, 3, 3, 3] z) => (float[B, 3, 3, 3] y) {
           y = com.microsoft.FusedConv <${attrs}strides = [1, 1]> (x, w, b, z)
         }`,
        [randomTensor('w', [3, 2, 3, 3], 1), randomTensor('b', [3], 2)],
      ),
    ]),
    [
      'FusedGemm',
      model(
        `g (float[B, 4] x) => (float[B, 5] y, float[B, 5] z) {
           y = com.microsoft.FusedGemm <transB = 1, alpha = 0.5, activation = "LeakyRelu", activation_alpha = 0.2> (x, w, b)
           z = com.microsoft.FusedGemm <transB = 1, activation = "Relu"> (x, w)
         }`,
        [randomTensor('w', [5, 4], 1), randomTensor('b', [5], 2)],
      ),
    ],
    [
      'TransposeMatMul',
      model(`g (float[B, 4, 3] x) => (float[B, 3, 5] y) { y = com.microsoft.TransposeMatMul <transA = 1> (x, w) }`, [
        randomTensor('w', [4, 5], 1),
      ]),
    ],
    ...[
      [4, 16, ''],
      [4, 16, ', zeros'],
      [8, 32, ''],
      [8, 32, ', zeros'],
    ].map(([bits, blob, more]): [string, Model] => [
      `MatMulNBits of ${bits} bits${more}`,
      model(
        `g (float[B, 3, 40] x) => (float[B, 3, 6] y) {
           y = com.microsoft.MatMulNBits <K = 40, N = 6, block_size = 32, bits = ${bits}, accuracy_level = 1> (x, codes, scales${more})
         }`,
        [
          packed('codes', [6, 2, blob as number]),
          floatTensor('scales', [6, 2], scales.floats),
          packed('zeros', [6 * (bits === 4 ? 1 : 2)]),
        ],
      ),
    ]),
    ...['', ', segments', ', segments, mask', ', segments, mask, positions'].map((given): [string, Model] => [
      `EmbedLayerNormalization with words${given}`,
      embedding(given),
    ]),
  ])('%s gives the outputs of the kernel', async (_, before) => {
    const after = await writePlainForms(before);
    expect(after.graph.nodes.some((node) => node.domain === domain && node.opType !== 'Gelu')).toBe(false);
    // Sums of 8 products and a softmax in another order.
    await expectSameOutputs(before, after, { tolerance: 1e-5, dims: { B: 2 } });
  });

  it.each(rows.map((each) => [`${each.op} ${each.title}`, each] as const))('%s has a gradient', async (_, each) => {
    await checkGradient(each);
  });
});
