import { describe, expect, it } from 'vitest';
import { writeOutRecurrent } from '../../../src-main/distil/write-out-recurrent';
import { Random } from '../../../src-main/kernels/random';
import {
  type Attribute,
  attributes,
  elementCount,
  type Model,
  makeGraph,
  makeModel,
  makeNode,
  makeValue,
  type NdArray,
  tensorFromArray,
} from '../../../src-main/onnx/ir';
import { openSession } from '../../../src-main/onnx/session';
import { floats } from '../../support/run-emitted';

const { float, floats: floatsOf, int, string } = attributes;
const [steps, batch, width, hidden] = [4, 3, 5, 6];
const gates = { LSTM: 4, GRU: 3, RNN: 1 } as const;

function recurrent(
  kind: keyof typeof gates,
  directions: 1 | 2,
  attrs: Record<string, Attribute>,
  states: boolean,
  bias = true,
  more: Readonly<Record<number, NdArray>> = {},
): { model: Model; feeds: Record<string, NdArray> } {
  const random = new Random(7);
  const draw = (shape: number[]) =>
    floats(
      shape,
      Array.from({ length: elementCount(shape) }, () => random.normal() * 0.5),
    );
  const weights = {
    w: draw([directions, gates[kind] * hidden, width]),
    r: draw([directions, gates[kind] * hidden, hidden]),
    ...(bias ? { b: draw([directions, 2 * gates[kind] * hidden]) } : {}),
  };
  const feeds: Record<string, NdArray> = { x: draw([steps, batch, width]) };
  if (states) feeds.h0 = draw([directions, batch, hidden]);
  if (states && kind === 'LSTM') feeds.c0 = draw([directions, batch, hidden]);
  const inputs = ['x', 'w', 'r', bias ? 'b' : '', '', states ? 'h0' : '', ...(states && kind === 'LSTM' ? ['c0'] : [])];
  for (const at of Object.keys(more)) inputs[Number(at)] = `given${at}`;
  const given = Object.fromEntries(Object.entries(more).map(([at, array]) => [`given${at}`, array]));
  const outputs = kind === 'LSTM' ? ['y', 'yh', 'yc'] : ['y', 'yh'];
  const graph = makeGraph({
    name: kind,
    nodes: [makeNode(kind, 'cell', inputs, outputs, { hidden_size: int(hidden), ...attrs })],
    inputs: Object.entries(feeds).map(([name, { shape }]) => makeValue(name, 'float32', shape)),
    outputs: outputs.map((name) => makeValue(name, 'float32', null)),
    initializers: new Map(
      Object.entries({ ...weights, ...given }).map(([name, values]) => [name, tensorFromArray(name, values)]),
    ),
  });
  const model = makeModel(graph, new Map([['', 18]]), 9);
  return { model, feeds };
}

async function outputsOf(model: Model, feeds: Record<string, NdArray>): Promise<Record<string, NdArray>> {
  const session = await openSession(model);
  try {
    return await session.run(feeds);
  } finally {
    await session.release();
  }
}

async function expectWrittenOut(kind: string, model: Model, feeds: Record<string, NdArray>): Promise<void> {
  const written = writeOutRecurrent(model);
  expect(written.graph.nodes.some((node) => node.opType === kind)).toBe(false);
  const [before, now] = [await outputsOf(model, feeds), await outputsOf(written, feeds)];
  for (const [name, array] of Object.entries(before)) {
    expect(now[name]?.shape).toEqual(array.shape);
    // Four float32 steps of sums of eleven terms of order one, in another order; the runtime's own sigmoid differs by 1e-6.
    (array.data as Float32Array).forEach((value, at) => {
      expect(now[name]?.data[at]).toBeCloseTo(value, 5);
    });
  }
}

