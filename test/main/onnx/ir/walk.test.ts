import { expect, it } from 'vitest';
import { allGraphs, allNodes, allWeights } from '../../../../src-main/onnx/ir';
import { modelFromText } from '../../../support/model-from-text';

const model = modelFromText(
  `<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
  g (bool k, float[2] x) => (float[2] y) <float[2] w = {1, 2}> {
    h = own.f (x)
    s = ConstantOfShape <value = float[1] {3}> (n)
    y = If (k) <
      then_branch = t () => (float[2] p) <float[2] v = {3, 4}> { a = Add (h, v) p = Add (a, w) },
      else_branch = e () => (float[2] q) { c = Constant <value = float[2] {5, 6}> () q = Add (h, c) }
    >
  }
  <domain: "own", opset_import: ["" : 21]>
  f (u) => (r) { o = Constant <value = float {7}> () r = Mul (u, o) }`.replace(
    '<float[2] w',
    '<int64[1] n = {2}, float[2] w',
  ),
);

it('reaches bodies and functions, outer before inner', () => {
  expect([...allNodes(model)].map(({ opType }) => opType)).toEqual([
    ...['f', 'ConstantOfShape', 'If', 'Add', 'Add', 'Constant', 'Add'],
    ...['Constant', 'Mul'],
  ]);
  expect([...allGraphs(model)].map(({ name }) => name)).toEqual(['g', 't', 'e']);
});

it('finds weights wherever they lie, but not what ConstantOfShape repeats', () => {
  const held = [...allWeights(model)].map(({ tensor, node }) => node?.opType ?? tensor.name);
  expect(held.sort()).toEqual(['Constant', 'Constant', 'n', 'v', 'w']);
});
