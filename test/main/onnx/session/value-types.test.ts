import { describe, expect, it } from 'vitest';
import type { Tensor } from '../../../../src-main/onnx/ir';
import { valueTypes } from '../../../../src-main/onnx/session';
import { modelFromText } from '../../../support/model-from-text';

describe('valueTypes', () => {
  it('tells types and shapes of all values, scalars from unknown ranks, symbols kept', async () => {
    const types = await valueTypes(
      modelFromText(
        `g (float[N, 3] x, int64[R] shape) => (float y) <float[3, 5] w = {1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15}> {
          a = MatMul (x, w)
          s = Shape (a)
          r = Reshape (a, shape)
          y = ReduceSum <keepdims = 0> (a)
          u = Relu (r)
        }`,
      ),
    );
    expect(Object.fromEntries(types)).toMatchObject({
      x: { kind: 'tensor', dtype: 'float32', shape: ['N', 3] },
      a: { kind: 'tensor', dtype: 'float32', shape: ['N', 5] },
      s: { kind: 'tensor', dtype: 'int64', shape: [2] },
      r: { kind: 'tensor', dtype: 'float32' },
      y: { kind: 'tensor', dtype: 'float32', shape: [] },
    });
    expect((types.get('r') as { shape: unknown[] | null }).shape?.every((dim) => dim === null) ?? true).toBe(true);
  });

  it('infers a model once, however often it is asked, and another with the same nodes anew', async () => {
    const model = modelFromText('g (float[N, 3] x) => (float[N, 3] y) { y = Relu (x) }');
    expect(await valueTypes({ ...model })).toBe(await valueTypes(model));
    const { graph } = model;
    expect(await valueTypes({ ...model, graph: { ...graph } })).not.toBe(await valueTypes(model));
  });

  it('looks through computed shapes once the inputs have sizes', async () => {
    const text = (
      batch: string,
    ): string => `g (float[${batch}, 6] x) => (float[?, ?, ?] y) <int64 zero = {0}, int64[1] axis = {0}, int64[2] rest = {2, 3}> {
      s = Shape (x)
      n = Gather (s, zero)
      u = Unsqueeze (n, axis)
      t = Concat <axis = 0> (u, rest)
      r = Reshape (x, t)
      y = Relu (r)
    }`;
    const fixed = await valueTypes(modelFromText(text('4').replace('float[?, ?, ?] y', 'float[a, b, c] y')));
    expect(fixed.get('r')).toEqual({ kind: 'tensor', dtype: 'float32', shape: [4, 2, 3] });
  });

  it('makes no weight for it that would have to be made', async () => {
    const read = (): never => {
      throw new Error('no weight should have been made');
    };
    const data = { kind: 'derived', length: 4 * 40 * 50, read } as const;
    const w: Tensor = { name: 'w', dtype: 'float32', shape: [40, 50], data };
    const model = modelFromText('g (float[N, 40] x) => (float[?, ?] y) { y = MatMul (x, w) }', [w]);
    expect((await valueTypes(model)).get('y')).toEqual({ kind: 'tensor', dtype: 'float32', shape: ['N', 50] });
  });

  it('skips what the runtime cannot hand over and still tells the rest', async () => {
    const types = await valueTypes(
      modelFromText(
        `g (float[2] x) => (float[2] y) {
          b = Cast <to = 16> (x)
          c = Cast <to = 1> (b)
          s = SequenceConstruct (c, c)
          y = Relu (c)
        }`,
      ),
    );
    expect(types.get('c')).toEqual({ kind: 'tensor', dtype: 'float32', shape: [2] });
    expect(types.get('y')).toEqual({ kind: 'tensor', dtype: 'float32', shape: [2] });
  });

  it('says so where onnxruntime does not load the model', async () => {
    const model = modelFromText('g (float[2] x) => (float[2] y) { [odd] y = Foo (x) }');
    await expect(valueTypes(model)).rejects.toThrow(
      'g: Foo "odd": opset 21 of ai.onnx has no operator Foo that onnxruntime knows; check the opset',
    );
  });
});
