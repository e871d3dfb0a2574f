/** v ← μ·v + g + λ·w, w ← w − η·v, μ = 0.9. Source: Sutskever et al. 2013, ICML; classical momentum. */

import type { Optimizer } from './optimizer';

const momentum = 0.9;

export const sgd: Optimizer = {
  name: 'sgd',
  title: 'SGD with momentum',
  source: 'Sutskever, Martens, Dahl and Hinton 2013',
  state: ['velocity'],
  update({ emit, parameter, gradient, state, learningRate, weightDecay }) {
    const pull = weightDecay === 0 ? gradient : emit.add(gradient, emit.scale(parameter, weightDecay));
    const velocity = emit.add(emit.scale(state[0] as string, momentum), pull);
    return [emit.sub(parameter, emit.mul(learningRate, velocity)), velocity];
  },
};
