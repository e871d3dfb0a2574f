import { describe, expect, it } from 'vitest';
import { fuse } from '../../../src-main/passes';
import { expectPass, expectUntouched } from '../../support/expect-pass';

const anyOperator = (model: Parameters<typeof fuse>[0]) => fuse(model, { nonStandard: true });
/** Sums of the fused kernels run in another order: some roundings of float32 (2⁻²⁴) of values near 1. */
const tolerance = 1e-6;

interface Parts {
  readonly opset?: number;
  readonly inputs?: string;
  readonly outputs?: string;
  /** Before the Softmax: makes `a` of the product `p`. */
  readonly scores?: string;
  readonly keys?: string;
  readonly values?: string;
  readonly merge?: string;
  readonly domains?: string;
}

const constants = `<int64[4] split = {0, -1, 2, 3}, int64[3] join = {0, -1, 6}, float scale = {0.5}>`;
const plainKeys = `kt = Transpose <perm = [0, 2, 3, 1]> (kr)`;

function attention({
  opset = 21,
  inputs = 'float[B, S, 6] q, float[B, T, 6] k, float[B, T, 6] v, float[B, 1, S, T] m',
  outputs = 'float[B, S, 6] y',
  scores = 's = Mul (p, scale) a = Add (s, m)',
  keys = plainKeys,
  values = 'vt = Transpose <perm = [0, 2, 1, 3]> (vr)',
  merge = 'y = Reshape (t, join)',
}: Parts = {}): string {
  return `<ir_version: 8, opset_import: ["" : ${opset}]>
  g (${inputs}) => (${outputs}) ${constants} {
    qr = Reshape (q, split)
    qt = Transpose <perm = [0, 2, 1, 3]> (qr)
    kr = Reshape (k, split)
    ${keys}
    vr = Reshape (v, split)
    ${values}
    p = MatMul (qt, kt)
    ${scores}
    w = Softmax <axis = -1> (a)
    z = MatMul (w, vt)
    t = Transpose <perm = [0, 2, 1, 3]> (z)
    ${merge}
  }`;
}

const fused = (opset: number, node: string, inputs: string): string =>
  `<ir_version: 8, opset_import: ["" : ${opset}${opset < 23 ? ', "com.microsoft" : 1' : ''}]>
  g (${inputs}) => (float[B, S, 6] y) ${constants} { ${node} }`;

const fourInputs = 'float[B, S, 6] q, float[B, T, 6] k, float[B, T, 6] v, float[B, 1, S, T] m';
const threeInputs = 'float[B, S, 6] q, float[B, T, 6] k, float[B, T, 6] v';
const dims = { B: 2, S: 3, T: 4 };

