/** A quick look at a candidate: how near its outputs are to the float model's, and on demand how fast it is beside it. */

import type { Meta } from '../data/dataset';
import type { Model, NdArray } from '../onnx/ir';
import { openSession, type Session } from '../onnx/session';
import { AnswerCounter, type Answers } from './answers';
import type { CalibrationData } from './calibration-data';
import { relativeError } from './sensitivity';

export interface Trial {
  /** Signal over error of the outputs, in decibels. */
  readonly sqnrDb: number;
  readonly answers: Answers;
}

const warmUps = 3;
const rounds = 15;

/** The float model, run once on the samples that candidates are judged by. */
export class Judge {
  readonly #session: Session;
  readonly #data: CalibrationData;
  readonly #meta: Meta | undefined;
  readonly #pooled: boolean;
  readonly #references: Readonly<Record<string, NdArray>>[] = [];

  private constructor(session: Session, data: CalibrationData, meta: Meta | undefined) {
    this.#session = session;
    this.#data = data;
    this.#meta = meta;
    this.#pooled = meta?.metric?.kind === 'retrieval';
  }

  /** @param meta of the data: by its metric, sequences [samples, places, channels] are judged by their mean, lines by their text */
  static async of(model: Model, data: CalibrationData, meta?: Meta): Promise<Judge> {
    const judge = new Judge(await openSession(model), data, meta);
    for await (const { feeds } of data.batches()) {
      const outputs = floatsOnly(await judge.#session.run(feeds));
      judge.#references.push(judge.#pooled ? meansOverPlaces(outputs) : outputs);
    }
    return judge;
  }

  async try(candidate: Model): Promise<Trial> {
    const session = await openSession(candidate);
    const counter = new AnswerCounter(this.#meta);
    let error = 0;
    let at = 0;
    try {
      for await (const { feeds } of this.#data.batches()) {
        const reference = this.#references[at++] as Readonly<Record<string, NdArray>>;
        const given = await session.run(feeds, Object.keys(reference));
        const outputs = this.#pooled ? meansOverPlaces(given) : given;
        error += relativeError(reference, outputs);
        counter.see(reference, outputs);
      }
    } finally {
      await session.release();
    }
    return { sqnrDb: -10 * Math.log10(Math.max(error / at, 1e-12)), answers: counter.answers };
  }

  /** Median of float time over candidate time, both run in turn on the first sample. */
  async speedup(candidate: Model): Promise<number> {
    const session = await openSession(candidate);
    try {
      const { value: batch } = await this.#data.batches().next();
      const ratios: number[] = [];
      for (let round = 0; round < warmUps + rounds; round++) {
        const float = await milliseconds(() => this.#session.run(batch.feeds));
        const quantized = await milliseconds(() => session.run(batch.feeds));
        if (round >= warmUps) ratios.push(float / quantized);
      }
      return ratios.sort((a, b) => a - b)[rounds >> 1] as number;
    } finally {
      await session.release();
    }
  }

  async release(): Promise<void> {
    await this.#session.release();
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

async function milliseconds(run: () => Promise<unknown>): Promise<number> {
  const start = performance.now();
  await run();
  return performance.now() - start;
}
