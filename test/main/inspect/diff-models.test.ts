import { describe, expect, it } from 'vitest';
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
  it('finds nothing between a model and itself', () => {
    expect(diffModels(before, before)).toEqual({
      interface: [],
      added: [],
      removed: [],
      changed: [],
      weights: [],
      same: 4,
    });
  });

  it('names attributes, operators, weights and the interface that changed', () => {
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
    const diff = diffModels(before, after);
    expect(diff.interface).toEqual(['IR version 8 → 10', 'opset of ai.onnx: 13 → 21']);
    expect(diff.added).toEqual([{ name: 'new', op: 'Neg' }]);
    expect(diff.removed).toEqual([]);
    expect(diff.changed).toEqual([
      {
        before: 'leak',
        after: 'leak',
        op: 'LeakyRelu',
        changes: [expect.stringMatching(/^alpha: 0\.1\d* → 0\.2\d*$/)],
      },
      { before: 'mul', after: 'mul', op: 'Mul', changes: ['is Div, was Mul', 'input 1 is weight a, was b'] },
      { before: 'end', after: 'end', op: 'Relu', changes: ['input 0 is s, was r'] },
    ]);
    expect(diff.weights).toEqual([
      { name: 'a', before: 'float32 [2]', after: 'float32 [2]' },
      { name: 'b', before: 'float32 [2]', after: 'float16 [2]' },
    ]);
    expect(diff.same).toBe(1);
  });

  it('matches nodes by structure where every name is another', () => {
    const renamed = modelFromText(
      `<ir_version: 8, opset_import: ["" : 13]>
      g (float[N, 2] x) => (float[N, 2] y) <float[2] a = {1, 2}, float[2] b = {3, 4}> {
        [n1] v1 = Add (x, a)
        [n2] v2 = LeakyRelu <alpha = 0.1> (v1)
        [n3] v3 = Mul (v2, b)
        [n4] y = Relu (v3)
      }`,
    );
    const { added, removed, changed } = diffModels(before, renamed);
    expect([added, removed]).toEqual([[], []]);
    expect(changed.map(({ changes }) => changes)).toEqual([
      ['renamed to n1'],
      ['renamed to n2'],
      ['renamed to n3'],
      ['renamed to n4'],
    ]);
  });
});
