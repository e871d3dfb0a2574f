import { describe, expect, it } from 'vitest';
import { writeOutContrib } from '../../../src-main/distil/write-out-contrib';
import { type Attribute, attributes, type Model, tensorFromArray } from '../../../src-main/onnx/ir';
import { checkGradient, type GradientRow } from '../../support/check-gradient';
import { expectSameOutputs, modelFromText, randomTensor } from '../../support/model-from-text';

const { float, int } = attributes;
const x = (shape: readonly number[], low = -1, high = 1) => ({ shape, low, high });
const domain = 'com.microsoft';
const row = (
  op: string,
  title: string,
  inputs: GradientRow['inputs'],
  attrs: Readonly<Record<string, Attribute>> = {},
  more: Partial<GradientRow> = {},
): GradientRow => ({ op, title, domain, inputs, attributes: attrs, rewrite: writeOutContrib, ...more });

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
  ...[0, 1].map((interleaved) =>
    row(
      'RotaryEmbedding',
      interleaved === 1 ? 'interleaved' : '',
      [x([2, 3, 8]), { ints: [0, 1, 2, 3, 1, 0], shape: [2, 3] }, x([4, 2]), x([4, 2])],
      { interleaved: int(interleaved) },
    ),
  ),
  row('Attention', '', [x([2, 3, 4]), x([4, 12]), x([12])], { num_heads: int(2) }),
  row('MultiHeadAttention', '', [x([2, 3, 4]), x([2, 5, 4]), x([2, 5, 6]), x([14])], { num_heads: int(2) }),
];

/** A constant of ones and zeros. */
const marks = (name: string, shape: readonly number[], values: readonly number[]) =>
  tensorFromArray(name, { dtype: 'int32', shape, data: Int32Array.from(values) });

const model = (text: string, tensors: Parameters<typeof modelFromText>[1] = []): Model =>
  modelFromText(`<ir_version: 9, opset_import: ["" : 18, "com.microsoft" : 1]> ${text}`, tensors);
const attention = (attrs: string, more: string, mask: Parameters<typeof modelFromText>[1] = []): Model =>
  model(
    `g (float[B, 3, 8] x) => (float[B, 3, 8] y) { y = com.microsoft.Attention <num_heads = 2${attrs}> (x, w, b${more}) }`,
    [randomTensor('w', [8, 24], 1), randomTensor('b', [24], 2), ...(mask ?? [])],
  );
const across = (attrs: string, more: string, mask: Parameters<typeof modelFromText>[1] = []): Model =>
  model(
    `g (float[B, 3, 8] q, float[B, 5, 8] k, float[B, 5, 8] v) => (float[B, 3, 8] y) {
       y = com.microsoft.MultiHeadAttention <num_heads = 2${attrs}> (q, k, v, b${more})
     }`,
    [randomTensor('b', [24], 2), ...(mask ?? [])],
  );

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
/** With heads of 4 elements; of two a head, or of all where the tables are wide. */
const rotary = (attrs: string, type: string, places: 'positions' | 'first'): Model => {
  const width = attrs.includes('rotary_embedding_dim') ? 1 : 2;
  const at = (name: string, shape: readonly number[], values: readonly number[]) =>
    tensorFromArray(name, { dtype: 'int64', shape, data: BigInt64Array.from(values, BigInt) });
  return model(
    `g (${type} x) => (${type} y) { y = com.microsoft.RotaryEmbedding <scale = 1.0${attrs}> (x, ${places}, cos, sin) }`,
    [
      ...[at('positions', [2, 3], [0, 1, 2, 3, 1, 0]), at('first', [1], [2])],
      ...[randomTensor('cos', [6, width], 1), randomTensor('sin', [6, width], 2)],
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
    ...['', ', segments', ', segments, mask', ', segments, mask, positions'].map((given): [string, Model] => [
      `EmbedLayerNormalization with words${given}`,
      embedding(given),
    ]),
    ...['', ', num_heads = 2, rotary_embedding_dim = 2', ', interleaved = 1'].flatMap((attrs): [string, Model][] => [
      [`RotaryEmbedding${attrs}`, rotary(attrs, 'float[B, 3, 8]', 'positions')],
      [`RotaryEmbedding from a first place${attrs}`, rotary(attrs, 'float[B, 3, 8]', 'first')],
      [`RotaryEmbedding of heads apart${attrs}`, rotary(attrs, 'float[B, 2, 3, 4]', 'positions')],
    ]),
    ['Attention', attention('', '')],
    ['Attention of another scale', attention(', scale = 0.2', '')],
    ['causal Attention', attention(', unidirectional = 1', '')],
    ['Attention with a mask of keys', attention('', ', mask', [marks('mask', [2, 3], [1, 1, 0, 1, 1, 1])])],
    [
      'Attention with a mask of pairs',
      attention('', ', mask', [marks('mask', [2, 3, 3], [1, 0, 0, 1, 1, 0, 1, 1, 1, 1, 1, 0, 1, 1, 0, 0, 0, 1])]),
    ],
    ['Attention with lengths', attention('', ', mask', [marks('mask', [2], [2, 3])])],
    ['MultiHeadAttention', across('', '')],
    [
      'MultiHeadAttention with a mask of keys and a bias of scores',
      across('', ', mask, bias', [
        marks('mask', [2, 5], [1, 1, 1, 0, 0, 1, 1, 1, 1, 1]),
        randomTensor('bias', [1, 2, 3, 5], 4),
      ]),
    ],
  ])('%s gives the outputs of the kernel', async (_, before) => {
    const after = await writeOutContrib(before);
    expect(after.graph.nodes.some((node) => node.domain === domain && node.opType !== 'Gelu')).toBe(false);
    // Sums of 8 products and a softmax in another order.
    await expectSameOutputs(before, after, { tolerance: 1e-5, dims: { B: 2 } });
  });

  it.each(rows.map((each) => [`${each.op} ${each.title}`, each] as const))('%s has a gradient', async (_, each) => {
    await checkGradient(each);
  });

  it('leaves what cannot be written out with its reason', async () => {
    const past = model(
      `g (float[B, 3, 8] x, float[2, B, 2, P, 4] past) => (float[B, 3, 8] y) {
         y = com.microsoft.Attention <num_heads = 2> (x, w, b, , past)
       }`,
      [randomTensor('w', [8, 24], 1), randomTensor('b', [24], 2)],
    );
    await expect(writeOutContrib(past)).rejects.toThrow(
      /Attention ".*": cannot be differentiated: keys and values of the past/,
    );
  });
});
