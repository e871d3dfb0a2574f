/** Embedding tables as int8: what a Gather reads, each row with a scale of its own. */

import {
  attributes,
  dtypeCode,
  elementCount,
  makeNode,
  type Node,
  type Patch,
  type Tensor,
  tensorFromArray,
} from '../onnx/ir';
import type { Constants } from './constants';
import type { Tally } from './method';
import { minMaxScales, quantizedWeight } from './weights';

/** Tables smaller than this are not worth three more nodes. */
const smallestTable = 16_384;

/** The switch of methods that can store them so. */
export const embeddings = {
  kind: 'boolean',
  title: 'Embedding tables',
  help: 'Stores the tables that Gather reads as int8 too, with a scale for each row: saves size, costs no time.',
  default: true,
} as const;

/** Whether a node picks rows of a large constant matrix. */
export function readsTable(node: Node, constants: Constants): boolean {
  if (node.opType !== 'Gather' || node.domain !== '' || attributes.intOf(node, 'axis', 0) !== 0) return false;
  const table = constants.tensor(node.inputs[0] as string);
  return table?.dtype === 'float32' && table.shape.length === 2 && elementCount(table.shape) >= smallestTable;
}

/**
 * Rows of int8 codes, each times its scale, in place of rows of floats.
 * @param codes int8 [rows, columns]
 * @param scale float32 [rows, 1]
 */
export function gatherIntegers(patch: Patch, node: Node, codes: string, scale: string): void {
  const [output] = node.outputs as [string];
  const ids = node.inputs[1] as string;
  const add = (opType: string, inputs: string[], suffix: string, extra = {}): string => {
    const value = patch.freshName(`${output}_${suffix}`);
    patch.addNode(makeNode(opType, patch.freshName(`${node.name}_${suffix}`), inputs, [value], extra));
    return value;
  };
  const axis = { axis: attributes.int(0) };
  const rows = add('Gather', [codes, ids], 'codes', axis);
  const scales = add('Gather', [scale, ids], 'scale', axis);
  const floats = add('Cast', [rows], 'float', { to: attributes.int(dtypeCode('float32')) });
  patch.removeNode(node.name);
  patch.addNode(makeNode('Mul', patch.freshName(`${node.name}_rescale`), [floats, scales], [output]));
}

/** Every table of a graph; one that several nodes read is stored once. */
export function quantizeTables(
  patch: Patch,
  nodes: readonly Node[],
  constants: Constants,
  admits: (node: Node) => boolean,
  tally: Tally,
): void {
  const stored = new Map<string, readonly [codes: string, scale: string]>();
  for (const node of nodes) {
    if (!readsTable(node, constants)) continue;
    tally.eligible++;
    if (!admits(node)) {
      tally.skip(node, 'not among the targets');
      continue;
    }
    const table = constants.tensor(node.inputs[0] as string) as Tensor;
    const known = stored.get(table.name) ?? store(patch, table);
    stored.set(table.name, known);
    gatherIntegers(patch, node, ...known);
    tally.changed++;
  }
}

function store(patch: Patch, table: Tensor): readonly [codes: string, scale: string] {
  const scales = minMaxScales(table, 0);
  const names = [patch.freshName(`${table.name}_codes`), patch.freshName(`${table.name}_scale`)] as const;
  patch.setInitializer(quantizedWeight(names[0], table, scales));
  const shape = [table.shape[0] as number, 1];
  patch.setInitializer(tensorFromArray(names[1], { dtype: 'float32', shape, data: scales.scales }));
  return names;
}
