/** Functions whose attributes come from the caller: a body stays generic where what is to be done depends on them. */

import { describe, expect, it } from 'vitest';
import { resolveOptions, unwatched } from '../../../src-main/contract';
import { eliminateNoOps, foldBatchNorm, passes } from '../../../src-main/passes';
import { expectSameOutputs, modelFromText } from '../../support/model-from-text';

const model = modelFromText(
  `<ir_version: 9, opset_import: ["" : 17, "own" : 1]>
  g (float[2, 3] x) => (float[2, 3] y, float[2, 3] z) {
    y = own.f <type = 1, turned = 0, axis = 0> (x)
    z = own.f <type = 1, turned = 1, axis = 1> (x)
  }
  <domain: "own", opset_import: ["" : 17, "own" : 1]>
  f <type, turned, axis> (i) => (o) {
    s = Constant <value = float[3] {1, 2, 3}> ()
    w = Constant <value = float[3, 3] {1, 2, 3, 4, 5, 6, 7, 8, 9}> ()
    n = Constant <value = int64[2] {2, 3}> ()
    [cast] a = Cast <to: int = @type> (i)
    [gemm] b = Gemm <transB: int = @turned> (a, w)
    [norm] c = BatchNormalization (b, s, s, s, s)
    [concat] d = Concat <axis: int = @axis> (c)
    [turn] t = Transpose <perm = [1, 0]> (d)
    [soft] e = Softmax <axis: int = @axis> (t)
    [back] u = Transpose <perm = [1, 0]> (e)
    [shape] o = Reshape (u, n)
  }`,
);

describe('a function with parameters', () => {
  it.each(passes.filter(({ name }) => name !== 'fix-dims'))('comes through $name with equal outputs', async (pass) => {
    const options = resolveOptions(pass.options, pass.name === 'raise-opset' ? { opset: 21 } : {}, pass.name);
    const work = { ...unwatched(), options, isTarget: () => true };
    const { model: after } = await pass.run(model, work);
    await expectSameOutputs(model, after, { tolerance: 1e-5 });
    expect((await pass.run(after, work)).model).toBe(after);
  });

  it('keeps the nodes that depend on them, and says why', async () => {
    const reason = 'it depends on a parameter of its function';
    expect((await eliminateNoOps(model)).skipped).toContainEqual({ node: 'cast', reason });
    expect((await foldBatchNorm(model)).skipped).toContainEqual({ node: 'norm', reason });
  });
});
