import { expect, it } from 'vitest';
import { leadingTo } from '../../../src-main/quantize/leading-to';
import { modelFromText } from '../../support/model-from-text';

it('keeps what values follow from, what bodies read of it included, and nothing else', () => {
  const { graph } = modelFromText(`g (float[2] x, bool c) => (float[2] y) <float[2] w = {1, 2}, float[2] v = {3, 4}> {
    [first] a = Add(x, w)
    [branch] h = If (c) <
      then_branch = t () => (float[2] p) { p = Neg(a) },
      else_branch = e () => (float[2] q) { q = Abs(a) }
    >
    [last] y = Mul(h, v)
  }`);
  const part = leadingTo(graph, ['h']);
  expect(part.nodes.map(({ name }) => name)).toEqual(['first', 'branch']);
  expect([...part.initializers.keys()]).toEqual(['w']);
  expect(part.inputs).toEqual(graph.inputs);
});
