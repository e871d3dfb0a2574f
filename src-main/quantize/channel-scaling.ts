/** Reads and changes the constants of a site channel by channel. */

import type { Rows } from '../kernels';
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
  for (const { part, rows } of partsInRows(operand)) {
    const { inner, channels, outputs } = rows;
    for (let i = 0, row = 0, within = rows.within; i < part.length; row++, within = 0) {
      const end = Math.min(part.length, i + inner - within);
      const channel = channels[row]!;
      if (outputs === null) for (let output = within; i < end; i++, output++) see(part[i]!, channel, output);
      else for (; i < end; i++) see(part[i]!, channel, outputs[row]!);
    }
  }
}

/** An operand part by part, in order, with the rows of elements of one channel that each part touches. */
export function* partsInRows(operand: ScaledOperand): Generator<{ readonly part: Float32Array; readonly rows: Rows }> {
  const { tensor, size, inner, channel, output } = operand;
  for (const { first, part } of partsOf(tensor)) {
    const within = first % inner;
    const top = Math.floor(first / inner);
    const count = Math.ceil((within + part.length) / inner);
    const channels = new Int32Array(count);
    const outputs = output === 'inner' ? null : new Int32Array(count);
    for (let row = 0, outer = Math.floor(top / size), place = top % size; row < count; row++) {
      channels[row] = channel(outer, place);
      if (outputs !== null) outputs[row] = outer;
      if (++place === size) {
        outer++;
        place = 0;
      }
    }
    yield { part, rows: { inner, within, channels, outputs } };
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
