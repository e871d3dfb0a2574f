/** What the one door to onnxruntime-node gives and takes. */

import type { ArrayDType, Dim, DType, Feeds, NdArray } from '../ir';

export interface SessionOptions {
  /** intra-op threads; 1 unless told otherwise. */
  readonly threads?: number | undefined;
  /** Runs in turn with other work: between runs threads sleep rather than spin. Default off, so that latencies are the runtime's own. */
  readonly background?: boolean | undefined;
  readonly optimization?: 'disabled' | 'basic' | 'extended' | 'all' | undefined;
  /** Off for scans of many variants (weights stay mapped), on for latency. Default on. */
  readonly prepacking?: boolean | undefined;
  /** Keeps freed buffers for the next run: for training and calibration, whose large buffers cost more to get than to fill. Default off. */
  readonly keepBuffers?: boolean | undefined;
  /** Where onnxruntime writes the model as it optimised it. */
  readonly optimizedModelPath?: string | undefined;
  /** Prefix of the profile file; its path comes from `Session.endProfile`. */
  readonly profilePrefix?: string | undefined;
  /** Values between nodes to be given out as well. */
  readonly extraOutputs?: readonly string[] | undefined;
  /**
   * Where changed weights are kept that are too many for memory; the caller's to remove. Needed where the optimised
   * model is read, which refers to them; else they are in a temporary folder that looks after itself.
   */
  readonly spillFolder?: string | undefined;
  /** How messages call the model; its file name where it has one. */
  readonly label?: string | undefined;
}

/** An input or output as the runtime sees it. */
export interface SessionValue {
  readonly name: string;
  /** `tensor` for nearly all; sequences and maps have no dtype here. */
  readonly kind: 'tensor' | 'other';
  readonly dtype: DType | null;
  /** null: of unknown rank. */
  readonly shape: readonly Dim[] | null;
}

export interface Session {
  readonly inputs: readonly SessionValue[];
  readonly outputs: readonly SessionValue[];
  /** Where its weights were mapped from, which is what an optimised model refers to; null where there is no such place. */
  readonly weightsFolder: string | null;
  /**
   * One run. Blocks the thread until it is done: sessions live in the engine process.
   * @param outputs names asked for; all where absent. What is not asked for costs no copy.
   * @throws LatheError that names the model and the input that does not fit
   */
  run(feeds: Feeds, outputs?: readonly string[]): Promise<Record<string, NdArray<ArrayDType>>>;
  /** Ends profiling and gives the path of the file. */
  endProfile(): Promise<string>;
  release(): Promise<void>;
}
