import { readdirSync, readFileSync, statSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { deflateSync } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { evaluationSchema, unwatched } from '../../../src-main/contract';
import { type EvaluateParams, evaluate } from '../../../src-main/evaluate/evaluate';
import { measureMemory } from '../../../src-main/evaluate/memory';
import { temporaryFolder } from '../../support/folder';
import { float32, int64, writeNpz } from '../../support/npz';

const at = (path: string) => new URL(`../../${path}`, import.meta.url).pathname;
const digits = at('samples/digits');
const model = join(digits, 'model.onnx');
const int8 = at('models/mnist-cnn/model-qdq.onnx');
const golden = JSON.parse(readFileSync(at('golden/evaluate/digits.json'), 'utf8')) as Record<string, number>;

const ask = (params: Partial<EvaluateParams>, signal?: AbortSignal) =>
  evaluate(
    { model, baseline: null, data: digits, dims: {}, threads: 1, batch: 1, cacheDir: null, quick: true, ...params },
    signal === undefined ? unwatched() : { progress: () => {}, signal },
  );

function expectGolden(evaluation: Awaited<ReturnType<typeof evaluate>>): void {
  // Another version of onnxruntime sums in another order; an integer step of the int8 model shows in the fifth decimal.
  expect(evaluation.metrics.accuracy?.value).toBeCloseTo(golden.variantAccuracy as number, 4);
  expect(evaluation.fidelity?.agreement).toBeCloseTo(golden.agreement as number, 4);
  expect(evaluation.fidelity?.cosineMean).toBeCloseTo(golden.cosineMean as number, 4);
  expect(evaluation.fidelity?.cosineMin).toBeCloseTo(golden.cosineMin as number, 4);
  expect(Math.abs((evaluation.fidelity?.sqnrDb ?? 0) - (golden.sqnrDb as number))).toBeLessThan(0.05);
  expect(evaluation.fidelity?.maxAbs).toBeCloseTo(golden.maxAbs as number, 2);
}

describe('evaluate', () => {
  it('measures the digits model as plain numpy does', async () => {
    const evaluation = evaluationSchema.parse(await ask({}));
    expect(evaluation.metrics.accuracy?.value).toBeCloseTo(golden.accuracy as number, 4);
    expect(evaluation.mainMetric).toBe('accuracy');
    expect(evaluation).toMatchObject({ fidelity: null, differences: null, speedup: null, warnings: [] });
    expect(evaluation.samples).toBe(1600);
    expect(evaluation.classes?.confusion?.flat().reduce((sum, n) => sum + n, 0)).toBe(1600);
    expect(evaluation.bytes).toBe(statSync(model).size);
    expect(evaluation.deflatedBytes).toBe(deflateSync(readFileSync(model), { level: 6 }).length);
    expect(evaluation.latencyMs.p50).toBeLessThanOrEqual(evaluation.latencyMs.p99);
    expect(evaluation.conditions).toMatchObject({ threads: 1, batch: 1, warmups: 5 });
    expect(evaluation.conditions.runs).toBeGreaterThanOrEqual(30);
    expect(evaluation.conditions.runtime).toMatch(/^onnxruntime \d/);
  });

  it('compares with the baseline sample by sample, run beside it or kept from before', async () => {
    const cacheDir = temporaryFolder();
    const live = await ask({ model: int8, baseline: model });
    expectGolden(live);
    const first = await ask({ model: int8, baseline: model, cacheDir });
    const [kept] = readdirSync(cacheDir);
    const written = statSync(join(cacheDir, kept as string)).mtimeMs;
    const second = await ask({ model: int8, baseline: model, cacheDir });
    expect(readdirSync(cacheDir)).toEqual([kept]);
    expect(statSync(join(cacheDir, kept as string)).mtimeMs).toBe(written);
    for (const other of [first, second]) {
      expect(other.fidelity).toEqual(live.fidelity);
      expect(other.differences).toEqual(live.differences);
      expect(other.metrics).toEqual(live.metrics);
    }
    expect(live.differences?.accuracy?.value).toBeCloseTo(
      (golden.variantAccuracy as number) - (golden.accuracy as number),
      9,
    );
    expect(live.differences?.accuracy?.insideNoise).toBe(true);
    expect(live.speedup?.value).toBeGreaterThan(0);
    expect(live.baselineLatencyMs).not.toBeNull();
  });

  it('tells how far it is, and never goes back', async () => {
    const fractions: number[] = [];
    await evaluate(
      {
        model: int8,
        baseline: model,
        data: digits,
        dims: {},
        threads: 1,
        batch: 1,
        cacheDir: temporaryFolder(),
        quick: true,
      },
      { signal: new AbortController().signal, progress: ({ fraction }) => fractions.push(fraction ?? Number.NaN) },
    );
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b));
    expect(fractions[0]).toBe(0);
    expect(fractions.at(-1)).toBe(1);
  });

  it('makes its cache again where the file is cut short', async () => {
    const cacheDir = temporaryFolder();
    const first = await ask({ model: int8, baseline: model, cacheDir });
    const kept = join(cacheDir, readdirSync(cacheDir)[0] as string);
    const whole = readFileSync(kept);
    writeFileSync(kept, whole.subarray(0, whole.length - 9));
    expect((await ask({ model: int8, baseline: model, cacheDir })).fidelity).toEqual(first.fidelity);
    expect(readFileSync(kept).length).toBe(whole.length);
  });

  it('says so where the cache cannot be written', async () => {
    const file = join(temporaryFolder(), 'in-the-way');
    writeFileSync(file, '');
    await expect(ask({ model: int8, baseline: model, cacheDir: join(file, 'cache') })).rejects.toThrow(
      /^cache of the baseline's answers: cannot be written \(ENOTDIR.*\); free some space, or let the project folder be written to$/,
    );
  });

  it('stops when asked to, and leaves no half file', async () => {
    const cacheDir = temporaryFolder();
    const controller = new AbortController();
    const running = evaluate(
      { model: int8, baseline: model, data: digits, dims: {}, threads: 1, batch: 1, cacheDir, quick: true },
      {
        signal: controller.signal,
        progress: ({ phase, fraction }) => {
          if (phase === 'Judging the baseline' && (fraction ?? 0) > 0.1) controller.abort();
        },
      },
    );
    await expect(running).rejects.toMatchObject({ name: 'AbortError' });
    expect(readdirSync(cacheDir)).toEqual([]);
  });

  it('says nothing of quality without data', async () => {
    const evaluation = await ask({ data: null, model: int8, baseline: model });
    expect(evaluation).toMatchObject({
      metrics: {},
      mainMetric: null,
      data: null,
      samples: 0,
      fidelity: null,
      classes: null,
    });
    expect(evaluation.warnings.map(({ code }) => code)).toEqual(['random-inputs']);
    expect(evaluation.speedup).not.toBeNull();
  });

  it.each([
    ['an unknown metric', { metric: { kind: 'bleu' } }, 'unknown-metric', 'Metric "bleu" is not known to this version'],
    ['no metric and labels that are no classes', {}, 'no-metric', 'The data names no metric'],
  ])('compares outputs only for %s', async (_, meta, code, sentence) => {
    const folder = temporaryFolder();
    const labels = float32([40], new Float32Array(40));
    writeNpz(join(folder, 'test.npz'), {
      image: float32(
        [40, 1, 28, 28],
        new Float32Array(40 * 784).map((_, n) => (n % 7) / 7),
      ),
      labels,
    });
    writeFileSync(join(folder, 'meta.json'), JSON.stringify(meta));
    const evaluation = await ask({ model: int8, baseline: model, data: folder });
    expect(evaluation.metrics).toEqual({});
    expect(evaluation.fidelity?.cosineMean).toBeGreaterThan(0.9);
    // Ten scores a sample: the same class is told even where nothing says what the labels mean.
    expect(evaluation.fidelity?.agreement).toBeGreaterThan(0.8);
    expect(evaluation.warnings).toEqual([{ code, message: expect.stringContaining(sentence) }]);
  });

  it('calls out a baseline that guesses, and says how little few samples tell', async () => {
    const folder = temporaryFolder();
    const noise = Float32Array.from({ length: 30 * 784 }, (_, n) => Math.sin(n * n));
    writeNpz(join(folder, 'test.npz'), {
      image: float32([30, 1, 28, 28], noise),
      labels: int64(
        [30],
        Array.from({ length: 30 }, (_, n) => n % 10),
      ),
    });
    const { warnings } = await ask({ data: folder });
    expect(warnings.map(({ code }) => code)).toEqual(expect.arrayContaining(['near-chance', 'few-samples']));
    expect(warnings.find(({ code }) => code === 'few-samples')?.message).toMatch(
      /^30 test samples are few: the accuracy of \d+\.\d % lies anywhere from \d+\.\d % to \d+\.\d %\.$/,
    );
  });

  it('names a label that the model has no class for', async () => {
    const folder = temporaryFolder();
    writeNpz(join(folder, 'test.npz'), {
      image: float32([2, 1, 28, 28], new Float32Array(2 * 784)),
      labels: int64([2], [3, 10]),
    });
    await expect(ask({ data: folder })).rejects.toThrow(
      'test data, array "labels": row 1 is class 10, but output "logits" scores 10 classes (0 to 9)',
    );
  });

  it('names an output that the model does not have', async () => {
    const folder = temporaryFolder();
    writeNpz(join(folder, 'test.npz'), { image: float32([2, 1, 28, 28], new Float32Array(2 * 784)) });
    writeFileSync(join(folder, 'meta.json'), JSON.stringify({ output: 'scores' }));
    await expect(ask({ data: folder, baseline: model })).rejects.toThrow(
      'meta.json field "output": the model has no output "scores" (it has "logits")',
    );
  });

  it('feeds batches when asked, and counts samples a second', async () => {
    const evaluation = await ask({ batch: 16 });
    expect(evaluation.conditions.batch).toBe(16);
    // 16 samples in one run, within the spread of mean and median.
    expect(evaluation.throughput).toBeGreaterThan((16_000 / evaluation.latencyMs.p99) * 0.5);
  });

  it('reads the high-water mark of its own process', async () => {
    const { peakRssBytes } = await measureMemory({ model, data: digits, dims: {}, threads: 1, batch: 1 }, unwatched());
    if (process.platform === 'linux') expect(peakRssBytes).toBeGreaterThan(statSync(model).size);
    else expect(peakRssBytes).toBeNull();
  });
});
