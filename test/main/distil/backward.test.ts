import { describe, expect, it } from 'vitest';
import { backward } from '../../../src-main/distil/backward';
import { Emitter, namesOf } from '../../../src-main/distil/emitter';
import { type Graph, makeValue } from '../../../src-main/onnx/ir';
import { openSession, valueTypes } from '../../../src-main/onnx/session';
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

  describe('by a value that is read in slices', () => {
    const cut = (windows: readonly (readonly [number, number])[]) => {
      const constants = windows.map(([from, to], at) => `int64[1] from${at} = {${from}}, int64[1] to${at} = {${to}}`);
      const slices = windows.map((_, at) => `s${at} = Slice(x, from${at}, to${at}, axes)`);
      return modelFromText(`<ir_version: 9, opset_import: ["" : 18]>
        g (float[6, 2] x, float[6, 2] r) => (float loss) <int64[1] axes = {0}, ${constants.join(', ')}> {
          ${slices.join(' ')}
          m = Concat<axis = 0>(${windows.map((_, at) => `s${at}`).join(', ')})
          p = Mul(m, r)
          loss = ReduceSum<keepdims = 0>(p)
        }`);
    };
    const r = Float32Array.from({ length: 12 }, (_, at) => at);
    const x = { dtype: 'float32' as const, shape: [6, 2], data: new Float32Array(12) };

    /** Operators that were written for it, and its first column. */
    const found = async (windows: readonly (readonly [number, number])[]) => {
      const sliced = cut(windows);
      const emit = new Emitter(namesOf(sliced.graph));
      const types = await valueTypes(sliced);
      const { nodes, gradients } = backward({ graph: sliced.graph, types, loss: 'loss', wrt: ['x'], emit });
      const initializers = new Map([...sliced.graph.initializers, ...emit.initializers]);
      const outputs = [makeValue(gradients.get('x') as string, 'float32', [6, 2])];
      const graph: Graph = { ...sliced.graph, nodes, initializers, outputs };
      const session = await openSession({ ...sliced, graph });
      const [gradient] = Object.values(await session.run({ x, r: { ...x, data: r } }));
      await session.release();
      const written = nodes.slice(sliced.graph.nodes.length).map((node) => node.opType);
      return { last: written.at(-1), column: Array.from({ length: 6 }, (_, row) => gradient?.data[2 * row]) };
    };

    it('lays the gradients of all slices end to end where they are the whole of it, in its order', async () => {
      // Rows of r at 0; 1, 2, 3; 4, 5.
      const windows = [
        [0, 1],
        [3, 6],
        [1, 3],
      ] as const;
      expect(await found(windows)).toEqual({ last: 'Concat', column: [0, 8, 10, 2, 4, 6] });
    });

    it('adds them up where they overlap, or leave something out', async () => {
      expect(
        await found([
          [0, 3],
          [2, 5],
        ]),
      ).toEqual({ last: 'Add', column: [0, 2, 4 + 6, 8, 10, 0] });
    });
  });
});
