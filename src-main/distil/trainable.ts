/** Which initializers of a model are weights that training may move, and why the others are not. */

import { LatheError } from '../contract';
import { readTensor } from '../onnx/file';
import { elementCount, type Graph, type NdArray, type Node, type Tensor } from '../onnx/ir';
import { findWeightUses, isFirstState, type WeightUses } from './weight-uses';

interface Skipped {
  readonly node: string;
  readonly reason: string;
}

export interface Trainable {
  readonly names: readonly string[];
  readonly skipped: readonly Skipped[];
  readonly weights: ReadonlyMap<string, NdArray<'float32'>>;
  /** The node that reads a weight, for messages. */
  readerOf(weight: string): string;
}

type MayTouch = (node: { name: string; opType: string }) => boolean;

/**
 * @param mayTouch whether a node is among the Step's targets
 * @param known what a method says of initializers: trained whatever reads them, or never
 */
export function findTrainable(
  graph: Graph,
  mayTouch: MayTouch,
  known: { readonly learned: readonly string[]; readonly constants: readonly string[] } = {
    learned: [],
    constants: [],
  },
): Trainable {
  const usesOf = findWeightUses(graph);
  const weights = new Map<string, NdArray<'float32'>>();
  const readers = new Map<string, string>();
  const skipped: Skipped[] = [];
  for (const [name, tensor] of graph.initializers) {
    if (known.constants.includes(name)) continue;
    const found = usesOf(name);
    const reader = found.uses[0]?.node ?? found.others[0];
    readers.set(name, reader?.name ?? name);
    if (known.learned.includes(name)) {
      weights.set(name, floats(tensor));
      continue;
    }
    if (reader === undefined || elementCount(tensor.shape) < 2) continue;
    if (isWholeNumbers(tensor)) {
      if (found.readers.some((node) => readsCodes(node, name)))
        skipped.push({ node: reader.name, reason: 'codes are trained by the method qat' });
      continue;
    }
    const reason = reasonToFreeze(name, tensor, found, mayTouch);
    if (reason === null) weights.set(name, floats(tensor));
    else skipped.push({ node: reader.name, reason });
  }
  return {
    names: [...weights.keys()],
    skipped,
    weights,
    readerOf: (weight) => readers.get(weight) ?? weight,
  };
}

function reasonToFreeze(name: string, tensor: Tensor, { uses, others }: WeightUses, mayTouch: MayTouch): string | null {
  if (uses.length === 0) {
    const [reader] = others as [Node];
    return `"${name}" is read by ${reader.opType} as a number of the calculation, not as a weight: frozen`;
  }
  if (!uses.some(({ node }) => mayTouch(node))) return 'not among the targets: frozen';
  if (tensor.dtype !== 'float32') return `${otherType} ${tensor.dtype} are not trained`;
  const { data } = floats(tensor);
  if (isMask(data, uses)) return `"${name}" looks like an attention mask, not a weight`;
  const isOneNumber = data.every((value) => value === data[0]);
  if (isOneNumber && uses.every(({ node }) => node.opType === 'Concat'))
    return `"${name}" is one number throughout: padding, not a weight`;
  return uses.every(isFirstState) ? reasonNoState(name, tensor, uses, isOneNumber) : null;
}

const otherType = 'weights of type';

/**
 * @throws LatheError where nothing is left to train because of the types of the weights, with what can be done
 */
export function refuseOtherTypes({ names, skipped }: Trainable): void {
  const reason = skipped.find((each) => each.reason.startsWith(otherType))?.reason;
  if (names.length > 0 || reason === undefined) return;
  throw new LatheError({
    who: 'training',
    what: `every tensor is frozen: ${reason}`,
    next: 'train the float32 model, and make it smaller afterwards (quantize, method fp16 or bf16)',
  });
}

/** A state that was learned differs from unit to unit and is the same for all samples. */
function reasonNoState(name: string, { shape }: Tensor, uses: WeightUses['uses'], isOneNumber: boolean): string | null {
  if (isOneNumber) return `"${name}" is one number throughout: the state of a layer that begins with none`;
  // [directions, N, H]
  const isForBatch = shape.length === 3 && shape[1] !== 1;
  const isRead = uses.some(({ node, value }) => value === name && !['Loop', 'Scan'].includes(node.opType));
  return isForBatch && isRead ? `"${name}" is a state for each sample of a batch, not a weight` : null;
}

function isWholeNumbers({ dtype }: Tensor): boolean {
  return !['float32', 'float16', 'bfloat16', 'float64'].includes(dtype);
}

/** Codes of weights, by the operators that read such. */
function readsCodes({ opType, inputs }: Node, name: string): boolean {
  const at = {
    DequantizeLinear: 0,
    MatMulNBits: 1,
    MatMulInteger: 1,
    ConvInteger: 1,
    QLinearConv: 3,
    QLinearMatMul: 3,
  };
  return opType in at && inputs[at[opType as keyof typeof at]] === name;
}

function floats(tensor: Tensor): NdArray<'float32'> {
  return readTensor(tensor) as NdArray<'float32'>;
}

/** Constants of −∞ or very large size, and such of zeros and ones that others are added to or multiplied with. */
function isMask(data: Float32Array, uses: WeightUses['uses']): boolean {
  if (data.some((value) => Math.abs(value) >= 1e3)) return true;
  const isSwitch = uses.every(({ node }) => node.opType === 'Mul' || node.opType === 'Add');
  return isSwitch && data.includes(0) && data.includes(1) && data.every((value) => value === 0 || value === 1);
}
