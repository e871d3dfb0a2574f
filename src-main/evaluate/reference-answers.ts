/** The baseline's answers, run beside the model or kept from an earlier run. */

import type { Work } from '../contract';
import { joinRows, takeRows } from '../data';
import type { NdArray } from '../onnx/ir';
import { answers } from './answers';
import { type AskedModel, comparableRows, startScorer, tell } from './asked-model';
import { BaselineWriter, readBaseline } from './baseline-file';
import type { Answer, MetricKind, Scorer } from './metric';

export interface CachePlace {
  readonly folder: string;
  /** Made from everything that the model's answers depend on. */
  readonly name: string;
}

/** The baseline's rows in order, and then its evidence. */
export interface ReferenceAnswers {
  /** The next rows; null where none are kept. */
  rows(count: number): Promise<NdArray | null>;
  evidence(): Promise<unknown>;
  close(): Promise<void>;
}

/** The baseline run beside the model, batch by batch. */
export class LiveAnswers implements ReferenceAnswers {
  readonly #answers: AsyncGenerator<Answer>;
  #waiting: NdArray[] = [];
  #count = 0;

  private constructor(
    private readonly asked: AskedModel,
    private readonly kind: MetricKind | null,
    private readonly scorer: Scorer<unknown> | null,
    work: Work,
  ) {
    this.#answers = answers(asked.session, asked.dataset, asked.split, work.signal);
  }

  static async open(asked: AskedModel, kind: MetricKind | null, work: Work): Promise<LiveAnswers> {
    return new LiveAnswers(asked, kind, await startScorer(asked, kind), work);
  }

  async rows(count: number): Promise<NdArray | null> {
    while (this.#count < count) if (!(await this.#pull())) break;
    if (this.#waiting.length === 0) return null;
    const all = joinRows(this.#waiting);
    const order = Array.from({ length: this.#count }, (_, at) => at);
    this.#waiting = this.#count > count ? [takeRows(all, order.slice(count))] : [];
    this.#count = Math.max(0, this.#count - count);
    return takeRows(all, order.slice(0, count));
  }

  async evidence(): Promise<unknown> {
    while (await this.#pull());
    return this.scorer?.finish() ?? null;
  }

  async close(): Promise<void> {
    await this.#answers.return(undefined);
  }

  async #pull(): Promise<boolean> {
    const next = await this.#answers.next();
    if (next.done === true) return false;
    this.scorer?.add(next.value);
    const rows = comparableRows(next.value, this.kind, this.asked.dataset.meta.feed);
    if (rows !== null && rows.shape[0] !== 0) {
      this.#waiting.push(rows);
      this.#count += rows.shape[0] as number;
    }
    return true;
  }
}

/** The baseline as it was run once and kept. */
export class StoredAnswers implements ReferenceAnswers {
  #first = 0;

  private constructor(private readonly stored: Awaited<ReturnType<typeof storedAnswers>>) {}

  static async open(asked: AskedModel, kind: MetricKind | null, kept: CachePlace, work: Work): Promise<StoredAnswers> {
    return new StoredAnswers(await storedAnswers(asked, kind, kept, work));
  }

  async rows(count: number): Promise<NdArray | null> {
    const rows = await this.stored.rows(this.#first, count);
    this.#first += count;
    return rows;
  }

  async evidence(): Promise<unknown> {
    return this.stored.evidence;
  }

  close(): Promise<void> {
    return this.stored.close();
  }
}

/** Answers from the cache file; they are made and kept first where they are not there yet. */
export async function storedAnswers(asked: AskedModel, kind: MetricKind | null, kept: CachePlace, work: Work) {
  const found = await readBaseline(kept.folder, kept.name);
  if (found !== null) return found;
  const writer = await BaselineWriter.open(kept.folder, kept.name);
  try {
    const scorer = await startScorer(asked, kind);
    for await (const answer of answers(asked.session, asked.dataset, asked.split, work.signal)) {
      scorer?.add(answer);
      const rows = comparableRows(answer, kind, asked.dataset.meta.feed);
      if (rows !== null && rows.shape[0] !== 0) await writer.add(rows);
      tell(work, 'Judging the baseline', asked, answer);
    }
    await writer.finish(scorer?.finish() ?? null);
  } catch (error) {
    await writer.abandon();
    throw error;
  }
  const written = await readBaseline(kept.folder, kept.name);
  if (written === null) throw new Error(`the cache file ${kept.name} cannot be read back`);
  return written;
}
