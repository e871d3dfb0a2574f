import { describe, expect, it } from 'vitest';
import { writePlainForms } from '../../../../src-main/distil/write-plain-forms';
import { attributes, type Model } from '../../../../src-main/onnx/ir';
import { checkGradient, type GradientRow } from '../../../support/check-gradient';
import { expectSameOutputs, modelFromText, randomTensor } from '../../../support/model-from-text';
import { plainFormRow, drawn as x } from '../../../support/plain-form-rows';

const { int, ints, string } = attributes;
const row = plainFormRow();

/** The same operator of onnxruntime. */
const fused: typeof row = (op, title, inputs, attrs) => row(op, title, inputs, attrs, { domain: 'com.microsoft' });

/** On a map of 4 by 5 places 0.4 from the elements, to both sides: no step of the differences reaches one. */
const places = { shape: [2, 3, 2, 2], low: 0.14, high: 0.16 };
const rows: GradientRow[] = [
  ...['zeros', 'border', 'reflection'].map((padding) =>
    row('GridSample', padding, [x([2, 3, 4, 5]), places], { padding_mode: string(padding), align_corners: int(1) }),
  ),
  row('GridSample', 'outside', [x([2, 3, 4, 5]), { ...places, low: 0.98, high: 1.02 }]),
  row(
    'GridSample',
    'dynamic sizes',
    [
      { ...x([2, 3, 4, 5]), symbolic: ['n', 3, 'h', 'w'] },
      { ...places, symbolic: ['n', 'p', 'q', 2] },
    ],
    { align_corners: int(1) },
  ),
  row(
    'GridSample',
    'cubic',
    [x([1, 2, 4, 5]), { ...places, shape: [1, 2, 2, 2] }],
    { mode: string('cubic') },
    { opset: 20 },
  ),
  row('GridSample', 'nearest', [x([1, 2, 4, 5]), { ...places, shape: [1, 2, 2, 2], frozen: true }], {
    mode: string('nearest'),
  }),
  row(
    'GridSample',
    'three axes',
    [x([1, 2, 4, 4, 4]), { shape: [1, 2, 2, 1, 3], low: 0.1, high: 0.15 }],
    {},
    { opset: 20 },
  ),
  fused('GridSample', 'of onnxruntime', [x([2, 3, 4, 5]), places], { align_corners: int(1) }),
  row(
    'RoiAlign',
    '',
    [x([2, 3, 8, 8]), { floats: [1, 1, 6, 5, 0.5, 2, 7, 7.5, 3, 0, 9, 4], shape: [3, 4] }, { ints: [0, 1, 1] }],
    { output_height: int(2), output_width: int(3), sampling_ratio: int(2) },
  ),
  row(
    'DeformConv',
    'groups, a mask',
    [x([2, 4, 5, 5]), x([6, 2, 2, 2]), x([2, 16, 2, 3], 0.2, 0.8), x([6]), x([2, 8, 2, 3])],
    { group: int(2), offset_group: int(2), strides: ints([2, 2]), pads: ints([0, 1, 0, 1]) },
    { opset: 19 },
  ),
  row('STFT', 'a window', [{ ...x([2, 20, 1]), symbolic: ['n', 't', 1] }, { ints: [4], shape: [] }, x([8])]),
  row('STFT', 'both sides', [x([2, 20, 1]), { ints: [5], shape: [] }, null, { ints: [10], shape: [] }], {
    onesided: int(0),
  }),
];

const model = (opset: number, text: string, tensors: Parameters<typeof modelFromText>[1] = []): Model =>
  modelFromText(`<ir_version: 9, opset_import: ["" : ${opset}]> ${text}`, tensors);
const sampled = (opset: number, attrs: string, map: string, grid: string): Model =>
  model(opset, `g (float[${map}] x, float[${grid}] at) => (float y) { y = GridSample <${attrs}> (x, at) }`);

describe('sampling written out', () => {
  it.each([
    ...['zeros', 'border', 'reflection'].flatMap((padding) =>
      [0, 1].flatMap((aligned) => {
        const attrs = `padding_mode = "${padding}", align_corners = ${aligned}`;
        return [
          ...['linear', 'nearest', 'cubic'].map((mode): [string, Model] => [
            `GridSample, ${mode}, ${attrs}`,
            sampled(20, `mode = "${mode}", ${attrs}`, 'N, 3, 4, 5', 'N, 6, 7, 2'),
          ]),
          [`GridSample of three axes, ${attrs}`, sampled(20, attrs, 'N, 3, 4, 5, 3', 'N, 6, 2, 3, 3')] as [
            string,
            Model,
          ],
        ];
      }),
    ),
    ['GridSample of opset 16', sampled(16, 'mode = "bicubic"', 'N, 3, 4, 5', 'N, 6, 7, 2')],
    ...['half_pixel', 'output_half_pixel'].map((mode): [string, Model] => [
      `RoiAlign, ${mode}`,
      model(
        18,
        `g (float[2, 3, 8, 9] x) => (float y) <float[4, 4] boxes = {1.0, 2.0, 11.0, 9.0, -4.0, -3.0, 5.0, 6.0, 2.0, 2.0, 2.5, 2.2, 14.0, 12.0, 19.0, 18.0}, int64[4] of = {0, 1, 1, 0}> {
           y = RoiAlign <output_height = 2, output_width = 3, sampling_ratio = 2, spatial_scale = 0.5, coordinate_transformation_mode = "${mode}"> (x, boxes, of)
         }`,
      ),
    ]),
    [
      'DeformConv',
      model(
        19,
        `g (float[N, 4, 6, 5] x, float[N, 36, 3, 3] o, float[N, 18, 3, 3] m) => (float y) {
           y = DeformConv <group = 2, offset_group = 2, strides = [2, 2], pads = [1, 1, 1, 1]> (x, w, o, b, m)
         }`,
        [randomTensor('w', [6, 2, 3, 3], 1), randomTensor('b', [6], 2)],
      ),
    ],
    [
      'dilated DeformConv without a mask',
      model(
        19,
        `g (float[N, 2, 6, 6] x, float[N, 8, 4, 4] o) => (float y) { y = DeformConv <dilations = [2, 2]> (x, w, o) }`,
        [randomTensor('w', [3, 2, 2, 2], 1)],
      ),
    ],
    ...[18, 20].map((opset): [string, Model] => [
      `STFT of opset ${opset}`,
      model(
        opset,
        `g (float[N, 21, 1] x) => (float y, float z) <int64 step = {4}, int64 length = {6}> {
           y = STFT (x, step, window)
           z = STFT <onesided = 0> (x, step, , length)
         }`,
        [randomTensor('window', [8], 1)],
      ),
    ]),
  ])('%s gives the outputs of the kernel', async (_, before) => {
    const after = await writePlainForms(before);
    expect(after.graph.nodes.some(({ opType }) => opType === before.graph.nodes[0]?.opType)).toBe(false);
    // Sums of products in another order, over places that are rounded.
    await expectSameOutputs(before, after, { tolerance: 1e-5 });
  });

  it.each(rows.map((each) => [`${each.op}, ${each.title}`, each] as const))('%s has a gradient', async (_, each) => {
    await checkGradient(each);
  });

  it('leaves what depends on the boxes with its reason', async () => {
    const open = model(
      18,
      'g (float[2, 3, 8, 8] x, float[R, 4] boxes, int64[R] of) => (float y) { y = RoiAlign (x, boxes, of) }',
    );
    await expect(writePlainForms(open)).rejects.toThrow(
      /RoiAlign ".*": cannot be differentiated: a number of places that depends on the boxes/,
    );
  });
});
