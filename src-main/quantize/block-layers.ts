/** Where weights of few bits can go: products with a constant matrix, and tables that Gather reads. */

import { transpose } from '../kernels';
import { readTensor } from '../onnx/file';
import { attributes, elementCount, type NdArray, type Node, type Tensor } from '../onnx/ir';
import type { BlockCodes, BlockFormat, Rounding } from './block-codes';
import { blockSizes, emptyCodes } from './block-codes';
import { type Constants, computedReason, type StoredMatrix, typeReason } from './constants';
import { checkFinite, floats } from './weights';

export interface BlockLayer {
  readonly node: Node;
  /** A table's rows are its outputs. */
  readonly kind: 'product' | 'table';
  readonly tensor: Tensor;
  /** Stored as [outputs, inputs], else [inputs, outputs]. */
  readonly outputsFirst: boolean;
  readonly inputs: number;
  readonly outputs: number;
}

/** Tables smaller than this stay as they are. */
const smallestTable = 16_384;
const smallestBlock = 16;
/** Elements of a weight that are rounded together: 16 MB. */
const panelElements = 2 ** 22;

/** Names what is stored of a layer's weight: the same for all that read it alike. */
export function weightKey({ tensor, outputsFirst }: BlockLayer): string {
  return `${tensor.name}${outputsFirst ? '' : ' by inputs'}`;
}

/** The layer that a node is, or why it stays; null where the question does not arise. */
export function blockLayer(node: Node, constants: Constants, tables: boolean): BlockLayer | string | null {
  if (node.domain !== '') return null;
  if (node.opType === 'MatMul' || node.opType === 'Gemm') return productOf(node, constants);
  return node.opType === 'Gather' && tables ? tableOf(node, constants) : null;
}

function productOf(node: Node, constants: Constants): BlockLayer | string {
  const refusal = refuseProduct(node, constants);
  if (refusal !== null) return refusal;
  const { tensor, turned } = constants.matrix(node.inputs[1] as string) as StoredMatrix;
  const outputsFirst = turned !== (node.opType === 'Gemm' && attributes.intOf(node, 'transB', 0) === 1);
  const [rows, columns] = tensor.shape as [number, number];
  const [outputs, inputs] = outputsFirst ? [rows, columns] : [columns, rows];
  return { node, kind: 'product', tensor, outputsFirst, inputs, outputs };
}

function refuseProduct(node: Node, constants: Constants): string | null {
  const weight = constants.tensor(node.inputs[1] as string);
  if (weight === undefined) return computedReason(constants, node.inputs[1] as string);
  if (weight.dtype !== 'float32') return typeReason(weight);
  if (weight.shape.length !== 2) return 'its weight is no matrix';
  if (elementCount(weight.shape) === 0) return 'its weight has no elements';
  if (constants.tensor(node.inputs[0] as string) !== undefined) return 'its first operand is a constant';
  if (node.opType !== 'Gemm') return null;
  const plain =
    attributes.intOf(node, 'transA', 0) === 0 &&
    attributes.floatOf(node, 'alpha', 1) === 1 &&
    attributes.floatOf(node, 'beta', 1) === 1;
  return plain ? null : 'transA, alpha or beta have no counterpart in a product of few bits';
}

function tableOf(node: Node, constants: Constants): BlockLayer | string | null {
  const stored = constants.matrix(node.inputs[0] as string);
  if (stored?.tensor.dtype !== 'float32' || attributes.intOf(node, 'axis', 0) !== 0) return null;
  if (elementCount(stored.tensor.shape) < smallestTable) return null;
  if (stored.turned) return 'its table is stored by columns';
  const [outputs, inputs] = stored.tensor.shape as [number, number];
  if (inputs % smallestBlock !== 0) return `its rows of ${inputs} do not divide into blocks of ${smallestBlock}`;
  return { node, kind: 'table', tensor: stored.tensor, outputsFirst: true, inputs, outputs };
}

/** The largest block of at most `block` that rows of this length divide into. */
export function dividingBlock(inputs: number, block: number): number {
  return inputs % block === 0 ? block : dividingBlock(inputs, block / 2);
}

/**
 * Codes of a layer's weight; never more of it in floats than a panel.
 * @throws LatheError that names the tensor where a weight is NaN or infinite
 */
export function roundLayer(layer: BlockLayer, format: BlockFormat, rounding: Rounding): BlockCodes {
  const { inputs, outputs } = layer;
  const size = Math.max(1, Math.floor(panelElements / inputs));
  if (outputs <= size) return rounding(finitePanel(layer, 0, outputs), inputs, outputs, format);
  const made = emptyCodes(inputs, outputs, format);
  const { blocks, bytes, zeroBytes } = blockSizes(inputs, outputs, format);
  for (let from = 0; from < outputs; from += size) {
    const to = Math.min(outputs, from + size);
    const part = rounding(finitePanel(layer, from, to), inputs, to - from, format);
    made.codes.set(part.codes, from * blocks * bytes);
    made.scales.set(part.scales, from * blocks);
    made.zeroPoints?.set(part.zeroPoints as Uint8Array, from * zeroBytes);
    made.offsets?.set(part.offsets as Float32Array, from * blocks);
  }
  return made;
}

function finitePanel(layer: BlockLayer, from: number, to: number): Float32Array {
  const panel = panelOf(layer, from, to);
  checkFinite(layer.tensor, panel);
  return panel;
}

/** Outputs `from`…`to` of a layer's weight, as [inputs, to − from]. */
export function panelOf({ tensor, outputsFirst, inputs, outputs }: BlockLayer, from: number, to: number): Float32Array {
  const width = to - from;
  if (!outputsFirst && width === outputs) return (readTensor(tensor) as NdArray<'float32'>).data;
  const panel = new Float32Array(inputs * width);
  if (outputsFirst) {
    transpose(floats(tensor, from * inputs, to * inputs), width, inputs, panel);
    return panel;
  }
  const rows = Math.max(1, Math.floor(panelElements / outputs));
  for (let row = 0; row < inputs; row += rows) {
    const last = Math.min(inputs, row + rows);
    const part = floats(tensor, row * outputs, last * outputs);
    for (let i = row; i < last; i++)
      panel.set(part.subarray((i - row) * outputs + from, (i - row) * outputs + to), i * width);
  }
  return panel;
}
