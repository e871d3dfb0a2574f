import { expect, it } from 'vitest';
import { isQuantizer, seeThrough } from '../../../src-main/inspect';
import { indexGraph } from '../../../src-main/onnx/ir';
import { modelFromText } from '../../support/model-from-text';

const { graph } = modelFromText(
  `<ir_version: 8, opset_import: ["" : 13]>
  g (float[N, 2] x, uint8[N, 2] codes) => (float[N, 2] y)
  <int8[2, 2] w = {1, 2, 3, 4}, float16[2] half = {0, 0}, float s = {1}, int8 z = {0}, uint8 zu = {0}> {
    q = QuantizeLinear (x, s, z)
    d = DequantizeLinear (q, s, z)
    qq = QuantizeLinear (d, s)
    dd = DequantizeLinear (qq, s)
    wd = DequantizeLinear (w, s, z)
    whole = Cast <to = 1> (half)
    given = DequantizeLinear (codes, s, zu)
    cast = Cast <to = 1> (dd)
    y = MatMul (dd, wd)
  }`,
);
const index = indexGraph(graph);

it('follows values back through Q/DQ pairs, and weights to what is stored', () => {
  expect(seeThrough(index, 'd')).toEqual({ value: 'x', dtype: 'int8' });
  // Two pairs in a row; without a zero point the codes are uint8.
  expect(seeThrough(index, 'dd')).toEqual({ value: 'x', dtype: 'uint8' });
  expect(seeThrough(index, 'wd')).toEqual({ value: 'w', dtype: 'int8' });
  expect(seeThrough(index, 'whole')).toEqual({ value: 'half', dtype: 'float16' });
});

it('stays where there is nothing to see through', () => {
  for (const value of ['x', 'y', 'given', 'cast', 'absent'])
    expect(seeThrough(index, value)).toEqual({ value, dtype: null });
  expect(graph.nodes.filter(isQuantizer)).toHaveLength(6);
});
