/**
 * A product whose rows are taken from a table, written as a product of the table whose rows are taken then: the words of a small
 * vocabulary stand in a batch many times, and each is multiplied once, in the forward pass and for both gradients.
 * Source: row i of T·W is row i of T, times W.
 */

import {
  attributes,
  type Dim,
  elementCount,
  type GraphIndex,
  indexGraph,
  type Model,
  makeNode,
  type Node,
  Patch,
} from '../onnx/ir';
import { valueTypes } from '../onnx/session';
import { Emitter, namesOf } from './emitter';
import { withRows } from './row-types';

const { int, intOf, intsOf } = attributes;

/** Places of a batch to one row of the table, from which on the longer rows that are taken, and added up, cost less than products. */
const leastRepeats = 2;

interface Site {
  /** Gemm of the rows [places, K]. */
  readonly product: Node;
  /** [rows, K]. */
  readonly table: string;
  readonly indices: string;
  /** The order in which the axes of the indices are laid; null: as they are. */
  readonly order: readonly number[] | null;
  /** The value [.., K] whose rows are multiplied, and those who ask only for its shape. */
  readonly taken: string;
  readonly shapes: readonly Node[];
}

/**
 * The model with such products written so; names and shapes of the weights stay.
 * @param batch rows of an input
 */
export async function multiplyTables(model: Model, batch: number): Promise<Model> {
  const { graph } = model;
  if (!graph.nodes.some(isTake)) return model;
  const index = indexGraph(graph);
  const found = graph.nodes.flatMap((node) => siteOf(node, index) ?? []);
  if (found.length === 0) return model;
  const types = await valueTypes(withRows(model, () => batch));
  const shape = (value: string): readonly Dim[] => {
    const type = types.get(value);
    return graph.initializers.get(value)?.shape ?? (type?.kind === 'tensor' ? type.shape : null) ?? [null];
  };
  const sites = found.filter((site) => isWorthwhile(site, shape));
  const patch = new Patch(graph);
  const emit = new Emitter(namesOf(graph));
  for (const site of sites) write(emit, patch, site);
  for (const node of emit.nodes) patch.addNode(node);
  for (const tensor of emit.initializers.values()) patch.setInitializer(tensor);
  return { ...model, graph: patch.apply() };
}

/** Also whether the rows that are multiplied are those of the table, and the bias is the same for all. */
function isWorthwhile({ product, table, indices }: Site, shape: (value: string) => readonly Dim[]): boolean {
  const [ofTable, ofRows, places] = [shape(table), shape(product.inputs[0] as string), shape(indices)];
  const bias = product.inputs[2] ?? '';
  if (ofTable.length !== 2 || ofTable[1] !== ofRows[1] || (bias !== '' && shape(bias).length > 1)) return false;
  if (![...ofTable, ...places].every((dim) => typeof dim === 'number')) return false;
  return leastRepeats * (ofTable[0] as number) <= elementCount(places as number[]);
}

/** Gather [→ Transpose] → Reshape to rows → Gemm, the table's columns staying the last axis all the way. */
function siteOf(product: Node, index: GraphIndex): Site | null {
  if (!isOf(product, 'Gemm') || intOf(product, 'transA', 0) !== 0) return null;
  const rows = index.producer(product.inputs[0] as string);
  if (rows === undefined || !isOf(rows, 'Reshape')) return null;
  const taken = rows.inputs[0] as string;
  const maker = index.producer(taken);
  const perm = maker !== undefined && isOf(maker, 'Transpose') ? intsOf(maker, 'perm', []) : null;
  const take = perm === null ? maker : index.producer((maker as Node).inputs[0] as string);
  if (take === undefined || !isTake(take) || (perm !== null && perm.at(-1) !== perm.length - 1)) return null;
  const [table, indices] = take.inputs as [string, string];
  const shapes = index.consumers(taken).filter((node) => isOf(node, 'Shape') && node.attributes.size === 0);
  return { product, table, indices, order: perm?.slice(0, -1) ?? null, taken, shapes };
}

function isTake(node: Node): boolean {
  return isOf(node, 'Gather') && intOf(node, 'axis', 0) === 0;
}

function isOf(node: Node, opType: string): boolean {
  return node.domain === '' && node.opType === opType;
}

function write(emit: Emitter, patch: Patch, { product, table, indices, order, taken, shapes }: Site): void {
  const axis = { axis: int(0) };
  const laid = order === null ? indices : emit.shared(`laid:${taken}`, () => emit.transpose(indices, order));
  const whole = emit.op('Gemm', [table, ...product.inputs.slice(1)], Object.fromEntries(product.attributes));
  patch.removeNode(product.name);
  emit.nodes.push(makeNode('Gather', product.name, [whole, emit.reshape(laid, [-1])], product.outputs, axis));
  // What was taken before is not made for its shape alone.
  emit.shared(`shapes:${taken}`, () => {
    for (const { name, outputs } of shapes) {
      patch.removeNode(name);
      emit.nodes.push(makeNode('Concat', name, [emit.shapeOf(laid), emit.dimOf(table, 1)], outputs, axis));
    }
    return taken;
  });
}
