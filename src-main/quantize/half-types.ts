/** Which operands an operator takes as float32 only, so that a half-precision graph must hand them over as such. */

import type { Node } from '../onnx/ir';

/** Positions of inputs; `all`: the node itself has no half-precision form and stays float32. */
type Float32Only = 'all' | readonly number[];

/** Source: type constraints of the ONNX operator specifications. */
const onnxOperators: Readonly<Record<string, Float32Only>> = {
  Resize: [2],
  Upsample: [1],
  NonMaxSuppression: 'all',
  Range: 'all',
  Celu: 'all',
  DynamicQuantizeLinear: 'all',
  QuantizeLinear: 'all',
  DequantizeLinear: 'all',
  TfIdfVectorizer: 'all',
  MelWeightMatrix: 'all',
  LabelEncoder: 'all',
};

/** What of a node stays float32: `all`, or the positions of single inputs. */
export function float32OnlyOf(node: Node, opset: number): Float32Only {
  // com.microsoft and others: their type constraints are not known here.
  if (node.domain !== '') return 'all';
  if (node.opType === 'CumSum' && opset < 14) return 'all';
  // Resize of opset 10 has its scales where later ones have the region of interest.
  if (node.opType === 'Resize' && opset < 11) return [1];
  return onnxOperators[node.opType] ?? [];
}

/** Attributes that hold the element type of what the node makes. */
export const typeAttributes: Readonly<Record<string, string>> = {
  Cast: 'to',
  RandomNormal: 'dtype',
  RandomUniform: 'dtype',
  RandomNormalLike: 'dtype',
  RandomUniformLike: 'dtype',
  EyeLike: 'dtype',
  Bernoulli: 'dtype',
  HannWindow: 'output_datatype',
  HammingWindow: 'output_datatype',
  BlackmanWindow: 'output_datatype',
};
