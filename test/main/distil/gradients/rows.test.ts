import { describe, expect, it } from 'vitest';
import { gradients } from '../../../../src-main/distil/gradients';
import { noGradient } from '../../../../src-main/distil/no-gradient';
import { type Attribute, attributes } from '../../../../src-main/onnx/ir';
import { checkGradient, type GradientRow } from '../../../support/check-gradient';

const { float, int, ints, string } = attributes;

const x = (shape: readonly number[], low = -2, high = 2, kinks: readonly number[] = []) => ({
  shape,
  low,
  high,
  kinks,
});
const smooth = (op: string, low = -2, high = 2, attrs = {}): GradientRow => ({
  op,
  inputs: [x([3, 4], low, high)],
  attributes: attrs,
});
const kinked = (op: string, kinks: readonly number[], attrs = {}, range = 4): GradientRow => ({
  op,
  inputs: [x([3, 5], -range, range, kinks)],
  attributes: attrs,
});

const elementwise: GradientRow[] = [
  ...['Add', 'Sub', 'Mul'].flatMap((op) => [
    { op, inputs: [x([2, 3]), x([2, 3])] },
    { op, title: 'broadcast right', inputs: [x([2, 3, 4]), x([3, 1])] },
    { op, title: 'broadcast left', inputs: [x([4]), x([2, 3, 4])] },
    { op, title: 'dynamic batch', inputs: [{ ...x([2, 3]), symbolic: ['batch', 3] }, x([1, 3])] },
    {
      op,
      title: 'dims unknown',
      inputs: [
        { ...x([2, 3]), symbolic: ['a', 'b'] },
        { ...x([1, 3]), symbolic: ['c', 'd'] },
      ],
    },
  ]),
  { op: 'Div', inputs: [x([2, 3]), x([2, 3], 0.5, 2)] },
  { op: 'Div', title: 'broadcast', inputs: [x([2, 3]), x([3], 0.5, 2)] },
  { op: 'Pow', inputs: [x([2, 3], 0.5, 2), x([2, 3], 0.5, 2)] },
  { op: 'Pow', title: 'square', inputs: [x([2, 3]), { floats: [2], shape: [] }] },
  { op: 'Mod', inputs: [x([2, 3], 2.05, 2.5), x([3], 0.85, 0.95)], attributes: { fmod: int(1) } },
  {
    op: 'Mod',
    title: 'of both signs',
    inputs: [x([2, 3], -2.5, -2.05), x([2, 1], 0.85, 0.95)],
    attributes: { fmod: int(1) },
  },
  smooth('Neg'),
  smooth('Identity'),
  smooth('Exp'),
  smooth('Log', 0.5, 2),
  smooth('Sqrt', 0.5, 2),
  smooth('Reciprocal', 0.5, 2),
  smooth('Sin'),
  smooth('Tan', -1, 1),
  smooth('Asin', -0.8, 0.8),
  smooth('Acos', -0.8, 0.8),
  smooth('Atan'),
  smooth('Sinh'),
  smooth('Cosh'),
  smooth('Asinh'),
  smooth('Acosh', 1.5, 3),
  smooth('Atanh', -0.8, 0.8),
  kinked('Shrink', [-0.5, 0.5], { bias: float(0.2) }),
  smooth('Cos'),
  smooth('Erf'),
  smooth('Sigmoid'),
  smooth('Tanh'),
  smooth('Softplus'),
  smooth('Mish'),
  kinked('Softsign', [0]),
  kinked('Abs', [0]),
  kinked('Relu', [0]),
  kinked('LeakyRelu', [0], { alpha: float(0.1) }),
  kinked('ThresholdedRelu', [0.5], { alpha: float(0.5) }),
  kinked('HardSigmoid', [-2.5, 2.5]),
  kinked('HardSwish', [-3, 3], {}, 5),
  kinked('Elu', [0], { alpha: float(0.7) }),
  kinked('Celu', [0], { alpha: float(1.3) }),
  kinked('Selu', [0]),
  { op: 'Gelu', inputs: [x([3, 4])], opset: 20 },
  { op: 'Gelu', title: 'tanh', inputs: [x([3, 4])], attributes: { approximate: string('tanh') }, opset: 20 },
  { op: 'Gelu', title: 'contrib', domain: 'com.microsoft', inputs: [x([3, 4])] },
  { op: 'Swish', inputs: [x([3, 4])], attributes: { alpha: float(1.2) }, opset: 24 },
  { op: 'QuickGelu', domain: 'com.microsoft', inputs: [x([3, 4])] },
  { op: 'PRelu', inputs: [x([2, 3, 4], -2, 2, [0]), x([3, 1], 0.1, 0.5)] },
  { op: 'Clip', inputs: [x([3, 5], -4, 4, [-1, 2]), { floats: [-1], shape: [] }, { floats: [2], shape: [] }] },
  { op: 'Clip', title: 'one bound', inputs: [x([3, 5], -4, 4, [2]), null, { floats: [2], shape: [] }] },
  { op: 'Max', inputs: [x([2, 3], 0, 1), x([2, 3], -1, 2, []), x([3], -1, 2)] },
  { op: 'Min', inputs: [x([2, 3], 0, 1), x([2, 3], 2, 3)] },
  { op: 'Sum', inputs: [x([2, 3]), x([3]), x([2, 1])] },
  { op: 'Mean', inputs: [x([2, 3]), x([3])] },
  { op: 'Pow', title: 'scalar base', inputs: [{ floats: [2], shape: [] }, x([2, 3])] },
  {
    op: 'PRelu',
    title: 'dynamic batch',
    inputs: [{ ...x([2, 3, 4], -2, 2, [0]), symbolic: ['n', 3, 4] }, x([3, 1], 0.1, 0.5)],
  },
  {
    op: 'Where',
    title: 'dynamic batch',
    inputs: [{ bools: [1, 0, 1], shape: [3] }, { ...x([2, 3]), symbolic: ['n', 3] }, x([1])],
  },
  { op: 'Where', inputs: [{ bools: [1, 0, 1], shape: [3] }, x([2, 3]), x([3])] },
  { op: 'Dropout', inputs: [x([2, 3])] },
  { op: 'Cast', inputs: [x([2, 3])], attributes: { to: int(1) } },
  { op: 'CastLike', inputs: [x([2, 3]), { floats: [0] }] },
  { op: 'CumSum', inputs: [x([2, 4]), { ints: [1], shape: [] }] },
  {
    op: 'CumSum',
    title: 'exclusive',
    inputs: [x([2, 4]), { ints: [-1], shape: [] }],
    attributes: { exclusive: int(1) },
  },
  {
    op: 'CumSum',
    title: 'reverse',
    inputs: [x([2, 4]), { ints: [0], shape: [] }],
    attributes: { reverse: int(1) },
  },
  {
    op: 'CumSum',
    title: 'reverse exclusive',
    inputs: [x([2, 4]), { ints: [1], shape: [] }],
    attributes: { reverse: int(1), exclusive: int(1) },
  },
];

