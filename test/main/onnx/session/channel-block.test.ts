import { expect, it } from 'vitest';
import { channelBlock } from '../../../../src-main/onnx/session';

it('is a power of two that a vector can hold, or nothing, and the same each time', async () => {
  const block = await channelBlock();
  expect([0, 4, 8, 16, 32]).toContain(block);
  expect(await channelBlock()).toBe(block);
});
