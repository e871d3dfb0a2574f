import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { resolveOptions } from '../../../../src-main/contract';
import { readModel } from '../../../../src-main/onnx/file';
import type { Model } from '../../../../src-main/onnx/ir';
import { fp16 } from '../../../../src-main/quantize/methods/fp16';
import { expectSameOutputs, modelFromText, randomTensor } from '../../../support/model-from-text';
import { float32 } from '../../../support/npz';
import { stepContext } from '../../../support/step-context';
import { tinyDataset } from '../../../support/tiny-dataset';

const convert = (model: Model, options: Record<string, unknown> = {}, more = {}, targets = {}) =>
  fp16.run(model, resolveOptions(fp16.options, options, 'test'), targets, stepContext(model, more));

/** float16 has 11 significant bits; a few operations in a row lose a few units of the last place. */
const halfTolerance = 8 * 2 ** -11;

describe('fp16', () => {
  it('keeps inputs and outputs in float32 and changes all between', async () => {
    const model = modelFromText('g (float[N,2] x) => (float[N,2] y) <float[2] b = {0.1, -2}> { y = Add(x, b) }');
    const { model: half } = await convert(model);
    expect(half.graph.inputs).toEqual(model.graph.inputs);
    expect(half.graph.outputs).toEqual(model.graph.outputs);
    // 0.1 = 0x2e66, −2 = 0xc000 in binary16.
    expect(half.graph.initializers.get('b')?.data).toEqual({
      kind: 'inline',
      bytes: Uint8Array.of(0x66, 0x2e, 0, 0xc0),
    });
    await expectSameOutputs(model, half, { tolerance: halfTolerance });
  });

  it('is type-correct through If, Cast, ConstantOfShape and Resize', async () => {
    const model = modelFromText(
      `g (float[1,1,2,2] x, int64[1] n, bool c) => (float[1,1,4,4] y) <float[4] scales = {1, 1, 2, 2}> {
        i = Cast <to = 1> (n)
        zeros = ConstantOfShape (n)
        s = ReduceSum <keepdims = 0> (zeros)
        h = If (c) <
          then_branch = a () => (float[1,1,2,2] p) { two = Constant <value_float = 2.0> () p = Mul(x, two) },
          else_branch = b () => (float[1,1,2,2] q) { q = Add(x, i) }
        >
        r = Resize <mode = "nearest"> (h, , scales)
        y = Add(r, s)
      }`,
    );
    const { model: half } = await convert(model);
    for (const truth of [0, 1])
      await expectSameOutputs(model, half, {
        feeds: {
          c: { dtype: 'bool', shape: [], data: Uint8Array.of(truth) },
          n: { dtype: 'int64', shape: [1], data: BigInt64Array.of(3n) },
        },
        tolerance: halfTolerance,
      });
  });

  it('keeps what is asked to be kept in float32', async () => {
    const model = modelFromText('g (float[N,3] x) => (float[N,3] y) { [soft] s = Softmax(x) y = MatMul(s, w) }', [
      randomTensor('w', [3, 3], 1),
    ]);
    const { model: half, skipped } = await convert(model, { keepOps: ['Softmax'] });
    expect(skipped).toEqual([{ node: 'soft', reason: 'its operator is kept in float32' }]);
    await expectSameOutputs(model, half, { tolerance: halfTolerance });
  });

  it('finds values beyond its range on calibration samples and leaves those in float32', async () => {
    const model = modelFromText(`g (float[N,2] x) => (float[N,2] y) <float k = {1000}> {
      [up] a = Mul(x, k)
      [down] b = Div(a, k)
      [rest] y = Neg(b)
    }`);
    const dataset = await tinyDataset(model, { x: float32([1, 2], [100, 200]) });
    const { model: half, skipped, notes } = await convert(model, {}, { dataset });
    expect(skipped.map(({ node }) => node)).toEqual(['up', 'down']);
    expect(notes.join()).toContain('beyond ±65504: a (Mul "up", up to 2.00e+5)');
    await expectSameOutputs(model, half, { feeds: { x: float32([1, 2], [100, 200]) }, tolerance: halfTolerance });
  });

  it('finds such values in bodies and leaves what holds them in float32', async () => {
    const model = modelFromText(
      `g (float[N,2] x, bool[1] c) => (float[N,2] y) <float k = {1000}, float j = {0.001}, int64 turns = {3}> {
        [doubled] d = Add(x, x)
        [branch] h = If (c) <
          then_branch = a () => (float[N,2] p) { up = Mul(d, k) p = Mul(up, j) },
          else_branch = b () => (float[N,2] q) { q = Neg(d) }
        >
        [turn] r = Loop (turns, , h) <
          body = t (int64 i, bool go, float[N,2] s) => (bool on, float[N,2] e) {
            on = Identity(go)
            [grow] more = Mul(s, k)
            e = Mul(more, j)
          }
        >
        [loud] l = If (c) <
          then_branch = a2 () => (float[N,2] p2) { p2 = Mul(r, k) },
          else_branch = b2 () => (float[N,2] q2) { q2 = Mul(r, k) }
        >
        [down] y = Mul(l, j)
      }`,
    );
    const feeds = (c: number) => ({
      x: float32([1, 2], [100, 200]),
      c: { dtype: 'bool' as const, shape: [1], data: Uint8Array.of(c) },
    });
    const calibration = {
      x: float32([1, 2], [100, 200]),
      c: { dtype: 'bool' as const, shape: [1], data: Uint8Array.of(1) },
    };
    const dataset = await tinyDataset(model, calibration);
    const { model: half, skipped, notes } = await convert(model, {}, { dataset });
    expect(skipped.map(({ node }) => node).sort()).toEqual(['branch', 'down', 'loud', 'turn']);
    expect(notes.join()).toContain(
      'inside them beyond ±65504: If "branch" (up to 4.00e+5), Loop "turn" (up to 4.00e+5)',
    );
    expect(notes.join()).toContain('l (If "loud", up to 4.00e+5)');
    for (const c of [0, 1]) await expectSameOutputs(model, half, { feeds: feeds(c), tolerance: halfTolerance });
  });

  it('holds masks that float16 cannot at its last number, and says so', async () => {
    const model = modelFromText(`g (float[N,2] x) => (float[N,2] y) <float[2] mask = {0, -3e38}> {
      m = Add(x, mask)
      y = Softmax(m)
    }`);
    const { model: half, notes } = await convert(model);
    expect(notes.join()).toContain('now hold ±65504: mask');
    await expectSameOutputs(model, half, { tolerance: halfTolerance });
  });

  it.each(['emoji-resnet', 'glyph-vit', 'langid-transformer'])('halves %s and keeps its outputs', async (name) => {
    const path = fileURLToPath(new URL(`../../../models/${name}/model.onnx`, import.meta.url));
    const model = await readModel(path);
    const { model: half } = await convert(model);
    await expectSameOutputs(model, half, { tolerance: 0.01 });
  });
});
