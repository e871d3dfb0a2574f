/** Loading onnxruntime-node, once, so that float16 works on every Node. */

import { createRequire } from 'node:module';

type Runtime = typeof import('onnxruntime-node');

let loaded: Runtime | undefined;

/**
 * onnxruntime-node, loaded at the first call: its native part takes a tenth of a second that a process may never need.
 *
 * While `Float16Array` is visible (Node 24 and later), onnxruntime-node 1.30 refuses every float16 tensor: its
 * JavaScript half expects Float16Array and its native half expects Uint16Array. It looks for the global once, when the
 * first tensor is made, so the global is hidden for that moment.
 */
export function runtime(): Runtime {
  if (loaded === undefined) {
    const ort = createRequire(import.meta.url)('onnxruntime-node') as Runtime;
    withoutFloat16Array(() => new ort.Tensor('bool', [true]));
    loaded = ort;
  }
  return loaded;
}

/** `onnxruntime 1.30.0`. */
export function runtimeVersion(): string {
  return `onnxruntime ${runtime().env.versions.node ?? runtime().env.versions.common}`;
}

function withoutFloat16Array(makeTensor: () => void): void {
  const descriptor = Object.getOwnPropertyDescriptor(globalThis, 'Float16Array');
  Reflect.deleteProperty(globalThis, 'Float16Array');
  try {
    makeTensor();
  } finally {
    if (descriptor !== undefined) Object.defineProperty(globalThis, 'Float16Array', descriptor);
  }
}
