/**
 * BatchNormalization at inference is y = γ·(x − μ)/√(σ² + ε) + β: an affine map a channel with f = γ/√(σ² + ε) and
 * s = β − f·μ, which goes into the weights before it.
 * Source: Ioffe, Szegedy 2015, arXiv:1502.03167, section 3.1; folding: arXiv:1712.05877, section 3.2.
 */

import { attributes, type Model, type Node } from '../onnx/ir';
import { readFloats } from './float-tensor';
import { type Affine, foldAffine, type LinearBefore } from './fold-affine';
import { constantOf, definePass, type PassResult, type Scope } from './pass';

const { intOf, floatOf } = attributes;

/**
 * Folds every BatchNormalization that stands alone behind a Conv, ConvTranspose, Gemm or MatMul with constant weights.
 * @param isTarget which BatchNormalizations may go
 */
export function foldBatchNorm(model: Model, isTarget: (node: Node) => boolean = () => true): Promise<PassResult> {
  return foldAffine(model, isTarget, 'BatchNormalization', readNorm);
}

function readNorm(norm: Node, linear: LinearBefore, scope: Scope): Affine | string | false {
  if (norm.opType !== 'BatchNormalization' || linear.at !== 0) return false;
  if (norm.outputs.slice(1).some((name) => name !== '') || intOf(norm, 'training_mode', 0) === 1)
    return 'it is in training form';
  if (intOf(norm, 'spatial', 1) === 0) return 'it normalises each element on its own';
  if (linear.channelAxis === -1 && linear.rank !== 2) return 'its channels are not the columns of a matrix product';
  const parameters = norm.inputs.slice(1, 5).map((name) => constantOf(scope, name));
  const [scale, offset, mean, variance] = parameters.map((tensor) => tensor && readFloats(tensor));
  if (scale === undefined || offset === undefined || mean === undefined || variance === undefined)
    return 'its parameters are not constant';
  const epsilon = floatOf(norm, 'epsilon', 1e-5);
  const factor = scale.map((gamma, at) => gamma / Math.sqrt((variance[at] as number) + epsilon));
  return { factor, shift: factor.map((f, at) => (offset[at] as number) - f * (mean[at] as number)) };
}

export const foldBatchNormPass = definePass({
  name: 'fold-batch-norm',
  title: 'Fold BatchNormalization',
  help: 'Multiplies BatchNormalization into the weights of the convolution or matrix product before it.',
  source: 'arXiv:1712.05877, section 3.2',
  options: {},
  // Weights are rounded once more to float32 (2⁻²⁴), and sums of some thousand products run in another order.
  tolerance: 1e-4,
  run: (model, { isTarget }) => foldBatchNorm(model, isTarget),
});
