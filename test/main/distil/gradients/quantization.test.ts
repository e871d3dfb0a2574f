import { describe, expect, it } from 'vitest';
import { backward } from '../../../../src-main/distil/backward';
import { Emitter } from '../../../../src-main/distil/emitter';
import { type Graph, makeNode, makeValue, tensorFromArray } from '../../../../src-main/onnx/ir';
import { floats, runEmitted } from '../../../support/run-emitted';

describe('the straight-through gradient of a Q/DQ pair', () => {
  it('passes inside the range of the codes and stops outside', async () => {
    const scalar = (name: string, value: number) => tensorFromArray(name, floats([], [value]));
    const zero = tensorFromArray('zero', { dtype: 'uint8', shape: [], data: Uint8Array.of(10) });
    const forward = [
      makeNode('QuantizeLinear', 'q', ['x', 'scale', 'zero'], ['codes']),
      makeNode('DequantizeLinear', 'dq', ['codes', 'scale', 'zero'], ['y']),
      makeNode('Mul', 'weighted', ['y', 'weights'], ['product']),
      makeNode('ReduceSum', 'sum', ['product'], ['loss'], { keepdims: { type: 'int', value: 0n } }),
    ];
    const graph: Graph = {
      name: 'pair',
      nodes: forward,
      inputs: [makeValue('x', 'float32', [5])],
      outputs: [],
      initializers: new Map([
        ['scale', scalar('scale', 0.5)],
        ['zero', zero],
        ['weights', tensorFromArray('weights', floats([5], [1, 2, 3, 4, 5]))],
      ]),
      sparseInitializers: [],
      values: new Map(),
    };
    const emit = new Emitter([
      'x',
      'scale',
      'zero',
      'codes',
      'y',
      'weights',
      'product',
      'loss',
      'q',
      'dq',
      'weighted',
      'sum',
    ]);
    const tensor = (dtype: 'float32' | 'uint8', shape: number[]) => ({ kind: 'tensor', dtype, shape }) as const;
    const types = new Map([
      ['x', tensor('float32', [5])],
      ['codes', tensor('uint8', [5])],
      ['y', tensor('float32', [5])],
      ['product', tensor('float32', [5])],
      ['loss', tensor('float32', [])],
    ]);
    const { nodes, gradients } = backward({ graph, types, loss: 'loss', wrt: ['x'], emit });
    const whole = new Emitter([]);
    whole.nodes.push(...nodes);
    for (const [name, initializer] of [...graph.initializers, ...emit.initializers])
      whole.initializers.set(name, initializer);
    // Codes 0…255 cover −5 … 122.5.
    const found = await runEmitted(whole, { x: floats([5], [-5.1, -4.9, 0, 122.4, 123]) }, [
      gradients.get('x') as string,
    ]);
    expect(found[0]).toEqual([0, 2, 3, 4, 0]);
  });

  it('moves a learned scale as LSQ has it', async () => {
    const [scale, zero] = [0.5, 10];
    const x = [-5.4, -0.6, 0.3, 3.1, 140];
    const weights = [1, 2, 3, 4, 5];
    const names = ['x', 'scale', 'zero', 'codes', 'y', 'weights', 'product', 'loss', 'q', 'dq', 'weighted', 'sum'];
    const emit = new Emitter(names);
    const graph: Graph = {
      name: 'pair',
      nodes: [
        makeNode('QuantizeLinear', 'q', ['x', 'scale', 'zero'], ['codes']),
        makeNode('DequantizeLinear', 'dq', ['codes', 'scale', 'zero'], ['y']),
        makeNode('Mul', 'weighted', ['y', 'weights'], ['product']),
        makeNode('ReduceSum', 'sum', ['product'], ['loss'], { keepdims: { type: 'int', value: 0n } }),
      ],
      inputs: [makeValue('x', 'float32', [5]), makeValue('scale', 'float32', [])],
      outputs: [],
      initializers: new Map([
        ['zero', tensorFromArray('zero', { dtype: 'uint8', shape: [], data: Uint8Array.of(zero) })],
        ['weights', tensorFromArray('weights', floats([5], weights))],
      ]),
      sparseInitializers: [],
      values: new Map(),
    };
    const tensor = (dtype: 'float32' | 'uint8', shape: number[]) => ({ kind: 'tensor', dtype, shape }) as const;
    const types = new Map([
      ['x', tensor('float32', [5])],
      ['scale', tensor('float32', [])],
      ['codes', tensor('uint8', [5])],
      ['y', tensor('float32', [5])],
      ['product', tensor('float32', [5])],
      ['loss', tensor('float32', [])],
    ]);
    const { nodes, gradients } = backward({ graph, types, loss: 'loss', wrt: ['scale'], emit });
    const whole = new Emitter([]);
    whole.nodes.push(...nodes);
    for (const [name, initializer] of [...graph.initializers, ...emit.initializers])
      whole.initializers.set(name, initializer);
    const feeds = { x: floats([5], x), scale: floats([], [scale]) };
    const found = await runEmitted(whole, feeds, [gradients.get('scale') as string]);
    // Equation 3 of the paper in the codes of an unsigned byte, and the factor of its section 2.2.
    const byHand = x.reduce((sum, value, at) => {
      const exact = value / scale;
      const [low, high] = [-zero, 255 - zero];
      const slope = exact < low ? low : exact > high ? high : Math.round(exact) - exact;
      return sum + (weights[at] as number) * slope;
    }, 0);
    expect(found[0]?.[0]).toBeCloseTo(byHand / Math.sqrt(5 * 255), 4);
  });
});
