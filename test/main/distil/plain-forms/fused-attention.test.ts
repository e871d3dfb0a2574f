import { describe, expect, it } from 'vitest';
import { writePlainForms } from '../../../../src-main/distil/write-plain-forms';
import { attributes, type Model, tensorFromArray } from '../../../../src-main/onnx/ir';
import { checkGradient, type GradientRow } from '../../../support/check-gradient';
import { expectSameOutputs, modelFromText, randomTensor } from '../../../support/model-from-text';
import { plainFormRow, drawn as x } from '../../../support/plain-form-rows';

const { float, int } = attributes;
const domain = 'com.microsoft';
const row = plainFormRow({ domain });

const lengths = { int32: [3, 3], shape: [2] };
const total = { int32: [4], shape: [] };
const grouped = { num_heads: int(4), kv_num_heads: int(2) };
const rows: GradientRow[] = [
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
  row('Attention', 'with a past', [x([2, 3, 4]), x([4, 12]), x([12]), null, x([2, 2, 2, 5, 2])], {
    num_heads: int(2),
    unidirectional: int(1),
  }),
  row('MultiHeadAttention', 'keys and values by heads', [x([2, 3, 4]), x([2, 2, 5, 2]), x([2, 2, 5, 2])], {
    num_heads: int(2),
  }),
  row(
    'MultiHeadAttention',
    'with a past',
    [x([2, 3, 4]), x([2, 3, 4]), x([2, 3, 4]), x([12]), null, null, x([2, 2, 4, 2]), x([2, 2, 4, 2])],
    { num_heads: int(2), unidirectional: int(1) },
  ),
  row('GroupQueryAttention', '', [x([2, 4, 16]), x([2, 4, 8]), x([2, 4, 8]), null, null, lengths, total], grouped, {
    silent: 2,
  }),
  row(
    'GroupQueryAttention',
    'packed, turned, a window, capped',
    [x([2, 4, 32]), null, null, null, null, lengths, total, x([6, 2]), x([6, 2])],
    { ...grouped, do_rotary: int(1), local_window_size: int(2), softcap: float(1.5) },
    { silent: 2 },
  ),
];

/** A constant of ones and zeros, or lengths. */
const marks = (name: string, shape: readonly number[], values: readonly number[]) =>
  tensorFromArray(name, { dtype: 'int32', shape, data: Int32Array.from(values) });

const model = (text: string, tensors: Parameters<typeof modelFromText>[1] = []): Model =>
  modelFromText(`<ir_version: 9, opset_import: ["" : 18, "com.microsoft" : 1]> ${text}`, tensors);
const attention = (attrs: string, more: string, mask: Parameters<typeof modelFromText>[1] = []): Model =>
  model(
    `g (float[B, 3, 8] x) => (float[B, 3, 8] y) { y${more.includes('past') ? ', present' : ''} = com.microsoft.Attention <num_heads = 2${attrs}> (x, w, b${more}) }`,
    [randomTensor('w', [8, 24], 1), randomTensor('b', [24], 2), ...(mask ?? [])],
  );
const across = (attrs: string, more: string, mask: Parameters<typeof modelFromText>[1] = [], keys = 5): Model =>
  model(
    `g (float[B, 3, 8] q, float[B, ${keys}, 8] k, float[B, ${keys}, 8] v) => (float[B, 3, 8] y) {
       y${more.includes('past') ? ', keys, values' : ''} = com.microsoft.MultiHeadAttention <num_heads = 2${attrs}> (q, k, v, b${more})
     }`,
    [randomTensor('b', [24], 2), ...(mask ?? [])],
  );

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

/** Four heads of queries, two of keys, of 16 elements each. @param lacking what each row lacks of the whole */
const grouping = (attrs: string, inputs: string, { past = 0, lacking = [0, 0], sequence = 4 } = {}): Model =>
  model(
    `g (float[2, ${sequence}, ${inputs.startsWith(', ,') ? 128 : 64}] q) => (float[2, ${sequence}, 64] y) {
       y, keys, values = com.microsoft.GroupQueryAttention <num_heads = 4, kv_num_heads = 2${attrs}> (q, ${inputs})
     }`,
    [
      ...[randomTensor('k', [2, sequence, 32], 1), randomTensor('v', [2, sequence, 32], 2)],
      ...[randomTensor('pastKeys', [2, 2, past, 16], 3), randomTensor('pastValues', [2, 2, past, 16], 4)],
      marks(
        'last',
        [2],
        lacking.map((count) => sequence + past - 1 - count),
      ),
      marks('total', [], [sequence + past]),
      ...[randomTensor('cos', [12, 8], 5), randomTensor('sin', [12, 8], 6)],
      ...[randomTensor('bias', [1, 4, sequence, sequence + past], 7), randomTensor('sink', [4], 8)],
    ],
  );
