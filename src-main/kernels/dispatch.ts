/** The kernels as they are called: native where `npm run build:native` has made them, else the TypeScript ones. */

import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import * as reference from './reference';

/** What native code takes over; results are equal, so that nobody but a clock can tell. */
export type NativeKernels = Pick<
  typeof reference,
  | 'addPatchProducts'
  | 'addRowMagnitudes'
  | 'addToHistograms'
  | 'bfloat16ToFloat32'
  | 'blockGrids'
  | 'channelAbsMax'
  | 'channelRange'
  | 'countMagnitudes'
  | 'countMagnitudesWithin'
  | 'countNonFinite'
  | 'float16ToFloat32'
  | 'float32ToBfloat16'
  | 'float32ToFloat16'
  | 'gptq'
  | 'gptqOnGrids'
  | 'inverseUpperCholesky'
  | 'maskBelow'
  | 'maskNOfM'
  | 'pruneInputs'
  | 'quantizeBlocks'
  | 'quantizeChannels'
  | 'raiseWidest'
  | 'roundOutputs'
> & {
  /**
   * Copies up to `length` bytes between two open files as far as the kernel does so by itself, and says how far that was.
   * Nothing where it cannot: see `copyRange`, which goes on from there. Absent from a build older than the sources.
   */
  copyInKernel?(source: number, from: number, target: number, to: number, length: number): number;
  /** Threads that a call may use; at first as many as the machine has. */
  setThreads(threads: number): void;
  /** Of `kernelsAvx512`, `kernelsAvx2`, `kernelsBaseline` those that this CPU can run, the best first. */
  instructionSets(): string[];
  /** Takes the one at this place of the list; at first it is the best. For tests and benches. */
  setInstructionSet(place: number): void;
};

/** The native kernels; null where they are not built, do not load, or LATHE_KERNELS=typescript forbids them. */
export const nativeKernels: NativeKernels | null =
  process.env.LATHE_KERNELS === 'typescript' ? null : loadNative(dirname(fileURLToPath(import.meta.url)));

/** Sources and bundles lie at different depths of the checkout, `native/build` always at its top. */
function loadNative(folder: string): NativeKernels | null {
  const file = join(folder, 'native', 'build', 'kernels.node');
  if (existsSync(file)) {
    try {
      return createRequire(import.meta.url)(file) as NativeKernels;
    } catch {
      return null; // made on another machine or for another system: the TypeScript kernels do the same work
    }
  }
  const parent = dirname(folder);
  return parent === folder ? null : loadNative(parent);
}

export const {
  addPatchProducts,
  addRowMagnitudes,
  addToHistograms,
  bfloat16ToFloat32,
  blockGrids,
  channelAbsMax,
  channelRange,
  countMagnitudes,
  countMagnitudesWithin,
  countNonFinite,
  float16ToFloat32,
  float32ToBfloat16,
  float32ToFloat16,
  gptq,
  gptqOnGrids,
  inverseUpperCholesky,
  maskBelow,
  maskNOfM,
  pruneInputs,
  quantizeBlocks,
  quantizeChannels,
  raiseWidest,
  roundOutputs,
}: Pick<typeof reference, keyof typeof reference> = { ...reference, ...nativeKernels }; // a build may be older than the sources