const linear: GradientRow[] = [
  { op: 'MatMul', inputs: [x([3, 4]), x([4, 2])] },
  { op: 'MatMul', title: 'batch by weight', inputs: [x([2, 3, 4]), x([4, 5])] },
  { op: 'MatMul', title: 'dynamic batch by weight', inputs: [{ ...x([2, 3, 4]), symbolic: ['n', 't', 4] }, x([4, 5])] },
  { op: 'MatMul', title: 'batch by batch', inputs: [x([2, 2, 3, 4]), x([2, 2, 4, 5])] },
  { op: 'MatMul', title: 'broadcast batches', inputs: [x([2, 1, 3, 4]), x([3, 4, 5])] },
  {
    op: 'MatMul',
    title: 'dynamic batches',
    inputs: [
      { ...x([2, 2, 3, 4]), symbolic: ['a', 'b', 3, 4] },
      { ...x([1, 2, 4, 5]), symbolic: ['c', 'd', 4, 5] },
    ],
  },
  { op: 'MatMul', title: 'vector right', inputs: [x([2, 3, 4]), x([4])] },
  { op: 'MatMul', title: 'vector left', inputs: [x([4]), x([4, 3])] },
  { op: 'MatMul', title: 'two vectors', inputs: [x([4]), x([4])] },
  ...[0, 1].flatMap((transA) =>
    [0, 1].map((transB) => ({
      op: 'Gemm',
      title: `transA ${transA} transB ${transB}`,
      inputs: [x(transA === 1 ? [4, 3] : [3, 4]), x(transB === 1 ? [5, 4] : [4, 5]), x([5])],
      attributes: { transA: int(transA), transB: int(transB), alpha: float(0.5), beta: float(2) },
    })),
  ),
  { op: 'Einsum', inputs: [x([2, 3, 4]), x([2, 4, 5])], attributes: { equation: string('bij,bjk->bik') } },
  {
    op: 'Einsum',
    title: 'attention',
    inputs: [x([2, 3, 2, 4]), x([2, 5, 2, 4])],
    attributes: { equation: string('bqhd,bkhd->bhqk') },
  },
  ...(
    [
      [
        'output not written',
        'ij,jk',
        [
          [2, 3],
          [3, 4],
        ],
      ],
      [
        'dots',
        '...ij,...jk->...ik',
        [
          [2, 2, 3],
          [2, 3, 4],
        ],
      ],
      [
        'dots of other ranks',
        '...ij,jk->...ik',
        [
          [2, 2, 3],
          [3, 4],
        ],
      ],
      [
        'dots, one repeated',
        '...i,...i->...',
        [
          [2, 1, 3],
          [2, 4, 3],
        ],
      ],
      [
        'three operands',
        'bi,ij,bj->b',
        [
          [2, 3],
          [3, 4],
          [2, 4],
        ],
      ],
      ['one operand, summed', 'bij->b', [[2, 3, 4]]],
      [
        'a letter of one operand alone',
        'bij,bk->bk',
        [
          [2, 3, 4],
          [2, 5],
        ],
      ],
    ] as const
  ).map(([title, equation, shapes]) => ({
    op: 'Einsum',
    title,
    inputs: shapes.map((shape) => x(shape)),
    attributes: { equation: string(equation) },
  })),
  {
    op: 'Einsum',
    title: 'dynamic batch',
    inputs: [{ ...x([2, 3, 4]), symbolic: ['n', 3, 4] }, x([4, 5])],
    attributes: { equation: string('bij,jk->bik') },
  },
];

