import { describe, expect, it } from 'vitest';
import { pushTransposes } from '../../../src-main/passes';
import { expectPass, expectUntouched } from '../../support/expect-pass';
import { expectSameOutputs, modelFromText } from '../../support/model-from-text';

it('moves transposes through elementwise work, constants, joins and reductions until they meet their inverse', async () => {
  await expectPass(
    (model) => pushTransposes(model),
    `g (float[1, 2, 3, 4] x) => (float[1, 4, 3, 4] y) <int64[1] axes = {3}, float[4] c = {1, 2, 3, 4}, float[3, 1, 2] d = {1, 2, 3, 4, 5, 6}> {
      a = Transpose <perm = [0, 2, 3, 1]> (x)
      b = Relu (a)
      e = Mul (b, d)
      f = Concat <axis = 3> (e, b)
      h = Add (f, c)
      m = ReduceMax <keepdims = 1> (h, axes)
      n = Sub (h, m)
      y = Transpose <perm = [0, 3, 1, 2]> (n)
    }`,
    `g (float[1, 2, 3, 4] x) => (float[1, 4, 3, 4] y)
    <int64[1] axes = {3}, float[4] c = {1, 2, 3, 4}, float[3, 1, 2] d = {1, 2, 3, 4, 5, 6},
     float[1, 2, 3, 1] "d/transposed" = {1, 3, 5, 2, 4, 6}, float[1, 4, 1, 1] "c/transposed" = {1, 2, 3, 4}, int64[1] "axes/transposed" = {1}> {
      "b/before-transpose" = Relu (x)
      "e/before-transpose" = Mul ("b/before-transpose", "d/transposed")
      "f/before-transpose" = Concat <axis = 1> ("e/before-transpose", "b/before-transpose")
      "h/before-transpose" = Add ("f/before-transpose", "c/transposed")
      "m/before-transpose" = ReduceMax <keepdims = 1> ("h/before-transpose", "axes/transposed")
      y = Sub ("h/before-transpose", "m/before-transpose")
    }`,
  );
});

it.each([
  [13, true],
  [11, false],
])('moves one through the Softmax of opset %i, which works on one axis: %s', async (opset, isMoved) => {
  const model = modelFromText(`<ir_version: 8, opset_import: ["" : ${opset}]>
    g (float[1, 3, 2, 2] x) => (float[1, 3, 2, 2] y) {
      t = Transpose <perm = [0, 2, 3, 1]> (x)
      s = Softmax <axis = 3> (t)
      y = Transpose <perm = [0, 3, 1, 2]> (s)
    }`);
  const { model: after, changed } = await pushTransposes(model);
  expect(changed).toBe(isMoved ? 2 : 0);
  // The kernel sums along another stride.
  await expectSameOutputs(model, after, { tolerance: 1e-6 });
});

it('leaves a graph in which nothing would be won', async () => {
  await expectUntouched(
    (model) => pushTransposes(model),
    `g (float[1, 2, 3] x) => (float[1, 3, 2] y) {
      a = Transpose <perm = [0, 2, 1]> (x)
      y = Relu (a)
    }`,
  );
});

it('lets a Transpose in a body meet its inverse, though the main graph has none', async () => {
  await expectPass(
    pushTransposes,
    `g (bool k, float[2, 3] x) => (float[2, 3] y) {
        y = If (k) <
          then_branch = t () => (float[2, 3] p) {
            a = Transpose <perm = [1, 0]> (x)
            b = Relu (a)
            c = Transpose <perm = [1, 0]> (b)
            p = Neg (c)
          },
          else_branch = e () => (float[2, 3] q) { q = Neg (x) }
        >
      }`,
    `g (bool k, float[2, 3] x) => (float[2, 3] y) {
        y = If (k) <
          then_branch = t () => (float[2, 3] p) { "b/before-transpose" = Relu (x) p = Neg ("b/before-transpose") },
          else_branch = e () => (float[2, 3] q) { q = Neg (x) }
        >
      }`,
  );
});

