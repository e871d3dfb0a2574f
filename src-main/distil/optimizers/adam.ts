/**
 * m ← β₁m + (1 − β₁)g, v ← β₂v + (1 − β₂)g², w ← w − η·m̂/(√v̂ + ε).
 * Adam adds λ·w to the gradient (Kingma and Ba 2015, arXiv:1412.6980); AdamW takes η·λ·w off the parameter itself
 * (Loshchilov and Hutter 2019, arXiv:1711.05101). What is kept is M = m/(1 − β₁) and V = v/(1 − β₂): two passes over each
 * tensor fewer.
 */

import { beta1, beta2, type Optimizer, type UpdateInputs } from './optimizer';

const epsilon = 1e-8;

export const adam: Optimizer = {
  name: 'adam',
  title: 'Adam',
  source: 'arXiv:1412.6980',
  state: ['mean', 'square'],
  update: (inputs) => {
    const { emit, parameter, gradient, weightDecay } = inputs;
    const pulled = weightDecay === 0 ? gradient : emit.add(gradient, emit.scale(parameter, weightDecay));
    return adamStep(inputs, pulled, parameter);
  },
};

export const adamw: Optimizer = {
  name: 'adamw',
  title: 'AdamW: Adam with decoupled weight decay',
  source: 'arXiv:1711.05101',
  state: ['mean', 'square'],
  update: (inputs) => {
    const { emit, parameter, gradient, learningRate, weightDecay } = inputs;
    if (weightDecay === 0) return adamStep(inputs, gradient, parameter);
    const kept = emit.shared(`adamw:kept:${learningRate}:${weightDecay}`, () =>
      emit.sub(emit.scalar(1), emit.scale(learningRate, weightDecay)),
    );
    return adamStep(inputs, gradient, emit.mul(parameter, kept));
  },
};

function adamStep(
  { emit, state, learningRate, corrections }: UpdateInputs,
  gradient: string,
  from: string,
): [string, string, string] {
  const mean = emit.add(emit.scale(state[0] as string, beta1), gradient);
  const square = emit.add(emit.scale(state[1] as string, beta2), emit.mul(gradient, gradient));
  // m̂/(√v̂ + ε) = √c₂/c₁·m/(√v + ε√c₂), and m/√v = (1 − β₁)/√(1 − β₂)·M/√V: all factors meet scalars, not whole tensors.
  const [c1, c2] = corrections;
  const correction = emit.shared(`adam:root:${c2}`, () => emit.op('Sqrt', [c2]));
  const rate = emit.shared(`adam:rate:${learningRate}`, () =>
    emit.scale(emit.div(emit.mul(learningRate, correction), c1), (1 - beta1) / Math.sqrt(1 - beta2)),
  );
  const floor = emit.shared(`adam:floor:${c2}`, () => emit.scale(correction, epsilon / Math.sqrt(1 - beta2)));
  const root = emit.add(emit.op('Sqrt', [square]), floor);
  return [emit.sub(from, emit.mul(rate, emit.div(mean, root))), mean, square];
}
