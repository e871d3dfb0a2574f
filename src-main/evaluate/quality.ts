/** Quality of a model on a split, and how it stands to its baseline. */

import type { Evaluation, Work } from '../contract';
import { type Dataset, joinRows, type Split, takeRows } from '../data';
import type { Model, NdArray } from '../onnx/ir';
import type { Session } from '../onnx/session';
import { answers, sampleRows, scoredOutput } from './answers';
import { BaselineWriter, readBaseline } from './baseline-file';
import { FidelityMeter } from './fidelity';
import { agreement, differences, figures } from './figures';
import type { Answer, Judgement, MetricKind, Scorer } from './metric';
import { metricKinds } from './metrics';
import { outputScale } from './output-scale';

/** A model that is asked, and the data as it is fed to it. */
export interface AskedModel {
  readonly model: Model;
  readonly session: Session;
  readonly dataset: Dataset;
  readonly split: Split;
}

export interface CachePlace {
  readonly folder: string;
  /** Made from everything that the model's answers depend on. */
  readonly name: string;
}

export type Quality = Pick<Evaluation, 'mainMetric' | 'metrics' | 'classes' | 'fidelity' | 'differences'> & {
  readonly samples: number;
  readonly warnings: Evaluation['warnings'];
};

/**
 * Figures of the model; with a baseline also fidelity and differences, sample by sample.
 * @param kept where the baseline's answers (the model's own, without a baseline) are kept between runs
 */
export async function measureQuality(
  asked: AskedModel,
  baseline: AskedModel | null,
  kept: CachePlace | null,
  work: Work,
): Promise<Quality> {
  const { kind, warnings } = chosenKind(asked);
  if (baseline === null) {
    const stored = kept === null ? null : await storedAnswers(asked, kind, kept, work);
    const evidence = stored === null ? await evidenceOf(asked, kind, work) : stored.evidence;
    await stored?.close();
    const judgement = judge(kind, evidence);
    const found = summary(kind, judgement, asked.split);
    return { ...found, fidelity: null, differences: null, warnings: [...warnings, ...cautions(judgement, found)] };
  }
  const meter = new FidelityMeter();
  const reference =
    kept === null ? await LiveAnswers.open(baseline, kind, work) : await StoredAnswers.open(baseline, kind, kept, work);
  try {
    const evidence = await compareAnswers(asked, reference, kind, meter, work);
    const own = judge(kind, evidence);
    const other = judge(kind, await reference.evidence());
    const equal = own === null || other === null ? null : agreement(own.decisions, other.decisions);
    const figured = summary(kind, own, asked.split);
    const found = [...warnings, ...cautions(other, figured)];
    if (meter.brokenRows > 0)
      found.push({ code: 'non-finite', message: `${meter.brokenRows} of ${meter.rows} samples give NaN or infinity.` });
    if (meter.rows === 0)
      found.push({
        code: 'no-fidelity',
        message: "The output's first axis is not the sample, so outputs were not compared.",
      });
    return {
      ...figured,
      fidelity: meter.result(equal),
      differences: kind === null || own === null || other === null ? null : differences(kind, own, other),
      warnings: found,
    };
  } finally {
    await reference.close();
  }
}

/** The kind that meta.json asks for, or a sentence that says why there is none. */
function chosenKind({ dataset, split }: AskedModel): { kind: MetricKind | null; warnings: Evaluation['warnings'] } {
  const wanted = dataset.meta.metric?.kind;
  const say = (code: string, message: string) => ({ kind: null, warnings: [{ code, message }] });
  if (wanted === undefined)
    return say('no-metric', 'The data names no metric: outputs are compared with the baseline only.');
  const kind = metricKinds.find((one) => one.kind === wanted);
  if (kind === undefined)
    return say(
      'unknown-metric',
      `Metric "${wanted}" is not known to this version: outputs are compared with the baseline only.`,
    );
  if (!split.extras.includes('labels'))
    return say('no-labels', 'The data has no labels: outputs are compared with the baseline only.');
  return { kind, warnings: [] };
}

