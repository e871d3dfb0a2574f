import { describe, expect, it } from 'vitest';
import { liftConstants } from '../../../src-main/passes';
import { expectPass } from '../../support/expect-pass';

describe('liftConstants', () => {
  it('makes initializers of Constants in every spelling', async () => {
    await expectPass(
      liftConstants,
      `g (float[N, 2] x) => (float[N, 2] y) {
        a = Constant <value = float[2] {1, 2}> ()
        b = Constant <value_float = 0.5> ()
        c = Constant <value_ints = [0, -1]> ()
        p = Add (x, a)
        q = Mul (p, b)
        r = Reshape (q, c)
        y = Reshape (r, c)
      }`,
      `g (float[N, 2] x) => (float[N, 2] y) <float[2] a = {1, 2}, float b = {0.5}, int64[2] c = {0, -1}> {
        p = Add (x, a)
        q = Mul (p, b)
        r = Reshape (q, c)
        y = Reshape (r, c)
      }`,
    );
  });

  it('lifts inside bodies, and leaves a Constant that is an output of its graph', async () => {
    const { skipped } = await expectPass(
      liftConstants,
      `g (bool k, float[2] x) => (float[2] y) {
        y = If (k) <
          then_branch = t () => (float[2] p) { w = Constant <value = float[2] {1, 2}> () p = Add (x, w) },
          else_branch = e () => (float[2] q) { q = Constant <value = float[2] {3, 4}> () }
        >
      }`,
      `g (bool k, float[2] x) => (float[2] y) {
        y = If (k) <
          then_branch = t () => (float[2] p) <float[2] w = {1, 2}> { p = Add (x, w) },
          else_branch = e () => (float[2] q) { q = Constant <value = float[2] {3, 4}> () }
        >
      }`,
    );
    expect(skipped.map(({ reason }) => reason)).toEqual(['it is an output of its graph']);
  });
});
