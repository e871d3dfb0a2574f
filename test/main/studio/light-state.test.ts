import { describe, expect, it } from 'vitest';
import type { Evaluation, ProjectState } from '../../../src-main/contract';
import { maxMessageBytes } from '../../../src-main/rpc/messages';
import { lightState } from '../../../src-main/studio/light-state';
import { sampleEvaluation, sampleVariant } from '../../support/sample-documents';

function evaluationOf(classes: number): Evaluation {
  const names = Array.from({ length: classes }, (_, at) => `class ${at}`);
  const one = { precision: 1 / 3, recall: 1 / 3, f1: 1 / 3, support: 10, predicted: 10 };
  const confusion = names.map(() => names.map(() => 10));
  return { ...sampleEvaluation, classes: { names, confusion, perClass: names.map(() => one) } };
}

function stateOf(classes: number, variants: number): ProjectState {
  const skipped = Array.from({ length: 50 }, (_, at) => ({ node: `node-${at}`, reason: 'too small' }));
  const step = {
    kind: 'prune',
    method: 'magnitude',
    options: {},
    eligible: 1,
    changed: 1,
    notes: [],
    seconds: 1,
  } as const;
  const training = {
    step: 1,
    steps: 1,
    best: { validation: 1, accuracy: 1, epoch: 1 },
    curve: [{ step: 1, loss: 1, learningRate: 1 }],
    validation: [],
  };
  const variant = { ...sampleVariant, steps: [{ ...step, notes: [], skipped, training }] };
  return {
    path: '/p',
    name: 'p',
    model: { path: '/m.onnx', bytes: 1, sha256: null, state: 'ok' },
    report: null,
    dataPath: null,
    data: null,
    dims: {},
    measure: { threads: 1, batch: 1 },
    baseline: evaluationOf(classes),
    variants: Array.from({ length: variants }, () => ({ variant, evaluation: evaluationOf(classes) })),
    removed: [],
    jobs: [],
  };
}

describe('lightState', () => {
  it('keeps the class tables of few classes and shortens skip lists, saying so', () => {
    const light = lightState(stateOf(10, 2));
    expect(light.baseline?.classes?.confusion).toHaveLength(10);
    expect(light.variants[0]?.variant.steps[0]).toMatchObject({ notes: ['30 more places were skipped.'] });
    expect(light.variants[0]?.variant.steps[0]?.skipped).toHaveLength(20);
    expect(light.variants[0]?.variant.steps[0]).not.toHaveProperty('training');
  });

  it('drops a large confusion matrix and keeps the figures by class', () => {
    const { baseline } = lightState(stateOf(200, 1));
    expect(baseline?.classes?.confusion).toBeNull();
    expect(baseline?.classes?.perClass).toHaveLength(200);
  });

  it('stays below the limit of a message with many variants of many classes', () => {
    const light = lightState(stateOf(256, 100));
    expect(light.baseline?.classes).toBeNull();
    expect(JSON.stringify(light).length).toBeLessThan(maxMessageBytes);
  });
});
