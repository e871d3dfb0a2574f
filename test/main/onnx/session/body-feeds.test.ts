import { describe, expect, it } from 'vitest';
import { attributes, type Graph, makeGraph, makeNode, makeValue, type NdArray } from '../../../../src-main/onnx/ir';
import { bodyInputType, firstRound, hasNoRound } from '../../../../src-main/onnx/session/body-feeds';

const body = (...names: string[]): Graph => {
  const inputs = names.map((name) => makeValue(name, 'float32', null));
  return makeGraph({ name: 'body', nodes: [], inputs, outputs: [] });
};
const scan = (inputs: string[], set = {}) =>
  makeNode('Scan', 'scan', inputs, ['y'], { num_scan_inputs: attributes.int(1), ...set });
const floats = (shape: number[]): NdArray<'float32'> => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from({ length: shape.reduce((a, b) => a * b, 1) }, (_, at) => at),
});
const values: Record<string, NdArray> = { s: floats([2]), x: floats([2, 3, 2]), e: floats([2, 0, 2]) };
const valueNamed = (name: string): NdArray | undefined => values[name];

describe('the first round of a Scan', () => {
  it('takes the first slice along the axis that is scanned, counted from either end', () => {
    const along = (axis: number) => scan(['s', 'x'], { scan_input_axes: attributes.ints([axis]) });
    for (const axis of [1, -2]) {
      const round = firstRound(along(axis), body('a', 'b'), 21, valueNamed);
      expect(round?.a).toBe(values.s);
      expect(round?.b).toMatchObject({ shape: [2, 2], data: Float32Array.of(0, 1, 6, 7) });
    }
  });

  it('takes zeros where there is nothing to scan, and knows that it has no rounds', () => {
    const node = scan(['s', 'e'], { scan_input_axes: attributes.ints([1]) });
    expect(firstRound(node, body('a', 'b'), 21, valueNamed)?.b).toMatchObject({
      shape: [2, 2],
      data: new Float32Array(4),
    });
    expect(hasNoRound(node, 21, valueNamed)).toBe(true);
    expect(hasNoRound(scan(['s', 'x']), 21, valueNamed)).toBe(false);
  });

  it('of opset 8 is that of the first sample, behind the lengths of the sequences', () => {
    const node = scan(['', 'x', 'x']);
    const round = firstRound(node, body('a', 'b'), 8, valueNamed);
    expect(round?.a).toMatchObject({ shape: [3, 2], data: Float32Array.of(0, 1, 2, 3, 4, 5) });
    expect(round?.b).toMatchObject({ shape: [2], data: Float32Array.of(0, 1) });
    const types = new Map([['x', { kind: 'tensor', dtype: 'float32', shape: ['n', 3, 2] }]] as const);
    expect(bodyInputType(node, 0, 8, types)).toMatchObject({ shape: [3, 2] });
    expect(bodyInputType(node, 1, 8, types)).toMatchObject({ shape: [2] });
  });
});

it('knows a Loop that ends before its first round, by its count or its condition', () => {
  const loop = makeNode('Loop', 'loop', ['m', 'c', 's'], ['y']);
  const at = (m: number, c: number) => (name: string) =>
    ({
      m: { dtype: 'int64', shape: [], data: BigInt64Array.of(BigInt(m)) },
      c: { dtype: 'bool', shape: [], data: Uint8Array.of(c) },
    })[name] as NdArray | undefined;
  expect([at(0, 1), at(2, 0), at(2, 1)].map((named) => hasNoRound(loop, 21, named))).toEqual([true, true, false]);
});
