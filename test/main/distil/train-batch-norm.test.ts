import { expect, it } from 'vitest';
import { trainBatchNorm } from '../../../src-main/distil/train-batch-norm';
import { makeValue } from '../../../src-main/onnx/ir';
import { openSession } from '../../../src-main/onnx/session';
import { modelFromText } from '../../support/model-from-text';
import { floats } from '../../support/run-emitted';

it('normalizes with the batch, moves running statistics towards it, and leaves what is fed as it was', async () => {
  const { model, statistics } = trainBatchNorm(
    modelFromText(`<ir_version: 9, opset_import: ["" : 18]>
    g (float[2, 1] x, float[1] scale, float[1] bias) => (float[2, 1] y) <float[1] m = {0}, float[1] v = {1}> {
      y = BatchNormalization<epsilon=0.0, momentum=0.9>(x, scale, bias, m, v)
    }`),
  );
  const initializers = new Map([...model.graph.initializers].filter(([name]) => name !== 'm' && name !== 'v'));
  const inputs = [...model.graph.inputs, makeValue('m', 'float32', [1]), makeValue('v', 'float32', [1])];
  const outputs = [...model.graph.outputs, ...statistics.map(({ next }) => makeValue(next, 'float32', [1]))];
  const session = await openSession({ ...model, graph: { ...model.graph, inputs, initializers, outputs } });
  try {
    const [running, spread] = [floats([1], [0]), floats([1], [1])];
    const feeds = { x: floats([2, 1], [1, 5]), scale: floats([1], [2]), bias: floats([1], [1]), m: running, v: spread };
    const found = await session.run(feeds);
    // Mean 3, variance 4: (1 − 3)/2·2 + 1 and (5 − 3)/2·2 + 1; 0.9·0 + 0.1·3 and 0.9·1 + 0.1·4.
    expect(Array.from(found.y?.data as Float32Array)).toEqual([-1, 3]);
    const moved = statistics.map(({ name, next }) => [name, found[next]?.data[0]]);
    expect(moved).toEqual([
      ['m', expect.closeTo(0.3, 6)],
      ['v', expect.closeTo(1.3, 6)],
    ]);
    expect([running.data[0], spread.data[0]]).toEqual([0, 1]);
  } finally {
    await session.release();
  }
});

it('moves the statistics of each of several nodes by its own batch and momentum', async () => {
  const { model, statistics } = trainBatchNorm(
    modelFromText(`<ir_version: 9, opset_import: ["" : 18]>
    g (float[2, 1] a, float[2, 2] b, float[2, 1] c, float[1] one, float[2] two) => (float[2, 1] x, float[2, 2] y, float[2, 1] z)
      <float[1] ma = {1}, float[1] va = {1}, float[2] mb = {0, 2}, float[2] vb = {1, 3}, float[1] mc = {8}, float[1] vc = {2}> {
      x = BatchNormalization<momentum=0.5>(a, one, one, ma, va)
      y = BatchNormalization<momentum=0.5>(b, two, two, mb, vb)
      z = BatchNormalization<momentum=0.75>(c, one, one, mc, vc)
    }`),
  );
  const outputs = statistics.map(({ next }) => makeValue(next, 'float32', null));
  const session = await openSession({ ...model, graph: { ...model.graph, outputs } });
  try {
    const feeds = { a: floats([2, 1], [1, 5]), b: floats([2, 2], [0, 2, 2, 8]), c: floats([2, 1], [3, 5]) };
    const found = await session.run({ ...feeds, one: floats([1], [1]), two: floats([2], [1, 1]) });
    const moved = statistics.map(({ name, next }) => [name, Array.from(found[next]?.data as Float32Array)]);
    // Of a: mean 3, variance 4; of the columns of b: 1 and 5, 1 and 9; of c: 4, 1. Halves and quarters are exact.
    expect(Object.fromEntries(moved)).toEqual({
      ma: [2],
      va: [2.5],
      mb: [0.5, 3.5],
      vb: [1, 6],
      mc: [7],
      vc: [1.75],
    });
  } finally {
    await session.release();
  }
});
