import { expect, it } from 'vitest';
import { Emitter } from '../../../src-main/distil/emitter';
import { type Shift, shifted } from '../../../src-main/distil/shifted';
import { elementCount } from '../../../src-main/onnx/ir';
import { floats, runEmitted } from '../../support/run-emitted';

const same = { from: 0, step: 1 };
const cases: [string, number[], number, Shift][] = [
  ['columns to the right', [2, 3, 4, 5], 3, { from: -1, length: 5, step: 1 }],
  ['columns to the left', [2, 3, 4, 5], 3, { from: 2, length: 5, step: 1 }],
  ['every third column, from before the first', [2, 3, 4, 9], 3, { from: -2, length: 4, step: 3 }],
  ['long rows', [2, 3, 2, 40], 3, { from: -3, length: 41, step: 1 }],
  ['every second place of long rows', [2, 3, 2, 41], 3, { from: 1, length: 20, step: 2 }],
  ['rows down', [2, 3, 4, 5], 2, { from: -1, length: 4, step: 1 }],
  ['rows up', [2, 3, 4, 5], 2, { from: 1, length: 4, step: 1 }],
  ['every second row, zeros on both sides', [2, 3, 4, 5], 2, { from: -3, length: 5, step: 2 }],
  ['fewer rows', [2, 3, 4, 5], 2, { from: 1, length: 2, step: 1 }],
  ['rows that meet nothing', [2, 3, 4, 5], 2, { from: 7, length: 3, step: 1 }],
  ['rows before all', [2, 3, 4, 5], 2, { from: -9, length: 3, step: 1 }],
  ['channels', [2, 3, 4], 1, { from: -1, length: 5, step: 1 }],
];

it.each(cases)('%s', async (_, shape, axis, shift) => {
  // No zeros, which would be taken for a place without a source.
  const values = Array.from({ length: elementCount(shape) }, (_, at) => at + 1);
  const emit = new Emitter(['x']);
  const name = shifted(emit, 'x', shape.slice(1), axis, shift);
  const [got] = await runEmitted(emit, { x: floats(shape, values) }, [name]);
  expect(got).toEqual(byPlace(values, shape, axis, shift));
});

it('makes an equal shift of a value once, and none that moves nothing', () => {
  const emit = new Emitter(['x']);
  const twice = [1, 2].map(() => shifted(emit, 'x', [3, 4, 5], 2, { from: 1, length: 4, step: 1 }));
  expect(twice[0]).toBe(twice[1]);
  const written = emit.nodes.length;
  expect(shifted(emit, 'x', [3, 4, 5], 2, { ...same, length: 4 })).toBe('x');
  expect(emit.nodes).toHaveLength(written);
});

/** The definition, element for element. */
function byPlace(values: readonly number[], shape: readonly number[], axis: number, { from, length, step }: Shift) {
  const [outer, size, inner] = [
    elementCount(shape.slice(0, axis)),
    shape[axis] as number,
    elementCount(shape.slice(axis + 1)),
  ];
  return Array.from({ length: outer * length * inner }, (_, at) => {
    const [block, place, offset] = [Math.floor(at / (length * inner)), Math.floor(at / inner) % length, at % inner];
    const source = from + place * step;
    return source < 0 || source >= size ? 0 : values[(block * size + source) * inner + offset];
  });
}
