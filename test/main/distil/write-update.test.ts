import { describe, expect, it } from 'vitest';
import { Emitter } from '../../../src-main/distil/emitter';
import { optimizers } from '../../../src-main/distil/optimizers';
import { writeUpdate } from '../../../src-main/distil/write-update';
import { modelFromText } from '../../support/model-from-text';
import { floats, runEmitted } from '../../support/run-emitted';

const { graph } = modelFromText(`<ir_version: 10, opset_import: ["" : 18]>
  g (float[N, 2] x, float[2, 2] matrix, float[2, 2] shift, float[1, 2] row, float[2] scale, float[2] bias) => (float[N, 2] y) {
    h = MatMul(x, matrix)
    normed = LayerNormalization(h, scale, bias)
    moved = Add(normed, row)
    y = Add(moved, shift)
  }`);
const shapes: Readonly<Record<string, readonly number[]>> = {
  matrix: [2, 2],
  shift: [2, 2],
  row: [1, 2],
  scale: [2],
  bias: [2],
};

/** Every parameter is ones; its gradient is given. Learning rate 0.5, weight decay 0.5. */
async function updated(gradient: number, clipNorm = 0, masks = new Map()) {
  const names = Object.keys(shapes);
  const emit = new Emitter([...names, ...names.map((name) => `${name}:g`), 'rate']);
  const optimizer = optimizers.find(({ name }) => name === 'sgd') as (typeof optimizers)[number];
  const request = { graph, optimizer, weightDecay: 0.5, clipNorm, masks, learningRate: 'rate' };
  const { trained, norm } = writeUpdate(
    emit,
    { ...request, corrections: ['', ''] },
    names.map((name) => ({ name, shape: shapes[name] ?? [] })),
    new Map(names.map((name) => [name, `${name}:g`])),
  );
  const like = (name: string, value: number) => {
    const shape = shapes[name] ?? [];
    return floats(shape, Array(shape.reduce((product, dim) => product * dim, 1)).fill(value));
  };
  const feeds = Object.fromEntries([
    ...names.flatMap((name) => [
      [name, like(name, 1)],
      [`${name}:g`, like(name, gradient)],
    ]),
    ...trained.flatMap(({ name, state }) => state.map((each) => [each.name, like(name, 0)])),
    ['rate', floats([], [0.5])],
  ]);
  const found = await runEmitted(emit, feeds, [norm, ...trained.map(({ next }) => next)]);
  return { norm: found[0], next: Object.fromEntries(names.map((name, at) => [name, found[at + 1]])) };
}

describe('writeUpdate', () => {
  it('pulls matrices to zero, and neither biases nor scales of norms, whatever their shape', async () => {
    const { next } = await updated(0);
    expect(next).toEqual({
      matrix: [0.75, 0.75, 0.75, 0.75],
      shift: [1, 1, 1, 1],
      row: [1, 1],
      scale: [1, 1],
      bias: [1, 1],
    });
  });

  it('scales all gradients by one factor where their norm is above the limit', async () => {
    // 14 gradients of 2: norm √56; clipped to norm 1 each is 1/√14.
    const { norm, next } = await updated(2, 1);
    expect(norm?.[0]).toBeCloseTo(Math.sqrt(56), 5);
    expect(next.bias?.[0]).toBeCloseTo(1 - 0.5 / Math.sqrt(14), 5);
  });

  it('holds masked elements at zero', async () => {
    const { next } = await updated(1, 0, new Map([['bias', floats([2], [1, 0])]]));
    expect(next.bias).toEqual([0.5, 0]);
  });

  it('moves small parameters as one tensor, and large ones each by itself', async () => {
    const names = ['small', 'other', 'large'];
    const shapes = [[3], [2, 2], [5000]];
    const emit = new Emitter([...names, ...names.map((name) => `${name}:g`)]);
    const optimizer = optimizers.find(({ name }) => name === 'adamw') as (typeof optimizers)[number];
    const { trained } = writeUpdate(
      emit,
      {
        graph,
        optimizer,
        weightDecay: 0,
        clipNorm: 1,
        masks: new Map(),
        learningRate: 'rate',
        corrections: ['a', 'b'],
      },
      names.map((name, at) => ({ name, shape: shapes[at] as number[] })),
      new Map(names.map((name) => [name, `${name}:g`])),
    );
    expect(trained.map(({ name }) => name).toSorted()).toEqual(names.toSorted());
    // A root of the squares for each of the two, one of the corrections, one of the norm.
    expect(emit.nodes.filter((node) => node.opType === 'Sqrt')).toHaveLength(4);
  });
});
