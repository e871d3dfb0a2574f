/** What makes constants of few bits trainable: real numbers in their place, and the way back to codes. */

import type { Model, Tensor } from '../../onnx/ir';

export interface TrainableCodes {
  /** The model with real numbers behind fake quantization. */
  readonly model: Model;
  /** How many tensors of codes became real numbers. */
  readonly count: number;
  /** Parameters that are trained whatever reads them, and constants that are not. */
  readonly parameters: readonly string[];
  readonly constants: readonly string[];
  readonly skipped: readonly { readonly node: string; readonly reason: string }[];
  /**
   * Codes of what was trained, by the names of the quantized model.
   * @param trained of a model in the form of `model`
   * @param scaleOf the scales that the trained model has, by the names of the quantized one
   */
  codes(trained: Model, scaleOf: (name: string) => Float32Array): ReadonlyMap<string, Tensor>;
}
