/** Making sessions of onnxruntime, the same in every host. */

import { statSync } from 'node:fs';
import { basename } from 'node:path';
import type { InferenceSession } from 'onnxruntime-node';
import { readModel, skeletonBytes } from '../file';
import type { Model } from '../ir';
import { runtime } from './runtime';
import { runtimeError } from './runtime-error';
import type { SessionOptions } from './session';
import { SpillFolder } from './spill-folder';

/** Above this a single file is opened through its skeleton: by path onnxruntime holds the weights twice, and at 2 GiB it refuses. */
const byPathBytes = 2 ** 30;

export interface CreatedSession {
  readonly session: InferenceSession;
  /** Where its weights were mapped from; null where they came from memory or by path. */
  readonly weightsFolder: string | null;
}

/**
 * @param model a path, or a Model whose weights are mapped from its folder
 * @throws LatheError that names the model and says what onnxruntime cannot do with it
 */
export async function createSession(model: Model | string, options: SessionOptions): Promise<CreatedSession> {
  const name = modelLabel(model, options);
  const source = await sourceOf(model, options);
  const spill = new SpillFolder(options.spillFolder);
  try {
    const { InferenceSession: sessions } = runtime();
    if (typeof source === 'string')
      return { session: await sessions.create(source, ortOptions(options, null)), weightsFolder: null };
    const { bytes, folder } = skeletonBytes(source, { folder: () => spill.path() });
    return { session: await sessions.create(bytes, ortOptions(options, folder)), weightsFolder: folder };
  } catch (thrown) {
    throw runtimeError(name, thrown, await opsetOf(source));
  } finally {
    await spill.remove();
  }
}

/** Of ai.onnx; undefined where the file cannot be read or has no operators of it. */
async function opsetOf(model: Model | string): Promise<number | undefined> {
  const opsets = typeof model === 'string' ? (await readModel(model).catch(() => null))?.opsets : model.opsets;
  return opsets?.get('') ?? opsets?.get('ai.onnx');
}

/** How messages call the model. */
export function modelLabel(model: Model | string, options: SessionOptions): string {
  return options.label ?? (typeof model === 'string' ? basename(model) : model.graph.name || 'model');
}

/** The model with values between nodes among its outputs. */
export function withOutputs(model: Model, names: readonly string[]): Model {
  const present = new Set(model.graph.outputs.map(({ name }) => name));
  const added = [...new Set(names)].filter((name) => !present.has(name)).map((name) => ({ name, type: null }));
  return { ...model, graph: { ...model.graph, outputs: [...model.graph.outputs, ...added] } };
}

async function sourceOf(model: Model | string, options: SessionOptions): Promise<Model | string> {
  const extra = options.extraOutputs ?? [];
  if (typeof model !== 'string') return extra.length === 0 ? model : withOutputs(model, extra);
  const size = statSync(model, { throwIfNoEntry: false })?.size ?? 0;
  if (extra.length === 0 && size <= byPathBytes) return model;
  return withOutputs(await readModel(model), extra);
}

/**
 * No CPU arena unless asked for: Electron's allocator traps on one allocation of about 2 GiB, and what an arena keeps
 * would be counted as the model's. An arena grows by at most 1 GiB at a time, and without memory patterns asks for no
 * block of a whole run's size. One inter-op thread. The same in every host, so that latencies agree.
 */
function ortOptions(options: SessionOptions, weights: string | null): InferenceSession.SessionOptions {
  const threads = options.threads ?? 1;
  const session: Record<string, unknown> = {};
  if (options.prepacking === false) session.disable_prepacking = '1';
  if (options.background === true && threads > 1) session.force_spinning_stop = '1';
  if (weights !== null) session.model_external_initializers_file_folder_path = weights;
  return {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableCpuMemArena: options.keepBuffers === true,
    enableMemPattern: options.keepBuffers !== true,
    // Errors come as exceptions; on the terminal they would stand beside the sentence that is made of them.
    logSeverityLevel: 4,
    graphOptimizationLevel: options.optimization ?? 'all',
    extra: { session },
    ...(options.optimizedModelPath === undefined ? {} : { optimizedModelFilePath: options.optimizedModelPath }),
    ...(options.profilePrefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: options.profilePrefix }),
  };
}
