/**
 * Weights to start from that carry no knowledge: normal with a spread by fan-in, so that signals keep their size through
 * the layers. Before a rectifier the variance is 2/fan-in (He et al. 2015, arXiv:1502.01852), else 1/fan-in (LeCun et al.
 * 1998, Efficient BackProp, section 4.6); recurrent weights are uniform within ±1/√hidden; biases 0, scales of norms 1.
 */

import { Random } from '../kernels/random';
import { attributes, elementCount, type Graph, indexGraph, type NdArray, type Node, zeros } from '../onnx/ir';
import type { Weights } from './training-state';
import { findWeightUses, isFirstState, type WeightUse } from './weight-uses';

type GraphIndex = ReturnType<typeof indexGraph>;

/** @param weights what is trained, running statistics included: names and shapes; the values do not count */
export function randomWeights(graph: Graph, weights: Weights, seed: number): Weights {
  const index = indexGraph(graph);
  const usesOf = findWeightUses(graph);
  const random = new Random(seed * 104_729 + 1);
  return new Map(
    [...weights].map(([name, { shape }]) => [
      name,
      drawn(index, usesOf(name).uses[0] ?? statisticUse(index, name), shape, random),
    ]),
  );
}

/** Running statistics are no weights, and moved all the same. */
function statisticUse(index: GraphIndex, name: string): WeightUse | undefined {
  const [node] = index.consumers(name);
  return node && { node, at: node.inputs.indexOf(name), value: name, turned: false };
}

const norms = ['BatchNormalization', 'InstanceNormalization', 'GroupNormalization', 'LayerNormalization'];
const recurrent = ['LSTM', 'GRU', 'RNN'];

function drawn(
  index: GraphIndex,
  use: WeightUse | undefined,
  shape: readonly number[],
  random: Random,
): NdArray<'float32'> {
  const array = zeros('float32', shape);
  const fill = (draw: () => number) => ({ ...array, data: array.data.map(draw) });
  const normal = (spread: number) => fill(() => spread * random.normal());
  if (use === undefined) return normal(1 / Math.sqrt(shape.at(-1) ?? 1));
  const { node, at } = use;
  if (isFirstState(use)) return array;
  if (norms.includes(node.opType)) return at === 1 || at === 4 ? fill(() => 1) : array;
  if (recurrent.includes(node.opType)) {
    const reach = 1 / Math.sqrt(attributes.intOf(node, 'hidden_size', 1));
    return at === 3 ? array : fill(() => reach * (2 * random.uniform() - 1));
  }
  switch (node.opType) {
    case 'Conv':
    case 'ConvTranspose':
    case 'Gemm':
      if (at === 2) return array;
      return normal(gain(index, node) / Math.sqrt(fanIn(node, shape)));
    case 'MatMul':
    case 'Einsum':
      return normal(gain(index, node) / Math.sqrt(summed(shape, use.turned, at === 0)));
    case 'Gather':
      return normal(1 / Math.sqrt(shape.at(-1) ?? 1));
    case 'PRelu':
      return fill(() => 0.25);
    case 'Mul':
      return fill(() => 1);
    default:
      // What is added: biases of one long axis, tables of positions.
      return shape.filter((dim) => dim > 1).length < 2 ? array : normal(0.02);
  }
}

/** Inputs of a product: the axis before the last, or the last where the weight stands first or is turned. */
function summed(shape: readonly number[], isTurned: boolean, isFirst: boolean): number {
  return shape.at(isTurned === isFirst ? -2 : -1) ?? 1;
}

/** Values that one output sums over. W: Conv [out, in/groups, …], ConvTranspose [in, out/groups, …], Gemm [in, out]. */
function fanIn(node: Node, shape: readonly number[]): number {
  if (node.opType === 'Conv') return elementCount(shape.slice(1));
  if (node.opType === 'ConvTranspose') return (shape[0] ?? 1) * elementCount(shape.slice(2));
  return (attributes.intOf(node, 'transB', 0) === 1 ? shape[1] : shape[0]) ?? 1;
}

const rectifiers = ['Relu', 'LeakyRelu', 'PRelu', 'Clip', 'HardSwish', 'Gelu', 'Elu', 'Selu', 'Mish'];
const carriers = ['Add', 'BatchNormalization', 'Reshape', 'Transpose', 'MaxPool'];

/** √2 where what follows, biases and norms aside, is a rectifier. */
function gain(index: GraphIndex, node: Node): number {
  let current: Node | undefined = node;
  for (let hops = 0; current !== undefined && hops < 4; hops++) {
    const readers = index.consumers(current.outputs[0] as string);
    if (readers.some(({ opType }) => rectifiers.includes(opType))) return Math.SQRT2;
    current = readers.find(({ opType }) => carriers.includes(opType));
  }
  return 1;
}
