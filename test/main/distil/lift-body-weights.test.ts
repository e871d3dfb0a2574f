import { describe, expect, it } from 'vitest';
import { liftBodyWeights } from '../../../src-main/distil/lift-body-weights';
import type { Model } from '../../../src-main/onnx/ir';
import { expectSameOutputs, modelFromText } from '../../support/model-from-text';

const header = '<ir_version: 10, opset_import: ["" : 18]>';

describe('liftBodyWeights', () => {
  it('moves weights into the main graph, under names that nothing else has', async () => {
    const before = modelFromText(
      `${header} g (float[N, 2] x, bool flag) => (float[N, 2] y) {
         h = If (flag) <
           then_branch = a () => (float[N, 2] t) <float[2] w = {1.0, 2.0}, float half = {0.5}> {
             s = Mul(x, w)
             t = Mul(s, half)
           },
           else_branch = b () => (float[N, 2] e) <float[2] w = {3.0, 4.0}> {
             e = If (flag) <
               then_branch = c () => (float[N, 2] u) { u = Add(x, w) },
               else_branch = d () => (float[N, 2] v) <float[2] own = {5.0, 6.0}> { r = Add(x, own)  v = Mul(r, w) }
             >
           }
         >
         y = Identity(h)
       }`,
    );
    const after = liftBodyWeights(before);
    expect([...after.graph.initializers.keys()].sort()).toEqual(['own', 'w_0', 'w_1']);
    for (const flag of [0, 1])
      await expectSameOutputs(before, after, {
        feeds: { flag: { dtype: 'bool', shape: [], data: Uint8Array.of(flag) } },
      });
  });

  it('leaves a model without such weights as it is', () => {
    const model: Model = modelFromText(
      `${header} g (float[2] x) => (float[2] y) <float[2] w = {1.0, 2.0}> { y = Mul(x, w) }`,
    );
    expect(liftBodyWeights(model)).toBe(model);
  });
});
