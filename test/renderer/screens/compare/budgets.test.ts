import { describe, expect, it } from 'vitest';
import { anyBudget, noBudgets, overBudget } from '../../../../src-renderer/screens/compare/budgets';
import { compareRows } from '../../../../src-renderer/screens/compare/rows';
import { project, tradeOff } from '../../documents';

const [baseline, int8, , pruned] = compareRows(tradeOff, project.variants);
if (baseline === undefined || int8 === undefined || pruned === undefined) throw new Error('rows are missing');

describe('budgets', () => {
  it('let everything through while none is set', () => {
    expect(anyBudget(noBudgets)).toBe(false);
    expect(overBudget(baseline, noBudgets)).toEqual([]);
  });

  it('name each limit that a row passes, and take a limit itself as fitting', () => {
    expect(overBudget(baseline, { megabytes: 10.24, milliseconds: 4.21, loss: null })).toEqual([]);
    expect(overBudget(baseline, { megabytes: 10.23, milliseconds: 4.2, loss: null })).toEqual([
      'megabytes',
      'milliseconds',
    ]);
  });

  it('hold the loss in points against the paired difference, never against the baseline itself', () => {
    expect(overBudget(int8, { ...noBudgets, loss: 0.11 })).toEqual([]);
    expect(overBudget(int8, { ...noBudgets, loss: 0.1 })).toEqual(['loss']);
    expect(overBudget(pruned, { ...noBudgets, loss: 3 })).toEqual(['loss']);
    expect(overBudget(baseline, { ...noBudgets, loss: 0 })).toEqual([]);
  });

  it('know a metric that is better low, in its own unit', () => {
    const difference = { value: 0.3, ci95: [0.1, 0.5] as [number, number], p: 0.01, insideNoise: false };
    const worse = { ...int8, quality: { value: 2.3, ci95: null, unit: 'nats', better: 'low' as const, difference } };
    expect(overBudget(worse, { ...noBudgets, loss: 0.2 })).toEqual(['loss']);
    expect(overBudget(worse, { ...noBudgets, loss: 0.4 })).toEqual([]);
  });
});
