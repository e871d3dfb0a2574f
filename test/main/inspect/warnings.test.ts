import { describe, expect, it } from 'vitest';
import { findWarnings } from '../../../src-main/inspect';
import type { Model } from '../../../src-main/onnx/ir';
import { modelFromText, randomTensor } from '../../support/model-from-text';

const vnni = { name: 'a CPU', features: ['avx2', 'avx512_vnni'] };
const codes = (model: Model, cpu = vnni): string[] => findWarnings(model, 1000, [], cpu).map(({ code }) => code);
const messageOf = (model: Model, wanted: string, cpu = vnni): string | undefined =>
  findWarnings(model, 1000, [], cpu).find(({ code }) => code === wanted)?.message;

const plain = modelFromText('g (float[2] x) => (float[2] y) { y = Relu (x) }');

describe('findWarnings', () => {
  it('has nothing to say of a plain model of opset 21', () => {
    expect(codes(plain)).toEqual([]);
  });

  it('tells a CPU without int8 dot product, and is silent where the system does not tell', () => {
    expect(codes(plain, { name: 'an old CPU', features: ['avx2'] })).toEqual(['no-int8-dot-product']);
    expect(codes(plain, { name: 'a CPU', features: [] })).toEqual([]);
  });

  it('tells symbolic dims by name, the large and the scattered', () => {
    const model = modelFromText('g (float[batch, 2] x) => (float[batch, 2] y) { y = Relu (x) }');
    expect(messageOf(model, 'symbolic-dims')).toContain('--dim batch=1');
    const found = findWarnings(plain, 3e9, ['a.data', 'b.data'], vnni).map(({ code }) => code);
    expect(found).toEqual(['above-2gb', 'external-data']);
  });

  it('counts BatchNormalization behind a convolution, and only there', () => {
    const text = (op: string): Model =>
      modelFromText(`g (float[1, 1, 2, 2] x) => (float[1, 1, 2, 2] y) <float[1, 1, 1, 1] w = {3}, float[1] g = {2}> {
        c = ${op}
        y = BatchNormalization (c, g, g, g, g)
      }`);
    expect(messageOf(text('Conv (x, w)'), 'unfolded-batch-norm')).toMatch(/^1 BatchNormalization stands behind/);
    expect(codes(text('Relu (x)'))).not.toContain('unfolded-batch-norm');
  });

  it('tells an opset that has to be raised before anything runs from one that only lacks QuantizeLinear', () => {
    const at = (opset: number): Model =>
      modelFromText(`<ir_version: 3, opset_import: ["" : ${opset}]> g (float[2] x) => (float[2] y) { y = Relu (x) }`);
    expect(codes(at(6))).toEqual(['opset-not-run', 'opset-blockwise']);
    expect(codes(at(7))).toEqual(['opset-too-old', 'opset-blockwise']);
  });

  it('tells depthwise from grouped convolutions', () => {
    const conv = (perGroup: number): Model =>
      modelFromText(`g (float[1, 4, 4, 4] x) => (float[1, 4, 4, 4] y) { y = Conv <group = ${4 / perGroup}> (x, w) }`, [
        randomTensor('w', [4, perGroup, 1, 1], 1),
      ]);
    expect(codes(conv(1))).toContain('depthwise');
    expect(codes(conv(2))).not.toContain('depthwise');
  });

  it('tells weights in Constants, overridable ones, control flow, foreign operators and what stays float', () => {
    const large = Array.from({ length: 300 }, () => '1').join(', ');
    const model = modelFromText(
      `<ir_version: 8, opset_import: ["" : 12, "com.microsoft" : 1]>
      g (bool k, float[300] x, float[300] v) => (float[300] y) <float[300] v = {${large}}> {
        w = Constant <value = float[300] {${large}}> ()
        a = Tanh (x)
        b = com.microsoft.Gelu (a)
        c = Add (b, w)
        d = Add (c, v)
        y = If (k) <then_branch = t () => (float[300] p) { p = Relu (d) }, else_branch = e () => (float[300] q) { q = Neg (d) }>
      }`,
    );
    expect(codes(model)).toEqual([
      'constant-weights',
      'overridable-initializers',
      'opset-per-channel',
      'opset-blockwise',
      'stays-float',
      'control-flow',
      'custom-operators',
    ]);
    expect(messageOf(model, 'stays-float')).toContain('(Tanh)');
    expect(messageOf(model, 'custom-operators')).toContain('com.microsoft.Gelu');
  });
});
