/** Opening, running and closing sessions of onnxruntime. */

import { readdirSync } from 'node:fs';
import { basename, dirname, join } from 'node:path';
import type { InferenceSession } from 'onnxruntime-node';
import { LatheError } from '../../contract';
import { readModel } from '../file';
import { type DType, type Feeds, isArrayDType, type Model, type NdArray } from '../ir';
import { type CreatedSession, createSession, modelLabel } from './create-session';
import { type EmptyScanGuard, emptyScanGuard } from './empty-scan';
import { fromOrtTensor, toOrtTensor } from './ort-tensor';
import { runtimeError } from './runtime-error';
import type { Session, SessionOptions, SessionValue } from './session';

/**
 * @param model a path, or a Model whose weights are mapped from its folder
 * @throws LatheError that names the model and says what onnxruntime cannot do with it
 */
export async function openSession(model: Model | string, options: SessionOptions = {}): Promise<Session> {
  const created = await createSession(model, options);
  const describe = await describer(model, created.session);
  return new OrtSession(modelLabel(model, options), created, describe, emptyScanGuard(model), options.profilePrefix);
}

class OrtSession implements Session {
  readonly inputs: readonly SessionValue[];
  readonly outputs: readonly SessionValue[];
  readonly weightsFolder: string | null;
  readonly #label: string;
  readonly #session: InferenceSession;
  readonly #refuseEmptyScan: EmptyScanGuard;
  readonly #profilePrefix: string | undefined;

  constructor(
    label: string,
    { session, weightsFolder }: CreatedSession,
    describe: Describe,
    refuseEmptyScan: EmptyScanGuard,
    profilePrefix: string | undefined,
  ) {
    this.#label = label;
    this.weightsFolder = weightsFolder;
    this.#session = session;
    this.#refuseEmptyScan = refuseEmptyScan;
    this.#profilePrefix = profilePrefix;
    this.inputs = session.inputMetadata.map(describe);
    this.outputs = session.outputMetadata.map(describe);
  }

  async run(feeds: Feeds, outputs?: readonly string[]): Promise<Record<string, NdArray>> {
    const fed = Object.fromEntries(this.inputs.map((input) => [input.name, this.#checkedFeed(input, feeds)]));
    const asked = outputs ?? this.#session.outputNames;
    this.#checkAsked(asked);
    await this.#refuseEmptyScan(this.#label, feeds);
    try {
      const results = await this.#session.run(fed, [...asked]);
      return Object.fromEntries(asked.map((name) => [name, fromOrtTensor(name, results[name] as never)]));
    } catch (thrown) {
      throw thrown instanceof LatheError ? thrown : runtimeError(this.#label, thrown);
    }
  }

  /** The runtime's binding ends the whole process when it has to hand over 4-bit elements. */
  #checkAsked(asked: readonly string[]): void {
    for (const { name, dtype } of this.outputs) {
      if (dtype === null || isArrayDType(dtype) || !asked.includes(name)) continue;
      throw new LatheError({
        who: `${this.#label}: output "${name}"`,
        what: `is of type ${dtype}, which the runtime cannot hand over`,
        next: 'put a Cast at that edge when exporting',
      });
    }
  }

  async endProfile(): Promise<string> {
    if (this.#profilePrefix === undefined)
      throw new LatheError({ who: this.#label, what: 'its session was opened without a profile', code: 'failed' });
    this.#session.endProfiling();
    return profileFile(this.#profilePrefix);
  }

  async release(): Promise<void> {
    await this.#session.release();
  }

  #checkedFeed(input: SessionValue, feeds: Feeds) {
    const array = feeds[input.name];
    const refuse = (what: string): never => {
      throw new LatheError({ who: `${this.#label}: input "${input.name}"`, what });
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
  return shape.length === wanted.length && wanted.every((dim, axis) => typeof dim !== 'number' || dim === shape[axis]);
}

type Describe = (metadata: InferenceSession.ValueMetadata) => SessionValue;

/** The runtime tells scalars and values of unknown rank by the same empty shape; the file tells them apart. */
async function describer(model: Model | string, session: InferenceSession): Promise<Describe> {
  const all = [...session.inputMetadata, ...session.outputMetadata];
  const isAmbiguous = all.some((metadata) => metadata.isTensor && metadata.shape.length === 0);
  const scalars = new Set<string>();
  if (isAmbiguous) {
    const { graph } = typeof model === 'string' ? await readModel(model) : model;
    for (const { name, type } of [...graph.inputs, ...graph.outputs])
      if (type?.kind === 'tensor' && type.shape?.length === 0) scalars.add(name);
  }
  return (metadata) => {
    if (!metadata.isTensor) return { name: metadata.name, kind: 'other', dtype: null, shape: null };
    const isUnranked = metadata.shape.length === 0 && !scalars.has(metadata.name);
    const shape = isUnranked ? null : metadata.shape.map((dim) => (isKnown(dim) ? dim : null));
    return { name: metadata.name, kind: 'tensor', dtype: metadata.type as DType, shape };
  };
}

/** '' is a dim without a name; 0 and less is what old exporters write for "any". */
function isKnown(dim: number | string): boolean {
  return typeof dim === 'string' ? dim !== '' : dim > 0;
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
