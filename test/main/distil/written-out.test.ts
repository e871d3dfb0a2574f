import { describe, it } from 'vitest';
import { multiplySmallDepthwise } from '../../../src-main/distil/small-depthwise';
import { trainBatchNorm } from '../../../src-main/distil/train-batch-norm';
import { writeOutRecurrent } from '../../../src-main/distil/write-out-recurrent';
import { type Attribute, attributes, type Model } from '../../../src-main/onnx/ir';
import { checkGradient, type GradientRow } from '../../support/check-gradient';
import { drawn as x } from '../../support/plain-form-rows';

const { float, floats, int, ints, string } = attributes;
const frozen = (shape: readonly number[], low: number, high: number) => ({ shape, low, high, frozen: true });

const smallMap = (title: string, attrs: Readonly<Record<string, Attribute>>): GradientRow => ({
  op: 'Conv',
  title: `small map${title}`,
  inputs: [{ ...x([2, 4, 5, 6]), symbolic: ['n', 4, 5, 6] }, x([4, 1, 3, 2]), x([4])],
  attributes: { group: int(4), ...attrs },
  rewrite: multiplySmallDepthwise,
});

const rewrite = async (model: Model) => writeOutRecurrent(model);
const rows: GradientRow[] = [
  {
    op: 'LSTM',
    title: 'the last states alone, any length',
    inputs: [{ ...x([3, 2, 4]), symbolic: ['t', 'n', 4] }, x([1, 12, 4]), x([1, 12, 3]), x([1, 24])],
    outputs: 2,
    attributes: { hidden_size: int(3) },
    rewrite: async (model) => {
      const nodes = model.graph.nodes.map((node) =>
        node.opType === 'LSTM' ? { ...node, outputs: ['', ...node.outputs] } : node,
      );
      return writeOutRecurrent({ ...model, graph: { ...model.graph, nodes } });
    },
  },
  {
    op: 'LSTM',
    title: 'clipped, activations of its own',
    inputs: [x([3, 2, 4]), x([1, 12, 4]), x([1, 12, 3]), x([1, 24])],
    outputs: 3,
    attributes: {
      hidden_size: int(3),
      clip: float(0.6),
      activations: {
        type: 'strings',
        value: ['HardSigmoid', 'Softsign', 'ScaledTanh'].map((name) => new TextEncoder().encode(name)),
      },
      activation_alpha: floats([0.3, 1.2]),
      activation_beta: floats([0.4, 0.8]),
    },
    rewrite,
  },
  {
    op: 'LSTM',
    inputs: [x([3, 2, 4]), x([1, 12, 4]), x([1, 12, 3]), x([1, 24])],
    outputs: 3,
    attributes: { hidden_size: int(3) },
    rewrite,
  },
  {
    op: 'LSTM',
    title: 'both directions, given states',
    inputs: [x([3, 2, 4]), x([2, 12, 4]), x([2, 12, 3]), x([2, 24]), null, x([2, 2, 3]), x([2, 2, 3])],
    attributes: { hidden_size: int(3), direction: string('bidirectional') },
    rewrite,
  },
  {
    op: 'GRU',
    inputs: [x([3, 2, 4]), x([1, 9, 4]), x([1, 9, 3]), x([1, 18])],
    outputs: 2,
    attributes: { hidden_size: int(3) },
    rewrite,
  },
  {
    op: 'GRU',
    title: 'linear before reset',
    inputs: [x([3, 2, 4]), x([1, 9, 4]), x([1, 9, 3]), x([1, 18])],
    attributes: { hidden_size: int(3), linear_before_reset: int(1) },
    rewrite,
  },
  {
    op: 'RNN',
    inputs: [x([3, 2, 4]), x([1, 3, 4]), x([1, 3, 3]), x([1, 6])],
    attributes: { hidden_size: int(3), direction: string('reverse') },
    rewrite,
  },
  {
    op: 'LSTM',
    title: 'peepholes, lengths',
    inputs: [x([3, 2, 4]), x([1, 12, 4]), x([1, 12, 3]), x([1, 24]), { int32: [3, 2] }, null, null, x([1, 9])],
    outputs: 3,
    attributes: { hidden_size: int(3) },
    rewrite,
  },
  {
    op: 'GRU',
    title: 'dynamic batch, both directions',
    inputs: [{ ...x([3, 2, 4]), symbolic: [3, 'n', 4] }, x([2, 9, 4]), x([2, 9, 3]), x([2, 18])],
    attributes: { hidden_size: int(3), direction: string('bidirectional') },
    rewrite,
  },
  smallMap('', { pads: ints([1, 1, 1, 1]) }),
  smallMap(', stride and uneven pads', { pads: ints([0, 1, 2, 1]), strides: ints([2, 2]) }),
  smallMap(', dilated', { pads: ints([2, 2, 2, 2]), dilations: ints([2, 2]) }),
  {
    op: 'BatchNormalization',
    title: 'statistics of the batch',
    inputs: [x([4, 3, 2, 2]), x([3], 0.5, 1.5), x([3]), frozen([3], -1, 1), frozen([3], 0.5, 2)],
    rewrite: async (model) => trainBatchNorm(withStatistics(model)).model,
  },
  largeMap(', maps of 256 places', [2, 3, 16, 16]),
  largeMap(', maps of 512 places', [2, 3, 16, 32]),
  largeMap(', one axis of 512 places', [2, 3, 512]),
  {
    op: 'BatchNormalization',
    title: 'statistics of the batch, no space, sizes unknown',
    inputs: [{ ...x([6, 3]), symbolic: ['n', 3] }, x([3], 0.5, 1.5), x([3]), frozen([3], -1, 1), frozen([3], 0.5, 2)],
    rewrite: async (model) => trainBatchNorm(withStatistics(model)).model,
  },
];

function largeMap(title: string, shape: readonly number[]): GradientRow {
  return {
    op: 'BatchNormalization',
    title: `statistics of the batch${title}`,
    inputs: [
      { ...x(shape), symbolic: ['n', ...shape.slice(1)] },
      x([3], 0.5, 1.5),
      x([3]),
      frozen([3], -1, 1),
      frozen([3], 0.5, 2),
    ],
    rewrite: async (model) => trainBatchNorm(withStatistics(model)).model,
  };
}

/** Running statistics must be initializers; the row feeds them. */
function withStatistics(model: Parameters<typeof trainBatchNorm>[0]): typeof model {
  const filled = (name: string, value: number) =>
    ({
      name,
      dtype: 'float32',
      shape: [3],
      data: { kind: 'inline', bytes: new Uint8Array(new Float32Array(3).fill(value).buffer) },
    }) as const;
  const inputs = model.graph.inputs.filter(({ name }) => name !== 'x3' && name !== 'x4');
  return {
    ...model,
    graph: {
      ...model.graph,
      inputs,
      initializers: new Map([...model.graph.initializers, ['x3', filled('x3', 0)], ['x4', filled('x4', 1)]]),
    },
  };
}

describe('gradients of operators that are written out first', () => {
  it.each(rows.map((row) => [`${row.op}${row.title === undefined ? '' : `, ${row.title}`}`, row] as const))(
    '%s',
    async (_, row) => {
      await checkGradient(row);
    },
  );
});
