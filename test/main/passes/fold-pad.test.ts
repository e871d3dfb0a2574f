import { expect, it } from 'vitest';
import { foldPad } from '../../../src-main/passes';
import { expectPass, expectUntouched } from '../../support/expect-pass';

it('adds zeros around the picture to the padding of each convolution behind', async () => {
  await expectPass(
    (model) => foldPad(model),
    `g (float[1, 1, 3, 3] x) => (float[1, 1, 5, 6] y, float[1, 1, 4, 6] z)
    <int64[8] p = {0, 0, 1, 2, 0, 0, 1, 1}, float[1, 1, 1, 1] w = {2}, float[1, 1, 2, 1] v = {1, 2}> {
      a = Pad (x, p)
      y = Conv (a, w)
      z = Conv <auto_pad = "VALID"> (a, v)
    }`,
    `g (float[1, 1, 3, 3] x) => (float[1, 1, 5, 6] y, float[1, 1, 4, 6] z)
    <int64[8] p = {0, 0, 1, 2, 0, 0, 1, 1}, float[1, 1, 1, 1] w = {2}, float[1, 1, 2, 1] v = {1, 2}> {
      y = Conv <pads = [1, 2, 1, 1]> (x, w)
      z = Conv <pads = [1, 2, 1, 1]> (x, v)
    }`,
    { tolerance: 1e-6 },
  );
});

it('leaves other fillings, padded channels and other readers', async () => {
  const { skipped } = await expectUntouched(
    (model) => foldPad(model),
    `g (float[1, 1, 3, 3] x) => (float[1, 1, 5, 5] y, float[1, 1, 3, 3] z, float[1, 1, 5, 5] u, float[1, 1, 5, 5] v)
    <int64[8] p = {0, 0, 1, 1, 0, 0, 1, 1}, int64[8] c = {0, 1, 0, 0, 0, 0, 0, 0}, float one = {1}, float[1, 1, 1, 1] w = {2}, float[1, 2, 1, 1] k = {2, 3}> {
      a = Pad (x, p, one)
      y = Conv (a, w)
      b = Pad (x, c)
      z = Conv (b, k)
      d = Pad (x, p)
      u = Conv (d, w)
      v = Relu (d)
    }`,
  );
  expect(skipped.map(({ reason }) => reason)).toEqual([
    'it does not pad with a constant number of zeros',
    'it pads batch or channels',
    'what it gives is used by others than Conv',
  ]);
});
