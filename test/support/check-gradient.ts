/**
 * Gradients face a stranger: the written backward of one operator against central differences of its forward, both
 * run by onnxruntime. The loss is Σ R·Y with R drawn at random; along a random direction d through each trained input
 * the difference (L(x + εd) − L(x − εd)) / 2ε must equal ⟨dX, d⟩.
 */

import { createHash } from 'node:crypto';
import { expect } from 'vitest';
import { backward } from '../../src-main/distil/backward';
import { Emitter, namesOf } from '../../src-main/distil/emitter';
import { Random } from '../../src-main/kernels/random';
import {
  type Attribute,
  elementCount,
  type Feeds,
  type Graph,
  type Model,
  makeGraph,
  makeModel,
  makeNode,
  makeValue,
  type NdArray,
  tensorFromArray,
  type Value,
} from '../../src-main/onnx/ir';
import { blockedDomain, channelBlock, graphTypes, openSession } from '../../src-main/onnx/session';

/** Floats drawn from [low, high) and kept `apart` from each kink; or the given integers, as a constant. */
export type RowInput =
  | {
      readonly shape: readonly number[];
      readonly low?: number;
      readonly high?: number;
      readonly kinks?: readonly number[];
      readonly symbolic?: readonly (string | number)[];
      readonly frozen?: boolean;
    }
  | { readonly ints: readonly number[]; readonly shape?: readonly number[] }
  | { readonly int32: readonly number[]; readonly shape?: readonly number[] }
  | { readonly bools: readonly number[]; readonly shape: readonly number[] }
  | { readonly bytes: readonly number[]; readonly shape: readonly number[] }
  | { readonly floats: readonly number[]; readonly shape?: readonly number[] }
  | null;

export interface GradientRow {
  readonly op: string;
  readonly title?: string;
  readonly domain?: string;
  readonly inputs: readonly RowInput[];
  readonly attributes?: Readonly<Record<string, Attribute>>;
  /** Values that bodies of the node read, by the names `c0`, `c1` …; trained as inputs are. */
  readonly captured?: readonly RowInput[];
  /** Number of outputs the loss reads; 1 where absent. */
  readonly outputs?: number;
  /** Further outputs of the node, which the loss does not read. */
  readonly silent?: number;
  readonly opset?: number;
  /** Maps are laid out in blocks of channels, where the runtime has that layout. */
  readonly blocked?: boolean;
  /** Writes the operator out in others before it is differentiated. */
  readonly rewrite?: (model: Model) => Promise<Model>;
}

const step = 4e-3;
/**
 * ε² of the third derivative is below 1e-3 for the ranges used. The gradient's own size is the numeric value plus a
 * tenth of |dX|·|d|, since ⟨dX, d⟩ may cancel. Differences are summed in float64; each element carries float32's 6e-8 of
 * its size, independent of the others: four standard deviations of their sum are allowed besides.
 */
const tolerance = 3e-3;

export async function checkGradient(row: GradientRow): Promise<void> {
  const generator = new Random(
    createHash('sha256')
      .update(`${row.op} ${row.title ?? ''}`)
      .digest()
      .readUInt32LE(),
  );
  const random = () => generator.uniform();
  const { model: plain, feeds, trained, loss, products } = problem(row, random);
  const model = (await row.rewrite?.(plain)) ?? plain;
  const types = await graphTypes(model);
  const emit = new Emitter(namesOf(model.graph));
  const { nodes, gradients } = backward({
    graph: model.graph,
    types: types.of(model.graph),
    bodyTypes: types.of,
    loss,
    wrt: trained,
    emit,
    opset: row.opset ?? 18,
    channelBlock: row.blocked === true ? await channelBlock() : 0,
  });
  const outputs = trained.map((name) => makeValue(gradients.get(name) ?? `no gradient of ${name}`, 'float32', null));
  const graph: Graph = {
    ...model.graph,
    nodes,
    initializers: new Map([...model.graph.initializers, ...emit.initializers]),
    outputs: [...products.map((name) => makeValue(name, 'float32', null)), ...outputs],
  };
  const session = await openSession({ ...model, graph });
  try {
    const found = await session.run(feeds);
    for (const name of trained) {
      const gradient = found[gradients.get(name) as string] as NdArray<'float32'>;
      const x = feeds[name] as NdArray<'float32'>;
      expect(gradient.shape, `shape of the gradient of ${name}`).toEqual(x.shape);
      for (let trial = 0; trial < 3; trial++) {
        const direction = Float32Array.from(x.data, () => (trial === 0 ? Math.sign(random() - 0.5) : random() * 2 - 1));
        const at = async (sign: number): Promise<number[]> => {
          const data = x.data.map((value, index) => value + sign * step * (direction[index] as number));
          const result = await session.run({ ...feeds, [name]: { ...x, data } }, products);
          return products.flatMap((product) => Array.from((result[product] as NdArray<'float32'>).data));
        };
        const [above, below] = [await at(1), await at(-1)];
        const numeric = above.reduce((sum, value, index) => sum + value - (below[index] as number), 0) / (2 * step);
        const analytic = gradient.data.reduce((sum, value, index) => sum + value * (direction[index] as number), 0);
        const size = 0.1 * Math.hypot(...gradient.data) * Math.hypot(...direction) + Math.abs(numeric) + 1e-2;
        const rounding = (4 * 6e-8 * Math.hypot(...above)) / step;
        expect(
          Math.abs(analytic - numeric),
          `${row.op} by ${name}: written ${analytic}, differences ${numeric}`,
        ).toBeLessThan(tolerance * size + rounding);
      }
    }
  } finally {
    await session.release();
  }
}

