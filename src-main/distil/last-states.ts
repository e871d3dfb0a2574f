/**
 * A recurrent layer of whose steps only the last is read gives its last state instead, which is the same: `out[-1]` of a
 * framework. Else gradients of all steps, zeros but for one, would go through the backward pass.
 */

import { readTensor } from '../onnx/file';
import {
  attributes,
  type GraphIndex,
  indexGraph,
  type Model,
  makeNode,
  type Node,
  Patch,
  type Tensor,
} from '../onnx/ir';
import { Emitter, namesOf } from './emitter';
import { recurrent } from './write-out-recurrent';

const { intOf, intsOf, stringOf } = attributes;

/** Where a value is read that holds the state after the last step. */
interface Reading {
  readonly node: Node;
  /** Nodes from the recurrent one to the reader, that included. */
  readonly path: readonly Node[];
  /** Whether it is read without the axis of directions. */
  readonly isSqueezed: boolean;
}

/**
 * The model with such readings moved to the output Y_h.
 * @param isWanted which nodes; the others stay as they are
 * @param kept values that must stay by their names
 */
export function readLastStates(model: Model, isWanted: (node: Node) => boolean, kept: readonly string[]): Model {
  const index = indexGraph(model.graph);
  const readings = model.graph.nodes
    .filter(isWanted)
    .flatMap((node) => readingOf(node, index, model.graph.initializers) ?? [])
    .filter(({ node, path }) => ![node, ...path.slice(0, -1)].some(({ outputs }) => kept.includes(outputs[0] ?? '')));
  if (readings.length === 0) return model;
  const patch = new Patch(model.graph);
  const emit = new Emitter(namesOf(model.graph));
  for (const { node, path, isSqueezed } of readings) {
    const last = node.outputs[1] || emit.fresh(`${node.name}:last`);
    for (const { name } of [node, ...path]) patch.removeNode(name);
    patch.addNode({ ...node, outputs: ['', last, ...node.outputs.slice(2)] });
    const reader = path.at(-1) as Node;
    const [opType, inputs] = isSqueezed ? ['Squeeze', [last, emit.integers([0])]] : ['Identity', [last]];
    patch.addNode(makeNode(opType as string, reader.name, inputs as string[], reader.outputs));
  }
  for (const tensor of emit.initializers.values()) patch.setInitializer(tensor);
  return { ...model, graph: patch.apply() };
}

/** Y [T, 1, N, H] → [Squeeze → [Transpose →]] Gather of the last step along its axis, each read by the next alone. */
function readingOf(node: Node, index: GraphIndex, constants: ReadonlyMap<string, Tensor>): Reading | null {
  const isOneWay = node.domain === '' && (recurrent as readonly string[]).includes(node.opType);
  const direction = stringOf(node, 'direction', 'forward');
  // With lengths of their own, sequences have their last states at different steps.
  if (!isOneWay || direction === 'bidirectional' || (node.inputs[4] ?? '') !== '') return null;
  const integers = (name: string | undefined) => {
    const tensor = constants.get(name ?? '');
    return tensor === undefined ? null : Array.from(readTensor(tensor).data as Iterable<bigint>, Number);
  };
  const path: Node[] = [];
  let [value, axes] = [node.outputs[0] ?? '', ['step', 'direction', 'row', 'unit']];
  for (;;) {
    const readers = index.consumers(value);
    const [reader] = readers;
    if (value === '' || reader === undefined || readers.length > 1 || index.isOutput(value)) return null;
    path.push(reader);
    value = reader.outputs[0] ?? '';
    if (reader.opType === 'Squeeze') {
      const taken = integers(reader.inputs[1]);
      if (taken?.length !== 1 || axes.at(taken[0] as number) !== 'direction') return null;
      axes = axes.filter((axis) => axis !== 'direction');
    } else if (reader.opType === 'Transpose') {
      const order = intsOf(reader, 'perm', []);
      if (order.length !== axes.length) return null;
      axes = order.map((axis) => axes[axis] as string);
    } else if (reader.opType === 'Gather') {
      const tensor = constants.get(reader.inputs[1] ?? '');
      const isLast = tensor?.shape.length === 0 && integers(tensor.name)?.[0] === (direction === 'forward' ? -1 : 0);
      const left = axes.filter((axis) => axis !== 'step').join(' ');
      if (!isLast || axes.at(intOf(reader, 'axis', 0)) !== 'step') return null;
      if (left === 'row unit') return { node, path, isSqueezed: true };
      return left === 'direction row unit' ? { node, path, isSqueezed: false } : null;
    } else return null;
  }
}
