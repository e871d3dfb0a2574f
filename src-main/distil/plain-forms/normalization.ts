/** Normalizations that ONNX defines by other operators. */

import { attributes } from '../../onnx/ir';
import type { PlainForm } from './plain-form';

/** (X − mean)/(deviation + 10⁻⁹) over axes. Source: the operator's definition in ONNX (MeanVarianceNormalization-13). */
export const MeanVarianceNormalization: PlainForm = ({ emit, node, input }) => {
  const axes = attributes.intsOf(node, 'axes', [0, 2, 3]);
  const offset = emit.sub(input(0), emit.mean(input(0), axes));
  const deviation = emit.op('Sqrt', [emit.mean(emit.mul(offset, offset), axes)]);
  return [emit.div(offset, emit.add(deviation, emit.scalar(1e-9)))];
};