describe('fuse, attention', () => {
  it('is MultiHeadAttention of onnxruntime with a mask that has a row for each query', async () => {
    const { notes } = await expectPass(
      anyOperator,
      attention(),
      fused(21, 'y = com.microsoft.MultiHeadAttention <num_heads = 2, scale = 0.5> (q, k, v, "", "", m)', fourInputs),
      { tolerance, dims },
    );
    expect(notes[0]).toBe('put 1 com.microsoft.MultiHeadAttention together');
  });

  it('is the standard Attention from opset 23 on', async () => {
    await expectPass(
      (model) => fuse(model, { nonStandard: false }),
      attention({ opset: 23 }).replace('ir_version: 8', 'ir_version: 11'),
      fused(23, 'y = Attention <q_num_heads = 2, kv_num_heads = 2, scale = 0.5> (q, k, v, m)', fourInputs).replace(
        'ir_version: 8',
        'ir_version: 11',
      ),
      { tolerance, dims },
    );
  });

  it('takes scales of queries and keys, and keys that are transposed twice', async () => {
    await expectPass(
      anyOperator,
      attention({
        inputs: threeInputs,
        keys: `kh = Transpose <perm = [0, 2, 1, 3]> (kr)
          ks = Transpose <perm = [0, 1, 3, 2]> (kh)
          kt = Div (ks, scale)`,
        scores: 'a = Mul (scale, p)',
      }),
      fused(21, 'y = com.microsoft.MultiHeadAttention <num_heads = 2, scale = 1.0> (q, k, v)', threeInputs),
      { tolerance, dims },
    );
  });

  it('expands a mask that all queries share, by numbers where they are known', async () => {
    const inputs = 'float[B, 3, 6] q, float[B, 4, 6] k, float[B, 4, 6] v, float[B, 1, 1, 4] m';
    await expectPass(
      anyOperator,
      attention({ inputs }),
      `<ir_version: 8, opset_import: ["" : 21, "com.microsoft" : 1]>
      g (${inputs}) => (float[B, S, 6] y) ${constants.replace('>', ', int64[4] "m/each-query/shape" = {1, 1, 3, 4}>')} {
        "m/each-query" = Expand (m, "m/each-query/shape")
        y = com.microsoft.MultiHeadAttention <num_heads = 2, scale = 0.5> (q, k, v, "", "", "m/each-query")
      }`,
      { tolerance, dims },
    );
  });

  it('expands it by the shapes of queries and keys where they are not', async () => {
    const inputs = 'float[B, S, 6] q, float[B, T, 6] k, float[B, T, 6] v, float[T] m';
    await expectPass(
      anyOperator,
      attention({ inputs }),
      `<ir_version: 8, opset_import: ["" : 21, "com.microsoft" : 1]>
      g (${inputs}) => (float[B, S, 6] y)
      ${constants.replace('>', ', int64[1] "m/sequence-axis" = {1}, int64[2] "m/ones" = {1, 1}>')} {
        "m/queries/shape" = Shape (q)
        "m/queries" = Gather <axis = 0> ("m/queries/shape", "m/sequence-axis")
        "m/keys/shape" = Shape (k)
        "m/keys" = Gather <axis = 0> ("m/keys/shape", "m/sequence-axis")
        "m/each-query/shape" = Concat <axis = 0> ("m/ones", "m/queries", "m/keys")
        "m/each-query" = Expand (m, "m/each-query/shape")
        y = com.microsoft.MultiHeadAttention <num_heads = 2, scale = 0.5> (q, k, v, "", "", "m/each-query")
      }`,
      { tolerance, dims },
    );
  });

  it('says why it leaves what only looks like it', async () => {
    const reasonFor = async (parts: Parts): Promise<string | undefined> => {
      const { skipped } = await expectUntouched(anyOperator, attention(parts));
      return skipped[0]?.reason;
    };
    expect(await reasonFor({ keys: 'kp = Transpose <perm = [0, 2, 3, 1]> (kr) kt = Neg (kp)' })).toBe(
      'its keys come from Neg "Neg_4", not from a split into heads',
    );
    expect(await reasonFor({ outputs: 'float[B, S, 6] y, float[B, 2, S, T] w' })).toBe(
      '"w" between its pieces is used elsewhere too',
    );
    expect(
      await reasonFor({
        inputs: fourInputs.replaceAll('float[', 'float16['),
        outputs: 'float16[B, S, 6] y',
        scores: 'a = Add (p, m)',
      }),
    ).toBe('its queries are float16, and the runtime has a kernel for float32 only');
    expect(
      await reasonFor({
        inputs: fourInputs.replace('[B, T, 6] v', '[B, T, 12] v'),
        values: 'vt = Transpose <perm = [0, 2, 1, 3]> (vr)',
      }),
    ).toBe('the split of its values mixes batch, sequence and heads');
    expect(
      await reasonFor({
        inputs: fourInputs.replace('[B, 1, S, T] m', '[3, 1, S, T] m').replaceAll('[B,', '[1,'),
        outputs: 'float[3, S, 6] y',
      }),
    ).toBe('its mask is not one a sample and head');
  });

  it('works inside bodies', async () => {
    const asBody = (text: string): string =>
      text
        .replace('g (float[B, S, 6] q', 'g (bool c, float[B, S, 6] q')
        .replace('float[B, S, 6] y', 'float[B, S, 6] o')
        .replace(`${constants} {`, `${constants} { o = If (c) <then_branch = t () => (float[B, S, 6] y) {`)
        .concat(', else_branch = e () => (float[B, S, 6] n) { n = Neg (q) }> }');
    await expectPass(
      anyOperator,
      asBody(attention()),
      asBody(
        fused(21, 'y = com.microsoft.MultiHeadAttention <num_heads = 2, scale = 0.5> (q, k, v, "", "", m)', fourInputs),
      ),
      { tolerance, dims },
    );
  });
});
