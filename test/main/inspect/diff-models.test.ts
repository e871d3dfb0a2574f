import { describe, expect, it } from 'vitest';
import { unwatched } from '../../../src-main/contract';
import { diffModels } from '../../../src-main/inspect';
import { modelFromText } from '../../support/model-from-text';

const before = modelFromText(
  `<ir_version: 8, opset_import: ["" : 13]>
  g (float[N, 2] x) => (float[N, 2] y) <float[2] a = {1, 2}, float[2] b = {3, 4}> {
    [add] p = Add (x, a)
    [leak] q = LeakyRelu <alpha = 0.1> (p)
    [mul] r = Mul (q, b)
    [end] y = Relu (r)
  }`,
);

describe('diffModels', () => {
  it('finds nothing between a model and itself', async () => {
    expect(await diffModels(before, before)).toEqual({
      interface: [],
      added: [],
      removed: [],
      changed: [],
      replaced: [],
      carriers: [],
      weights: [],
      same: 4,
    });
  });

  it('names attributes, operators, weights and the interface that changed', async () => {
    const after = modelFromText(
      `<ir_version: 10, opset_import: ["" : 21]>
      g (float[N, 2] x) => (float[N, 2] y) <float[2] a = {1, 5}, float16[2] b = {0, 0}> {
        [add] p = Add (x, a)
        [leak] q = LeakyRelu <alpha = 0.2> (p)
        [mul] r = Div (q, a)
        [new] s = Neg (r)
        [end] y = Relu (s)
      }`,
    );
    const diff = await diffModels(before, after);
    expect(diff.interface).toEqual(['IR version 8 → 10', 'opset of ai.onnx: 13 → 21']);
    expect(diff.added).toEqual([{ name: 'new', op: 'Neg' }]);
    expect(diff.removed).toEqual([]);
    const change = (of: string, name: string, before: unknown, after: unknown) => ({ of, name, before, after });
    expect(diff.changed).toEqual([
      {
        name: 'leak',
        op: 'LeakyRelu',
        changes: [change('attribute', 'alpha', expect.stringMatching(/^0\.1/), expect.stringMatching(/^0\.2/))],
      },
      { name: 'mul', op: 'Mul', changes: [change('operator', '', 'Mul', 'Div'), change('input', '1', 'b', 'a')] },
      { name: 'end', op: 'Relu', changes: [change('input', '0', 'r', 's')] },
    ]);
    // ‖(0, 3)‖ / ‖(1, 2)‖
    const distance = expect.closeTo(3 / Math.sqrt(5), 6);
    expect(diff.weights).toEqual([
      { name: 'a', before: 'float32 [2]', after: 'float32 [2]', zeros: { before: 0, after: 0 }, distance },
      { name: 'b', before: 'float32 [2]', after: 'float16 [2]', zeros: null, distance: null },
    ]);
    expect(diff.same).toBe(1);
  });

  it('matches nodes by structure where every name is another', async () => {
    const renamed = modelFromText(
      `<ir_version: 8, opset_import: ["" : 13]>
      g (float[N, 2] x) => (float[N, 2] z) <float[2] a = {1, 2}, float[2] b = {3, 4}> {
        [n1] v1 = Add (x, a)
        [n2] v2 = LeakyRelu <alpha = 0.1> (v1)
        [n3] v3 = Mul (v2, b)
        [n4] z = Relu (v3)
      }`,
    );
    const { added, removed, changed } = await diffModels(before, renamed);
    expect([added, removed]).toEqual([[], []]);
    expect(changed.map(({ name, changes }) => [name, changes.map(({ of, after }) => [of, after])])).toEqual([
      ['add', [['name', 'n1']]],
      ['leak', [['name', 'n2']]],
      ['mul', [['name', 'n3']]],
      ['end', [['name', 'n4']]],
    ]);
  });

  it('sees through Q/DQ pairs: a quantized node changed its precision, and its weight is the same weight', async () => {
    const float = modelFromText(
      `<ir_version: 8, opset_import: ["" : 13]>
      g (float[N, 2] x) => (float[N, 2] y) <float[2, 2] w = {1, 2, 3, 4}> { [product] y = MatMul (x, w) }`,
    );
    const quantized = modelFromText(
      `<ir_version: 8, opset_import: ["" : 13]>
      g (float[N, 2] x) => (float[N, 2] y)
      <int8[2, 2] w_q = {1, 2, 3, 4}, float s = {1}, uint8 z = {0}, int8 zw = {0}> {
        [q] xq = QuantizeLinear (x, s, z)
        [d] xd = DequantizeLinear (xq, s, z)
        [dw] wd = DequantizeLinear (w_q, s, zw)
        [product] y = MatMul (xd, wd)
      }`,
    );
    const diff = await diffModels(float, quantized);
    expect(diff.added).toEqual([]);
    expect(diff.carriers).toEqual([
      { op: 'QuantizeLinear', removed: 0, added: 1 },
      { op: 'DequantizeLinear', removed: 0, added: 2 },
    ]);
    expect(diff.changed).toEqual([
      {
        name: 'product',
        op: 'MatMul',
        changes: [
          { of: 'precision', name: '0', before: null, after: 'uint8' },
          { of: 'precision', name: '1', before: null, after: 'int8' },
        ],
      },
    ]);
    expect(diff.weights).toEqual([
      { name: 'w', before: 'float32 [2, 2]', after: 'int8 [2, 2]', zeros: null, distance: null },
    ]);
  });

  it('goes into bodies and functions', async () => {
    const branching = (leaf: string, inFunction: string) =>
      modelFromText(
        `<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
        g (bool k, float[2] x) => (float[2] z) {
          [branch] y = If (k) <
            then_branch = t () => (float[2] p) { [leaf] p = ${leaf} (x) },
            else_branch = e () => (float[2] r) { [other] r = Abs (x) }
          >
          [call] z = own.f (y)
        }
        <domain: "own", opset_import: ["" : 21]>
        f (a) => (b) { [inner] b = ${inFunction} (a) }`,
      );
    const diff = await diffModels(branching('Neg', 'Relu'), branching('Exp', 'Tanh'));
    expect(diff.changed).toEqual([
      {
        name: 'branch › then_branch › leaf',
        op: 'Neg',
        changes: [{ of: 'operator', name: '', before: 'Neg', after: 'Exp' }],
      },
      { name: 'f › inner', op: 'Relu', changes: [{ of: 'operator', name: '', before: 'Relu', after: 'Tanh' }] },
    ]);
    expect(diff.same).toBe(3);
  });

  it('stops when it is told to', async () => {
    const work = { ...unwatched(), signal: AbortSignal.abort() };
    await expect(diffModels(before, before, work)).rejects.toThrow(/abort/i);
  });
});