const fourier: GradientRow[] = [
  { op: 'Det', inputs: [x([2, 3, 3])] },
  { op: 'Det', title: 'one matrix', inputs: [x([4, 4])] },
  { op: 'Inverse', domain: 'com.microsoft', title: 'of small matrices', inputs: [x([2, 2, 2], -4, 4)] },
  { op: 'DFT', title: 'real', inputs: [x([2, 6, 1])] },
  { op: 'DFT', title: 'complex', inputs: [x([2, 6, 2])] },
  { op: 'DFT', title: 'inverse', inputs: [x([2, 6, 2])], attributes: { inverse: int(1) } },
  ...[6, 7].map((n) => ({
    op: 'DFT',
    title: `real, one side of ${n}`,
    inputs: [x([2, n, 1])],
    attributes: { onesided: int(1) },
  })),
  ...[6, 7].map((n) => ({
    op: 'DFT',
    title: `back from one side of ${n}`,
    inputs: [x([2, 4, 2]), { ints: [n], shape: [] }],
    attributes: { inverse: int(1), onesided: int(1) },
    opset: 20,
  })),
  { op: 'DFT', title: 'padded', inputs: [x([2, 5, 1]), { ints: [8], shape: [] }] },
  { op: 'DFT', title: 'cut', inputs: [x([2, 9, 2]), { ints: [5], shape: [] }] },
  { op: 'DFT', title: 'another axis', inputs: [x([4, 3, 2])], attributes: { axis: int(0) } },
  {
    op: 'DFT',
    title: 'an axis as input, frames',
    inputs: [{ ...x([2, 3, 6, 1]), symbolic: ['n', 't', 6, 1] }, null, { ints: [2], shape: [] }],
    attributes: { onesided: int(1) },
    opset: 20,
  },
];

