/** The trade-off as the table and the plot read it: rows of the document joined with what made them. */

import type {
  Conditions,
  Difference,
  Evaluation,
  ProjectState,
  StepKindName,
  TradeOff,
  Variant,
} from '../../../src-main/contract';

export interface CompareRow {
  readonly id: string;
  readonly name: string;
  readonly baseline: boolean;
  readonly pareto: boolean;
  readonly bytesRatio: number;
  /** p50 on the baseline's scale. */
  readonly latencyMs: number;
  /** p90 on the same scale. */
  readonly latencyP90Ms: number;
  readonly evaluation: Evaluation;
  /** null for the baseline. */
  readonly variant: Variant | null;
  readonly quality: Quality | null;
}

export interface Quality {
  readonly value: number;
  readonly ci95: readonly [number, number] | null;
  readonly unit: string;
  readonly better: 'high' | 'low';
  /** null for the baseline and where nothing is paired. */
  readonly difference: Difference | null;
}

/** What quality means in this project: a metric of the data, agreement with the original, or nothing. */
export type QualityKind =
  | { readonly kind: 'metric'; readonly name: string; readonly title: string | undefined }
  | { readonly kind: 'agreement' | 'none' };

export function qualityKind(tradeOff: TradeOff): QualityKind {
  const name = tradeOff.quality;
  const known = name === null ? undefined : tradeOff.rows.find((row) => name in row.evaluation.metrics);
  if (name !== null && known !== undefined)
    return { kind: 'metric', name, title: known.evaluation.metrics[name]?.title };
  const agrees = tradeOff.rows.some((row) => typeof row.evaluation.fidelity?.agreement === 'number');
  return { kind: agrees ? 'agreement' : 'none' };
}

export function compareRows(tradeOff: TradeOff, variants: ProjectState['variants']): CompareRow[] {
  const kind = qualityKind(tradeOff);
  return tradeOff.rows.map((row) => ({
    ...row,
    variant: variants.find(({ variant }) => variant.id === row.id)?.variant ?? null,
    quality: qualityOf(row.evaluation, row.baseline, kind),
  }));
}

/** Rows that were measured alike, in the order of the first of them; fast models are run oftener: the least number is told. */
export function rowsByConditions(rows: readonly CompareRow[]): { conditions: Conditions; names: string[] }[] {
  const ways = new Map<string, { conditions: Conditions; names: string[] }>();
  for (const { name, evaluation } of rows) {
    const { cpu, runtime, host, threads, batch, runs } = evaluation.conditions;
    const key = JSON.stringify([cpu, runtime, host, threads, batch]);
    const known = ways.get(key) ?? { conditions: evaluation.conditions, names: [] };
    const conditions = { ...known.conditions, runs: Math.min(known.conditions.runs, runs) };
    ways.set(key, { conditions, names: [...known.names, name] });
  }
  return [...ways.values()];
}

function qualityOf(evaluation: Evaluation, baseline: boolean, quality: QualityKind): Quality | null {
  if (quality.kind === 'metric') {
    const value = evaluation.metrics[quality.name];
    if (value === undefined) return null;
    return { ...value, difference: baseline ? null : (evaluation.differences?.[quality.name] ?? null) };
  }
  if (quality.kind === 'none') return null;
  // The original agrees with itself in every sample, whatever the data.
  const agreement = baseline ? 1 : (evaluation.fidelity?.agreement ?? null);
  return agreement === null ? null : { value: agreement, ci95: null, unit: 'share', better: 'high', difference: null };
}

/** The kinds of its steps, each once, in the order of the recipe. */
export function stepKindsOf(row: CompareRow): StepKindName[] {
  return [...new Set(row.variant?.recipe?.steps.map((step) => step.kind) ?? [])];
}

/** Inside the noise of its quality: no difference to the baseline can be told. */
export function insideNoise(row: CompareRow): boolean {
  return row.quality?.difference?.insideNoise ?? false;
}
