import { describe, expect, it } from 'vitest';
import { confusedPairs } from '../../../../src-renderer/screens/compare/classes';
import {
  compareRows,
  insideNoise,
  qualityKind,
  rowsByConditions,
  stepKindsOf,
} from '../../../../src-renderer/screens/compare/rows';
import { project, tradeOff } from '../../documents';

describe('compareRows', () => {
  it('join the trade-off with what made each variant', () => {
    const rows = compareRows(tradeOff, project.variants);
    expect(rows.map((row) => row.variant?.name ?? null)).toEqual([
      null,
      'Static int8',
      'Half precision',
      'Half of the weights',
    ]);
    expect(rows.map(insideNoise)).toEqual([false, true, true, false]);
    expect(rows.map(stepKindsOf)).toEqual([[], ['quantize'], ['quantize'], ['prune', 'quantize']]);
    expect(rows[3]?.quality).toMatchObject({ value: 0.941, difference: { value: -0.0321 } });
  });

  it('go together where they were measured alike', () => {
    const rows = compareRows(tradeOff, project.variants);
    expect(rowsByConditions(rows).map(({ names }) => names)).toEqual([rows.map(({ name }) => name)]);
    const [first, ...others] = rows.map((row, at) => {
      const { evaluation } = row;
      return at > 0
        ? row
        : { ...row, evaluation: { ...evaluation, conditions: { ...evaluation.conditions, cpu: 'x' } } };
    });
    const ways = rowsByConditions([...(first === undefined ? [] : [first]), ...others]);
    expect(ways.map(({ names }) => names.length)).toEqual([1, rows.length - 1]);
    expect(ways[0]?.conditions.cpu).toBe('x');
  });

  it('fall back on agreement where the metric is not known, and on nothing without data', () => {
    const unknown = { ...tradeOff, quality: 'bleu' };
    expect(qualityKind(unknown)).toEqual({ kind: 'agreement' });
    expect(compareRows(unknown, project.variants).map((row) => row.quality?.value)).toEqual([1, 0.991, 0.991, 0.991]);
    const blind = {
      quality: null,
      rows: tradeOff.rows.map((row) => ({ ...row, evaluation: { ...row.evaluation, metrics: {}, fidelity: null } })),
    };
    expect(qualityKind(blind)).toEqual({ kind: 'none' });
    expect(compareRows(blind, project.variants).every((row) => row.quality === null)).toBe(true);
  });
});

it('confusedPairs lists what was taken for what, heaviest first, without the right ones', () => {
  const pairs = confusedPairs(
    ['cat', 'dog'],
    [
      [9, 1],
      [4, 6],
    ],
  );
  expect(pairs).toEqual([
    { truth: 'dog', predicted: 'cat', count: 4 },
    { truth: 'cat', predicted: 'dog', count: 1 },
  ]);
});