const conv = (title: string, xs: readonly number[], ws: readonly number[], attrs = {}): GradientRow => ({
  op: 'Conv',
  title,
  inputs: [x(xs), x(ws), x([ws[0] as number])],
  attributes: attrs,
});
/** From eight channels on the weights' gradient is a product of shifted rows and columns for each tap. */
const enoughChannels: GradientRow[] = [
  conv('uneven pads', [2, 8, 5, 6], [3, 8, 3, 3], { pads: ints([0, 1, 2, 1]) }),
  conv('no pads, dilated', [1, 8, 6, 7], [3, 8, 3, 2], { dilations: ints([2, 3]) }),
  conv('stride 2, rows left over', [2, 8, 8, 7], [4, 8, 3, 3], { pads: ints([1, 1, 1, 1]), strides: ints([2, 2]) }),
  conv('one axis strided, one dilated', [2, 8, 7, 6], [3, 8, 3, 3], {
    pads: ints([1, 2, 0, 2]),
    strides: ints([2, 1]),
    dilations: ints([1, 2]),
  }),
  conv('columns strided', [1, 8, 4, 9], [3, 8, 3, 4], { pads: ints([1, 1, 1, 2]), strides: ints([1, 3]) }),
  conv('taps that meet nothing but padding', [1, 8, 3, 3], [3, 8, 3, 3], {
    dilations: ints([4, 4]),
    pads: ints([4, 4, 4, 4]),
  }),
  conv('rows too long for a product', [1, 8, 3, 40], [3, 8, 3, 3], { pads: ints([1, 1, 1, 1]) }),
  conv('grouped, strided', [2, 16, 5, 5], [6, 8, 3, 3], { group: int(2), strides: ints([2, 2]) }),
  conv('more weights than map, strided', [3, 12, 4, 4], [12, 12, 3, 3], {
    pads: ints([1, 1, 1, 1]),
    strides: ints([2, 2]),
  }),
  conv('1-D', [2, 8, 9], [3, 8, 4], { pads: ints([2, 1]), strides: ints([2]) }),
  conv('3-D', [1, 8, 4, 5, 4], [2, 8, 2, 3, 2], {
    pads: ints([1, 1, 0, 0, 1, 1]),
    strides: ints([2, 1, 1]),
    dilations: ints([1, 2, 1]),
  }),
  {
    op: 'Conv',
    title: 'dynamic batch',
    inputs: [{ ...x([3, 8, 5, 6]), symbolic: ['n', 8, 5, 6] }, x([3, 8, 3, 3]), x([3])],
    attributes: { pads: ints([1, 1, 1, 1]) },
  },
  {
    op: 'Conv',
    title: 'dynamic sizes',
    inputs: [{ ...x([2, 8, 5, 6]), symbolic: ['n', 8, 'h', 'w'] }, x([3, 8, 3, 3]), x([3])],
    attributes: { pads: ints([1, 1, 1, 1]) },
  },
  {
    op: 'ConvTranspose',
    title: 'strided',
    inputs: [x([2, 8, 4, 3]), x([8, 9, 3, 3]), x([9])],
    attributes: { strides: ints([2, 2]), pads: ints([1, 0, 0, 1]) },
  },
];
const convolution: GradientRow[] = [
  conv('3x3', [2, 5, 6, 6], [4, 5, 3, 3], { pads: ints([1, 1, 1, 1]) }),
  conv('3x3 no pad', [1, 5, 6, 5], [4, 5, 3, 3]),
  conv('3x3 stride 2, rows left over', [2, 5, 8, 7], [4, 5, 3, 3], { pads: ints([1, 1, 1, 1]), strides: ints([2, 2]) }),
  conv('stem', [2, 3, 8, 8], [4, 3, 3, 3], { pads: ints([1, 1, 1, 1]), strides: ints([2, 2]) }),
  conv('stem dilated', [2, 3, 9, 9], [4, 3, 3, 3], { dilations: ints([2, 2]) }),
  conv('3x3 over enough channels for a product a tap', [2, 8, 5, 6], [3, 8, 3, 3], { pads: ints([1, 1, 1, 1]) }),
  conv('3x3 with more weights than map', [3, 12, 2, 2], [12, 12, 3, 3], { pads: ints([1, 1, 1, 1]) }),
  ...enoughChannels.map((row) => ({ ...row, title: `enough channels, ${row.title}` })),
  conv('large stem', [2, 3, 12, 12], [4, 3, 7, 7], { pads: ints([3, 3, 3, 3]), strides: ints([2, 2]) }),
  conv('grouped over enough channels', [2, 16, 4, 4], [6, 8, 3, 3], { group: int(2), pads: ints([1, 1, 1, 1]) }),
  conv('1x1', [2, 6, 4, 4], [3, 6, 1, 1]),
  conv('1x1 with more weights than map', [3, 12, 2, 2], [12, 12, 1, 1]),
  conv('1x1 stride 2', [2, 6, 5, 5], [3, 6, 1, 1], { strides: ints([2, 2]) }),
  conv('uneven pads', [1, 5, 6, 6], [2, 5, 3, 3], { pads: ints([0, 1, 2, 1]) }),
  conv('dilated', [1, 5, 8, 8], [2, 5, 3, 3], { dilations: ints([2, 2]), pads: ints([2, 2, 2, 2]) }),
  conv('depthwise', [2, 6, 5, 5], [6, 1, 3, 3], { group: int(6), pads: ints([1, 1, 1, 1]) }),
  conv('depthwise stride 2', [2, 6, 6, 6], [6, 1, 3, 3], {
    group: int(6),
    pads: ints([1, 1, 1, 1]),
    strides: ints([2, 2]),
  }),
  conv('depthwise multiplier', [2, 3, 5, 5], [6, 1, 3, 3], { group: int(3) }),
  conv('grouped', [2, 6, 5, 5], [4, 3, 3, 3], { group: int(2), pads: ints([1, 1, 1, 1]) }),
  ...[
    conv('3x3', [2, 16, 4, 5], [32, 16, 3, 3], { pads: ints([1, 1, 1, 1]) }),
    conv('stride 2, uneven pads', [2, 16, 6, 5], [16, 16, 3, 3], { pads: ints([0, 1, 2, 1]), strides: ints([2, 2]) }),
    conv('dilated', [1, 16, 6, 6], [16, 16, 3, 3], { dilations: ints([2, 2]), pads: ints([2, 2, 2, 2]) }),
    conv('depthwise', [2, 16, 5, 5], [16, 1, 3, 3], { group: int(16), pads: ints([1, 1, 1, 1]) }),
  ].map((row) => ({ ...row, title: `in blocks, ${row.title}`, blocked: true })),
  conv('same upper', [1, 5, 7, 7], [2, 5, 3, 3], { auto_pad: string('SAME_UPPER'), strides: ints([2, 2]) }),
  conv('1-D', [2, 5, 9], [4, 5, 3], { pads: ints([1, 1]), strides: ints([2]) }),
  conv('3-D', [1, 5, 4, 4, 4], [2, 5, 2, 2, 2]),
  conv('3-D strides and dilations', [1, 5, 5, 6, 5], [2, 5, 2, 2, 2], {
    strides: ints([2, 1, 2]),
    dilations: ints([1, 2, 1]),
    pads: ints([1, 0, 1, 0, 1, 1]),
  }),
  conv('3-D depthwise', [1, 4, 4, 4, 4], [4, 1, 3, 3, 3], { group: int(4), pads: ints([1, 1, 1, 1, 1, 1]) }),
  conv('1-D dilated and grouped', [2, 6, 9], [4, 3, 3], { group: int(2), dilations: ints([2]), pads: ints([2, 2]) }),
  conv('1-D depthwise', [2, 4, 9], [4, 1, 5], { group: int(4), pads: ints([2, 2]) }),
  {
    op: 'Conv',
    title: 'dynamic sizes',
    inputs: [{ ...x([2, 5, 7, 6]), symbolic: ['n', 5, 'h', 'w'] }, x([4, 5, 3, 3]), x([4])],
    attributes: { pads: ints([1, 1, 1, 1]), strides: ints([2, 2]) },
  },
  { op: 'ConvTranspose', inputs: [x([2, 4, 4, 4]), x([4, 5, 3, 3]), x([5])] },
  {
    op: 'ConvTranspose',
    title: 'stride 2',
    inputs: [x([2, 4, 4, 4]), x([4, 5, 2, 2]), x([5])],
    attributes: { strides: ints([2, 2]) },
  },
  {
    op: 'ConvTranspose',
    title: 'output padding',
    inputs: [x([2, 4, 4, 4]), x([4, 5, 3, 3])],
    attributes: { strides: ints([2, 2]), pads: ints([1, 1, 1, 1]), output_padding: ints([1, 1]) },
  },
  {
    op: 'ConvTranspose',
    title: 'in blocks',
    blocked: true,
    inputs: [x([2, 16, 3, 3]), x([16, 16, 3, 3])],
    attributes: { strides: ints([2, 2]) },
  },
  { op: 'ConvTranspose', title: '1-D', inputs: [x([2, 4, 5]), x([4, 3, 3])], attributes: { strides: ints([2]) } },
  {
    op: 'ConvTranspose',
    title: '3-D, dilated',
    inputs: [x([1, 3, 3, 3, 3]), x([3, 2, 2, 2, 2]), x([2])],
    attributes: { dilations: ints([2, 1, 1]) },
  },
  {
    op: 'ConvTranspose',
    title: 'dynamic batch',
    inputs: [{ ...x([2, 4, 4, 4]), symbolic: ['n', 4, 4, 4] }, x([4, 5, 2, 2]), x([5])],
    attributes: { strides: ints([2, 2]) },
  },
  { op: 'ConvTranspose', title: 'grouped', inputs: [x([2, 4, 4, 4]), x([4, 3, 3, 3])], attributes: { group: int(2) } },
];

