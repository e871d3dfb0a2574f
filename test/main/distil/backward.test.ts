import { describe, expect, it } from 'vitest';
import { backward } from '../../../src-main/distil/backward';
import { Emitter, namesOf } from '../../../src-main/distil/emitter';
import { valueTypes } from '../../../src-main/onnx/session';
import { modelFromText } from '../../support/model-from-text';

describe('backward', () => {
  const model = modelFromText(`<ir_version: 9, opset_import: ["" : 18]>
    g (float[N, 4] x, float[4, 4] first, float[4, 4] second) => (float loss) {
      h = MatMul(x, first)
      t = Tanh(h)
      k = MatMul(t, second)
      u = Tanh(k)
      loss = ReduceSum<keepdims = 0>(u)
    }`);

  it('puts what reads no gradient before what does, and names the gradient that is made last first', async () => {
    const types = await valueTypes(model);
    const emit = new Emitter(namesOf(model.graph));
    const wrt = ['second', 'first'];
    const { nodes, gradients } = backward({ graph: model.graph, types, loss: 'loss', wrt, emit });
    // 1 − Y² of both Tanh: Mul, Sub, Mul, Sub; the gradient of the sum is spread over its elements after them.
    const written = nodes.slice(model.graph.nodes.length).filter((node) => node.opType !== 'Shape');
    expect(written.slice(0, 5).map((node) => node.opType)).toEqual(['Mul', 'Sub', 'Mul', 'Sub', 'Unsqueeze']);
    expect([...gradients.keys()]).toEqual(['first', 'second']);
  });
});
