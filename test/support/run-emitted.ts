/** Runs nodes that an Emitter wrote, for tests of what is written rather than of whole models. */

import type { Emitter } from '../../src-main/distil/emitter';
import { type Feeds, makeGraph, makeModel, makeValue, type NdArray } from '../../src-main/onnx/ir';
import { blockedDomain, openSession } from '../../src-main/onnx/session';

/** Float values of the named outputs, for inputs whose names the nodes read. */
export async function runEmitted(emit: Emitter, feeds: Feeds, outputs: readonly string[]): Promise<number[][]> {
  const graph = makeGraph({
    name: 'emitted',
    nodes: emit.nodes,
    inputs: Object.entries(feeds).map(([name, array]) => makeValue(name, array.dtype, array.shape)),
    outputs: outputs.map((name) => makeValue(name, 'float32', null)),
    initializers: emit.initializers,
  });
  const opsets = new Map([
    ['', 18],
    [blockedDomain, 1],
  ]);
  const model = makeModel(graph, opsets, 9);
  const session = await openSession(model);
  try {
    const found = await session.run(feeds);
    return outputs.map((name) => Array.from((found[name] as NdArray<'float32'>).data));
  } finally {
    await session.release();
  }
}

export const floats = (shape: readonly number[], values: readonly number[]): NdArray<'float32'> => ({
  dtype: 'float32',
  shape,
  data: Float32Array.from(values),
});
