import { expect, it } from 'vitest';
import { attributes, calledFunction, functionNodes, type Node } from '../../../../src-main/onnx/ir';
import { modelFromText } from '../../../support/model-from-text';

it('puts what a call gives in place of references, and defaults where it gives nothing', () => {
  const model = modelFromText(
    `<ir_version: 10, opset_import: ["" : 21, "own" : 1]>
    g (float[2] x) => (float[2] y) { a = own.leaky <slope = 0.5> (x) y = own.leaky (a) }
    <domain: "own", opset_import: ["" : 21]>
    leaky <slope: float = 0.25> (v) => (z) { z = LeakyRelu <alpha: float = @slope> (v) }`,
  );
  const [first, second] = model.graph.nodes as [Node, Node];
  const fn = calledFunction(model)(first);
  if (fn === undefined) throw new Error('the call finds its function');
  const slopeOf = (call: Node) => attributes.floatOf(functionNodes(fn, call)[0] as Node, 'alpha', null);
  expect([slopeOf(first), slopeOf(second)]).toEqual([0.5, 0.25]);
  expect(calledFunction(model)({ ...first, overload: 'other' })).toBeUndefined();
});
