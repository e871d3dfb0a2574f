/**
 * Depthwise Conv over small maps as one matrix product a channel: with s and o the sizes of the input's and the output's
 * map, y [N, o] = x [N, s] · T [s, o], where T holds a kernel element wherever it joins two positions. T = w · P, and P
 * [k, s·o] of zeros and ones is the same for all channels. The runtime runs a depthwise Conv map by map, which on maps of
 * 4×4 takes seven times as long, and the gradients of products are products too.
 */

import { attributes, type Dim, type Model, type Node, Patch, type TypeInfo } from '../onnx/ir';
import { valueTypes } from '../onnx/session';
import { Emitter, namesOf } from './emitter';

const { intOf, intsOf, stringOf } = attributes;

/** Of s·o: above it the products cost more than they save (an 8×8 map keeps its size, 16×16 is halved). */
const largestMap = 16_384;

/** The model with such nodes written as products; names and shapes of the weights stay. */
export async function multiplySmallDepthwise(model: Model): Promise<Model> {
  const isGrouped = (node: Node) => node.domain === '' && node.opType === 'Conv' && intOf(node, 'group', 1) > 1;
  if (!model.graph.nodes.some(isGrouped)) return model;
  const types = await valueTypes(model);
  const patch = new Patch(model.graph);
  const emit = new Emitter(namesOf(model.graph));
  for (const node of model.graph.nodes.filter(isGrouped)) {
    const problem = problemOf(node, types, model.graph.initializers.get(node.inputs[1] ?? '')?.shape);
    if (problem === null) continue;
    patch.removeNode(node.name);
    writeProduct(emit, node, problem);
  }
  for (const node of emit.nodes) patch.addNode(node);
  for (const tensor of emit.initializers.values()) patch.setInitializer(tensor);
  return { ...model, graph: patch.apply() };
}

interface Problem {
  readonly channels: number;
  readonly kernel: readonly [number, number];
  readonly from: readonly [number, number];
  readonly to: readonly [number, number];
}

/** null where the node is not depthwise, not of two dimensions, or its map is unknown or too large. */
function problemOf(
  node: Node,
  types: ReadonlyMap<string, TypeInfo>,
  weight: readonly number[] | undefined,
): Problem | null {
  const shape = (name: string | undefined): readonly Dim[] => {
    const type = types.get(name ?? '');
    return type?.kind === 'tensor' ? (type.shape ?? []) : [];
  };
  const kernelShape = weight ?? shape(node.inputs[1]);
  const [channels, perGroup, ...kernel] = kernelShape;
  const [from, to] = [shape(node.inputs[0]).slice(2), shape(node.outputs[0]).slice(2)];
  const sizes = [channels, ...kernel, ...from, ...to];
  if (!sizes.every((size) => typeof size === 'number') || kernel.length !== 2 || from.length !== 2) return null;
  if (perGroup !== 1 || channels !== intOf(node, 'group', 1) || stringOf(node, 'auto_pad', 'NOTSET') !== 'NOTSET')
    return null;
  const problem = { channels, kernel, from, to } as unknown as Problem;
  return area(problem.from) * area(problem.to) <= largestMap ? problem : null;
}

function area([height, width]: readonly [number, number]): number {
  return height * width;
}

function writeProduct(emit: Emitter, node: Node, problem: Problem): void {
  const [x, w, b] = node.inputs as readonly [string, string, string?];
  const { channels, kernel, from, to } = problem;
  const [s, o, k] = [area(from), area(to), area(kernel)];
  const places = emit.constant(placesOf(node, problem), [k, s * o]);
  const table = emit.reshape(emit.matmul(emit.reshape(w, [channels, k]), places), [channels, s, o]);
  // [N, C, s] → [C, N, s], and back
  const byChannel = emit.transpose(emit.reshape(x, [0, channels, s]), [1, 0, 2]);
  const product = emit.transpose(emit.matmul(byChannel, table), [1, 0, 2]);
  const hasBias = b !== undefined && b !== '';
  const sum = hasBias ? emit.add(product, emit.reshape(b, [channels, 1])) : product;
  const target = emit.integers([0, channels, ...to]);
  const output = node.outputs[0] as string;
  const name = emit.fresh(`${node.name}:product`);
  emit.nodes.push({
    name,
    opType: 'Reshape',
    domain: '',
    inputs: [sum, target],
    outputs: [output],
    attributes: new Map(),
  });
}

/** P [k, s·o]: 1 where a kernel element joins an input position to an output position. */
function placesOf(node: Node, { kernel, from, to }: Problem): number[] {
  const [strides, dilations, pads] = [
    intsOf(node, 'strides', [1, 1]),
    intsOf(node, 'dilations', [1, 1]),
    intsOf(node, 'pads', [0, 0, 0, 0]),
  ] as [number[], number[], number[]];
  const [s, o] = [area(from), area(to)];
  const places = Array<number>(area(kernel) * s * o).fill(0);
  const source = (at: number, tap: number, axis: 0 | 1) =>
    at * (strides[axis] as number) + tap * (dilations[axis] as number) - (pads[axis] as number);
  for (let row = 0; row < to[0]; row++) {
    for (let column = 0; column < to[1]; column++) {
      for (let tap = 0; tap < area(kernel); tap++) {
        const [y, x] = [source(row, Math.floor(tap / kernel[1]), 0), source(column, tap % kernel[1], 1)];
        if (y < 0 || y >= from[0] || x < 0 || x >= from[1]) continue;
        places[tap * s * o + (y * from[1] + x) * o + row * to[1] + column] = 1;
      }
    }
  }
  return places;
}
