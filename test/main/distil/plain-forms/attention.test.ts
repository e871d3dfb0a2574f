import { describe, it } from 'vitest';
import { writePlainForms } from '../../../../src-main/distil/write-plain-forms';
import { attributes, type Model, type Tensor, tensorFromArray } from '../../../../src-main/onnx/ir';
import { checkGradient, type GradientRow } from '../../../support/check-gradient';
import { expectSameOutputs, modelFromText, randomTensor } from '../../../support/model-from-text';
import { plainFormRow, drawn as x } from '../../../support/plain-form-rows';

const { float, int } = attributes;
const row = plainFormRow({ opset: 23 });

const rows: GradientRow[] = [
  row('Attention', '', [x([2, 2, 3, 4]), x([2, 2, 5, 4]), x([2, 2, 5, 6])]),
  row('Attention', 'flat, shared keys, causal', [x([2, 3, 16]), x([2, 3, 8]), x([2, 3, 8])], {
    ...{ q_num_heads: int(4), kv_num_heads: int(2), is_causal: int(1) },
  }),
  row(
    'Attention',
    'a mask, capped, behind a past',
    [...[x([2, 2, 3, 4]), x([2, 2, 3, 4]), x([2, 2, 3, 4]), x([3, 5]), x([2, 2, 2, 4]), x([2, 2, 2, 4])]],
    { softcap: float(1.5) },
  ),
  row(
    'Attention',
    'dynamic',
    [
      { ...x([2, 2, 3, 4]), symbolic: ['b', 2, 's', 4] },
      { ...x([2, 2, 5, 4]), symbolic: ['b', 2, 't', 4] },
      { ...x([2, 2, 5, 6]), symbolic: ['b', 2, 't', 6] },
    ],
    { is_causal: int(1) },
    { opset: 24 },
  ),
  row('RotaryEmbedding', '', [
    x([2, 3, 5, 4]),
    x([6, 2]),
    x([6, 2]),
    { ints: [0, 1, 2, 3, 4, 5, 4, 3, 2, 1], shape: [2, 5] },
  ]),
  row('RotaryEmbedding', 'flat, interleaved, tables of the samples', [x([2, 5, 12]), x([2, 5, 2]), x([2, 5, 2])], {
    ...{ num_heads: int(3), interleaved: int(1) },
  }),
];

const bools = (name: string, shape: readonly number[], values: readonly number[]): Tensor =>
  tensorFromArray(name, { dtype: 'bool', shape, data: Uint8Array.from(values) });
const ints = (name: string, shape: readonly number[], values: readonly number[]): Tensor =>
  tensorFromArray(name, { dtype: 'int64', shape, data: BigInt64Array.from(values, BigInt) });

const model = (opset: number, text: string, tensors: readonly Tensor[] = []): Model =>
  modelFromText(`<ir_version: 10, opset_import: ["" : ${opset}]> ${text}`, tensors);
/** Four heads of queries over two of keys. */
const flat = (attrs: string, more: string, opset = 23): Model =>
  model(
    opset,
    `g (float[B, 3, 16] q, float[B, 5, 8] k, float[B, 5, 8] v) => (float[B, 3, 16] y) {
       y${more.includes('past') ? ', keys, values' : ''} = Attention <q_num_heads = 4, kv_num_heads = 2${attrs}> (q, k, v${more})
     }`,
    [
      ...[bools('seen', [3, 5], [1, 1, 0, 1, 1, 1, 0, 0, 0, 1, 1, 1, 1, 1, 1]), randomTensor('added', [2, 1, 3, 5], 1)],
      ints('lengths', [2], [5, 3]),
      ...[randomTensor('pastKeys', [2, 2, 4, 4], 2), randomTensor('pastValues', [2, 2, 4, 4], 3)],
    ],
  );
const heads = (attrs: string): Model =>
  model(
    23,
    `g (float[B, 4, 3, 6] q, float[B, 4, 5, 6] k, float[B, 4, 5, 7] v) => (float[B, 4, 3, 7] y) {
       y = Attention <${attrs}> (q, k, v)
     }`,
  );

const rotary = (type: string, attrs: string, shape: readonly number[], places: string): Model =>
  model(23, `g (float[${type}] x) => (float[${type}] y) { y = RotaryEmbedding <${attrs}> (x, cos, sin${places}) }`, [
    ...[randomTensor('cos', shape, 1), randomTensor('sin', shape, 2)],
    ints('places', [2, 5], [0, 1, 2, 3, 4, 5, 4, 3, 2, 1]),
  ]);

describe('attention written out', () => {
  it.each([
    ['Attention by heads', heads('is_causal = 0')],
    ['causal Attention by heads, of another scale', heads('is_causal = 1, scale = 0.3')],
    ['flat Attention with shared keys', flat('', '')],
    ['causal Attention', flat(', is_causal = 1', '')],
    ['Attention with a mask', flat('', ', seen')],
    ['Attention with a mask that is added', flat('', ', added')],
    ['capped Attention', flat(', softcap = 1.5', '')],
    ['capped Attention with a mask', flat(', softcap = 1.5', ', seen')],
    ['capped Attention with a mask that is added', flat(', softcap = 1.5', ', added')],
    ['capped causal Attention of opset 24', flat(', softcap = 1.5, is_causal = 1', ', added', 24)],
    ['Attention behind a past', flat('', ', , pastKeys, pastValues')],
    ['causal Attention behind a past', flat(', is_causal = 1', ', , pastKeys, pastValues')],
    ['Attention over lengths', flat('', ', , , , lengths', 24)],
    ['causal Attention over lengths', flat(', is_causal = 1', ', , , , lengths', 24)],
    ['RotaryEmbedding', rotary('2, 3, 5, 8', 'interleaved = 0', [6, 4], ', places')],
    ['RotaryEmbedding, interleaved', rotary('2, 3, 5, 8', 'interleaved = 1', [6, 4], ', places')],
    ['flat RotaryEmbedding', rotary('2, 5, 24', 'num_heads = 3', [6, 4], ', places')],
    ['RotaryEmbedding of a part of each head', rotary('2, 3, 5, 8', 'rotary_embedding_dim = 4', [6, 2], ', places')],
    ['RotaryEmbedding with tables of the samples', rotary('2, 3, 5, 8', 'interleaved = 0', [2, 5, 4], '')],
  ])('%s gives the outputs of the kernel', async (_, before) => {
    const after = await writePlainForms(before);
    // Sums of 8 products and a softmax in another order.
    await expectSameOutputs(before, after, { tolerance: 1e-5, dims: { B: 2 } });
  });

  it.each(rows.map((each) => [`${each.op} ${each.title}`, each] as const))('%s has a gradient', async (_, each) => {
    await checkGradient(each);
  });
});
