import { describe, expect, it } from 'vitest';
import { withoutManyClasses } from '../../../src-main/engine/evaluate-briefly';
import { maxMessageBytes } from '../../../src-main/rpc/messages';
import { sampleEvaluation } from '../../support/sample-documents';

function evaluationOf(classes: number) {
  const one = { precision: 1 / 3, recall: 1 / 3, f1: 1 / 3, support: 1000, predicted: 1000 };
  const names = Array.from({ length: classes }, (_, at) => `a class with a long name, number ${at}`);
  return { ...sampleEvaluation, classes: { names, confusion: null, perClass: names.map(() => one) } };
}

describe('withoutManyClasses', () => {
  it('keeps as many classes as fit into a message', () => {
    const most = evaluationOf(2000);
    expect(withoutManyClasses(most)).toBe(most);
    expect(JSON.stringify(most).length).toBeLessThan(maxMessageBytes / 2);
  });

  it('leaves out more, and says so', () => {
    expect(withoutManyClasses(evaluationOf(2001))).toMatchObject({
      classes: null,
      warnings: [{ code: 'many-classes', message: expect.stringContaining('2001 classes') }],
    });
  });
});
