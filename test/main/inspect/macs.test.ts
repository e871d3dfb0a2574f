import { describe, expect, it } from 'vitest';
import { hasMacs, macsOf } from '../../../src-main/inspect';
import { type Attribute, attributes, makeNode } from '../../../src-main/onnx/ir';

function macs(
  opType: string,
  inputs: readonly (readonly number[] | null)[],
  output: readonly number[],
  set: Record<string, Attribute> = {},
  domain = '',
): number | null {
  const shapes = new Map<string, readonly number[]>([['y', output]]);
  for (const [at, shape] of inputs.entries()) if (shape !== null) shapes.set(`x${at}`, shape);
  const names = inputs.map((_, at) => `x${at}`);
  return macsOf(makeNode(opType, 'n', names, ['y'], set, domain), (value) => shapes.get(value));
}

describe('macsOf, by hand', () => {
  it('convolutions: each output sums over a kernel of all channels in its group', () => {
    // 8·14·14 outputs, each 3·3·3 products
    expect(
      macs(
        'Conv',
        [
          [1, 3, 28, 28],
          [8, 3, 3, 3],
        ],
        [1, 8, 14, 14],
      ),
    ).toBe(8 * 14 * 14 * 27);
    // depthwise: one channel a group
    expect(
      macs(
        'Conv',
        [
          [2, 16, 8, 8],
          [16, 1, 3, 3],
        ],
        [2, 16, 8, 8],
        { group: attributes.int(16) },
      ),
    ).toBe(2 * 16 * 64 * 9);
    // ConvTranspose: each of 4·5·5 inputs is spread over 6 channels of 2×2
    expect(
      macs(
        'ConvTranspose',
        [
          [1, 4, 5, 5],
          [4, 6, 2, 2],
        ],
        [1, 6, 10, 10],
      ),
    ).toBe(4 * 25 * 6 * 4);
    expect(macs('QLinearConv', [[1, 3, 4, 4], [], [], [5, 3, 1, 1]], [1, 5, 4, 4])).toBe(5 * 16 * 3);
  });

  it('matrix products', () => {
    expect(
      macs(
        'MatMul',
        [
          [2, 3, 4],
          [4, 5],
        ],
        [2, 3, 5],
      ),
    ).toBe(2 * 3 * 5 * 4);
    expect(
      macs(
        'Gemm',
        [
          [4, 3],
          [4, 5],
        ],
        [3, 5],
        { transA: attributes.int(1) },
      ),
    ).toBe(3 * 5 * 4);
    const packed = { K: attributes.int(64), N: attributes.int(32) };
    expect(macs('MatMulNBits', [[1, 7, 64], null], [1, 7, 32], packed, 'com.microsoft')).toBe(7 * 64 * 32);
    const transposed = { transA: attributes.int(1) };
    expect(
      macs(
        'FusedMatMul',
        [
          [4, 3],
          [4, 5],
        ],
        [3, 5],
        transposed,
        'com.microsoft',
      ),
    ).toBe(60);
  });

  it('recurrent cells: input and state against their weights, each step and direction', () => {
    // 10 steps, batch 2, input 3, hidden 4, 4 gates, 2 directions
    expect(
      macs(
        'LSTM',
        [
          [10, 2, 3],
          [2, 16, 3],
          [2, 16, 4],
        ],
        [10, 2, 2, 4],
      ),
    ).toBe(10 * 2 * 2 * (16 * 3 + 16 * 4));
  });

  it('Einsum: the product of all index sizes', () => {
    const einsum = (equation: string) => ({ equation: attributes.string(equation) });
    expect(
      macs(
        'Einsum',
        [
          [2, 3, 4],
          [2, 5, 4],
        ],
        [2, 3, 5],
        einsum('bid, bjd -> bij'),
      ),
    ).toBe(2 * 3 * 5 * 4);
    expect(
      macs(
        'Einsum',
        [
          [7, 2, 3],
          [3, 4],
        ],
        [7, 2, 4],
        einsum('...ij,jk->...ik'),
      ),
    ).toBe(7 * 2 * 3 * 4);
    expect(macs('Einsum', [[2, 3]], [3, 2], einsum('ij->ji'))).toBe(0);
  });

  it('attention: scores and weighted sums', () => {
    expect(
      macs(
        'Attention',
        [
          [1, 2, 5, 8],
          [1, 2, 7, 8],
          [1, 2, 7, 6],
        ],
        [1, 2, 5, 6],
      ),
    ).toBe(2 * 5 * 7 * (8 + 6));
  });

  it('nothing for other ops, null where a shape is not known', () => {
    expect(macs('Relu', [[2, 2]], [2, 2])).toBe(0);
    expect(macs('MatMul', [null, [4, 5]], [2, 5])).toBeNull();
    expect(hasMacs(makeNode('Conv', 'n', [], []))).toBe(true);
    expect(hasMacs(makeNode('Conv', 'n', [], [], {}, 'example'))).toBe(false);
  });
});