const apart = { shape: [2, 3, 6, 6], low: -40, high: 40 };
const pooling: GradientRow[] = [
  ...[1, 2, 3].flatMap((p): GradientRow[] => [
    {
      op: 'LpPool',
      title: `p ${p}`,
      inputs: [x([2, 3, 6, 5], -2, 2, [0])],
      attributes: { kernel_shape: ints([3, 2]), strides: ints([2, 1]), pads: ints([1, 0, 1, 1]), p: int(p) },
    },
    { op: 'GlobalLpPool', title: `p ${p}`, inputs: [x([2, 3, 4, 3], -2, 2, [0])], attributes: { p: int(p) } },
  ]),
  {
    op: 'LpPool',
    title: 'dynamic batch, 1-D',
    inputs: [{ ...x([2, 3, 7], 0.5, 2), symbolic: ['n', 3, 7] }],
    attributes: { kernel_shape: ints([3]), strides: ints([3]) },
  },
  {
    op: 'MaxUnpool',
    inputs: [x([1, 2, 2, 2]), { ints: [5, 7, 13, 15, 16, 18, 26, 31], shape: [1, 2, 2, 2] }],
    attributes: { kernel_shape: ints([2, 2]), strides: ints([2, 2]) },
  },
  {
    op: 'Resize',
    title: 'cubic',
    inputs: [x([1, 2, 4, 5]), null, { floats: [1, 1, 1.5, 2] }],
    attributes: { mode: string('cubic'), cubic_coeff_a: float(-0.5) },
  },
  {
    op: 'Resize',
    title: 'cubic, sizes, nothing from outside',
    inputs: [x([1, 2, 4, 5]), null, null, { ints: [1, 2, 7, 3] }],
    attributes: { mode: string('cubic'), exclude_outside: int(1) },
  },
  {
    op: 'Resize',
    title: 'linear down, smoothed',
    inputs: [x([1, 2, 6, 8]), null, null, { ints: [1, 2, 4, 3] }],
    attributes: { mode: string('linear'), antialias: int(1) },
  },
  {
    op: 'Resize',
    title: 'of named axes',
    inputs: [x([1, 2, 3, 4]), null, { floats: [2, 3] }],
    attributes: { mode: string('linear'), axes: ints([3, 2]) },
  },
  { op: 'MaxPool', inputs: [apart], attributes: { kernel_shape: ints([2, 2]), strides: ints([2, 2]) } },
  {
    op: 'MaxPool',
    title: 'overlapping',
    inputs: [apart],
    attributes: { kernel_shape: ints([3, 3]), strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) },
  },
  { op: 'AveragePool', inputs: [x([2, 3, 6, 6])], attributes: { kernel_shape: ints([2, 2]), strides: ints([2, 2]) } },
  {
    op: 'AveragePool',
    title: 'padded',
    inputs: [x([2, 3, 6, 6])],
    attributes: { kernel_shape: ints([3, 3]), strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) },
  },
  {
    op: 'AveragePool',
    title: 'padding counted',
    inputs: [x([2, 3, 6, 6])],
    attributes: { kernel_shape: ints([3, 3]), pads: ints([1, 1, 1, 1]), count_include_pad: int(1) },
  },
  {
    op: 'AveragePool',
    title: 'rows left over',
    inputs: [x([1, 2, 7, 7])],
    attributes: { kernel_shape: ints([2, 2]), strides: ints([2, 2]) },
  },
  ...(
    [
      ['ceiled', { ceil_mode: int(1) }],
      ['ceiled, padded', { ceil_mode: int(1), pads: ints([1, 1, 1, 1]) }],
      ['same upper', { auto_pad: string('SAME_UPPER') }],
      ['same lower', { auto_pad: string('SAME_LOWER') }],
    ] as readonly [string, Readonly<Record<string, Attribute>>][]
  ).flatMap(([title, given]) => {
    const attributes = { kernel_shape: ints([3, 3]), strides: ints([2, 2]), ...given };
    const counted = { ...attributes, count_include_pad: int(1) };
    return [
      { op: 'AveragePool', title, inputs: [x([1, 2, 6, 7])], attributes },
      { op: 'AveragePool', title: `${title}, padding counted`, inputs: [x([1, 2, 6, 7])], attributes: counted },
      { op: 'MaxPool', title, inputs: [{ ...apart, shape: [1, 2, 6, 7] }], attributes },
    ];
  }),
  {
    op: 'AveragePool',
    title: 'dilated',
    opset: 19,
    inputs: [x([1, 2, 7, 7])],
    attributes: { kernel_shape: ints([2, 2]), dilations: ints([2, 2]) },
  },
  {
    op: 'AveragePool',
    title: 'padded, dynamic batch',
    inputs: [{ ...x([2, 3, 6, 6]), symbolic: ['n', 3, 6, 6] }],
    attributes: { kernel_shape: ints([3, 3]), strides: ints([2, 2]), pads: ints([1, 1, 1, 1]) },
  },
  { op: 'AveragePool', title: '1-D', inputs: [x([2, 3, 7])], attributes: { kernel_shape: ints([3]) } },
  {
    op: 'AveragePool',
    title: '3-D',
    inputs: [x([1, 2, 4, 4, 4])],
    attributes: { kernel_shape: ints([2, 2, 2]), strides: ints([2, 2, 2]) },
  },
  {
    op: 'MaxPool',
    title: 'dilated',
    inputs: [{ ...apart, shape: [1, 2, 7, 7] }],
    attributes: { kernel_shape: ints([2, 2]), dilations: ints([2, 2]) },
  },
  {
    op: 'MaxPool',
    title: 'dynamic batch',
    inputs: [{ ...apart, symbolic: ['n', 3, 6, 6] }],
    attributes: { kernel_shape: ints([2, 2]), strides: ints([2, 2]) },
  },
  { op: 'MaxPool', title: '1-D', inputs: [{ ...apart, shape: [2, 3, 8] }], attributes: { kernel_shape: ints([2]) } },
  { op: 'GlobalAveragePool', inputs: [x([2, 3, 4, 5])] },
  { op: 'GlobalAveragePool', title: 'dynamic sizes', inputs: [{ ...x([2, 3, 4, 5]), symbolic: ['n', 3, 'h', 'w'] }] },
  { op: 'GlobalMaxPool', inputs: [apart] },
  { op: 'Resize', title: 'nearest', inputs: [x([1, 2, 3, 3]), null, { floats: [1, 1, 2, 2] }] },
  {
    op: 'Resize',
    title: 'nearest, sizes, dynamic batch',
    inputs: [{ ...x([2, 2, 3, 3]), symbolic: ['n', 2, 3, 3] }, null, null, { ints: [2, 2, 5, 7] }],
  },
  {
    op: 'Resize',
    title: 'linear, dynamic batch',
    inputs: [{ ...x([2, 2, 3, 3]), symbolic: ['n', 2, 3, 3] }, null, { floats: [1, 1, 1.5, 2] }],
    attributes: { mode: string('linear') },
  },
  {
    op: 'Resize',
    title: 'linear',
    inputs: [x([1, 2, 3, 4]), null, { floats: [1, 1, 2, 2] }],
    attributes: { mode: string('linear') },
  },
  {
    op: 'Resize',
    title: 'linear down',
    inputs: [x([1, 2, 6, 6]), null, null, { ints: [1, 2, 4, 3] }],
    attributes: { mode: string('linear'), coordinate_transformation_mode: string('align_corners') },
  },
];

