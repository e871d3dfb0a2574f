import { describe, expect, it } from 'vitest';
import { modelText } from '../../../src-main/onnx/file';
import type { Feeds, NdArray } from '../../../src-main/onnx/ir';
import { openSession } from '../../../src-main/onnx/session';
import { raiseOpset } from '../../../src-main/passes';
import { modelFromText } from '../../support/model-from-text';

/** The runtime has no kernels of these opsets: what comes out is held against numbers worked by hand. */
const floats = (shape: readonly number[], values: readonly number[]): NdArray => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
});

async function outputsOf(text: string, feeds: Feeds, opset = 7): Promise<Record<string, NdArray>> {
  const { model } = await raiseOpset(modelFromText(text), opset);
  const session = await openSession(model);
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

const old = (opset: number, text: string): string => `<ir_version: 3, opset_import: ["" : ${opset}]> ${text}`;

async function expectRaised(opset: number, before: string, after: string): Promise<void> {
  const { model } = await raiseOpset(modelFromText(old(opset, before)), 7);
  const picture = (text: string): string => text.replaceAll(/^(\s*)\[[^\]]*\] /gm, '$1');
  expect(picture(modelText(model))).toBe(picture(modelText(modelFromText(old(7, after)))));
}

describe('opsets before 7', () => {
  it('set the second input at an axis: its dims get ones behind them', async () => {
    // x [1, 2, 3] + b [2] along axis 1
    const text = old(
      6,
      `g (float[1, 2, 3] x, float[2] c) => (float[1, 2, 3] y, float[1, 2, 3] z) <float[2] b = {10, 20}> {
        y = Add <axis = 1, broadcast = 1> (x, b)
        z = Mul <axis = 1, broadcast = 1> (y, c)
      }`,
    );
    const feeds = { x: floats([1, 2, 3], [1, 2, 3, 4, 5, 6]), c: floats([2], [1, -1]) };
    for (const opset of [7, 13, 21]) {
      const { y, z } = await outputsOf(text, feeds, opset);
      expect([...(y as NdArray).data]).toEqual([11, 12, 13, 24, 25, 26]);
      expect([...(z as NdArray).data]).toEqual([11, 12, 13, -24, -25, -26]);
    }
  });

  it('matched dims from the back where no axis was given', async () => {
    const text = old(
      6,
      'g (float[2, 3] x) => (float[2, 3] y) <float[3] b = {1, 2, 3}> { y = Sub <broadcast = 1> (x, b) }',
    );
    const { y } = await outputsOf(text, { x: floats([2, 3], [1, 1, 1, 5, 5, 5]) });
    expect([...(y as NdArray).data]).toEqual([0, -1, -2, 4, 3, 2]);
  });

  it('knows ranks behind nodes that are old as well, and in bodies', async () => {
    const text = old(
      6,
      `g (bool k, float[1, 2, 2] x) => (float[1, 2, 2] y) <float[2] b = {10, 20}> {
        a = Add <axis = 1, broadcast = 1> (x, b)
        y = If (k) <
          then_branch = t () => (float[1, 2, 2] p) { p = Add <axis = 1, broadcast = 1> (a, b) },
          else_branch = e () => (float[1, 2, 2] q) { q = Neg (a) }
        >
      }`,
    );
    const k: NdArray = { dtype: 'bool', shape: [], data: Uint8Array.of(1) };
    const { y } = await outputsOf(text, { k, x: floats([1, 2, 2], [1, 2, 3, 4]) });
    expect([...(y as NdArray).data]).toEqual([21, 22, 43, 44]);
  });

  it('had one slope a channel, and BatchNormalization and Gemm with flags', async () => {
    const text = old(
      6,
      `g (float[1, 2, 2] x, float[2, 2] m) => (float[1, 2, 2] y, float[2, 2] z)
      <float[2] slope = {0.5, 0.1}, float[2] one = {1, 1}, float[2] zero = {0, 0}, float[2, 2] w = {1, 2, 3, 4}> {
        n = BatchNormalization <is_test = 1, epsilon = 0.0, consumed_inputs = [0, 0, 0, 1, 1]> (x, one, zero, zero, one)
        y = PRelu (n, slope)
        z = Gemm <broadcast = 1> (m, w, one)
      }`,
    );
    const { y, z } = await outputsOf(text, {
      x: floats([1, 2, 2], [-1, 1, -1, 2]),
      m: floats([2, 2], [1, 0, 0, 1]),
    });
    expect([...(y as NdArray).data].map((value) => Number(value).toFixed(3))).toEqual([
      '-0.500',
      '1.000',
      '-0.100',
      '2.000',
    ]);
    expect([...(z as NdArray).data]).toEqual([2, 3, 4, 5]);
  });

  it('wrote as attributes and names what are inputs and numbers', async () => {
    await expectRaised(
      1,
      `g (float[1, 2, 3] x, float[1, 1, 2, 2] p) => (float[2, 3] r, double[1, 2, 3] c, float[1, 4, 3] k, float[1, 2, 5] d, float[1, 1, 4, 4] u, float[1, 4, 3] t)
      <float two = {2}, float first = {1}> {
        r = Reshape <shape = [2, 3], consumed_inputs = [0, 0]> (x)
        c = Cast <to = "DOUBLE"> (x)
        k = Concat (x, x)
        d = Pad <paddings = [0, 0, 1, 0, 0, 1], mode = "constant"> (x)
        u = Upsample <height_scale = 2.0, width_scale = 2.0, mode = "nearest"> (p)
        t = Tile (x, two, first)
      }`,
      `g (float[1, 2, 3] x, float[1, 1, 2, 2] p) => (float[2, 3] r, double[1, 2, 3] c, float[1, 4, 3] k, float[1, 2, 5] d, float[1, 1, 4, 4] u, float[1, 4, 3] t)
      <int64[2] "r/shape" = {2, 3}, int64[3] "t/repeats" = {1, 2, 1}> {
        r = Reshape (x, "r/shape")
        c = Cast <to = 11> (x)
        k = Concat <axis = 1> (x, x)
        d = Pad <mode = "constant", pads = [0, 0, 1, 0, 0, 1]> (x)
        u = Upsample <mode = "nearest", scales = [1.0, 1.0, 2.0, 2.0]> (p)
        t = Tile (x, "t/repeats")
      }`,
    );
  });

  it('told training from inference by a flag: training is refused with the node', async () => {
    const norm = old(
      6,
      'g (float[1, 2] x, float[2] s) => (float[1, 2] y) { [norm] y = BatchNormalization (x, s, s, s, s) }',
    );
    await expect(raiseOpset(modelFromText(norm), 13)).rejects.toThrow(
      'BatchNormalization "norm": it is in training form (raising to opset 7)',
    );
  });
});
