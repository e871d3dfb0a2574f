import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { readModel } from '../../../src-main/onnx/file';
import { raiseOpset } from '../../../src-main/passes';
import { expectPass } from '../../support/expect-pass';
import { expectSameOutputs, modelFromText } from '../../support/model-from-text';

const models = fileURLToPath(new URL('../../models', import.meta.url));

describe('raiseOpset', () => {
  for (const file of ['mnist-cnn/model-bn', 'emoji-resnet/model-bn', 'langid-transformer/model', 'glyph-vit/model']) {
    it(`brings ${file} to 21 with the same outputs, bit by bit`, async () => {
      const before = await readModel(join(models, `${file}.onnx`));
      const { model: after } = await raiseOpset(before, 21);
      expect(after.opsets.get('')).toBe(21);
      expect(after.irVersion).toBe(10);
      await expectSameOutputs(before, after);
      const again = await raiseOpset(after, 21);
      expect(again.model).toBe(after);
    });
  }

  it('refuses what it does not know', async () => {
    const model = await readModel(join(models, 'glyph-vit/model.onnx'));
    await expect(raiseOpset(model, 99)).rejects.toThrow('the changes of opset 99 are not known');
  });

  it('makes inputs of the attributes that became inputs', async () => {
    await expectPass(
      (model) => raiseOpset(model, 18),
      `<ir_version: 4, opset_import: ["" : 9]>
      g (float[2, 6] x) => (float[2, 2] y, float[2] z, float[2, 3] u, float[1, 2, 3] v) {
        a = Clip <min = -1.0, max = 1.0> (x)
        y = Slice <axes = [1], starts = [0], ends = [2]> (a)
        z = ReduceSum <axes = [1], keepdims = 0> (x)
        u, w = Split <axis = 1> (x)
        v = Unsqueeze <axes = [0]> (w)
      }`,
      `<ir_version: 8, opset_import: ["" : 18]>
      g (float[2, 6] x) => (float[2, 2] y, float[2] z, float[2, 3] u, float[1, 2, 3] v)
      <int64[1] "y/starts" = {0}, int64[1] "y/ends" = {2}, int64[1] "y/axes" = {1}, float "a/min" = {-1}, float "a/max" = {1},
       int64[1] "z/axes" = {1}, int64[1] "v/axes" = {0}> {
        a = Clip (x, "a/min", "a/max")
        y = Slice (a, "y/starts", "y/ends", "y/axes")
        z = ReduceSum <keepdims = 0> (x, "z/axes")
        u, w = Split <axis = 1, num_outputs = 2> (x)
        v = Unsqueeze (w, "v/axes")
      }`,
    );
  });

  it('keeps the old meaning of Softmax, of Upsample and of half-precision limits', async () => {
    await expectPass(
      (model) => raiseOpset(model, 13),
      `<ir_version: 4, opset_import: ["" : 9]>
      g (float[2, 3, 4] x, float[2, 3] u, float[1, 1, 2, 2] p, float16[2] h) => (float[2, 3, 4] y, float[2, 3] v, float[1, 1, 4, 4] q, float16[2] k)
      <float[4] scales = {1, 1, 2, 2}> {
        [soft] y = Softmax <axis = 1> (x)
        v = Softmax <axis = 1> (u)
        q = Upsample (p, scales)
        k = Clip <min = 0.5> (h)
      }`,
      `<ir_version: 7, opset_import: ["" : 13]>
      g (float[2, 3, 4] x, float[2, 3] u, float[1, 1, 2, 2] p, float16[2] h) => (float[2, 3, 4] y, float[2, 3] v, float[1, 1, 4, 4] q, float16[2] k)
      <float[4] scales = {1, 1, 2, 2}, float16 "k/min" = {14336}> {
        "y/rows" = Flatten <axis = 1> (x)
        "y/normalised" = Softmax <axis = -1> ("y/rows")
        v = Softmax <axis = -1> (u)
        q = Resize <coordinate_transformation_mode = "asymmetric", nearest_mode = "floor"> (p, "", scales)
        k = Clip (h, "k/min")
        "y/shape" = Shape (x)
        y = Reshape ("y/normalised", "y/shape")
      }`,
    );
  });

  it('repeats the scale of each group for its channels', async () => {
    await expectPass(
      (model) => raiseOpset(model, 21),
      `<ir_version: 8, opset_import: ["" : 18]>
      g (float[1, 4, 2] x) => (float[1, 4, 2] y) <float[2] s = {1, 2}, float[2] b = {0, 5}> {
        y = GroupNormalization <num_groups = 2> (x, s, b)
      }`,
      `<ir_version: 10, opset_import: ["" : 21]>
      g (float[1, 4, 2] x) => (float[1, 4, 2] y) <float[4] "y/scale" = {1, 1, 2, 2}, float[4] "y/shift" = {0, 0, 5, 5}> {
        y = GroupNormalization <num_groups = 2> (x, "y/scale", "y/shift")
      }`,
      { tolerance: 1e-6 },
    );
  });

  it.each([
    ['computed', 'float[N, 4, 2] x, float[2] s', 'float[1] unused = {0}'],
    ['constant, of channels that are not known', 'float[N, C, 2] x', 'float[2] s = {1, 2}'],
    ['computed, of channels that are not known', 'float[N, C, 2] x, float[2] s', 'float[1] unused = {0}'],
  ])('repeats scales that are %s when the model runs', async (_what, inputs, weights) => {
    const model = modelFromText(
      `<ir_version: 8, opset_import: ["" : 18]>
      g (${inputs}) => (float[A, B, D] y) <${weights}, float[2] b = {0, 5}> {
        y = GroupNormalization <num_groups = 2> (x, s, b)
      }`,
    );
    const { model: raised } = await raiseOpset(model, 21);
    expect(raised.opsets.get('')).toBe(21);
    await expectSameOutputs(model, raised, { dims: { N: 2, C: 6 }, tolerance: 1e-6 });
  });

  it('runs a Scan of opset 8 over each sample of a batch, in bodies too', async () => {
    const scan = (input: string, output: string, start: string): string =>
      `last${output}, ${output} = Scan <num_scan_inputs = 2, directions = [0, 1], body = b (float[2] acc, float[2] row, float[2] back) => (float[2] acc2, float[2] out) {
        part = Mul (row, w)
        acc2 = Add (acc, part)
        out = Sub (acc2, back)
      }> ("", ${start}, ${input}, ${input})`;
    const model = modelFromText(
      `<ir_version: 3, opset_import: ["" : 8]>
      g (float[N, 4, 2] x, float[N, 2] s, bool k, float[2] w) => (float[N, 2] lasty, float[N, 4, 2] y, float[N, 4, 2] z) {
        ${scan('x', 'y', 's')}
        z = If (k) <
          then_branch = t () => (float[A, B, C] u) { ${scan('x', 'u', 's')} },
          else_branch = e () => (float[A, B, C] v) { v = Neg (x) }
        >
      }`,
    );
    for (const version of [9, 21]) {
      const { model: raised } = await raiseOpset(model, version);
      await expectSameOutputs(model, raised, { dims: { N: 3 } });
      expect((await raiseOpset(raised, version)).model).toBe(raised);
    }
  });

  it('says why a Scan of opset 8 with lengths stays', async () => {
    const model = modelFromText(
      `<ir_version: 3, opset_import: ["" : 8]>
      g (int64[N] lengths, float[N, 4, 2] x) => (float[N, 4, 2] y) {
        [scan] y = Scan <num_scan_inputs = 1, body = b (float[2] row) => (float[2] out) { out = Neg (row) }> (lengths, x)
      }`,
    );
    await expect(raiseOpset(model, 9)).rejects.toThrow(/Scan "scan": .* with a length for each sample has no equal/);
  });
});