const normalization: GradientRow[] = [
  { op: 'Softmax', inputs: [x([2, 5])] },
  { op: 'Softmax', title: 'axis 1', inputs: [x([2, 4, 3])], attributes: { axis: int(1) } },
  { op: 'LogSoftmax', inputs: [x([2, 5])] },
  { op: 'LayerNormalization', inputs: [x([2, 3, 6]), x([6], 0.5, 1.5), x([6])], opset: 18 },
  {
    op: 'LayerNormalization',
    title: 'two axes, no bias',
    inputs: [x([2, 3, 4]), x([3, 4], 0.5, 1.5)],
    attributes: { axis: int(1) },
  },
  { op: 'SimplifiedLayerNormalization', inputs: [x([2, 3, 6]), x([6], 0.5, 1.5)] },
  { op: 'RMSNormalization', inputs: [x([2, 3, 6]), x([6], 0.5, 1.5)], opset: 23 },
  { op: 'InstanceNormalization', inputs: [x([2, 3, 4, 4]), x([3], 0.5, 1.5), x([3])] },
  {
    op: 'GroupNormalization',
    inputs: [x([2, 4, 3, 3]), x([4], 0.5, 1.5), x([4])],
    attributes: { num_groups: int(2) },
    opset: 21,
  },
  {
    op: 'GroupNormalization',
    title: 'scales per group',
    inputs: [x([2, 4, 3, 3]), x([2], 0.5, 1.5), x([2])],
    attributes: { num_groups: int(2) },
    opset: 18,
  },
  {
    op: 'GroupNormalization',
    title: 'dynamic batch',
    inputs: [{ ...x([2, 4, 3, 3]), symbolic: ['n', 4, 3, 3] }, x([4], 0.5, 1.5), x([4])],
    attributes: { num_groups: int(2) },
    opset: 21,
  },
  {
    op: 'InstanceNormalization',
    title: 'dynamic batch',
    inputs: [{ ...x([2, 3, 4, 4]), symbolic: ['n', 3, 4, 4] }, x([3], 0.5, 1.5), x([3])],
  },
  {
    op: 'LayerNormalization',
    title: 'dynamic batch',
    inputs: [{ ...x([2, 3, 6]), symbolic: ['n', 't', 6] }, x([6], 0.5, 1.5), x([6])],
  },
  { op: 'Softmax', title: 'dynamic batch', inputs: [{ ...x([2, 5]), symbolic: ['n', 5] }] },
  {
    op: 'BatchNormalization',
    inputs: [
      x([2, 3, 4, 4]),
      x([3], 0.5, 1.5),
      x([3]),
      { ...x([3]), frozen: true },
      { ...x([3], 0.5, 2), frozen: true },
    ],
  },
  { op: 'LpNormalization', inputs: [x([2, 5])] },
  { op: 'LpNormalization', title: 'p 1', inputs: [x([2, 5, 2], -2, 2, [0])], attributes: { p: int(1), axis: int(1) } },
  ...[3, 5].map((size) => ({
    op: 'LRN',
    title: `of ${size}`,
    inputs: [{ ...x([2, 6, 2, 3]), symbolic: ['n', 6, 2, 3] }],
    attributes: { size: int(size), alpha: float(0.3), beta: float(0.75), bias: float(1.5) },
  })),
];

