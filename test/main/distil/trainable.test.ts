import { describe, expect, it } from 'vitest';
import { findTrainable } from '../../../src-main/distil/trainable';
import { floatTensor, type Model, type Tensor, tensorFromArray } from '../../../src-main/onnx/ir';
import { modelFromText, randomTensor } from '../../support/model-from-text';

const of = (body: string, tensors: Tensor[], signature = '(float[N, 4] x) => (float[N, 4] y)'): Model =>
  modelFromText(`<ir_version: 10, opset_import: ["" : 18]> g ${signature} { ${body} }`, tensors);
const found = (model: Model, mayTouch: (node: { name: string; opType: string }) => boolean = () => true) => {
  const { names, skipped } = findTrainable(model.graph, mayTouch);
  return { names: [...names].sort(), reasons: skipped.map(({ reason }) => reason) };
};
const ints = (name: string, values: readonly number[]) =>
  tensorFromArray(name, { dtype: 'int64', shape: [values.length], data: BigInt64Array.from(values, BigInt) });

describe('the weights of a model', () => {
  it('are found behind what moves and converts them', () => {
    const { names, reasons } = found(
      of(
        `turned = Transpose <perm = [1, 0]> (w)
         part = Slice(table, zero, four, zero)
         both = Concat <axis = 1> (left, right)
         h = MatMul(x, turned)
         s = Add(h, part)
         c = Gemm(s, both, bias)
         d = Cast <to = 1> (half)
         y = Mul(c, d)`,
        [
          randomTensor('w', [4, 4], 1),
          randomTensor('table', [6], 2),
          randomTensor('left', [4, 1], 3),
          randomTensor('right', [4, 3], 4),
          randomTensor('bias', [4], 5),
          randomTensor('half', [4], 6),
          ints('zero', [0]),
          ints('four', [4]),
        ],
      ),
    );
    expect(names).toEqual(['bias', 'half', 'left', 'right', 'table', 'w']);
    expect(reasons).toEqual([]);
  });

  it('are found behind a calculation of constants that ends in a layer, as weight normalization does', () => {
    const { names } = found(
      of('n = ReduceL2 <keepdims = 1> (v, one)  d = Div(v, n)  w = Mul(d, gain)  y = MatMul(x, w)', [
        randomTensor('v', [4, 4], 1),
        randomTensor('gain', [4, 1], 2),
        ints('one', [1]),
      ]),
    );
    expect(names).toEqual(['gain', 'v']);
  });

  it('include a class token, and not a row of zeros', () => {
    const token = (values: readonly number[]) =>
      found(
        of(
          `n = Shape <start = 0, end = 1> (x)
           shape = Concat <axis = 0> (n, rest)
           first = Expand(token, shape)
           y = Concat <axis = 1> (first, x)`,
          [floatTensor('token', [1, 1, 4], values), ints('rest', [1, 4])],
          '(float[N, 3, 4] x) => (float[N, 4, 4] y)',
        ),
      );
    expect(token([1, 2, 3, 4]).names).toEqual(['token']);
    expect(token([0, 0, 0, 0])).toEqual({
      names: [],
      reasons: ['"token" is one number throughout: padding, not a weight'],
    });
  });

  it('do not include masks, however they were made', () => {
    const { names, reasons } = found(
      of(
        `i = Sub(one, keep)
         m = Mul(i, far)
         a = Add(x, m)
         b = Mul(a, switch)
         y = Add(b, wall)`,
        [
          floatTensor('one', [], [1]),
          floatTensor('far', [], [-1e9]),
          floatTensor('keep', [4], [1, 1, 0, 0.5]),
          floatTensor('switch', [4], [1, 1, 0, 1]),
          floatTensor('wall', [4], [0, 0, -1e9, 0]),
        ],
      ),
    );
    expect(names).toEqual([]);
    expect(reasons).toEqual([
      '"keep" is read by Add as a number of the calculation, not as a weight: frozen',
      '"switch" looks like an attention mask, not a weight',
      '"wall" looks like an attention mask, not a weight',
    ]);
  });

  it('say of each other constant why it stays', () => {
    const model = of('c = Sub(x, mean)  h = MatMul(c, w)  d = Cast <to = 1> (half)  y = MatMul(h, d)', [
      randomTensor('mean', [4], 1),
      randomTensor('w', [4, 4], 2),
      { name: 'half', dtype: 'float16', shape: [4, 4], data: { kind: 'inline', bytes: new Uint8Array(32) } },
    ]);
    expect(found(model).reasons).toEqual([
      '"mean" is read by Sub as a number of the calculation, not as a weight: frozen',
      'weights of type float16 are not trained',
    ]);
    const first = model.graph.nodes.find(({ opType }) => opType === 'MatMul')?.name;
    expect(found(model, ({ name }) => name !== first)).toMatchObject({ names: [] });
    expect(found(model, ({ name }) => name !== first).reasons).toContain('not among the targets: frozen');
  });

  it('include what bodies read, where it is a weight there', () => {
    const { names, reasons } = found(
      of(
        `yes = Identity(flag)
         h = If (yes) <
           then_branch = a () => (float[N, 4] t) { t = MatMul(x, outer) },
           else_branch = b () => (float[N, 4] e) { s = Sub(x, mean)  e = Identity(s) }
         >
         last, y = Scan <num_scan_inputs = 1, body = c (float[4] s, float[4] i) => (float[4] o, float[4] p) {
           r = Unsqueeze(i, zero)
           m = MatMul(r, inside)
           q = Squeeze(m, zero)
           o = Add(q, s)
           p = Add(o, shift)
         }> (state, h)`,
        [
          randomTensor('outer', [4, 4], 1),
          randomTensor('inside', [4, 4], 2),
          randomTensor('shift', [4], 3),
          randomTensor('state', [4], 4),
          randomTensor('mean', [4], 5),
          ints('zero', [0]),
        ],
        '(float[N, 4] x, bool flag) => (float[N, 4] y)',
      ),
    );
    expect(names).toEqual(['inside', 'outer', 'shift', 'state']);
    expect(reasons).toEqual(['"mean" is read by Sub as a number of the calculation, not as a weight: frozen']);
  });

  it('leave out codes', () => {
    const { names, reasons } = found(
      of('w = DequantizeLinear(codes, scale)  y = MatMul(x, w)', [
        { name: 'codes', dtype: 'int8', shape: [4, 4], data: { kind: 'inline', bytes: new Uint8Array(16) } },
        floatTensor('scale', [], [0.1]),
      ]),
    );
    expect({ names, reasons }).toEqual({ names: [], reasons: ['codes are trained by the method qat'] });
  });

  describe('of recurrent layers', () => {
    const layer = (state: Tensor, before = '') =>
      found(
        of(
          `seen = Unsqueeze(x, zero)
           ${before}
           all, h, c = LSTM <hidden_size = 2> (seen, w, r, , , ${before === '' ? 'start' : 'wide'}, ${before === '' ? 'start' : 'wide'})
           y = Squeeze(all, zero)`,
          [
            randomTensor('w', [1, 8, 4], 1),
            randomTensor('r', [1, 8, 2], 2),
            state,
            ints('zero', [0]),
            ints('end', [2]),
          ],
        ),
      );

    it('include a state that they begin with', () => {
      expect(layer(floatTensor('start', [1, 1, 2], [0.5, -1])).names).toEqual(['r', 'start', 'w']);
      const repeated = `n = Shape <start = 0, end = 1> (x)
           shape = Concat <axis = 0> (one, n, end)
           one = Identity(unit)
           wide = Expand(start, shape)`;
      const model = layer(floatTensor('start', [1, 1, 2], [0.5, -1]), repeated.replace('unit', 'zero'));
      expect(model.names).toEqual(['r', 'start', 'w']);
    });

    it('leave out zeros, and a state for each sample of a batch', () => {
      expect(layer(floatTensor('start', [1, 3, 2], [0, 0, 0, 0, 0, 0])).reasons).toEqual([
        '"start" is one number throughout: the state of a layer that begins with none',
      ]);
      expect(layer(floatTensor('start', [1, 3, 2], [1, 2, 3, 4, 5, 6])).reasons).toEqual([
        '"start" is a state for each sample of a batch, not a weight',
      ]);
    });
  });
});
