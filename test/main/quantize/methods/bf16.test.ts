import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../../src-main/contract';
import { readTensorBytes } from '../../../../src-main/onnx/file';
import type { Model } from '../../../../src-main/onnx/ir';
import { openSession } from '../../../../src-main/onnx/session';
import { bf16 } from '../../../../src-main/quantize/methods/bf16';
import { expectSameOutputs, modelFromText, randomTensor } from '../../../support/model-from-text';
import { stepContext } from '../../../support/step-context';

const convert = (model: Model, options: Record<string, unknown> = {}, targets = {}) =>
  bf16.run(model, resolveOptions(bf16.options, options, 'test'), targets, stepContext(model));

/** 8 significant bits: half a unit of the last place for each weight of a sum of 32. */
const tolerance = 2 ** -8;

describe('bf16', () => {
  it('stores the upper halves of weights, rounded to nearest, and casts them back', async () => {
    const model = modelFromText(
      'g (float[N,2] x) => (float[N,2] y) <float[2,2] w = {1, -2.5, 3.4e38, 1.00390625}> { y = MatMul(x, w) }',
    );
    const { model: made, notes } = await convert(model, { smallest: 1 });
    const stored = made.graph.initializers.get('w_bfloat16');
    expect(stored?.dtype).toBe('bfloat16');
    // 1 = 3f80, −2.5 = c020; 3.4e38 would round to infinity and holds the largest, 7f7f; 1 + 2⁻⁸ is a tie, to even: 3f80.
    expect([...new Uint16Array(readTensorBytes(stored as never).slice().buffer)]).toEqual([
      0x3f80, 0xc020, 0x7f7f, 0x3f80,
    ]);
    expect(notes.join(' ')).toContain('now hold that: w.');
    expect(made.graph.nodes.map(({ opType }) => opType)).toEqual(['Cast', 'MatMul']);
  });

  it('keeps what is small, what is asked to be kept, and what is not among the targets', async () => {
    const model = modelFromText(
      'g (float[N,32] x) => (float[N,40] y) { a = MatMul(x, w) [kept] b = Add(a, c) [last] y = MatMul(b, v) }',
      [randomTensor('w', [32, 40], 1), randomTensor('c', [40], 2), randomTensor('v', [40, 40], 3)],
    );
    const { model: made, eligible, changed, skipped } = await convert(model, {}, { exclude: ['last'] });
    expect([eligible, changed]).toEqual([3, 1]);
    expect(skipped).toEqual([
      { node: 'kept', reason: 'c has fewer than 1024 elements (option smallest)' },
      { node: 'last', reason: 'not among the targets' },
    ]);
    await expectSameOutputs(model, made, { tolerance });
    await expect(expectSameOutputs(model, made, { tolerance: tolerance / 100 })).rejects.toThrow();
    await expect(convert(model, { keepOps: ['MatMul'] })).rejects.toThrow(/its operator is kept in float32/);
  });

  it('goes into bodies', async () => {
    const model = modelFromText(
      `g (float[N,32] x, bool c) => (float[N,32] y) {
        y = If (c) <
          then_branch = a () => (float[N,32] p) { p = MatMul(x, w) },
          else_branch = b () => (float[N,32] q) { q = Identity(x) }
        >
      }`,
      [randomTensor('w', [32, 32], 1)],
    );
    const { model: made } = await convert(model);
    expect(made.graph.initializers.get('w_bfloat16')?.shape).toEqual([32, 32]);
    const c = { dtype: 'bool' as const, shape: [], data: Uint8Array.of(1) };
    await expectSameOutputs(model, made, { tolerance, feeds: { c } });
  });

  it('is the form that onnxruntime runs: computing in bfloat16 has no CPU kernel', async () => {
    const computing = modelFromText(
      'g (float[N,2] x) => (float[N,2] y) { a = Cast <to = 16> (x) b = MatMul(a, a) y = Cast <to = 1> (b) }',
    );
    await expect(openSession(computing)).rejects.toThrow(/no CPU kernel of MatMul/);
  });
});
