/** Large models for benches, with weights that are made while they are written. */

import { Random } from '../../src-main/kernels/random';
import {
  attributes,
  type Model,
  makeGraph,
  makeModel,
  makeNode,
  makeValue,
  type Node,
  type Tensor,
  tensorFromArray,
} from '../../src-main/onnx/ir';

/** 8 MB of small normal numbers: every weight is a window into them, at its own offset. */
function noise(): Uint8Array {
  const random = new Random(1);
  const values = Float32Array.from({ length: 2 ** 21 }, () => random.normal() * 0.02);
  return new Uint8Array(values.buffer);
}

/**
 * Decoder blocks without attention's products: per layer four weights [d, d] and the two of a feed-forward part,
 * 12 d² float32 in all, each read by a MatMul, and two layer normalizations.
 */
export function decoderModel(layers: number, width: number): Model {
  const source = noise();
  const nodes: Node[] = [];
  const initializers = new Map<string, Tensor>();
  const weight = (name: string, rows: number, columns: number): string => {
    const length = rows * columns * 4;
    const first = initializers.size * 4096;
    const read = (start: number, end: number): Uint8Array => {
      const bytes = new Uint8Array(end - start);
      for (let at = 0; at < bytes.length; ) {
        const from = (first + start + at) % source.length;
        const part = source.subarray(from, Math.min(source.length, from + bytes.length - at));
        bytes.set(part, at);
        at += part.length;
      }
      return bytes;
    };
    initializers.set(name, { name, dtype: 'float32', shape: [rows, columns], data: { kind: 'derived', length, read } });
    return name;
  };
  const scale = (name: string): string => {
    const data = new Float32Array(width).fill(1);
    initializers.set(name, tensorFromArray(name, { dtype: 'float32', shape: [width], data }));
    return name;
  };
  let stream = 'x';
  const add = (opType: string, name: string, inputs: string[], more: Parameters<typeof makeNode>[4] = {}): string => {
    nodes.push(makeNode(opType, name, inputs, [`${name}_out`], more));
    return `${name}_out`;
  };
  const axis = { axis: attributes.int(-1) };
  for (let layer = 0; layer < layers; layer++) {
    const at = (name: string) => `layer${layer}_${name}`;
    const normal = add('LayerNormalization', at('norm1'), [stream, scale(at('scale1'))], axis);
    const [q, k, v] = ['q', 'k', 'v'].map((it) => add('MatMul', at(it), [normal, weight(at(`w${it}`), width, width)]));
    const mixed = add('Mul', at('mix'), [
      add('Sigmoid', at('gate'), [q as string]),
      add('Add', at('sum'), [k as string, v as string]),
    ]);
    stream = add('Add', at('residual1'), [stream, add('MatMul', at('o'), [mixed, weight(at('wo'), width, width)])]);
    const second = add('LayerNormalization', at('norm2'), [stream, scale(at('scale2'))], axis);
    const up = add('Relu', at('relu'), [add('MatMul', at('up'), [second, weight(at('wup'), width, 4 * width)])]);
    stream = add('Add', at('residual2'), [
      stream,
      add('MatMul', at('down'), [up, weight(at('wdown'), 4 * width, width)]),
    ]);
  }
  nodes.push(makeNode('Identity', 'last', [stream], ['y']));
  const graph = makeGraph({
    name: 'decoder',
    nodes,
    inputs: [makeValue('x', 'float32', ['batch', 'sequence', width])],
    outputs: [makeValue('y', 'float32', ['batch', 'sequence', width])],
    initializers,
  });
  return makeModel(graph, new Map([['', 20]]), 10);
}
