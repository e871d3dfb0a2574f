/** A quick look at a candidate: how near its outputs are to the float model's, and how long it takes beside it. */

import type { Model, NdArray } from '../onnx/ir';
import { openSession, type Session } from '../onnx/session';
import type { CalibrationData } from './calibration-data';
import { relativeError } from './sensitivity';

export interface Trial {
  /** Signal over error of the outputs, in decibels. */
  readonly sqnrDb: number;
  /** Rows of the outputs, and how many of them have their largest element where it was. */
  readonly decisions: { readonly same: number; readonly all: number };
  /** Float time over candidate time, medians of runs taken in turn. */
  readonly speedup: number;
}

const warmUps = 3;
const rounds = 15;

/** The float model, run once on the samples that candidates are judged by. */
export class Judge {
  readonly #session: Session;
  readonly #data: CalibrationData;
  readonly #pooled: boolean;
  readonly #references: Readonly<Record<string, NdArray>>[] = [];

  private constructor(session: Session, data: CalibrationData, pooled: boolean) {
    this.#session = session;
    this.#data = data;
    this.#pooled = pooled;
  }

  /** @param pooled whether sequences [samples, places, channels] are judged by their mean over the places */
  static async of(model: Model, data: CalibrationData, pooled = false): Promise<Judge> {
    const judge = new Judge(await openSession(model), data, pooled);
    for await (const { feeds } of data.batches()) {
      const outputs = floatsOnly(await judge.#session.run(feeds));
      judge.#references.push(pooled ? meansOverPlaces(outputs) : outputs);
    }
    return judge;
  }

  async try(candidate: Model): Promise<Trial> {
    const session = await openSession(candidate);
    try {
      return { ...(await this.#fidelity(session)), speedup: await this.#speedup(session) };
    } finally {
      await session.release();
    }
  }

  async release(): Promise<void> {
    await this.#session.release();
  }

  async #fidelity(session: Session): Promise<Pick<Trial, 'sqnrDb' | 'decisions'>> {
    let error = 0;
    let at = 0;
    const rows = { same: 0, all: 0 };
    for await (const { feeds } of this.#data.batches()) {
      const reference = this.#references[at++] as Readonly<Record<string, NdArray>>;
      const given = await session.run(feeds, Object.keys(reference));
      const outputs = this.#pooled ? meansOverPlaces(given) : given;
      error += relativeError(reference, outputs);
      for (const [name, array] of Object.entries(reference)) countDecisions(array, outputs[name] as NdArray, rows);
    }
    const sqnrDb = -10 * Math.log10(Math.max(error / at, 1e-12));
    return { sqnrDb, decisions: rows };
  }

  /** Median of float time over candidate time, both run in turn on the first sample. */
  async #speedup(session: Session): Promise<number> {
    const { value: batch } = await this.#data.batches().next();
    const ratios: number[] = [];
    for (let round = 0; round < warmUps + rounds; round++) {
      const float = await milliseconds(() => this.#session.run(batch.feeds));
      const candidate = await milliseconds(() => session.run(batch.feeds));
      if (round >= warmUps) ratios.push(float / candidate);
    }
    return ratios.sort((a, b) => a - b)[rounds >> 1] as number;
  }
}

function floatsOnly(outputs: Readonly<Record<string, NdArray>>): Record<string, NdArray> {
  return Object.fromEntries(Object.entries(outputs).filter(([, { dtype }]) => dtype === 'float32'));
}

/** What a retrieval compares: sequences [samples, places, channels] as [samples, channels]; other outputs as they are. */
function meansOverPlaces(outputs: Readonly<Record<string, NdArray>>): Record<string, NdArray> {
  const pool = (array: NdArray): NdArray => {
    if (array.dtype !== 'float32' || array.shape.length !== 3) return array;
    const [samples, places, channels] = array.shape as [number, number, number];
    const data = new Float32Array(samples * channels);
    (array as NdArray<'float32'>).data.forEach((value, at) => {
      const sample = Math.floor(at / (places * channels));
      data[sample * channels + (at % channels)]! += value / places;
    });
    return { dtype: 'float32', shape: [samples, channels], data };
  };
  return Object.fromEntries(Object.entries(outputs).map(([name, array]) => [name, pool(array)]));
}

/** Rows along the last axis of an output with 2 to 100,000 of them, by their largest element. */
function countDecisions(reference: NdArray, changed: NdArray, rows: { same: number; all: number }): void {
  const classes = reference.shape.at(-1) ?? 0;
  if (reference.shape.length < 2 || classes < 2 || classes > 100_000) return;
  const a = reference.data as Float32Array;
  const b = changed.data as Float32Array;
  for (let from = 0; from < a.length; from += classes) {
    rows.all++;
    if (largestAt(a, from, classes) === largestAt(b, from, classes)) rows.same++;
  }
}

function largestAt(x: Float32Array, from: number, count: number): number {
  let best = from;
  for (let i = from + 1; i < from + count; i++) if (x[i]! > x[best]!) best = i;
  return best - from;
}

async function milliseconds(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}
