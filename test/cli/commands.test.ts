/** Every command on the bundled digits, with the real engine process. */

import { cpSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync, statSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import type {
  DiffReport,
  Evaluation,
  ExportResult,
  KernelsReport,
  MethodList,
  ModelReport,
  NodesReport,
  RunResult,
  TradeOff,
} from '../../src-main/contract';
import { float32, int64, writeNpz } from '../support/npz';
import { digits, lathe, latheJson } from '../support/shell';

const model = join(digits, 'model.onnx');
let work: string;

beforeAll(() => {
  work = mkdtempSync(join(tmpdir(), 'lathe-cli-'));
});
afterAll(() => rmSync(work, { recursive: true, force: true }));

test('starts in less than half a second, once its bundle is there', async () => {
  await lathe(['--version']);
  // The best of some: what else the machine does meanwhile is not the shell's.
  let best = Number.POSITIVE_INFINITY;
  for (let round = 0; round < 20 && best >= 500; round += 1) {
    const startedAt = performance.now();
    expect((await lathe(['--version'])).code).toBe(0);
    best = Math.min(best, performance.now() - startedAt);
  }
  expect(best).toBeLessThan(500);
});

test('a baseline near chance is called out before the work', async () => {
  const data = mkdtempSync(join(work, 'guessing-'));
  const images = float32(
    [60, 1, 28, 28],
    Float32Array.from({ length: 60 * 784 }, (_, at) => Math.sin(at * at)),
  );
  const labels = int64(
    [60],
    Array.from({ length: 60 }, (_, at) => at % 10),
  );
  for (const name of ['calib.npz', 'test.npz']) writeNpz(join(data, name), { image: images, labels });
  const made = await lathe(['quantize', model, '--data', data, '--out', join(work, 'guessing')]);
  expect(made.code).toBe(0);
  const [warned, worked] = [
    made.stderr.search(/^! .*preprocessing or label order is probably wrong/m),
    made.stderr.search(/Calibrating/),
  ];
  expect(warned).toBeGreaterThanOrEqual(0);
  expect(worked).toBeGreaterThan(warned);
});

test('--help and --version answer on stdout', async () => {
  const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
  expect(await lathe(['--version'])).toMatchObject({ code: 0, stdout: `${version}\n`, stderr: '' });
  const help = await lathe(['--help']);
  expect(help).toMatchObject({ code: 0, stderr: '' });
  for (const name of [
    'inspect',
    'nodes',
    'kernels',
    'profile',
    'diff',
    'run',
    'evaluate',
    'compare',
    'export',
    'studio',
    'quantize',
    'methods',
  ])
    expect(help.stdout).toContain(`  ${name}`);
  expect((await lathe(['evaluate', '--help'])).stdout).toContain('--baseline MODEL');
});

test('the help of a kind names its methods, and with a method its options', async () => {
  const kind = await lathe(['quantize', '--help']);
  expect(kind).toMatchObject({ code: 0, stderr: '' });
  expect(kind.stdout).toContain('--set KEY=VALUE');
  expect(kind.stdout).toContain('  static-int8 (default) – ');
  expect(kind.stdout).not.toContain('calibrator=');
  const method = await lathe(['quantize', '--method', 'bf16', '--help']);
  expect(method).toMatchObject({ code: 0, stderr: '' });
  expect(method.stdout).toContain('      smallest=1024 (1…1000000000)  ');
  expect(method.stdout).not.toContain('static-int8');
  expect(await lathe(['quantize', '--method', 'magic', '--help'])).toMatchObject({ code: 2, stdout: '' });
});

test('npm runs the shell where the user stands', async () => {
  const npm = ['npm', '--prefix', join(digits, '..', '..', '..'), 'run', '-s', 'lathe', '--'];
  const { code, stdout, stderr } = await lathe(['inspect', 'model.onnx'], { command: npm, cwd: digits });
  expect(code, stderr).toBe(0);
  expect(stdout).toContain(model);
});

test.each([
  [[]],
  [['paint']],
  [['methods', 'magic']],
  [['run', 'recipe.json']],
  [['inspect']],
  [['inspect', 'a', 'b']],
  [['inspect', 'a', '--fast']],
  [['diff', 'a']],
  [['profile', 'a', '--runs', '0']],
  [['evaluate', 'a', '--threads', 'many']],
  [['evaluate', 'a', '--dim', 'sequence']],
  [['quantize', 'a', '--out', 'b', '--set', 'x']],
  [['quantize', 'a', '--out', 'b', '--method', 'magic']],
  [['studio', '--port', '99999']],
])('a wrong call %j ends with 2, one line on stderr and nothing on stdout', async (args) => {
  const { code, stdout, stderr } = await lathe(args);
  expect(code).toBe(2);
  expect(stdout).toBe('');
  expect(stderr.trim().split('\n')).toHaveLength(1);
});

test.each([
  ['quantize', 'static-int8', 'calibration'],
  ['distil', 'distil', 'training'],
])('%s %s without its data ends with 2 and says what it needs', async (kind, method, needed) => {
  const out = join(work, `without-${needed}-data`);
  const { code, stdout, stderr } = await lathe([kind, model, '--method', method, '--out', out]);
  expect(stderr).toContain(`needs ${needed} data, none was given`);
  expect(existsSync(out)).toBe(false);
  expect(code).toBe(2);
  expect(stdout).toBe('');
});

test('inspect tells what the model is', async () => {
  const report = await latheJson<ModelReport>(['inspect', model]);
  expect(report).toMatchObject({
    inputs: [{ name: 'image', type: 'float32', shape: ['batch', 1, 28, 28] }],
    outputs: [{ name: 'logits', type: 'float32', shape: ['batch', 10] }],
    nodes: 12,
    ops: { Conv: 3, Relu: 4, MaxPool: 2, Flatten: 1, Gemm: 2 },
    bytes: statSync(model).size,
    symbolicDims: ['batch'],
  });
  const known = await latheJson<ModelReport>(['inspect', model, '--dim', 'batch=1']);
  expect(known.macs).toBeGreaterThan(report.parameters);
  expect(report.macs).toBe(known.macs);
  const { stdout, code } = await lathe(['inspect', model]);
  expect(code).toBe(0);
  expect(stdout).toContain('3 Conv');
});

test('nodes tells the cost of each node, and says which shapes it had to see in a run', async () => {
  const open = await latheJson<NodesReport>(['nodes', model]);
  const { macs } = await latheJson<ModelReport>(['inspect', model]);
  expect(open).toMatchObject({ macs, dims: { batch: 1 }, observedOn: null, parameters: 90_106 });
  expect(open.notes).toContainEqual(expect.stringMatching(/one sample: batch = 1/));
  const report = await latheJson<NodesReport>(['nodes', model, '--data', digits]);
  expect(report).toMatchObject({ dims: { batch: 1 }, parameters: 90_106, values: { inferred: 12, unknown: 0 } });
  // 16 maps of 28 × 28 from 5 × 5 of one channel.
  expect(report.nodes[0]).toMatchObject({ op: 'Conv', macs: 16 * 28 * 28 * 25 });
  const { stdout } = await lathe(['nodes', model, '--dim', 'batch=1']);
  expect(stdout).toMatch(/Conv +\/c1\/Conv +float32\[1, 16, 28, 28\] +314 k/);
  expect(stdout).toMatch(/activations +at most 100 kB at one time, at \/Relu/);
});

test('kernels and profile map what runs back to the nodes of the model', async () => {
  const report = await latheJson<KernelsReport>(['kernels', model]);
  const conv = report.kernels.find(({ originals }) => originals.includes('/c1/Conv'));
  expect(conv).toMatchObject({ precision: 'float32', originals: ['/c1/Conv', '/Relu'] });
  expect((await lathe(['kernels', model])).stdout).toMatch(/float32 +\/c1\/Conv, \/Relu\n/);
  const { stdout, code } = await lathe(['profile', model, '--data', digits, '--runs', '2', '--batch', '3']);
  expect(code).toBe(0);
  expect(stdout).toMatch(/\d ms +\d+\.\d % .*\/c1\/Conv, \/Relu\n/);
  expect(stdout).toContain('the median of 2 runs, 1 thread, batch 3');
});

test('diff tells what two models differ in', async () => {
  const same = await latheJson<DiffReport>(['diff', model, model]);
  expect(same).toMatchObject({ ops: [], weights: [], same: 12, leftOut: 0 });
  const { stdout } = await lathe(['diff', model, model]);
  expect(stdout).toContain('12 the same, 0 renamed only, 0 changed, 0 removed, 0 added');
  const missing = await lathe(['diff', model, join(work, 'nothing.onnx')]);
  expect(missing).toMatchObject({ code: 1, stdout: '' });
  expect(missing.stderr.trim().split('\n').at(-1)).toMatch(/nothing\.onnx: no such file/);
});

test('methods lists what recipes may name', async () => {
  const list = await latheJson<MethodList>(['methods']);
  const names = list.flatMap(({ kind, methods }) => methods.map((method) => `${kind} ${method.name}`));
  for (const name of [
    'clean basic',
    'prune magnitude',
    'quantize static-int8',
    'quantize dynamic-int8',
    'quantize fp16',
  ])
    expect(names).toContain(name);
  expect(list.find(({ kind }) => kind === 'quantize')?.defaultMethod).toBe('static-int8');
  expect((await lathe(['methods'])).stdout).toContain('granularity=per-channel (or per-tensor');
  expect((await latheJson<MethodList>(['methods', 'prune'])).map(({ kind }) => kind)).toEqual(['prune']);
  const [only, ...others] = await latheJson<MethodList>(['methods', 'fp16']);
  expect(only?.methods.map(({ name }) => name)).toEqual(['fp16']);
  expect(others).toEqual([]);
});

test('evaluate measures quality with intervals, latency, size and memory under named conditions', async () => {
  const result = await latheJson<Evaluation>(['evaluate', model, '--data', digits]);
  for (const name of ['accuracy', 'top5', 'macroPrecision', 'macroRecall', 'macroF1', 'loss'])
    expect(result.metrics[name]).toBeDefined();
  const { value, ci95, unit, better } = result.metrics.accuracy as Evaluation['metrics'][string];
  expect(value).toBeGreaterThan(0.9);
  expect(ci95[0]).toBeLessThan(value);
  expect(ci95[1]).toBeGreaterThan(value);
  expect({ unit, better }).toEqual({ unit: 'share', better: 'high' });
  expect(result.latencyMs.p50).toBeLessThanOrEqual(result.latencyMs.p99);
  expect(result.bytes).toBe(statSync(model).size);
  expect(result.deflatedBytes).toBeLessThan(result.bytes);
  if (process.platform === 'linux') expect(result.peakRssBytes).toBeGreaterThan(10e6);
  expect(result.conditions).toMatchObject({ threads: 1, batch: 1 });
  expect(result.conditions.runs).toBeGreaterThanOrEqual(200);
});

test('evaluate without data marks its inputs as random and claims no quality', async () => {
  const result = await latheJson<Evaluation>(['evaluate', model, '--dim', 'batch=1', '--threads', '2']);
  expect(result).toMatchObject({ data: null, metrics: {}, mainMetric: null, conditions: { threads: 2 } });
  expect(result.warnings.length).toBeGreaterThan(0);
});

describe('a project', () => {
  let made: RunResult;

  test('takes the variant of a recipe', async () => {
    const recipe = join(work, 'recipe.json');
    const steps = [
      { kind: 'prune', method: 'magnitude', options: { sparsity: 0.5 } },
      { kind: 'quantize', method: 'static-int8' },
    ];
    writeFileSync(recipe, JSON.stringify({ lathe: 1, name: 'both', seed: 0, steps }));
    made = await latheJson<RunResult>(['run', recipe, '--model', model, '--data', digits, '--out', join(work, 'p')]);
    expect(made.steps.map(({ kind, method }) => `${kind} ${method}`)).toEqual([
      'prune magnitude',
      'quantize static-int8',
    ]);
    for (const step of made.steps) expect(step.changed).toBeGreaterThan(0);
    expect(statSync(made.variant.path).size).toBe(made.variant.bytes);
    expect(made.variant.bytes).toBeLessThan(statSync(model).size / 3);
  });

  test('keeps a finished variant as it is, and takes others beside it', async () => {
    const before = statSync(made.variant.path);
    const recipe = join(work, 'recipe.json');
    const again = await latheJson<RunResult>([
      'run',
      recipe,
      '--model',
      model,
      '--data',
      digits,
      '--out',
      join(work, 'p'),
    ]);
    expect(again.variant).toEqual(made.variant);
    expect(statSync(made.variant.path).mtimeMs).toBe(before.mtimeMs);
    const other = await latheJson<RunResult>(['quantize', model, '--method', 'fp16', '--out', join(work, 'p')]);
    expect(other.variant.path).not.toBe(made.variant.path);
    expect(existsSync(made.variant.path)).toBe(true);
  });

  test('makes the same bytes anywhere', async () => {
    const recipe = join(work, 'recipe.json');
    const there = await latheJson<RunResult>([
      'run',
      recipe,
      '--model',
      model,
      '--data',
      digits,
      '--out',
      join(work, 'q'),
    ]);
    expect(there.variant.sha256).toBe(made.variant.sha256);
    expect(readFileSync(there.variant.path).equals(readFileSync(made.variant.path))).toBe(true);
  });

  test('is compared: what is missing is measured first, each against the baseline', async () => {
    const result = await latheJson<TradeOff>(['compare', join(work, 'p')]);
    expect(result.quality).toBe('accuracy');
    expect(result.rows.filter(({ baseline }) => baseline)).toHaveLength(1);
    expect(result.rows).toHaveLength(3);
    for (const { baseline, evaluation } of result.rows) {
      if (!baseline) expect(evaluation.differences?.accuracy?.p).toBeGreaterThanOrEqual(0);
      expect(evaluation.samples).toBeGreaterThan(0);
    }
    const { stdout } = await lathe(['compare', join(work, 'p')]);
    expect(stdout).toContain('Accuracy');
    expect(stdout).toContain('both');
  });

  test('is told from a variant of another project of the same model by the folders', async () => {
    const copy = join(work, 'q');
    cpSync(join(work, 'p'), copy, { recursive: true });
    const { rows } = await latheJson<TradeOff>(['compare', join(work, 'p'), copy]);
    expect(rows.map(({ name }) => name)).toContain('p: both');
    expect(rows.map(({ name }) => name)).toContain('q: both');
  });

  test('gives a variant away, checked from where it was written', async () => {
    const to = join(work, 'export');
    const result = await latheJson<ExportResult>(['export', made.variant.path, '--to', to]);
    expect(result.checks.length).toBeGreaterThan(0);
    for (const check of result.checks) expect(check, check.detail).toMatchObject({ passed: true });
    for (const path of [result.model.path, result.recipe, result.reportHtml, result.reportJson])
      expect(existsSync(path as string)).toBe(true);
    expect(readFileSync(result.model.path).equals(readFileSync(made.variant.path))).toBe(true);
    expect((await latheJson<ModelReport>(['inspect', result.model.path])).nodes).toBeGreaterThan(12);
  });

  test('is not changed by a comparison with the baseline outside of it', async () => {
    const result = await latheJson<Evaluation>(['evaluate', made.variant.path, '--data', digits, '--baseline', model]);
    expect(result.fidelity?.agreement).toBeGreaterThan(0.9);
    expect(result.fidelity?.cosineMean).toBeGreaterThan(0.9);
    expect(result.differences?.accuracy?.ci95).toHaveLength(2);
    expect(result.baselineLatencyMs?.p50).toBeGreaterThan(0);
  });
});

describe('Ctrl-C', () => {
  const train = (out: string, stops: number) => {
    let heard = 0;
    const args = ['distil', model, '--data', digits, '--out', out, '--method', 'fine-tune', '--set', 'epochs=5000'];
    return lathe(args, {
      onStderr: (text, child) => {
        if (
          heard === 0 ? /Training.*: epoch \d+ of 5000, loss [\d.]+, .* samples\/s, .* left/.test(text) : heard < stops
        ) {
          heard += 1;
          child.kill('SIGINT');
        }
      },
    });
  };

  test('once ends a training with what it has reached, and the script it is in', async () => {
    const out = join(work, 'stopped-training');
    const { code, stdout, stderr } = await train(out, 1);
    expect(stderr).toContain('the best weights so far become the variant');
    expect(code).toBe(130);
    const [variant] = readdirSync(join(out, 'variants'));
    expect(stdout).toContain(join(out, 'variants', variant as string, 'model.onnx'));
    expect(stdout).toMatch(/Stopped after update \d+ of epoch/);
  });

  test('twice cancels a training', async () => {
    const out = join(work, 'cancelled-training');
    const { code, stdout } = await train(out, 2);
    expect({ code, stdout }).toEqual({ code: 130, stdout: '' });
    expect(existsSync(join(out, 'variants')) ? readdirSync(join(out, 'variants')) : []).toEqual([]);
  });

  test.each(['SIGINT', 'SIGTERM'] as const)(
    '%s ends with 130, nothing on stdout, and leaves no half variant',
    async (signal) => {
      const out = join(work, `stopped-${signal}`);
      let sent = false;
      const result = await lathe(['quantize', model, '--data', digits, '--out', out, '--json'], {
        onStderr: (_text, child) => {
          if (!sent) child.kill(signal);
          sent = true;
        },
      });
      expect(sent).toBe(true);
      expect(result).toMatchObject({ code: 130, stdout: '' });
      expect(existsSync(join(out, 'variants')) ? readdirSync(join(out, 'variants')) : []).toEqual([]);
      // What was stopped is done again.
      const again = await latheJson<RunResult>(['quantize', model, '--data', digits, '--out', out]);
      expect(existsSync(again.variant.path)).toBe(true);
    },
  );
});

test('a reader that has seen enough is no failure', async () => {
  const { code, stderr } = await lathe(
    ['-c', `"${process.execPath}" src-main/host/cli/launch.mjs methods | head -1; exit \${PIPESTATUS[0]}`],
    {
      command: ['bash'],
    },
  );
  expect({ code, stderr }).toEqual({ code: 0, stderr: '' });
});
