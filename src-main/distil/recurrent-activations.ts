/**
 * The activations of LSTM, GRU and RNN as operators. Each takes its numbers from the lists of the node in turn, or the defaults
 * that onnxruntime takes, which has none but 0 for three of them.
 * Source: the operators' definitions in ONNX (LSTM-14, GRU-14, RNN-14).
 */

import { attributes, type Node } from '../onnx/ir';
import type { Emitter } from './emitter';
import { unsupported } from './gradient';

const { float, floatsOf, stringsOf } = attributes;

/** Value → value. */
export type Activation = (value: string) => string;

interface Form {
  /** Defaults of the numbers that it has. */
  readonly alpha?: number;
  readonly beta?: number;
  write(emit: Emitter, value: string, alpha: number, beta: number): string;
}

const plain = (op: string): Form => ({ write: (emit, value) => emit.op(op, [value]) });

const forms: Readonly<Record<string, Form>> = {
  relu: plain('Relu'),
  tanh: plain('Tanh'),
  sigmoid: plain('Sigmoid'),
  softsign: plain('Softsign'),
  softplus: plain('Softplus'),
  affine: {
    alpha: 0,
    beta: 0,
    write: (emit, value, alpha, beta) => emit.add(emit.scale(value, alpha), emit.scalar(beta)),
  },
  leakyrelu: { alpha: 0.01, write: (emit, value, alpha) => emit.op('LeakyRelu', [value], { alpha: float(alpha) }) },
  thresholdedrelu: {
    alpha: 0,
    write: (emit, value, alpha) => emit.op('ThresholdedRelu', [value], { alpha: float(alpha) }),
  },
  scaledtanh: {
    alpha: 0,
    beta: 0,
    write: (emit, value, alpha, beta) => emit.scale(emit.op('Tanh', [emit.scale(value, beta)]), alpha),
  },
  hardsigmoid: {
    alpha: 0.2,
    beta: 0.5,
    write: (emit, value, alpha, beta) => emit.op('HardSigmoid', [value], { alpha: float(alpha), beta: float(beta) }),
  },
  elu: { alpha: 1, write: (emit, value, alpha) => emit.op('Elu', [value], { alpha: float(alpha) }) },
};

const usual: Readonly<Record<string, readonly string[]>> = {
  LSTM: ['Sigmoid', 'Tanh', 'Tanh'],
  GRU: ['Sigmoid', 'Tanh'],
  RNN: ['Tanh'],
};

/**
 * f of gates, g of candidates, h of the cell's output, as far as the operator has them.
 * @param at number of the direction
 * @throws LatheError where an activation is not one of the definition
 */
export function cellActivations(emit: Emitter, node: Node, at: number): Activation[] {
  const own = usual[node.opType] ?? [];
  const given = stringsOf(node, 'activations', []);
  const names = given.length === 0 ? [...own, ...own] : given;
  const [alphas, betas] = ['activation_alpha', 'activation_beta'].map((name) => [...floatsOf(node, name, [])]) as [
    number[],
    number[],
  ];
  const all = names.map((name): Activation => {
    const form = forms[name.toLowerCase()];
    if (form === undefined) throw unsupported(node, `the activation ${name}`);
    const alpha = form.alpha === undefined ? 0 : (alphas.shift() ?? form.alpha);
    const beta = form.beta === undefined ? 0 : (betas.shift() ?? form.beta);
    return (value) => form.write(emit, value, alpha, beta);
  });
  return all.slice(at * own.length, (at + 1) * own.length);
}
