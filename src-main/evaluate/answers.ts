/** A model's answers over a split, batch by batch, in the way that meta.json says the model is fed. */

import { LatheError } from '../contract';
import { type Batch, batches, batchSize, type Dataset, type Split } from '../data';
import { type Feeds, type NdArray, toBytes, zeros } from '../onnx/ir';
import type { Session } from '../onnx/session';
import type { Answer } from './metric';

/**
 * Name of the output that is scored: `output` of meta.json, or the first.
 * @throws LatheError that lists the outputs
 */
export function scoredOutput(session: Session, dataset: Dataset): string {
  const wanted = dataset.meta.output;
  const names = session.outputs.map((output) => output.name);
  const found = wanted ?? names[0];
  if (found !== undefined && names.includes(found)) return found;
  throw new LatheError({
    who: 'meta.json field "output"',
    what: `the model has no output "${wanted}"`,
    where: `it has ${names.map((name) => `"${name}"`).join(', ')}`,
  });
}

/**
 * Runs the model over a split. Streaming models (`state` of meta.json) get their own state outputs back as inputs; the
 * states are zero at the start and wherever the array `clip` changes.
 * @param limit at most so many samples, from the first
 */
export async function* answers(
  session: Session,
  dataset: Dataset,
  split: Split,
  signal: AbortSignal,
  limit?: number,
): AsyncGenerator<Answer> {
  const output = scoredOutput(session, dataset);
  const carrier = dataset.meta.state === null ? null : new StateCarrier(dataset.meta.state, session);
  const size = carrier === null ? await samplesARun(session, dataset, split, output) : 1;
  for await (const batch of batches(dataset, split, { size, limit, signal })) {
    const feeds = carrier === null ? batch.feeds : carrier.feeds(batch);
    const results = await session.run(feeds, [output, ...(carrier?.outputs ?? [])]);
    carrier?.keep(results);
    yield { output: cutToSamples(results[output] as NdArray, batch, dataset), batch };
  }
}

/** Bytes of one answer that are held at a time, at most. */
const largestAnswer = 128 * 1024 * 1024;

/** The batch of meta.json, or fewer samples where their outputs would be too much to hold. */
async function samplesARun(session: Session, dataset: Dataset, split: Split, output: string): Promise<number> {
  const wanted = batchSize(dataset);
  if (wanted === 1 || dataset.runSize !== null) return wanted;
  const { feeds } = await split.read(0, 1);
  const answer = (await session.run(feeds, [output]))[output] as NdArray;
  const bytes = answer.dtype === 'string' ? 0 : toBytes(answer).length;
  return Math.max(1, Math.min(wanted, Math.floor(largestAnswer / Math.max(1, bytes))));
}

class StateCarrier {
  readonly outputs: readonly string[];
  readonly #state: ReadonlyMap<string, string>;
  #held: Record<string, NdArray> = {};
  #clip: string | undefined;

  constructor(state: Readonly<Record<string, string>>, session: Session) {
    this.#state = new Map(Object.entries(state));
    this.outputs = [...this.#state.values()];
    for (const [input, output] of this.#state) {
      const known =
        session.inputs.some(({ name }) => name === input) && session.outputs.some(({ name }) => name === output);
      if (!known) {
        throw new LatheError({
          who: 'meta.json field "state"',
          what: `the model has no state input "${input}" with output "${output}"`,
        });
      }
    }
  }

  feeds(batch: Batch): Feeds {
    const clip = batch.extras.clip === undefined ? 'all' : String(batch.extras.clip.data[0]);
    if (clip !== this.#clip) {
      this.#clip = clip;
      this.#held = Object.fromEntries(
        [...this.#state.keys()].map((input) => {
          const { dtype, shape } = batch.feeds[input] as NdArray;
          return [input, zeros(dtype, shape)];
        }),
      );
    }
    return { ...batch.feeds, ...this.#held };
  }

  keep(results: Readonly<Record<string, NdArray>>): void {
    for (const [input, output] of this.#state) this.#held[input] = results[output] as NdArray;
  }
}

/** Rows that only filled a fixed batch axis up are left out. */
function cutToSamples(output: NdArray, batch: Batch, dataset: Dataset): NdArray {
  const rows = output.shape[0];
  if (dataset.meta.feed === 'element' || rows === undefined || rows <= batch.size || rows !== dataset.runSize)
    return output;
  const width = output.data.length / rows;
  return {
    ...output,
    shape: [batch.size, ...output.shape.slice(1)],
    data: output.data.slice(0, batch.size * width) as typeof output.data,
  };
}

/** The scored output as rows, one a sample; null where its first axis is not the sample. */
export function sampleRows({ output, batch }: Answer, feed: 'slice' | 'element'): NdArray | null {
  if (feed === 'element') return { ...output, shape: [1, ...output.shape] };
  return output.shape[0] === batch.size ? output : null;
}