const apart = 'k, v, , , last, total';
const behindPast = 'k, v, pastKeys, pastValues, last, total';

describe('fused attention written out', () => {
  it.each([
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
    [
      'Attention with a past',
      attention(', unidirectional = 1', ', , past', [randomTensor('past', [2, 2, 2, 4, 4], 3)]),
    ],
    [
      'Attention with an empty past',
      attention(', unidirectional = 1', ', , past', [randomTensor('past', [2, 2, 2, 0, 4], 3)]),
    ],
    ['causal MultiHeadAttention', across(', unidirectional = 1', '', [], 3)],
    [
      'MultiHeadAttention with a past',
      across('', ', , , pastKeys, pastValues', [
        randomTensor('pastKeys', [2, 2, 4, 4], 3),
        randomTensor('pastValues', [2, 2, 4, 4], 4),
      ]),
    ],
    [
      'MultiHeadAttention on keys and values by heads',
      model(
        `g (float[B, 3, 8] q, float[B, 2, 5, 4] k, float[B, 2, 5, 4] v) => (float[B, 3, 8] y) {
           y = com.microsoft.MultiHeadAttention <num_heads = 2> (q, k, v, b)
         }`,
        [randomTensor('b', [24], 2)],
      ),
    ],
    ['GroupQueryAttention', grouping('', apart)],
    ['GroupQueryAttention of another scale, capped', grouping(', scale = 0.3, softcap = 1.5', apart)],
    ['GroupQueryAttention with a window', grouping(', local_window_size = 2', apart)],
    ['GroupQueryAttention, all in one', grouping('', ', , , , last, total')],
    ['GroupQueryAttention turned', grouping(', do_rotary = 1', `${apart}, cos, sin`)],
    [
      'GroupQueryAttention turned, interleaved',
      grouping(', do_rotary = 1, rotary_interleaved = 1', `${apart}, cos, sin`),
    ],
    ['GroupQueryAttention, all in one, turned', grouping(', do_rotary = 1', ', , , , last, total, cos, sin')],
    ['GroupQueryAttention with a bias', grouping('', `${apart}, , , , bias`)],
    ['GroupQueryAttention with a smooth softmax', grouping(', smooth_softmax = 1', apart)],
    ['GroupQueryAttention with a sink', grouping('', `${apart}, , , , , sink`)],
    ['GroupQueryAttention with an empty past', grouping('', behindPast)],
    [
      'GroupQueryAttention behind a past',
      grouping(', do_rotary = 1', `${behindPast}, cos, sin`, { past: 3, sequence: 1 }),
    ],
    [
      'GroupQueryAttention behind pasts of their own lengths, with a window',
      grouping(', do_rotary = 1, local_window_size = 2', `${behindPast}, cos, sin`, {
        past: 3,
        sequence: 1,
        lacking: [0, 2],
      }),
    ],
  ])('%s gives the outputs of the kernel', async (_, before) => {
    const after = await writePlainForms(before);
    expect(after.graph.nodes.some((node) => node.domain === domain)).toBe(false);
    // Sums of 8 products and a softmax in another order.
    await expectSameOutputs(before, after, { tolerance: 1e-5, dims: { B: 2 } });
  });

  it.each(rows.map((each) => [`${each.op} ${each.title}`, each] as const))('%s has a gradient', async (_, each) => {
    await checkGradient(each);
  });

  it('leaves what cannot be written out with its reason', async () => {
    await expect(writePlainForms(across(', unidirectional = 1', ''))).rejects.toThrow(
      /MultiHeadAttention ".*": cannot be differentiated: causal attention over more keys than queries/,
    );
    const shared = model(
      `g (float[B, 3, 8] x, float[2, B, 2, P, 4] past, int32 count) => (float[B, 3, 8] y) {
         y = com.microsoft.Attention <num_heads = 2, past_present_share_buffer = 1> (x, w, b, , past, , count)
       }`,
      [randomTensor('w', [8, 24], 1), randomTensor('b', [24], 2)],
    );
    await expect(writePlainForms(shared)).rejects.toThrow(
      /Attention ".*": cannot be differentiated: a buffer that past and present share/,
    );
  });
});