describe('writeOutRecurrent', () => {
  const reversed = { direction: string('reverse') };
  const both = { direction: string('bidirectional') };
  const after = { linear_before_reset: int(1) };
  it.each([
    ['LSTM', 1, {}, false, true],
    ['LSTM', 1, reversed, true, true],
    ['LSTM', 2, both, true, true],
    ['LSTM', 1, {}, false, false],
    ['GRU', 1, {}, false, true],
    ['GRU', 1, after, true, true],
    ['GRU', 2, { ...both, ...after }, false, true],
    ['GRU', 1, after, false, false],
    ['RNN', 1, {}, true, true],
    ['RNN', 2, both, false, true],
  ] as const)(
    'gives what onnxruntime’s %s gives (%d directions, %o, states %s, bias %s)',
    async (kind, directions, attrs, states, bias) => {
      const { model, feeds } = recurrent(kind, directions, attrs, states, bias);
      await expectWrittenOut(kind, model, feeds);
    },
  );

  const lengths: NdArray = { dtype: 'int32', shape: [batch], data: Int32Array.of(4, 2, 3) };
  const peepholes = (directions: number) =>
    floats(
      [directions, 3 * hidden],
      Array.from({ length: directions * 3 * hidden }, (_, at) => Math.sin(at)),
    );
  const named = (...names: string[]) => ({
    activations: { type: 'strings', value: names.map((name) => new TextEncoder().encode(name)) } as const,
  });
  const numbered = ['Affine', 'LeakyRelu', 'ThresholdedRelu', 'ScaledTanh', 'HardSigmoid', 'Elu', 'Softplus'].flatMap(
    (name) => [
      [name, {}] as const,
      [name, { activation_alpha: floatsOf([0.3]), activation_beta: floatsOf([0.6]) }] as const,
    ],
  );
  it.each([
    ['sequences of their own lengths', 'LSTM', 1, {}, { 4: lengths }],
    ['reversed sequences of their own lengths', 'LSTM', 1, reversed, { 4: lengths }],
    ['both directions of lengths of their own', 'GRU', 2, both, { 4: lengths }],
    ['lengths of its own', 'RNN', 1, {}, { 4: lengths }],
    ['peepholes', 'LSTM', 1, {}, { 7: peepholes(1) }],
    ['peepholes of both directions', 'LSTM', 2, both, { 7: peepholes(2) }],
    ['coupled gates', 'LSTM', 1, { input_forget: int(1) }, {}],
    ['activations of its own', 'LSTM', 1, named('Sigmoid', 'Relu', 'Softsign'), {}],
    ['a rectifier', 'RNN', 2, { ...both, ...named('Relu', 'Tanh') }, {}],
    ['clipped cells', 'LSTM', 1, { clip: float(0.4) }, {}],
    ['clipped cells, peepholes', 'LSTM', 1, { clip: float(0.4) }, { 7: peepholes(1) }],
    ['clipped cells, coupled gates', 'LSTM', 1, { clip: float(0.4), input_forget: int(1) }, {}],
    ['clipped cells', 'GRU', 2, { ...both, clip: float(0.4) }, {}],
    ['clipped cells, linear before reset', 'GRU', 1, { ...after, clip: float(0.4) }, {}],
    ['clipped cells', 'RNN', 1, { clip: float(0.4) }, {}],
    ...numbered.map(
      ([name, numbers]) => [`the activation ${name}`, 'RNN', 1, { ...named(name), ...numbers }, {}] as const,
    ),
    [
      'numbers in turn',
      'LSTM',
      2,
      {
        ...both,
        ...named('HardSigmoid', 'Tanh', 'ScaledTanh', 'Sigmoid', 'LeakyRelu', 'Affine'),
        activation_alpha: floatsOf([0.3, 0.8, 0.2, 0.7]),
        activation_beta: floatsOf([0.4, 1.2, 0.1]),
      },
      {},
    ],
    ['an activation of its own', 'GRU', 1, named('hardsigmoid', 'softsign'), {}],
  ] as const)('gives what onnxruntime gives with %s: %s', async (_, kind, directions, attrs, more) => {
    const { model, feeds } = recurrent(kind, directions, attrs, true, true, more);
    await expectWrittenOut(kind, model, feeds);
  });

  it('names the steps as the node was named', () => {
    const { model } = recurrent('GRU', 1, {}, false);
    expect(writeOutRecurrent(model).graph.nodes.find(({ name }) => name === 'cell')?.opType).toBe('Scan');
  });

  it('needs no length to be known', async () => {
    const { model, feeds } = recurrent('LSTM', 1, {}, false);
    const graph = { ...model.graph, inputs: [makeValue('x', 'float32', ['time', 'n', width])] };
    await expectWrittenOut('LSTM', { ...model, graph }, feeds);
  });
});