function judge(kind: MetricKind | null, evidence: unknown): Judgement | null {
  return kind === null ? null : kind.judge(evidence);
}

function summary(kind: MetricKind | null, own: Judgement | null, split: Split) {
  const metrics = kind === null || own === null ? {} : figures(kind, own);
  const main = kind?.metrics[0]?.name ?? null;
  return {
    mainMetric: main !== null && main in metrics ? main : null,
    metrics,
    classes: own?.classes ?? null,
    samples: split.samples,
  };
}

/** What is suspicious about the baseline, and how little few samples tell. */
function cautions(
  baseline: Judgement | null,
  { mainMetric, metrics, samples }: ReturnType<typeof summary>,
): Evaluation['warnings'] {
  const found = [...(baseline?.suspicions ?? [])];
  const main = mainMetric === null ? undefined : metrics[mainMetric];
  if (main?.unit !== 'share') return found;
  const [low, high] = main.ci95;
  // Wider than ±5 points: hardly any compression costs that much.
  if (high - low <= 0.1) return found;
  const percent = (value: number): string => `${(100 * value).toFixed(1)} %`;
  found.push({
    code: 'few-samples',
    message: `${samples} test samples are few: the ${main.title?.toLowerCase()} of ${percent(main.value)} lies anywhere from ${percent(low)} to ${percent(high)}.`,
  });
  return found;
}

async function startScorer(asked: AskedModel, kind: MetricKind | null): Promise<Scorer<unknown> | null> {
  if (kind === null) return null;
  const output = scoredOutput(asked.session, asked.dataset);
  return kind.start({ meta: asked.dataset.meta, split: asked.split, output, scale: outputScale(asked.model, output) });
}

function comparableRows(answer: Answer, kind: MetricKind | null, feed: 'slice' | 'element'): NdArray | null {
  return kind?.comparable === undefined ? sampleRows(answer, feed) : kind.comparable(answer);
}

function tell(work: Work, phase: string, { split }: AskedModel, { batch }: Answer): void {
  const done = batch.first + batch.size;
  work.progress({ phase, fraction: done / split.samples, detail: `${done} of ${split.samples} samples` });
}

async function evidenceOf(asked: AskedModel, kind: MetricKind | null, work: Work): Promise<unknown> {
  const scorer = await startScorer(asked, kind);
  if (scorer === null) return null;
  for await (const answer of answers(asked.session, asked.dataset, asked.split, work.signal)) {
    scorer.add(answer);
    tell(work, 'Judging', asked, answer);
  }
  return scorer.finish();
}

async function compareAnswers(
  asked: AskedModel,
  reference: ReferenceAnswers,
  kind: MetricKind | null,
  meter: FidelityMeter,
  work: Work,
): Promise<unknown> {
  const scorer = await startScorer(asked, kind);
  for await (const answer of answers(asked.session, asked.dataset, asked.split, work.signal)) {
    scorer?.add(answer);
    const own = comparableRows(answer, kind, asked.dataset.meta.feed);
    const other = own === null ? null : await reference.rows(own.shape[0] as number);
    if (own !== null && other !== null && own.shape[0] !== 0) meter.add(other, own);
    tell(work, 'Judging', asked, answer);
  }
  return scorer?.finish() ?? null;
}

/** The baseline's rows in order, and then its evidence. */
interface ReferenceAnswers {
  /** The next rows; null where none are kept. */
  rows(count: number): Promise<NdArray | null>;
  evidence(): Promise<unknown>;
  close(): Promise<void>;
}

/** The baseline run beside the model, batch by batch. */
class LiveAnswers implements ReferenceAnswers {
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
class StoredAnswers implements ReferenceAnswers {
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
async function storedAnswers(asked: AskedModel, kind: MetricKind | null, kept: CachePlace, work: Work) {
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
