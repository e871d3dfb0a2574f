import { describe, expect, it } from 'vitest';
import type { Model } from '../../../../src-main/onnx/ir';
import { graphTypes, type Types } from '../../../../src-main/onnx/session';
import { modelFromText } from '../../../support/model-from-text';

async function typesByName(model: Model): Promise<Map<string, Types>> {
  const types = await graphTypes(model);
  return new Map([...types.graphs()].map((graph) => [graph.name, types.of(graph)]));
}

describe('graphTypes', () => {
  it('lifts bodies into models of their own, nested ones too', async () => {
    const model = modelFromText(
      `g (bool k, float[2, 3] x) => (float[2, 4] y) <float[3, 4] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12}> {
        h = Relu (x)
        y = If (k) <
          then_branch = t () => (float[2, 4] p) {
            a = MatMul (h, w)
            p = If (k) <
              then_branch = tt () => (float[2, 4] q) { b = Neg (a) q = Relu (b) },
              else_branch = te () => (float[2, 4] r) { r = Abs (a) }
            >
          },
          else_branch = e () => (float[2, 4] s) { s = MatMul (x, w) }
        >
      }`,
    );
    const all = await typesByName(model);
    expect([...all.keys()]).toEqual(['g', 't', 'tt', 'te', 'e']);
    expect(all.get('t')?.get('a')).toEqual({ kind: 'tensor', dtype: 'float32', shape: [2, 4] });
    expect(all.get('tt')?.get('b')).toEqual({ kind: 'tensor', dtype: 'float32', shape: [2, 4] });
  });

  it('gives the bodies of Loop and Scan the types that follow from what they are given', async () => {
    const model = modelFromText(
      `g (int64 m, bool c, float[2] s, float[5, 3] x) => (float[2] v, float[3] u, float[5, 3] z) {
        v = Loop <body = l (i, k, t) => (bool k2, float[2] t2) { k2 = Identity (k) t2 = Add (t, t) }> (m, c, s)
        start = ReduceSum <keepdims = 0> (x, axes)
        u, z = Scan <num_scan_inputs = 1, body = b (acc, row) => (float[3] acc2, float[3] out) { acc2 = Add (acc, row) out = Neg (row) }> (start, x)
      }`.replace(
        '=> (float[2] v, float[3] u, float[5, 3] z) {',
        '=> (float[2] v, float[3] u, float[5, 3] z) <int64[1] axes = {0}> {',
      ),
    );
    const all = await typesByName(model);
    expect(all.get('l')?.get('k2')).toMatchObject({ dtype: 'bool' });
    expect(all.get('l')?.get('t2')).toMatchObject({ dtype: 'float32' });
    expect(all.get('b')?.get('out')).toEqual({ kind: 'tensor', dtype: 'float32', shape: [3] });
  });
});
