import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { unwatched } from '../../../src-main/contract';
import { type LatencyPlan, measureLatency, speedup, type TimedModel } from '../../../src-main/evaluate/latency';
import { openSession, type Session } from '../../../src-main/onnx/session';
import { float32 } from '../../support/npz';

const model = join(new URL('../../samples/digits', import.meta.url).pathname, 'model.onnx');
const plan: LatencyPlan = { warmups: 3, runs: 12, leastMs: 0, mostMs: 10_000 };
const batchOf = (n: number) => ({ image: float32([n, 1, 28, 28], new Float32Array(n * 784)) });

/** The real session, and a note of each run. */
function noted(session: Session, name: string, runs: string[]): Session {
  return {
    inputs: session.inputs,
    outputs: session.outputs,
    weightsFolder: session.weightsFolder,
    run: (feeds, outputs) => {
      runs.push(name);
      return session.run(feeds, outputs);
    },
    endProfile: () => session.endProfile(),
    release: () => session.release(),
  };
}

describe('latency', () => {
  it('runs model and baseline in turn, who goes first changing', async () => {
    const session = await openSession(model, { threads: 1 });
    const runs: string[] = [];
    const timed = (name: string): TimedModel => ({ session: noted(session, name, runs), feeds: batchOf(1) });
    const result = await measureLatency(timed('own'), timed('base'), plan, unwatched());
    await session.release();
    expect(result).toMatchObject({ warmups: 3, runs: 12 });
    expect(runs).toHaveLength(2 * (3 + 12));
    expect(runs.slice(6, 14)).toEqual(['own', 'base', 'base', 'own', 'own', 'base', 'base', 'own']);
  });

  it('sees that 64 samples take longer than one', async () => {
    const session = await openSession(model, { threads: 1 });
    const result = await measureLatency(
      { session, feeds: batchOf(1) },
      { session, feeds: batchOf(64) },
      plan,
      unwatched(),
    );
    await session.release();
    expect(result.speedup?.value).toBeGreaterThan(2);
    expect(result.speedup?.insideNoise).toBe(false);
    expect(result.latencyMs.p50).toBeLessThan(result.baselineLatencyMs?.p50 as number);
  });

  it('stops after its time, and between runs when asked', async () => {
    const session = await openSession(model, { threads: 1 });
    const one = { session, feeds: batchOf(64) };
    const short = await measureLatency(one, null, { ...plan, runs: 1e9, mostMs: 30 }, unwatched());
    expect(short.runs).toBeGreaterThan(0);
    expect(short.baselineLatencyMs).toBeNull();
    const signal = AbortSignal.abort();
    await expect(measureLatency(one, null, plan, { progress: () => {}, signal })).rejects.toMatchObject({
      name: 'AbortError',
    });
    await session.release();
  });

  it('takes the median of paired rounds, so that drift and outliers do not decide', () => {
    // The machine slows down tenfold half way and stalls once; the model is always twice as fast.
    const baseline = Array.from({ length: 40 }, (_, round) => (round < 20 ? 2 : 20));
    const own = baseline.map((ms, round) => (round === 7 ? 500 : ms / 2));
    // The rounds agree; what two sessions of one file differ by (1.2 %) remains.
    expect(speedup(own, baseline)).toEqual({ value: 2, ci95: [2 * 0.988, 2 * 1.012], insideNoise: false });
    expect(speedup(baseline, baseline)).toEqual({ value: 1, ci95: [0.988, 1.012], insideNoise: true });
  });
});
