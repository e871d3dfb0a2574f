import { describe, expect, it } from 'vitest';
import { Emitter } from '../../../../src-main/distil/emitter';
import { beta1, beta2, optimizers } from '../../../../src-main/distil/optimizers';
import { floats, runEmitted } from '../../../support/run-emitted';

/** Three steps of an optimiser on w = [1, −2] with gradients 0.5·w, by the written graph. */
async function threeSteps(name: string, weightDecay: number): Promise<number[]> {
  const optimizer = optimizers.find((each) => each.name === name) as (typeof optimizers)[number];
  let weights = [1, -2];
  let state = optimizer.state.map(() => [0, 0]);
  for (let step = 0; step < 3; step++) {
    const emit = new Emitter(['w', 'g', 'rate', 'c1', 'c2', 's0', 's1']);
    const outputs = optimizer.update({
      emit,
      parameter: 'w',
      gradient: 'g',
      state: optimizer.state.map((_, at) => `s${at}`),
      learningRate: 'rate',
      corrections: ['c1', 'c2'],
      weightDecay,
    });
    const feeds = {
      w: floats([2], weights),
      g: floats(
        [2],
        weights.map((w) => 0.5 * w),
      ),
      rate: floats([], [0.1]),
      ...(optimizer.state.length > 1
        ? { c1: floats([], [1 - beta1 ** (step + 1)]), c2: floats([], [1 - beta2 ** (step + 1)]) }
        : {}),
      ...Object.fromEntries(state.map((values, at) => [`s${at}`, floats([2], values)])),
    };
    const [next, ...nextState] = await runEmitted(emit, feeds, outputs);
    weights = next as number[];
    state = nextState;
  }
  return weights;
}

/** The paper's own recursion in float64. */
function byPaper(name: string, decay: number): number[] {
  return [1, -2].map((start) => {
    let [w, m, v] = [start, 0, 0];
    for (let step = 1; step <= 3; step++) {
      let g = 0.5 * w;
      if (name !== 'adamw') g += decay * w;
      if (name === 'sgd') {
        m = 0.9 * m + g;
        w -= 0.1 * m;
        continue;
      }
      m = 0.9 * m + 0.1 * g;
      v = 0.999 * v + 0.001 * g * g;
      if (name === 'adamw') w -= 0.1 * decay * w;
      w -= (0.1 * (m / (1 - 0.9 ** step))) / (Math.sqrt(v / (1 - 0.999 ** step)) + 1e-8);
    }
    return w;
  });
}

describe.each(['sgd', 'adam', 'adamw'])('%s', (name) => {
  // 1 − 0.999 carries float32's 6e-8 as 6e-5 of itself: 1e-4 of a step of 0.1.
  it.each([0, 0.1])('follows its paper for three steps, decay %d', async (decay) => {
    const found = await threeSteps(name, decay);
    byPaper(name, decay).forEach((expected, at) => {
      expect(found[at]).toBeCloseTo(expected, 4);
    });
  });
});