const reduction: GradientRow[] = [
  'ReduceSum',
  'ReduceMean',
  'ReduceMax',
  'ReduceMin',
  'ReduceL1',
  'ReduceL2',
  'ReduceSumSquare',
  'ReduceLogSum',
  'ReduceLogSumExp',
  'ReduceProd',
].flatMap((op) => [
  { op, inputs: [x([2, 3, 4], 0.3, 2), { ints: [1] }] },
  { op, title: 'dims dropped', inputs: [x([2, 3, 4], 0.3, 2), { ints: [0, -1] }], attributes: { keepdims: int(0) } },
  { op, title: 'all', inputs: [x([2, 3], 0.3, 2)], attributes: { keepdims: int(0) } },
]);

const movement: GradientRow[] = [
  { op: 'Compress', inputs: [x([3, 4]), { bools: [1, 0, 1], shape: [3] }], attributes: { axis: int(0) } },
  { op: 'Compress', title: 'flat', inputs: [x([2, 3]), { bools: [0, 1, 1, 0, 1], shape: [5] }] },
  { op: 'CenterCropPad', inputs: [x([7, 4, 2]), { ints: [4, 7, 2] }] },
  {
    op: 'CenterCropPad',
    title: 'some axes, dynamic batch',
    inputs: [{ ...x([2, 4, 7]), symbolic: ['n', 4, 7] }, { ints: [9, 2] }],
    attributes: { axes: ints([-2, -1]) },
  },
  { op: 'OneHot', inputs: [{ ints: [0, 2, -1], shape: [3] }, { ints: [4], shape: [] }, x([2])] },
  { op: 'Col2Im', inputs: [x([2, 12, 9]), { ints: [4, 4] }, { ints: [2, 2] }] },
  {
    op: 'Col2Im',
    title: 'strided, dilated, padded',
    inputs: [{ ...x([2, 12, 12]), symbolic: ['n', 12, 12] }, { ints: [5, 6] }, { ints: [2, 3] }],
    attributes: { strides: ints([2, 1]), dilations: ints([2, 1]), pads: ints([1, 0, 1, 0]) },
  },
  {
    op: 'TensorScatter',
    inputs: [x([2, 3, 6, 2]), x([2, 3, 2, 2]), { ints: [1, 4] }],
    opset: 24,
  },
  {
    op: 'TensorScatter',
    title: 'circular, another axis',
    inputs: [x([2, 5, 3]), x([2, 2, 3]), { ints: [4, 1] }],
    attributes: { mode: string('circular'), axis: int(1) },
    opset: 24,
  },
  { op: 'TensorScatter', title: 'from the first place', inputs: [x([2, 4, 3]), x([2, 2, 3])], opset: 24 },
  { op: 'Reshape', inputs: [x([2, 6]), { ints: [3, -1] }] },
  { op: 'Flatten', inputs: [x([2, 3, 4])] },
  { op: 'Squeeze', inputs: [x([2, 1, 4]), { ints: [1] }] },
  { op: 'Unsqueeze', inputs: [x([2, 4]), { ints: [1] }] },
  { op: 'Transpose', inputs: [x([2, 3, 4])], attributes: { perm: ints([2, 0, 1]) } },
  { op: 'Transpose', title: 'reversed', inputs: [x([2, 3])] },
  { op: 'Concat', inputs: [x([2, 3]), x([2, 1]), x([2, 2])], attributes: { axis: int(1) } },
  { op: 'Split', inputs: [x([2, 6]), { ints: [2, 4] }], outputs: 2, attributes: { axis: int(1) } },
  { op: 'Slice', inputs: [x([4, 6]), { ints: [1, 5] }, { ints: [3, 0] }, { ints: [0, 1] }, { ints: [1, -2] }] },
  { op: 'Slice', title: 'a window', inputs: [x([4, 6]), { ints: [1, -4] }, { ints: [3, 99] }, { ints: [0, 1] }] },
  {
    op: 'Slice',
    title: 'a window, dynamic batch',
    inputs: [{ ...x([2, 6]), symbolic: ['n', 6] }, { ints: [1] }, { ints: [4] }, { ints: [1] }],
  },
  { op: 'Slice', title: 'of the batch', inputs: [{ ...x([4, 2]), symbolic: ['n', 2] }, { ints: [1] }, { ints: [3] }] },
  { op: 'Trilu', inputs: [x([2, 3, 4])] },
  { op: 'Trilu', title: 'lower', inputs: [x([3, 4]), { ints: [1], shape: [] }], attributes: { upper: int(0) } },
  {
    op: 'ReverseSequence',
    inputs: [x([4, 3, 2]), { ints: [4, 2, 1] }],
    attributes: { time_axis: int(0), batch_axis: int(1) },
  },
  { op: 'Pad', title: 'dynamic batch', inputs: [{ ...x([2, 3]), symbolic: ['n', 3] }, { ints: [0, 1, 0, 2] }] },
  {
    op: 'Concat',
    title: 'of the batch',
    inputs: [{ ...x([2, 3]), symbolic: ['n', 3] }, x([1, 3])],
    attributes: { axis: int(0) },
  },
  {
    op: 'Split',
    title: 'dynamic batch',
    inputs: [{ ...x([2, 6]), symbolic: ['n', 6] }, { ints: [2, 4] }],
    outputs: 2,
    attributes: { axis: int(1) },
  },
  { op: 'Pad', inputs: [x([2, 3]), { ints: [1, 0, 0, 2] }] },
  { op: 'Pad', title: 'reflect', inputs: [x([3, 4]), { ints: [1, 2, 1, 0] }], attributes: { mode: string('reflect') } },
  { op: 'Pad', title: 'edge', inputs: [x([3, 4]), { ints: [1, 2, 1, 0] }], attributes: { mode: string('edge') } },
  { op: 'Expand', inputs: [x([3, 1]), { ints: [2, 3, 4] }] },
  { op: 'Expand', title: 'dynamic', inputs: [{ ...x([3, 1]), symbolic: ['n', 1] }, { ints: [2, 3, 4] }] },
  { op: 'Tile', inputs: [x([2, 3]), { ints: [2, 3] }] },
  { op: 'Tile', title: 'dynamic', inputs: [{ ...x([2, 3]), symbolic: ['n', 3] }, { ints: [2, 1] }] },
  { op: 'Gather', inputs: [x([5, 3]), { ints: [0, 4, -1, 0], shape: [2, 2] }] },
  { op: 'Gather', title: 'axis 1', inputs: [x([3, 5]), { ints: [1, 1, 3] }], attributes: { axis: int(1) } },
  { op: 'GatherElements', inputs: [x([3, 3]), { ints: [0, 1, 1, 2, 2, 2], shape: [2, 3] }] },
  { op: 'GatherND', inputs: [x([3, 4]), { ints: [0, 1, 2, 3, 0, 1], shape: [3, 2] }] },
  {
    op: 'GatherND',
    title: 'batch',
    inputs: [x([2, 3, 4]), { ints: [1, 0], shape: [2, 1] }],
    attributes: { batch_dims: int(1) },
  },
  { op: 'ScatterND', inputs: [x([5, 2]), { ints: [1, 3], shape: [2, 1] }, x([2, 2])] },
  {
    op: 'ScatterND',
    title: 'add',
    inputs: [x([5, 2]), { ints: [1, 1], shape: [2, 1] }, x([2, 2])],
    attributes: { reduction: string('add') },
  },
  { op: 'ScatterElements', inputs: [x([3, 3]), { ints: [1, 0, 2, 0, 2, 1], shape: [2, 3] }, x([2, 3])] },
  { op: 'DepthToSpace', inputs: [x([1, 8, 2, 3])], attributes: { blocksize: int(2) } },
  {
    op: 'DepthToSpace',
    title: 'CRD',
    inputs: [x([1, 8, 2, 3])],
    attributes: { blocksize: int(2), mode: string('CRD') },
  },
  { op: 'SpaceToDepth', inputs: [x([1, 2, 4, 6])], attributes: { blocksize: int(2) } },
  {
    op: 'GatherElements',
    title: 'axis 1',
    inputs: [x([2, 3]), { ints: [0, -1, 1, 1], shape: [2, 2] }],
    attributes: { axis: int(1) },
  },
  {
    op: 'TopK',
    title: 'smallest, axis 0',
    silent: 1,
    inputs: [{ shape: [5, 2], low: -40, high: 40 }, { ints: [2] }],
    attributes: { axis: int(0), largest: int(0) },
  },
  {
    op: 'TopK',
    title: 'dynamic batch',
    silent: 1,
    inputs: [{ shape: [2, 5], low: -40, high: 40, symbolic: ['n', 5] }, { ints: [3] }],
  },
  { op: 'TopK', silent: 1, inputs: [{ shape: [2, 5], low: -40, high: 40 }, { ints: [2] }] },
];

