import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { targetFilter } from '../../../src-main/contract';
import { readModel } from '../../../src-main/onnx/file';
import { indexGraph, type Model } from '../../../src-main/onnx/ir';
import { constantsOf } from '../../../src-main/quantize/constants';
import { type Placement, planPlacement } from '../../../src-main/quantize/place';
import { modelFromText } from '../../support/model-from-text';

function plan(model: Model, { targets = {}, elements = {} as Record<string, number> } = {}): Placement {
  const index = indexGraph(model.graph);
  return planPlacement({
    index,
    constants: constantsOf(index),
    admits: targetFilter(targets),
    elements: (value) => elements[value] ?? 1,
    rank: () => 4,
    attention: false,
    wide: new Set(),
  });
}

const names = ({ units }: Placement) => units.map(({ node }) => node.name);
const absorbed = ({ units }: Placement) => units.flatMap((unit) => unit.absorbed.map(({ name }) => name));

describe('planPlacement', () => {
  it('takes a residual sum in where both sides and all readers are integers', () => {
    const placement = plan(
      modelFromText(`g (float[1,2,4,4] x) => (float[1,2,4,4] y) <float[2,2,1,1] w = {1, 2, 3, 4}> {
        [first] a = Conv(x, w)
        [second] b = Conv(a, w)
        [sum] c = Add(a, b)
        [relu] r = Relu(c)
        [third] y = Conv(r, w)
      }`),
    );
    expect(names(placement)).toEqual(['first', 'second', 'sum', 'third']);
    expect(absorbed(placement)).toEqual(['relu']);
    expect([...placement.entering]).toEqual(['x']);
  });

  it('leaves a residual sum before LayerNormalization in float', () => {
    const placement = plan(
      modelFromText(`g (float[1,2] x) => (float[1,2] y)
        <float[2,2] w = {1, 2, 3, 4}, float[2] one = {1, 1}> {
        [first] a = MatMul(x, w)
        [sum] c = Add(a, x)
        [norm] n = LayerNormalization(c, one)
        [second] y = MatMul(n, w)
      }`),
    );
    expect(names(placement)).toEqual(['first', 'second']);
    expect(placement.emitting.size).toBe(0);
  });

  it('leaves the pieces of a Gelu in float, which the runtime makes one kernel of', () => {
    const placement = plan(
      modelFromText(`g (float[1,2,4,4] x) => (float[1,2,4,4] y)
        <float[2,2,1,1] w = {1, 2, 3, 4}, float root = {1.4142135}, float one = {1}, float half = {0.5}> {
        [first] a = Conv(x, w)
        [argument] d = Div(a, root)
        [erf] e = Erf(d)
        [sum] s = Add(e, one)
        [product] p = Mul(a, s)
        [halved] h = Mul(p, half)
        [second] y = Conv(h, w)
      }`),
    );
    expect(names(placement)).toEqual(['first', 'second']);
  });

  it('quantizes behind a Relu that ends a product before a float layer, or the product would be fused with it in float', () => {
    const text = (activation: string) => `g (float[1,2] x) => (float[1,2] y) <float[2,2] w = {1, 2, 3, 4}> {
      [first] a = MatMul(x, w)
      [between] b = ${activation}(a)
      [head] y = MatMul(b, w)
    }`;
    const head = { targets: { exclude: ['head'] } };
    expect(plan(modelFromText(text('Relu')), head).emitting.size).toBe(1);
    expect(plan(modelFromText(text('Tanh')), head).emitting.size).toBe(0);
  });

  it('takes a squeeze-excite product in: quantizing the small side costs less than unpacking the large one', () => {
    const text = `g (float[1,2,8,8] x) => (float[1,2,8,8] y) <float[2,2,1,1] w = {1, 2, 3, 4}> {
      [stem] a = Conv(x, w)
      [pool] p = GlobalAveragePool(a)
      [squeeze] s = Conv(p, w)
      [gate] h = HardSigmoid(s)
      [scale] m = Mul(a, h)
      [last] y = Conv(m, w)
    }`;
    const large = plan(modelFromText(text), { elements: { a: 128, m: 128, h: 2 } });
    expect(names(large)).toEqual(['stem', 'pool', 'squeeze', 'scale', 'last']);
    expect([...large.entering].sort()).toEqual(['h', 'x']);
    const reversed = plan(modelFromText(text), { elements: { a: 2, m: 128, h: 128 } });
    expect(names(reversed)).not.toContain('scale');
  });

  it('takes hard-swish in pieces into three units: sum with its Clip, product with its constant factor', () => {
    const placement = plan(
      modelFromText(`g (float[1,2,4,4] x) => (float[1,2,4,4] y)
        <float[2,2,1,1] w = {1, 2, 3, 4}, float three = {3}, float zero = {0}, float six = {6}> {
        [stem] a = Conv(x, w)
        [shift] b = Add(a, three)
        [clip] c = Clip(b, zero, six)
        [product] d = Mul(a, c)
        [sixth] e = Div(d, six)
        [last] y = Conv(e, w)
      }`),
    );
    expect(names(placement)).toEqual(['stem', 'shift', 'product', 'last']);
    expect(absorbed(placement)).toEqual(['clip', 'sixth']);
    expect(placement.units[2]?.factor).toBeCloseTo(1 / 6, 12);
  });

  it('keeps a Clip whose bounds leave 0 out', () => {
    const placement = plan(
      modelFromText(`g (float[1,2,4,4] x) => (float[1,2,4,4] y)
        <float[2,2,1,1] w = {1, 2, 3, 4}, float one = {1}, float six = {6}> {
        [stem] a = Conv(x, w)
        [clip] c = Clip(a, one, six)
        [last] y = Conv(c, w)
      }`),
    );
    expect(absorbed(placement)).toEqual([]);
  });

  it('says of each layer of a model that holds Q/DQ already that it does', async () => {
    const path = fileURLToPath(new URL('../../models/mnist-cnn/model-qdq.onnx', import.meta.url));
    const placement = plan(await readModel(path));
    expect(placement.units.filter(({ kind }) => kind === 'compute')).toEqual([]);
    expect(new Set(placement.skipped.map(({ reason }) => reason))).toEqual(new Set(['already quantized']));
  });

  it('keeps to the targets', () => {
    const model = modelFromText(`g (float[1,2,4,4] x) => (float[1,2,4,4] y) <float[2,2,1,1] w = {1, 2, 3, 4}> {
      [first] a = Conv(x, w)
      [second] y = Conv(a, w)
    }`);
    const placement = plan(model, { targets: { exclude: ['first'] } });
    expect(names(placement)).toEqual(['second']);
    expect(placement.skipped.map(({ node, reason }) => [node.name, reason])).toEqual([
      ['first', 'not among the targets'],
    ]);
  });
});
