import { expect, it } from 'vitest';
import { coreGraph, opFamily } from '../../../src-main/inspect';
import { indexGraph, type Node } from '../../../src-main/onnx/ir';
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
const core = coreGraph(indexGraph(graph));

it('follows values back through Q/DQ pairs, and weights to what is stored', () => {
  expect(core.see('d')).toEqual({ value: 'x', dtype: 'int8' });
  // Two pairs in a row; without a zero point the codes are uint8.
  expect(core.see('dd')).toEqual({ value: 'x', dtype: 'uint8' });
  expect(core.see('wd')).toEqual({ value: 'w', dtype: 'int8' });
  expect(core.see('whole')).toEqual({ value: 'half', dtype: 'float16' });
});

it('stays where there is nothing to see through', () => {
  for (const value of ['x', 'y', 'given', 'absent']) expect(core.see(value)).toEqual({ value, dtype: null });
  expect(core.nodes.map(({ outputs }) => outputs[0])).toEqual(['given', 'y']);
});

it('sees through what makes an integer product of a float one', () => {
  const dynamic = modelFromText(
    `<ir_version: 8, opset_import: ["" : 13]>
    g (float[N, 2] x, int64[N] mask) => (float[N, 2] y)
    <int8[2, 2] w = {1, 2, 3, 4}, int8 wz = {0}, float ws = {1}, int8[2, 2] t = {1, 2, 3, 4}, float[2, 1] ts = {1, 2}> {
      xq, xs, xz = DynamicQuantizeLinear (x)
      [sum] s = MatMulInteger (xq, w, xz, wz)
      f = Cast <to = 1> (s)
      scale = Mul (xs, ws)
      p = Mul (f, scale)
      tf = Cast <to = 1> (t)
      tt = Mul (tf, ts)
      [mask] m = Cast <to = 1> (mask)
      [add] y = Add (p, tt)
    }`,
  ).graph;
  const seen = coreGraph(indexGraph(dynamic));
  expect(seen.nodes.map(({ name }) => name)).toEqual(['sum', 'mask', 'add']);
  expect(seen.see('xq')).toEqual({ value: 'x', dtype: 'uint8' });
  expect(seen.see('p')).toEqual({ value: 's', dtype: null });
  expect(seen.see('tt')).toEqual({ value: 't', dtype: 'int8' });
  expect(seen.readers('s').map(({ node, role }) => [node.name, role])).toEqual([['add', 0]]);
  expect(opFamily(dynamic.nodes[1] as Node)).toBe('MatMul');
});
