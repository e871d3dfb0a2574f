import { describe, expect, it } from 'vitest';
import { follow } from '../../../src-main/distil/moving-average';
import { floats } from '../../support/run-emitted';

const weights = (values: readonly number[]) => new Map([['w', floats([values.length], values)]]);
const valuesOf = (average: ReturnType<typeof follow>) => Array.from(average.get('w')?.data ?? []);

describe('follow', () => {
  it('moves by a share of one minus the decay, once the first updates are over', () => {
    expect(valuesOf(follow(weights([1, 0]), weights([3, 4]), 0.75, 1000))).toEqual([1.5, 1]);
  });

  it('follows faster at first: nine tenths of the way in the first update', () => {
    expect(valuesOf(follow(weights([0]), weights([1]), 0.75, 0))[0]).toBeCloseTo(0.9, 6);
  });

  it('leaves what it was given as it was, and an empty average empty', () => {
    const before = weights([1]);
    follow(before, weights([5]), 0.5, 1000);
    expect(valuesOf(before)).toEqual([1]);
    expect(follow(new Map(), weights([5]), 0.5, 0).size).toBe(0);
  });
});