const sampling: GradientRow[] = [
  { op: 'AffineGrid', inputs: [x([2, 2, 3]), { ints: [2, 1, 3, 4] }], opset: 20 },
  {
    op: 'AffineGrid',
    title: 'three axes, aligned',
    inputs: [x([1, 3, 4]), { ints: [1, 1, 2, 3, 4] }],
    attributes: { align_corners: int(1) },
    opset: 20,
  },
];

const families = { elementwise, sampling, fourier, linear, convolution, pooling, normalization, reduction, movement };

for (const [family, rows] of Object.entries(families)) {
  describe(`gradients of ${family}`, () => {
    it.each(rows.map((row) => [`${row.op}${row.title === undefined ? '' : `, ${row.title}`}`, row] as const))(
      '%s',
      async (_, row) => {
        await checkGradient(row);
      },
    );
  });
}

describe('the table of gradients', () => {
  // Q/DQ are steps, whose straight-through rule quantization.test.ts works by hand; If and Scan have their own in
  // control-flow.test.ts.
  const withoutRow = ['QuantizeLinear', 'DequantizeLinear', 'If', 'Scan'];

  it('has a row for every operator', () => {
    const checked = new Set(Object.values(families).flatMap((rows) => rows.map((row) => row.op)));
    expect(Object.keys(gradients).filter((op) => !checked.has(op) && !withoutRow.includes(op))).toEqual([]);
  });

  it('names no operator as having none', () => {
    expect(Object.keys(noGradient).filter((op) => op in gradients)).toEqual([]);
  });
});
