/** Opening, running and closing sessions of onnxruntime. */

import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { InferenceSession } from 'onnxruntime-node';
import { LatheError } from '../../contract';
import type { DType, Feeds, NdArray } from '../ir';
import { fromOrtTensor, toOrtTensor } from './ort-tensor';
import { runtime } from './runtime';
import { runtimeError } from './runtime-error';
import type { Session, SessionOptions, SessionValue } from './session';

/**
 * Opens a session by path.
 * @throws LatheError that names the model and says what onnxruntime cannot do with it
 */
export async function openSession(model: string, options: SessionOptions = {}): Promise<Session> {
  const name = basename(model);
  try {
    const session = await runtime().InferenceSession.create(model, ortOptions(options));
    return new OrtSession(name, session, options.profilePrefix);
  } catch (thrown) {
    throw runtimeError(name, thrown);
  }
}

/**
 * The same in every host, so that latencies agree: no CPU arena (Electron's allocator traps on one allocation of about
 * 2 GiB, and what an arena keeps would be counted as the model's), one inter-op thread.
 */
function ortOptions(options: SessionOptions): InferenceSession.SessionOptions {
  const threads = options.threads ?? 1;
  const session: Record<string, unknown> = {};
  if (options.prepacking === false) session.disable_prepacking = '1';
  if (options.background === true && threads > 1) session.intra_op = { allow_spinning: '0' };
  return {
    executionProviders: ['cpu'],
    intraOpNumThreads: threads,
    interOpNumThreads: 1,
    executionMode: 'sequential',
    enableCpuMemArena: false,
    logSeverityLevel: 3,
    graphOptimizationLevel: options.optimization ?? 'all',
    extra: { session },
    ...(options.optimizedModelPath === undefined ? {} : { optimizedModelFilePath: options.optimizedModelPath }),
    ...(options.profilePrefix === undefined ? {} : { enableProfiling: true, profileFilePrefix: options.profilePrefix }),
  };
}

class OrtSession implements Session {
  readonly inputs: readonly SessionValue[];
  readonly outputs: readonly SessionValue[];
  readonly #model: string;
  readonly #session: InferenceSession;
  readonly #profilePrefix: string | undefined;

  constructor(model: string, session: InferenceSession, profilePrefix: string | undefined) {
    this.#model = model;
    this.#session = session;
    this.#profilePrefix = profilePrefix;
    this.inputs = session.inputMetadata.map(sessionValue);
    this.outputs = session.outputMetadata.map(sessionValue);
  }

  async run(feeds: Feeds, outputs?: readonly string[]): Promise<Record<string, NdArray>> {
    const fed = Object.fromEntries(this.inputs.map((input) => [input.name, this.#checkedFeed(input, feeds)]));
    const asked = outputs ?? this.#session.outputNames;
    try {
      const results = await this.#session.run(fed, [...asked]);
      return Object.fromEntries(asked.map((name) => [name, fromOrtTensor(name, results[name] as never)]));
    } catch (thrown) {
      throw thrown instanceof LatheError ? thrown : runtimeError(this.#model, thrown);
    }
  }

  async endProfile(): Promise<string> {
    if (this.#profilePrefix === undefined)
      throw new LatheError({ who: this.#model, what: 'its session was opened without a profile', code: 'failed' });
    this.#session.endProfiling();
    return profileFile(this.#profilePrefix);
  }

  async release(): Promise<void> {
    await this.#session.release();
  }

  #checkedFeed(input: SessionValue, feeds: Feeds) {
    const array = feeds[input.name];
    const refuse = (what: string): never => {
      throw new LatheError({ who: `${this.#model}: input "${input.name}"`, what });
    };
    if (array === undefined) {
      const fed = Object.keys(feeds).join(', ') || 'nothing';
      return refuse(`is not fed (fed: ${fed})`);
    }
    if (input.dtype !== null && array.dtype !== input.dtype)
      return refuse(`expects ${input.dtype}, got ${array.dtype}`);
    if (input.shape !== null && !fits(array.shape, input.shape))
      return refuse(
        `expects shape [${input.shape.map((dim) => dim ?? '?').join(', ')}], got [${array.shape.join(', ')}]`,
      );
    return toOrtTensor(array);
  }
}

function fits(shape: readonly number[], wanted: NonNullable<SessionValue['shape']>): boolean {
  return (
    shape.length === wanted.length &&
    wanted.every((dim, axis) => typeof dim !== 'number' || dim < 0 || dim === shape[axis])
  );
}

/** The runtime tells scalars and values of unknown rank by the same empty shape, and an unknown dim by ''. */
function sessionValue(metadata: InferenceSession.ValueMetadata): SessionValue {
  if (!metadata.isTensor) return { name: metadata.name, kind: 'other', dtype: null, shape: null };
  return {
    name: metadata.name,
    kind: 'tensor',
    dtype: metadata.type as DType,
    shape: metadata.shape.length === 0 ? null : metadata.shape.map((dim) => (dim === '' ? null : dim)),
  };
}

/** onnxruntime adds the time to the prefix and does not say the name. */
function profileFile(prefix: string): string {
  const folder = dirname(prefix);
  const found = readdirSync(folder).filter((name) => name.startsWith(`${basename(prefix)}_`) && name.endsWith('.json'));
  const newest = found.sort().at(-1);
  if (newest === undefined)
    throw new LatheError({ who: 'profile', what: `no file was written at ${prefix}`, code: 'failed' });
  return join(folder, newest);
}