function problem(
  row: GradientRow,
  random: () => number,
): { model: Model; feeds: Feeds; trained: string[]; loss: string; products: string[] } {
  const feeds: Record<string, NdArray> = {};
  const inputs: Value[] = [];
  const initializers = new Map<string, ReturnType<typeof tensorFromArray>>();
  const trained: string[] = [];
  const draw = (input: RowInput, name: string): string => {
    if (input === null) return '';
    const constant = constantArray(input);
    if (constant !== null) {
      initializers.set(name, tensorFromArray(name, constant));
      return name;
    }
    const drawn = input as Extract<RowInput, { low?: number }>;
    feeds[name] = drawFloats(drawn, random);
    inputs.push(makeValue(name, 'float32', drawn.symbolic ?? drawn.shape));
    if (drawn.frozen !== true) trained.push(name);
    return name;
  };
  const names = row.inputs.map((input, at) => draw(input, `x${at}`));
  row.captured?.forEach((input, at) => {
    draw(input, `c${at}`);
  });
  const count = row.outputs ?? 1;
  const results = Array.from({ length: count }, (_, at) => `y${at}`);
  const silent = Array.from({ length: row.silent ?? 0 }, (_, at) => `silent${at}`);
  const nodes = [makeNode(row.op, 'node', names, [...results, ...silent], row.attributes ?? {}, row.domain ?? '')];
  // Σ over outputs of Σ sin-weighted Y: weights that differ from element to element, made in the graph for any shape.
  const parts = results.map((result, at) => {
    const flat = makeNode('Reshape', `flat${at}`, [result, 'minus-one'], [`f${at}`]);
    const size = makeNode('Size', `size${at}`, [`f${at}`], [`n${at}`]);
    const range = makeNode('Range', `range${at}`, ['zero', `n${at}`, 'one'], [`r${at}`]);
    const real = makeNode('Cast', `real${at}`, [`r${at}`], [`rf${at}`], { to: { type: 'int', value: 1n } });
    const weights = makeNode('Sin', `weights${at}`, [`rs${at}`], [`w${at}`]);
    const shifted = makeNode('Add', `shift${at}`, [`rf${at}`, 'phase'], [`rs${at}`]);
    const product = makeNode('Mul', `product${at}`, [`f${at}`, `w${at}`], [`p${at}`]);
    const sum = makeNode('ReduceSum', `sum${at}`, [`p${at}`], [`s${at}`], { keepdims: { type: 'int', value: 0n } });
    nodes.push(flat, size, range, real, shifted, weights, product, sum);
    return `s${at}`;
  });
  nodes.push(makeNode('Sum', 'loss', parts, ['loss']));
  for (const [name, value, shape] of [
    ['minus-one', -1, [1]],
    ['zero', 0, []],
    ['one', 1, []],
  ] as const)
    initializers.set(name, tensorFromArray(name, { dtype: 'int64', shape, data: BigInt64Array.of(BigInt(value)) }));
  initializers.set(
    'phase',
    tensorFromArray('phase', { dtype: 'float32', shape: [], data: Float32Array.of(random() * 6) }),
  );
  const graph = makeGraph({
    name: row.op,
    nodes,
    inputs,
    outputs: [makeValue('loss', 'float32', [])],
    initializers,
  });
  const opsets = new Map([
    ['', row.opset ?? 18],
    ['com.microsoft', 1],
    [blockedDomain, 1],
  ]);
  const model = makeModel(graph, opsets, 9);
  return { model, feeds, trained, loss: 'loss', products: results.map((_, at) => `p${at}`) };
}

function constantArray(input: Exclude<RowInput, null>): NdArray | null {
  if ('ints' in input)
    return {
      dtype: 'int64',
      shape: input.shape ?? [input.ints.length],
      data: BigInt64Array.from(input.ints.map(BigInt)),
    };
  if ('int32' in input)
    return { dtype: 'int32', shape: input.shape ?? [input.int32.length], data: Int32Array.from(input.int32) };
  if ('bools' in input) return { dtype: 'bool', shape: input.shape, data: Uint8Array.from(input.bools) };
  if ('bytes' in input) return { dtype: 'uint8', shape: input.shape, data: Uint8Array.from(input.bytes) };
  if ('floats' in input)
    return { dtype: 'float32', shape: input.shape ?? [input.floats.length], data: Float32Array.from(input.floats) };
  return null;
}

function drawFloats(
  { shape, low = -2, high = 2, kinks = [] }: Extract<RowInput, { low?: number }>,
  random: () => number,
): NdArray<'float32'> {
  const draw = (): number => {
    for (;;) {
      const value = low + (high - low) * random();
      if (kinks.every((kink) => Math.abs(value - kink) > 4 * step)) return value;
    }
  };
  return { dtype: 'float32', shape, data: Float32Array.from({ length: elementCount(shape) }, draw) };
}
