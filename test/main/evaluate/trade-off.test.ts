import { describe, expect, it } from 'vitest';
import type { Evaluation, TradeOffEntry } from '../../../src-main/contract';
import { tradeOff } from '../../../src-main/evaluate/trade-off';

interface Point {
  readonly accuracy?: number;
  /** Half of the interval of the difference to the baseline. */
  readonly noise?: number;
  readonly speed?: number;
  readonly speedNoise?: number;
  readonly bytes: number;
}

function entry(id: string, { accuracy, noise, speed, speedNoise = 0.01, bytes }: Point): TradeOffEntry {
  const evaluation: Evaluation = {
    format: 'lathe-evaluation',
    version: 1,
    model: { path: `${id}.onnx`, sha256: '0'.repeat(64) },
    data: null,
    mainMetric: accuracy === undefined ? null : 'accuracy',
    metrics:
      accuracy === undefined ? {} : { accuracy: { value: accuracy, ci95: [0, 1], unit: 'share', better: 'high' } },
    classes: null,
    fidelity: null,
    differences:
      accuracy === undefined || noise === undefined
        ? null
        : {
            accuracy: {
              value: accuracy - 0.9,
              ci95: [accuracy - 0.9 - noise, accuracy - 0.9 + noise],
              p: 0.5,
              insideNoise: false,
            },
          },
    latencyMs: { p50: 10 / (speed ?? 1), p90: 11, p99: 12 },
    baselineLatencyMs: null,
    speedup:
      speed === undefined ? null : { value: speed, ci95: [speed - speedNoise, speed + speedNoise], insideNoise: false },
    throughput: 1,
    bytes,
    deflatedBytes: bytes,
    peakRssBytes: null,
    samples: 0,
    conditions: { cpu: '', features: [], threads: 1, batch: 1, warmups: 0, runs: 0, runtime: '', host: '' },
    warnings: [],
  };
  return { id, name: id, baseline: id === 'baseline', evaluation };
}
const here = { cpu: '', runtime: '' };
const front = (entries: TradeOffEntry[]) =>
  tradeOff(entries, here)
    .rows.filter((row) => row.pareto)
    .map((row) => row.id);

describe('trade-off', () => {
  const baseline = entry('baseline', { accuracy: 0.9, bytes: 100 });

  it('keeps what is better in something, drops what is beaten in all', () => {
    const small = entry('small', { accuracy: 0.85, noise: 0.01, speed: 2, bytes: 25 });
    const bad = entry('bad', { accuracy: 0.8, noise: 0.01, speed: 1.5, bytes: 50 });
    expect(front([baseline, small, bad])).toEqual(['baseline', 'small']);
    const result = tradeOff([baseline, small], here);
    expect(result.quality).toBe('accuracy');
    expect(result.rows.map((row) => row.bytesRatio)).toEqual([1, 0.25]);
  });

  it('sets times on the baseline’s own measurement, so that a drifting machine does not decide', () => {
    const later = entry('later', { accuracy: 0.9, noise: 0.01, speed: 2, bytes: 50 });
    const slowed = { ...later, evaluation: { ...later.evaluation, latencyMs: { p50: 25, p90: 26, p99: 27 } } };
    const { rows } = tradeOff([baseline, slowed], here);
    expect(rows.map((row) => row.latencyMs)).toEqual([10, 5]);
    expect(rows.map((row) => row.latencyP90Ms)).toEqual([11, 5.2]);
  });

  it('lets a small model beat the baseline where its loss lies inside the noise', () => {
    expect(front([baseline, entry('int8', { accuracy: 0.895, noise: 0.01, speed: 2, bytes: 25 })])).toEqual(['int8']);
    expect(front([baseline, entry('int8', { accuracy: 0.88, noise: 0.01, speed: 2, bytes: 25 })])).toEqual([
      'baseline',
      'int8',
    ]);
  });

  it('does not let noise decide between two variants', () => {
    const one = entry('one', { accuracy: 0.88, noise: 0.02, speed: 2, speedNoise: 0.1, bytes: 50 });
    const two = entry('two', { accuracy: 0.87, noise: 0.02, speed: 2.05, speedNoise: 0.1, bytes: 50 });
    expect(front([one, two])).toEqual(['one', 'two']);
  });

  it('turns the direction for figures where less is better', () => {
    const lower = (id: string, value: number, bytes: number): TradeOffEntry => {
      const made = entry(id, { accuracy: value, bytes });
      const metrics = { accuracy: { value, ci95: [0, 1] as [number, number], unit: 'share', better: 'low' as const } };
      return { ...made, evaluation: { ...made.evaluation, metrics } };
    };
    expect(front([lower('baseline', 0.1, 50), lower('worse', 0.2, 50)])).toEqual(['baseline']);
  });

  it('places models without quality by latency and size', () => {
    const slow = entry('baseline', { bytes: 100 });
    expect(front([slow, entry('fast', { speed: 2, bytes: 100 })])).toEqual(['fast']);
    expect(tradeOff([slow], here).quality).toBeNull();
  });

  it('takes the first where none is marked, and refuses nothing at all', () => {
    const rows = tradeOff([entry('a', { bytes: 10 }), entry('b', { bytes: 5 })], here).rows;
    expect(rows.map((row) => [row.id, row.baseline, row.bytesRatio])).toEqual([
      ['a', true, 1],
      ['b', false, 0.5],
    ]);
    expect(() => tradeOff([], here)).toThrow('there is nothing to compare');
  });

  it('says of what was measured on another machine that its times hold there', () => {
    const { rows } = tradeOff([baseline], { cpu: 'this CPU', runtime: 'onnxruntime 1' });
    expect(rows[0]?.evaluation.warnings).toEqual([
      { code: 'elsewhere', message: expect.stringMatching(/not here \(this CPU, onnxruntime 1\)/) },
    ]);
    expect(tradeOff([baseline], here).rows[0]?.evaluation.warnings).toEqual([]);
  });
});
