/**
 * x64 CPUs without VNNI multiply unsigned by signed bytes and add two neighbouring products in 16 bits, which saturate
 * silently: 255·w₀ + 255·w₁ must stay within −2¹⁵ … 2¹⁵ − 1.
 * Source: Intel 64 and IA-32 Architectures Software Developer's Manual, VPMADDUBSW.
 */

import { readTensor } from '../onnx/file';
import { attributes, elementCount, type NdArray, type Node, type Tensor } from '../onnx/ir';

/** Largest activation; signed ones are moved up by 128 when onnxruntime loads the model. */
const largestActivation = 255;

/** Weights up to this one never saturate: 255 · (64 + 64) = 32,640. */
export const narrowLimit = 64;

/**
 * Whether two weights that a kernel multiplies side by side could leave 16 bits, whatever the activations.
 * @param codes int8 weight of a Conv [out, in/groups, …], Gemm or MatMul [in, out] or [out, in]
 */
export function maySaturate(node: Node, codes: Tensor): boolean {
  const q = (readTensor(codes) as NdArray<'int8'>).data;
  const { stepOf, length, starts } = neighbours(node, codes.shape);
  for (const start of starts) {
    for (let i = 0; i + 1 < length; i++) {
      const sum = largestActivation * (q[start + stepOf(i)]! + q[start + stepOf(i + 1)]!);
      if (sum > 32_767 || sum < -32_768) return true;
    }
  }
  return false;
}

interface Neighbours {
  /** Where in the tensor each output's weights start. */
  readonly starts: Iterable<number>;
  /** Weights of an output. */
  readonly length: number;
  /** From an output's start to its i-th weight in the order of the kernel. */
  readonly stepOf: (i: number) => number;
}

function neighbours(node: Node, shape: readonly number[]): Neighbours {
  if (node.opType === 'Conv') {
    const [outputs, inputs, ...places] = shape as [number, number, ...number[]];
    const area = elementCount(places);
    const isDepthwise = inputs === 1 && attributes.intOf(node, 'group', 1) > 1;
    // Depthwise kernels widen before they multiply; all others go over the channels of a place first.
    const length = isDepthwise ? 0 : inputs * area;
    return {
      starts: multiples(outputs, inputs * area),
      length,
      stepOf: (i) => (i % inputs) * area + Math.floor(i / inputs),
    };
  }
  const transposed = node.opType === 'Gemm' && attributes.intOf(node, 'transB', 0) === 1;
  const [rows, columns] = shape.slice(-2) as [number, number];
  if (transposed) return { starts: multiples(rows, columns), length: columns, stepOf: (i) => i };
  const matrices = elementCount(shape) / (rows * columns);
  return { starts: columnStarts(matrices, rows, columns), length: rows, stepOf: (i) => i * columns };
}

function* multiples(count: number, step: number): Generator<number> {
  for (let i = 0; i < count; i++) yield i * step;
}

function* columnStarts(matrices: number, rows: number, columns: number): Generator<number> {
  for (let matrix = 0; matrix < matrices; matrix++) yield* offset(multiples(columns, 1), matrix * rows * columns);
}

function* offset(numbers: Iterable<number>, by: number): Generator<number> {
  for (const number of numbers) yield number + by;
}
