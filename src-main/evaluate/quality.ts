/** Quality of a model on a split, and how it stands to its baseline. */

import { type Evaluation, portion, type Work } from '../contract';
import type { Split } from '../data';
import { answers } from './answers';
import { type AskedModel, comparableRows, startScorer, tell } from './asked-model';
import { FidelityMeter } from './fidelity';
import { agreement, differences, figures } from './figures';
import type { Judgement, MetricKind } from './metric';
import { metricKinds } from './metrics';
import { type CachePlace, LiveAnswers, type ReferenceAnswers, StoredAnswers, storedAnswers } from './reference-answers';

export type { AskedModel } from './asked-model';

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
  const quality =
    baseline === null
      ? await judgeAlone(asked, kind, kept, work)
      : await judgeBeside(asked, baseline, kind, kept, work);
  return { ...quality, warnings: [...warnings, ...quality.warnings] };
}

async function judgeAlone(
  asked: AskedModel,
  kind: MetricKind | null,
  kept: CachePlace | null,
  work: Work,
): Promise<Quality> {
  const stored = kept === null ? null : await storedAnswers(asked, kind, kept, work);
  const evidence = stored === null ? await evidenceOf(asked, kind, work) : stored.evidence;
  await stored?.close();
  const own = judge(kind, evidence);
  const found = summary(kind, own, asked.split);
  return { ...found, fidelity: null, differences: null, warnings: cautions(own, found) };
}

async function judgeBeside(
  asked: AskedModel,
  baseline: AskedModel,
  kind: MetricKind | null,
  kept: CachePlace | null,
  work: Work,
): Promise<Quality> {
  const reference =
    kept === null
      ? await LiveAnswers.open(baseline, kind, work)
      : await StoredAnswers.open(baseline, kind, kept, portion(work, 0, 0.5));
  const ownWork = kept === null ? work : portion(work, 0.5, 1);
  try {
    const meter = new FidelityMeter();
    const judged = judge(kind, await compareAnswers(asked, reference, kind, meter, ownWork));
    const other = judge(kind, await reference.evidence());
    const found = summary(kind, judged, asked.split);
    const both = kind !== null && judged !== null && other !== null;
    return {
      ...found,
      fidelity: meter.result(
        both ? agreement(judged.decisions, other.decisions) : kind === null ? meter.sameTop : null,
      ),
      differences: both ? differences(kind, judged, other) : null,
      warnings: [...cautions(other, found), ...remarks(meter)],
    };
  } finally {
    await reference.close();
  }
}

function remarks(meter: FidelityMeter): Evaluation['warnings'] {
  if (meter.rows === 0) {
    const message = "The output's first axis is not the sample, so outputs were not compared.";
    return [{ code: 'no-fidelity', message }];
  }
  if (meter.brokenRows === 0) return [];
  return [{ code: 'non-finite', message: `${meter.brokenRows} of ${meter.rows} samples give NaN or infinity.` }];
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
