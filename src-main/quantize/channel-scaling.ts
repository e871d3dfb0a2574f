/** Reads and changes the constants of a site channel by channel. */

import { type Graph, indexGraph, type Node, Patch, type Tensor } from '../onnx/ir';
import { scaleTensor } from '../passes/scale-tensor';
import type { ScaledOperand } from './channel-sites';
import { partsOf } from './weights';

/** An operand, and what each of its channels is multiplied by. */
export interface Scaling {
  readonly operand: ScaledOperand;
  /** [channels] */
  readonly factors: Float64Array;
}

/**
 * Shows every element of an operand with its channel and its output (the index beside the channel's axis).
 * Runs along the tensor once, part by part.
 */
export function eachElement(
  operand: ScaledOperand,
  see: (value: number, channel: number, output: number) => void,
): void {
  const step = operand.output === 'inner' ? 1 : 0;
  eachRun(operand, (part, from, to, channel, output) => {
    for (let i = from; i < to; i++) see(part[i]!, channel, output + step * (i - from));
  });
}

/**
 * Shows an operand in runs part[from … to) of elements that belong to one channel, and to one output, or to outputs that
 * count up from the given one where those are the inner index.
 */
export function eachRun(
  { tensor, size, inner, channel, output }: ScaledOperand,
  see: (part: Float32Array, from: number, to: number, channel: number, output: number) => void,
): void {
  for (const { first, part } of partsOf(tensor)) {
    let within = first % inner;
    let row = Math.floor(first / inner);
    for (let i = 0; i < part.length; row++, within = 0) {
      const outer = Math.floor(row / size);
      const end = Math.min(i + inner - within, part.length);
      see(part, i, end, channel(outer, row % size), output === 'outer' ? outer : within);
      i = end;
    }
  }
}

/** The graph with its constants multiplied; a constant that other nodes read as well is copied for this one. */
export function applyScalings(graph: Graph, scalings: readonly Scaling[]): Graph {
  const index = indexGraph(graph);
  const patch = new Patch(graph);
  const byInput = new Map<string, Scaling[]>();
  for (const scaling of scalings) {
    const { node, at } = scaling.operand;
    const key = `${node.name} ${at}`;
    byInput.set(key, [...(byInput.get(key) ?? []), scaling]);
  }
  const inputsOf = new Map<string, string[]>();
  for (const [first, ...others] of byInput.values()) {
    const { tensor, at } = (first as Scaling).operand;
    const node = index.node((first as Scaling).operand.node.name) as Node;
    const old = node.inputs[at] as string;
    const isOwn = graph.initializers.has(old) && index.consumers(old).length === 1 && !index.isInput(old);
    const name = isOwn ? old : patch.freshName(`${old}_scaled`);
    patch.setInitializer([first as Scaling, ...others].reduce((scaled, one) => scale(scaled, name, one), tensor));
    if (isOwn) continue;
    const inputs = inputsOf.get(node.name) ?? [...node.inputs];
    inputs[at] = name;
    inputsOf.set(node.name, inputs);
    patch.replaceNode(node.name, { ...node, inputs });
  }
  return patch.isEmpty ? graph : patch.apply();
}

function scale(tensor: Tensor, name: string, { operand, factors }: Scaling): Tensor {
  const { size, inner, channel } = operand;
  return scaleTensor(tensor, name, { size, inner, factor: (outer, place) => factors[channel(outer, place)]! });
}
