import { describe, expect, it } from 'vitest';
import { type BlockedConv, blockedConv, fitsBlocks } from '../../../src-main/distil/blocked-conv';
import { Emitter } from '../../../src-main/distil/emitter';
import { Random } from '../../../src-main/kernels/random';
import { attributes, elementCount } from '../../../src-main/onnx/ir';
import { channelBlock } from '../../../src-main/onnx/session';
import { floats, runEmitted } from '../../support/run-emitted';

const { int, ints } = attributes;
const block = await channelBlock();
const names = { x: 'x', w: 'w', b: 'b' };
const plain = { ...names, kernel: [3, 3], strides: [1, 1], dilations: [1, 1], pads: [1, 1, 1, 1] };
const cases: [string, BlockedConv][] = [
  ['dense', { ...plain, inputs: 32, outputs: 16, group: 1 }],
  ['strided, pads uneven', { ...plain, inputs: 16, outputs: 32, group: 1, strides: [2, 1], pads: [0, 1, 1, 0] }],
  ['depthwise, dilated', { ...plain, inputs: 32, outputs: 32, group: 32, dilations: [2, 2] }],
];

// Without the layout (a processor without vectors) the form is never written.
describe.skipIf(block === 0)('blockedConv', () => {
  it.each(cases)('gives what Conv gives: %s', async (_, conv) => {
    const random = new Random(3);
    const draw = (shape: number[]) =>
      floats(
        shape,
        Array.from({ length: elementCount(shape) }, () => random.normal()),
      );
    const { inputs, outputs, group, kernel } = conv;
    const feeds = { x: draw([2, inputs, 6, 7]), w: draw([outputs, inputs / group, ...kernel]), b: draw([outputs]) };
    const emit = new Emitter(['x', 'w', 'b']);
    const attrs = {
      group: int(group),
      strides: ints(conv.strides),
      dilations: ints(conv.dilations),
      pads: ints(conv.pads),
    };
    const usual = emit.op('Conv', ['x', 'w', 'b'], attrs);
    const [wanted, got] = await runEmitted(emit, feeds, [usual, blockedConv(emit, conv, block)]);
    // Sums of up to 288 products of normal numbers, in another order.
    for (const [at, value] of (wanted ?? []).entries()) expect(Math.abs(value - (got?.[at] ?? NaN))).toBeLessThan(1e-4);
  });
});

describe('fitsBlocks', () => {
  const sizes = { inputs: 32, outputs: 16, group: 1, kernel: [3, 3] };
  it.each([
    ['whole blocks', true, sizes],
    ['a broken block', false, { ...sizes, inputs: 24 }],
    ['a group a channel', true, { ...sizes, inputs: 16, group: 16 }],
    ['wider groups', false, { ...sizes, group: 2 }],
    ['a plain product', false, { ...sizes, kernel: [1, 1] }],
    ['one axis', false, { ...sizes, kernel: [3] }],
  ])('%s: %s', (_, fits, conv) => {
    expect(fitsBlocks(16, conv)).toBe(fits);
    expect(fitsBlocks(0, conv)).toBe(false);
  });
});
