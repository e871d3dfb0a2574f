/** Brings a model as it comes into the form that quantization starts from. */

import { LatheError } from '../contract';
import type { Model } from '../onnx/ir';
import type { QuantizeContext, Tally } from './method';

/** Per-channel DequantizeLinear needs it. */
const wantedOpset = 13;

export async function prepare(model: Model, _tally: Tally, _context: QuantizeContext): Promise<Model> {
  const opset = model.opsets.get('') ?? 1;
  if (opset >= wantedOpset) return model;
  throw new LatheError({
    who: 'quantize',
    what: `8-bit Q/DQ pairs need opset ${wantedOpset}, the model has ${opset}`,
    next: 'export it again with a newer opset',
  });
}
