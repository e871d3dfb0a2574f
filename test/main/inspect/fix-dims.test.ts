import { expect, it } from 'vitest';
import { batchOfOne, checkDims, fixDims, symbolicDims } from '../../../src-main/inspect/fix-dims';
import { type Model, makeValue, type Value } from '../../../src-main/onnx/ir';
import { modelFromText } from '../../support/model-from-text';

const model = modelFromText(
  `g (float[batch, 3] x, float[batch, words] m, float[2] w) => (float[batch, 3] y) <float[2] w = {1, 2}, float[batch, 3] z> {
    z = Relu (x)
    y = Neg (z)
  }`,
);

it('lists the dims that have to be given, once each, in order; those of overridable weights are known', () => {
  expect(symbolicDims(model.graph)).toEqual(['batch', 'words']);
});

it('calls dims without a name, and the 0 of old exporters, after input and axis', () => {
  const graph: Model['graph'] = { ...model.graph, inputs: [makeValue('x', 'float32', [0, null, 4])] };
  expect(symbolicDims(graph)).toEqual(['x.0', 'x.1']);
  const fixed = fixDims({ ...model, graph }, { 'x.0': 5, 'x.1': 6 });
  expect(fixed.graph.inputs[0]?.type).toMatchObject({ shape: [5, 6, 4] });
});

it('refuses a size for a dim that no input has, with those that there are', () => {
  expect(() => checkDims('m.onnx', model.graph, { batch: 2, words: 8 })).not.toThrow();
  expect(() => checkDims('m.onnx', model.graph, { bitch: 2 })).toThrow(
    'm.onnx: a size is given for the dimension "bitch", and no input has one of that name; it has "batch", "words"',
  );
});

it('takes the batch as 1 where no size is given, and says so', () => {
  expect(batchOfOne(model.graph, {})).toEqual({
    dims: { batch: 1 },
    note: 'Counted for one sample: batch = 1, since no size is given.',
  });
  expect(batchOfOne(model.graph, { batch: 4 })).toEqual({ dims: {}, note: null });
  const of = (...inputs: Value[]) => Object.keys(batchOfOne({ ...model.graph, inputs }, {}).dims);
  // A side of a square is none.
  expect(of(makeValue('x', 'float32', ['n', 'n']))).toEqual([]);
  expect(of(makeValue('x', 'float32', [null, 3]), makeValue('state', 'float32', [2, 'my_batch']))).toEqual(['x.0']);
  expect(of(makeValue('x', 'float32', ['batch', 3]), makeValue('h', 'float32', [2, 'batch']))).toEqual(['batch']);
});

it('puts sizes into inputs and outputs, and forgets what was stated for values between', () => {
  const fixed = fixDims(model, { batch: 7 });
  expect(fixed.graph.inputs[1]?.type).toMatchObject({ shape: [7, 'words'] });
  expect(fixed.graph.outputs[0]?.type).toMatchObject({ shape: [7, 3] });
  expect(fixed.graph.values.size).toBe(0);
  expect(fixDims(model, {})).toBe(model);
});