describe('axes that can be called otherwise', () => {
  /** Channels last inside: what makes b of a, [1, 4, 6, 2] of [1, 2, 4, 6]. */
  const channelsLast = (opset: number, weights: string, nodes: string): string =>
    `<ir_version: 8, opset_import: ["" : ${opset}]>
    g (float[1, 2, 4, 6] x) => (float[A, B, C, D] y) <${weights}> {
      a = Transpose <perm = [0, 2, 3, 1]> (x)
      ${nodes}
      y = Transpose <perm = [0, 3, 1, 2]> (b)
    }`;
  const cases: Record<string, string> = {
    'Slice with axes': channelsLast(
      13,
      'int64[2] s = {1, 0}, int64[2] e = {-1, 1}, int64[2] axes = {2, -1}, int64[2] steps = {2, 1}',
      'b = Slice (a, s, e, axes, steps)',
    ),
    'Slice of 32-bit indices without axes': channelsLast(
      13,
      'int32[3] s = {0, 1, 2}, int32[3] e = {1, 3, 6}',
      'b = Slice (a, s, e)',
    ),
    'Slice by attributes': channelsLast(
      9,
      'float[1] unused = {0}',
      'b = Slice <axes = [1, 3], starts = [1, 0], ends = [4, 1]> (a)',
    ),
    Pad: channelsLast(13, 'int64[8] pads = {0, 1, 2, 0, 0, 3, 0, 1}, float v = {7}', 'b = Pad (a, pads, v)'),
    'Pad that reflects': channelsLast(
      13,
      'int64[8] pads = {0, 1, 2, 0, 0, 3, 0, 0}',
      'b = Pad <mode = "reflect"> (a, pads)',
    ),
    'Pad of some axes': channelsLast(
      18,
      'int64[4] pads = {1, 2, 0, 1}, int64[2] axes = {2, -1}',
      'b = Pad (a, pads, "", axes)',
    ),
    'Pad by attribute': channelsLast(10, 'float[1] unused = {0}', 'b = Pad <pads = [0, 1, 2, 0, 0, 3, 0, 1]> (a)'),
    'Resize by scales': channelsLast(
      13,
      'float[4] scales = {1, 2, 1.5, 1}',
      'b = Resize <mode = "linear"> (a, "", scales)',
    ),
    'Resize to sizes': channelsLast(13, 'int64[4] sizes = {1, 8, 3, 2}', 'b = Resize (a, "", "", sizes)'),
    'Resize of some axes': channelsLast(
      18,
      'float[2] scales = {2, 0.5}',
      'b = Resize <mode = "linear", axes = [1, 2]> (a, "", scales)',
    ),
    'Resize of opset 10': channelsLast(10, 'float[4] scales = {1, 2, 2, 1}', 'b = Resize (a, scales)'),
    Split: channelsLast(
      13,
      'int64[2] parts = {1, 3}',
      'c, d = Split <axis = -3> (a, parts) b = Concat <axis = 1> (d, c)',
    ),
  };

  it.each(Object.entries(cases))('%s', async (_name, text) => {
    const model = modelFromText(text);
    const { model: after } = await pushTransposes(model);
    expect(after.graph.nodes.filter(({ opType }) => opType === 'Transpose')).toEqual([]);
    await expectSameOutputs(model, after, { tolerance: 1e-6 });
    expect((await pushTransposes(after)).model).toBe(after);
  });

  it('leaves what is computed, and interpolation over channels, which kernels do not have', async () => {
    const untouched = (nodes: string, weights = 'float[4] scales = {1, 1, 2, 2}', more = ''): Promise<unknown> =>
      expectUntouched(pushTransposes, channelsLast(13, weights, nodes).replace('x)', `x${more})`));
    await untouched('b = Slice (a, s, e, axes)', 'int64[1] s = {0}, int64[1] e = {1}', ', int64[1] axes');
    await untouched('b = Pad (a, pads)', 'float[1] unused = {0}', ', int64[8] pads');
    await untouched('b = Resize <mode = "linear"> (a, "", scales)', 'float[4] scales = {1, 1, 1, 2}');
  });
});
