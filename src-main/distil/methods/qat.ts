/**
 * Quantization-aware training of what a quantize step made: int8 weights and few-bit weights in blocks become real
 * numbers behind fake quantization, biases real numbers; after training they are rounded back to codes, on the scales
 * that were there or on learned ones. The form of the model stays as the quantize step left it.
 * Sources: Jacob et al. 2018 (arXiv:1712.05877); straight-through gradients of arXiv:1308.3432; learned scales of Esser
 * et al. 2020 (arXiv:1902.08153).
 */

import { LatheError } from '../../contract';
import type { Model } from '../../onnx/ir';
import { hintsOf, mixedLoss, type Prepared, type TrainingMethod, teacherOptions, trainingOptions } from '../method';
import { blockCodes } from '../quantized/block-codes';
import { channelCodes } from '../quantized/channel-codes';
import { fixedScales, learnedScales } from '../quantized/learned-scales';

/** It starts from what the quantize step made. */
const { weights: _, ...startedOptions } = trainingOptions;

export const qat: TrainingMethod = {
  name: 'qat',
  title: 'Quantization-aware training',
  help: 'Trains a quantized model (static int8, or weights in blocks of few bits) with its rounding in place, towards the answers of the original. Put it after a quantize step.',
  source: 'arXiv:1712.05877',
  data: 'train',
  options: {
    ...teacherOptions,
    learnScales: {
      kind: 'boolean',
      default: true,
      title: 'Learned scales',
      help: 'Trains the scales of weights and activations too (LSQ); off keeps those of the quantize step.',
    },
    ...startedOptions,
    learningRate: { ...trainingOptions.learningRate, default: 1e-4 },
    epochs: { ...trainingOptions.epochs, default: 3 },
  },
  prepare: (model, options, mayTouch) => prepare(model, options.learnScales as boolean, mayTouch),
  intent: (_model, _weights, options) => ({
    loss: mixedLoss(options.match as string, options.alpha as number),
    temperature: options.temperature as number,
    teacher: 'original',
    hints: hintsOf(options),
    masks: new Map(),
    notes: [
      options.learnScales === true
        ? 'Weights and biases were rounded to learned scales.'
        : 'Weights and biases were rounded back to the scales of the quantize step.',
    ],
  }),
};

function prepare(
  quantized: Model,
  learnScales: boolean,
  mayTouch: (node: { name: string; opType: string }) => boolean,
): Prepared {
  const channels = channelCodes(quantized);
  const blocks = blockCodes(channels.model, mayTouch);
  if (channels.count + blocks.count === 0) throw nothingQuantized(blocks.skipped);
  const scales = learnScales ? learnedScales(blocks.model) : fixedScales(blocks.model);
  return {
    model: scales.model,
    learned: [...blocks.parameters, ...scales.parameters],
    constants: blocks.constants,
    skipped: blocks.skipped,
    notes: [],
    finish: (trained) => {
      const initializers = new Map(quantized.graph.initializers);
      // Weights that are not quantized were trained as well.
      for (const [name, tensor] of trained.graph.initializers)
        if (initializers.has(name) && tensor.dtype === 'float32') initializers.set(name, tensor);
      for (const [name, tensor] of scales.tensors(trained)) if (initializers.has(name)) initializers.set(name, tensor);
      const scaleOf = (name: string) => scales.scaleOf(trained, name);
      for (const codes of [channels.codes(trained, scaleOf), blocks.codes(trained, scaleOf)])
        for (const [name, tensor] of codes) initializers.set(name, tensor);
      return { ...quantized, graph: { ...quantized.graph, initializers } };
    },
  };
}

function nothingQuantized(skipped: Prepared['skipped']): LatheError {
  const [first] = skipped;
  return new LatheError({
    who: 'distil qat',
    what:
      first === undefined
        ? 'the model holds no int8 weights between QuantizeLinear and DequantizeLinear, and none of few bits in blocks'
        : `no quantized weight can be trained; "${first.node}": ${first.reason}`,
    next: 'put a quantize step (static-int8, int4-weights) before this one',
  });
}
