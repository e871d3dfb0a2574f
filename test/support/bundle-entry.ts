/** Bundles an entry module of the sources, as hosts do, so that a test can start it as a process. */

import { builtinModules } from 'node:module';
import { dirname } from 'node:path';
import { rolldown } from 'rolldown';

/** Packages with native parts stay outside; they are found from the checkout's node_modules. */
const external = [/^node:/, ...builtinModules, 'onnxruntime-node', 'sharp'];

/** @param output where the entry goes; its chunks land beside it */
export async function bundleEntry(input: string, output: string): Promise<void> {
  const bundle = await rolldown({ input, platform: 'node', external });
  await bundle.write({
    dir: dirname(output),
    format: 'esm',
    entryFileNames: '[name].mjs',
    chunkFileNames: '[name]-[hash].mjs',
  });
  await bundle.close();
}
