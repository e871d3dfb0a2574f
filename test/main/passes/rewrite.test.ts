import { describe, expect, it } from 'vitest';
import { modelText } from '../../../src-main/onnx/file';
import type { Model } from '../../../src-main/onnx/ir';
import { Tally } from '../../../src-main/passes/pass';
import { bypass, type Rewrite, rewriteNodes } from '../../../src-main/passes/rewrite';
import { modelFromText } from '../../support/model-from-text';

const picture = (model: Model): string => modelText(model).replaceAll(/^(\s*)\[[^\]]*\] /gm, '$1');
const withoutNeg: Rewrite = (node, site) => node.opType === 'Neg' && bypass(node, node.inputs[0] as string, site);

function run(text: string, rewrite: Rewrite = withoutNeg, isTarget = (_: { name: string }): boolean => true) {
  const tally = new Tally();
  const model = modelFromText(text);
  const after = rewriteNodes(model, tally, rewrite, { isTarget });
  return { model, after, tally };
}

describe('rewriteNodes', () => {
  it('sweeps until nothing is left, neighbours one after the other', () => {
    const { after, tally } = run('g (float[2] x) => (float[2] y) { a = Neg (x) b = Neg (a) c = Neg (b) y = Abs (c) }');
    expect(picture(after)).toBe(picture(modelFromText('g (float[2] x) => (float[2] y) { y = Abs (x) }')));
    expect([tally.changed, tally.eligible, tally.skipped]).toEqual([3, 3, []]);
  });

  it('gives the same model where nothing is to be done, and leaves what is no target', () => {
    const { model, after } = run('g (float[2] x) => (float[2] y) { y = Abs (x) }');
    expect(after).toBe(model);
    const kept = run(
      'g (float[2] x) => (float[2] y) { [keep] a = Neg (x) y = Abs (a) }',
      withoutNeg,
      ({ name }) => name !== 'keep',
    );
    expect(kept.after).toBe(kept.model);
  });

  it('counts each reason once, however many sweeps there are', () => {
    const { tally } = run('g (float[2] x) => (float[2] y, float[2] z) { a = Neg (x) y = Abs (a) [last] z = Neg (x) }');
    expect(tally.skipped).toEqual([{ node: 'last', reason: 'it gives an output of the graph its name' }]);
    expect([tally.changed, tally.eligible]).toEqual([1, 2]);
  });

  it('names the node that a rewrite fails at, and leaves the model as it was', () => {
    const text = 'g (float[2] x) => (float[2] y) { [n] a = Neg (x) [odd] y = Abs (a) }';
    const failing: Rewrite = (node, site) => {
      if (node.opType === 'Abs') throw new RangeError('no such axis');
      return withoutNeg(node, site);
    };
    const model = modelFromText(text);
    const before = modelText(model);
    expect(() => rewriteNodes(model, new Tally(), failing, { isTarget: () => true })).toThrow(
      'Abs "odd": no such axis',
    );
    expect(modelText(model)).toBe(before);
  });
});

describe('bypass', () => {
  it('hands the name of an output to the maker before, for every reader', () => {
    const { after } = run('g (float[2] x) => (float[2] y, float[2] z) { a = Abs (x) y = Neg (a) z = Relu (a) }');
    expect(picture(after)).toBe(
      picture(modelFromText('g (float[2] x) => (float[2] y, float[2] z) { y = Abs (x) z = Relu (y) }')),
    );
  });

  it('keeps a vector from Range, which takes scalars alone as constants', () => {
    const { model, after, tally } = run(
      `g (float[2] x) => (int64[N] y) <int64[1] n = {-3}, int64 zero = {0}, int64 one = {1}> {
        [flip] m = Neg (n)
        y = Range (zero, m, one)
      }`,
    );
    expect(after).toBe(model);
    expect(tally.skipped[0]).toEqual({ node: 'flip', reason: 'Range takes no constant of this shape' });
  });
});
