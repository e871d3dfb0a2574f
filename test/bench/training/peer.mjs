/** @file The PyTorch side of the training bench and of the gradient suite: its environment, and running either side. */

import { spawnSync } from 'node:child_process';
import { mkdirSync } from 'node:fs';
import { builtinModules } from 'node:module';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { rolldown } from 'rolldown';

const here = fileURLToPath(new URL('.', import.meta.url));
const root = fileURLToPath(new URL('../../..', import.meta.url));

export const peer = join(here, 'peer.py');
export const reference = join(here, 'reference.py');

/** @param {string} command @param {string[]} args */
export function run(command, args) {
  const { status, stdout, stderr } = spawnSync(command, args, { encoding: 'utf8', maxBuffer: 2 ** 26 });
  if (status !== 0) throw new Error(`${command} ${args.join(' ')} failed:\n${stderr.slice(-4000)}`);
  return stdout;
}

/**
 * An interpreter with PyTorch: the given one, or a new environment in the folder; where neither is to be had the process ends.
 * @param {string} folder @param {string | undefined} given
 */
export function pythonOrEnd(folder, given) {
  if (given !== undefined) return given;
  const environment = join(folder, 'python');
  const binary = join(environment, 'bin', 'python');
  try {
    run('python3', ['-m', 'venv', environment]);
    run(binary, ['-m', 'pip', 'install', '-q', 'torch==2.9.1', 'numpy==2.4.6', 'onnx==1.23.2']);
    return binary;
  } catch (problem) {
    console.log(`not run: ${/** @type {Error} */ (problem).message.split('\n')[0]}`);
    process.exit(0);
  }
}

/** @param {'ours' | 'gradients'} name a source file of this folder @returns the path of what Node runs */
export async function bundle(name) {
  const made = await rolldown({
    input: join(here, `${name}.ts`),
    platform: 'node',
    external: [/^node:/, ...builtinModules, 'onnxruntime-node', 'sharp'],
  });
  // Beside the sources, so that the packages are found.
  const folder = join(root, 'out', 'bench');
  mkdirSync(folder, { recursive: true });
  const file = join(folder, `training-${name}.mjs`);
  await made.write({ file, format: 'esm', inlineDynamicImports: true });
  await made.close();
  return file;
}
