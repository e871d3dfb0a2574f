/**
 * The blocked layout of onnxruntime's fast convolutions (NCHWc): channels stand in blocks of as many as the processor's
 * vectors hold. The size of a block is the runtime's own secret; a run of its ReorderInput tells it.
 */

import { makeGraph, makeModel, makeNode, makeValue } from '../ir';
import { openSession } from './open-session';

export const blockedDomain = 'com.microsoft.nchwc';

/** Channels that are probed: more than any block holds. */
const probed = 64;

let found: Promise<number> | undefined;

/** Channels of a block; 0 where the runtime has no such layout for this processor. Asked once a process. */
export function channelBlock(): Promise<number> {
  found ??= probe().catch(() => 0);
  return found;
}

/** Two positions whose channels hold their own numbers: the first block ends where the second position begins. */
async function probe(): Promise<number> {
  const session = await openSession(probeModel, { label: 'channel block' });
  try {
    const data = Float32Array.from({ length: 2 * probed }, (_, at) => Math.floor(at / 2));
    const { y } = await session.run({ x: { dtype: 'float32', shape: [1, probed, 1, 2], data } });
    const order = Array.from(y?.data as Float32Array);
    const block = order.findIndex((channel, at) => channel !== at);
    return block > 1 ? block : 0;
  } finally {
    await session.release();
  }
}

const probeModel = makeModel(
  makeGraph({
    name: 'probe',
    nodes: [makeNode('ReorderInput', 'reorder', ['x'], ['y'], {}, blockedDomain)],
    inputs: [makeValue('x', 'float32', [1, probed, 1, 2])],
    outputs: [makeValue('y', 'float32', [1, probed, 1, 2])],
  }),
  new Map([
    ['', 18],
    [blockedDomain, 1],
  ]),
  9,
);
