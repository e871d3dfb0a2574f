/** Time of one run, of a model alone or in turn with its baseline. */

import type { Latency, Work } from '../contract';
import type { Feeds } from '../onnx/ir';
import type { Session } from '../onnx/session';
import { medianInterval, quantile } from './statistics/quantile';

export interface TimedModel {
  readonly session: Session;
  /** One run's whole feed. */
  readonly feeds: Feeds;
}

export interface LatencyPlan {
  readonly warmups: number;
  readonly runs: number;
  /** Rounds go on beyond `runs` until so much time has passed: fast models need more of them. */
  readonly leastMs: number;
  /** Rounds stop where a model has used so much time, warm-ups and runs each. */
  readonly mostMs: number;
}

export const fullPlan: LatencyPlan = { warmups: 20, runs: 200, leastMs: 500, mostMs: 10_000 };
export const quickPlan: LatencyPlan = { warmups: 5, runs: 30, leastMs: 50, mostMs: 2_000 };

export interface LatencyResult {
  readonly latencyMs: Latency;
  readonly meanMs: number;
  readonly baselineLatencyMs: Latency | null;
  readonly speedup: { readonly value: number; readonly ci95: [number, number]; readonly insideNoise: boolean } | null;
  readonly warmups: number;
  readonly runs: number;
}

/**
 * Runs the model, and the baseline in turn with it round by round, who goes first changing with each round, so that a
 * drifting machine slows both alike. The speed-up is the median of the rounds' ratios baseline : model.
 */
export async function measureLatency(
  model: TimedModel,
  baseline: TimedModel | null,
  plan: LatencyPlan,
  work: Work,
): Promise<LatencyResult> {
  const own: number[] = [];
  const other: number[] = [];
  const warmups = await warmUp(model, baseline, plan, work);
  let spent = 0;
  while (spent < plan.mostMs && (own.length < plan.runs || spent < plan.leastMs)) {
    work.signal.throwIfAborted();
    const ownFirst = own.length % 2 === 0;
    if (ownFirst) own.push(await timeOf(model));
    if (baseline !== null) other.push(await timeOf(baseline));
    if (!ownFirst) own.push(await timeOf(model));
    spent += Math.max(own.at(-1) as number, other.at(-1) ?? 0);
    const fraction = Math.min(1, Math.max(spent / plan.mostMs, Math.min(own.length / plan.runs, spent / plan.leastMs)));
    work.progress({ phase: 'Measuring latency', fraction, detail: `run ${own.length}` });
  }
  return {
    latencyMs: percentiles(own),
    meanMs: own.reduce((sum, ms) => sum + ms, 0) / own.length,
    baselineLatencyMs: baseline === null ? null : percentiles(other),
    speedup: baseline === null ? null : speedup(own, other),
    warmups,
    runs: own.length,
  };
}

async function warmUp(model: TimedModel, baseline: TimedModel | null, plan: LatencyPlan, work: Work): Promise<number> {
  let spent = 0;
  let done = 0;
  while (done < plan.warmups && spent < plan.mostMs) {
    work.signal.throwIfAborted();
    const own = await timeOf(model);
    const other = baseline === null ? 0 : await timeOf(baseline);
    spent += Math.max(own, other);
    done++;
    work.progress({ phase: 'Warming up', fraction: 0, detail: `run ${done} of ${plan.warmups}` });
  }
  return done;
}

async function timeOf({ session, feeds }: TimedModel): Promise<number> {
  const start = performance.now();
  await session.run(feeds);
  return performance.now() - start;
}

function percentiles(times: readonly number[]): Latency {
  const sorted = Float64Array.from(times).sort();
  return { p50: quantile(sorted, 0.5), p90: quantile(sorted, 0.9), p99: quantile(sorted, 0.99) };
}

/**
 * Two sessions of one file differ by how their memory happens to lie, and no number of rounds averages that out: six
 * comparisons of a file with its own copy gave ratios from 0.994 to 1.003. Twice the greatest is allowed.
 */
const betweenSessions = 0.012;

/** Over rounds in which both ran, one straight after the other; the interval covers what two sessions of one file differ by. */
export function speedup(own: readonly number[], baseline: readonly number[]): NonNullable<LatencyResult['speedup']> {
  const ratios = own.map((ms, round) => (baseline[round] as number) / ms);
  const { median, ci95 } = medianInterval(ratios);
  const [low, high] = [ci95[0] * (1 - betweenSessions), ci95[1] * (1 + betweenSessions)];
  return { value: median, ci95: [low, high], insideNoise: low <= 1 && high >= 1 };
}
