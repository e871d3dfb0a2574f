/** A studio's documents for screens to show: a small classifier with four variants, each checked by its schema. */

import type {
  Evaluation,
  Job,
  MethodList,
  ModelReport,
  Preset,
  ProjectState,
  TradeOff,
  Variant,
} from '../../src-main/contract';
import {
  evaluationSchema,
  jobSchema,
  methodListSchema,
  modelReportSchema,
  presetSchema,
  projectStateSchema,
  tradeOffSchema,
  variantSchema,
} from '../../src-main/contract';

const hash = (digit: string) => digit.repeat(64);
const classNames = ['cat', 'dog', 'owl'];

export const conditions: Evaluation['conditions'] = {
  cpu: 'Intel Xeon 2.8 GHz',
  features: ['avx2', 'avx512_vnni'],
  threads: 1,
  batch: 1,
  warmups: 20,
  runs: 200,
  runtime: 'onnxruntime 1.30.0',
  host: 'Node 20.20.2 linux x64',
};

export const baseline: Evaluation = evaluationSchema.parse({
  format: 'lathe-evaluation',
  version: 1,
  model: { path: '/models/animals.onnx', sha256: hash('a') },
  data: { path: '/data/animals', hash: hash('d') },
  mainMetric: 'accuracy',
  metrics: {
    accuracy: { value: 0.9731, ci95: [0.961, 0.982], unit: 'share', better: 'high' },
    loss: { value: 0.0912, ci95: [0.08, 0.105], unit: 'nats', better: 'low' },
  },
  classes: {
    names: classNames,
    confusion: [
      [330, 3, 1],
      [4, 320, 6],
      [2, 11, 323],
    ],
    perClass: classNames.map((_, index) => ({
      precision: 0.98 - index * 0.01,
      recall: 0.97,
      f1: 0.975,
      support: 334 - index,
      predicted: 336,
    })),
  },
  fidelity: null,
  differences: null,
  latencyMs: { p50: 4.21, p90: 4.6, p99: 5.9 },
  baselineLatencyMs: null,
  speedup: null,
  throughput: 237.4,
  bytes: 10_240_000,
  deflatedBytes: 9_400_000,
  peakRssBytes: 121_000_000,
  samples: 1000,
  conditions,
  warnings: [],
});

export interface VariantFigures {
  readonly id: string;
  readonly name: string;
  readonly recipe: Variant['recipe'];
  readonly accuracy: number;
  readonly difference: number;
  readonly insideNoise: boolean;
  readonly latency: number;
  readonly bytes: number;
}

export const figures: readonly VariantFigures[] = [
  {
    id: 'static-int8-111111111111',
    name: 'Static int8',
    recipe: { steps: [{ kind: 'quantize', method: 'static-int8', options: { granularity: 'per-channel' } }] },
    accuracy: 0.972,
    difference: -0.0011,
    insideNoise: true,
    latency: 1.9,
    bytes: 2_640_000,
  },
  {
    id: 'fp16-222222222222',
    name: 'Half precision',
    recipe: { steps: [{ kind: 'quantize', method: 'fp16' }] },
    accuracy: 0.9731,
    difference: 0,
    insideNoise: true,
    latency: 5.3,
    bytes: 5_130_000,
  },
  {
    id: 'prune-333333333333',
    name: 'Half of the weights',
    recipe: {
      name: 'Half of the weights',
      steps: [
        { kind: 'prune', method: 'magnitude', options: { sparsity: 0.5 } },
        { kind: 'quantize', method: 'static-int8' },
      ],
    },
    accuracy: 0.941,
    difference: -0.0321,
    insideNoise: false,
    latency: 1.92,
    bytes: 2_650_000,
  },
];

export function variantOf(entry: VariantFigures): Variant {
  return variantSchema.parse({
    format: 'lathe-variant',
    version: 1,
    id: entry.id,
    name: entry.name,
    createdAt: '2026-01-02T03:04:05.000Z',
    recipe: entry.recipe,
    source: { path: '/models/animals.onnx', sha256: hash('a'), bytes: 10_240_000 },
    data: { path: '/data/animals', hash: hash('d') },
    dims: {},
    seed: 0,
    versions: { lathe: '0.1.0', onnxruntime: '1.30.0', host: 'Node 20.20.2 linux x64', cpu: conditions.cpu },
    model: { path: 'model.onnx', bytes: entry.bytes, sha256: hash('b'), externalData: [] },
    steps: (entry.recipe?.steps ?? []).map((step) => ({
      kind: step.kind,
      method: step.method ?? 'static-int8',
      options: step.options ?? {},
      eligible: 14,
      changed: 12,
      skipped: [
        { node: '/stem/conv', reason: 'excluded by the targets' },
        { node: '/head/gemm', reason: 'its weight is computed at run time' },
      ],
      notes: ['Ranges from 128 calibration samples.'],
      seconds: 2.4,
    })),
    seconds: 2.6,
    peakRssBytes: 210_000_000,
  });
}

export function evaluationOf(entry: VariantFigures): Evaluation {
  return evaluationSchema.parse({
    ...baseline,
    model: { path: `variants/${entry.id}/model.onnx`, sha256: hash('b') },
    metrics: {
      accuracy: {
        value: entry.accuracy,
        ci95: [entry.accuracy - 0.011, entry.accuracy + 0.009],
        unit: 'share',
        better: 'high',
      },
    },
    fidelity: { agreement: 0.991, cosineMean: 0.9994, cosineMin: 0.981, sqnrDb: 31.2, maxAbs: 0.21 },
    differences: {
      accuracy: {
        value: entry.difference,
        ci95: [entry.difference - 0.006, entry.difference + 0.006],
        p: entry.insideNoise ? 0.61 : 0.0002,
        insideNoise: entry.insideNoise,
      },
    },
    latencyMs: { p50: entry.latency, p90: entry.latency * 1.1, p99: entry.latency * 1.3 },
    baselineLatencyMs: baseline.latencyMs,
    speedup: {
      value: 4.21 / entry.latency,
      ci95: [4.1 / entry.latency, 4.3 / entry.latency],
      insideNoise: false,
    },
    throughput: 1000 / entry.latency,
    bytes: entry.bytes,
    deflatedBytes: entry.bytes * 0.9,
    peakRssBytes: 101_000_000,
  });
}

export const report: ModelReport = modelReportSchema.parse({
  path: '/models/animals.onnx',
  irVersion: 8,
  opsets: { '': 17 },
  producer: 'pytorch 2.4',
  inputs: [{ name: 'pixels', type: 'float32', shape: ['batch', 3, 224, 224] }],
  outputs: [{ name: 'logits', type: 'float32', shape: ['batch', 3] }],
  nodes: 64,
  ops: { Conv: 20, Relu: 19, Add: 8, Gemm: 1, GlobalAveragePool: 1, Flatten: 1 },
  parameters: 2_560_000,
  bytes: 10_240_000,
  bytesByType: { float32: 10_180_000, int64: 900 },
  macs: 310_000_000,
  symbolicDims: ['batch'],
  warnings: [
    {
      code: 'old-opset',
      message: 'Opset 9 has no per-channel QuantizeLinear; run the clean step "upgrade" first, or use per-tensor.',
    },
  ],
});

export const job: Job = jobSchema.parse({
  id: 'job-1',
  kind: 'variant',
  title: 'Dynamic int8',
  state: 'running',
  progress: { phase: 'Measuring latency', fraction: 0.42, detail: '84 of 200 runs' },
  error: null,
  variant: null,
  recipe: { steps: [{ kind: 'quantize', method: 'dynamic-int8' }] },
  wish: 'run',
  output: null,
  startedAt: '2026-01-02T03:04:05.000Z',
  endedAt: null,
});

export const failedJob: Job = jobSchema.parse({
  ...job,
  id: 'job-2',
  title: 'Prune all',
  state: 'failed',
  progress: null,
  error: 'steps[0] (prune magnitude): no node fits the targets; check the pattern "nothing*".',
  endedAt: '2026-01-02T03:05:05.000Z',
});

export const project: ProjectState = projectStateSchema.parse({
  path: '/projects/animals',
  name: 'animals',
  model: { path: '/models/animals.onnx', bytes: 10_240_000, sha256: hash('a'), state: 'ok' },
  report,
  dataPath: '/data/animals',
  data: {
    path: '/data/animals',
    reader: 'npz-folder',
    hash: hash('d'),
    splits: [
      { name: 'calibration', samples: 128 },
      { name: 'test', samples: 1000 },
    ],
    inputs: [{ name: 'pixels', type: 'float32', shape: [1, 3, 224, 224] }],
    labels: true,
    classes: classNames,
    metric: 'accuracy',
    dims: {},
    notes: [],
  },
  dims: { batch: 1 },
  measure: { threads: 1, batch: 1 },
  baseline,
  variants: figures.map((entry) => ({ variant: variantOf(entry), evaluation: evaluationOf(entry) })),
  removed: [],
  jobs: [job, failedJob],
});

/** A project as it is right after a model was opened. */
export const freshProject: ProjectState = projectStateSchema.parse({
  ...project,
  dataPath: null,
  data: null,
  baseline: null,
  variants: [],
  jobs: [],
});

export const tradeOff: TradeOff = tradeOffSchema.parse({
  quality: 'accuracy',
  rows: [
    {
      id: 'baseline',
      name: 'animals',
      baseline: true,
      evaluation: baseline,
      pareto: true,
      bytesRatio: 1,
      latencyMs: baseline.latencyMs.p50,
      latencyP90Ms: baseline.latencyMs.p90,
    },
    ...figures.map((entry) => ({
      id: entry.id,
      name: entry.name,
      baseline: false,
      evaluation: evaluationOf(entry),
      pareto: entry.id.startsWith('static'),
      bytesRatio: entry.bytes / baseline.bytes,
      latencyMs: entry.latency,
      latencyP90Ms: entry.latency * 1.1,
    })),
  ],
});

const noOptions = {};
export const methods: MethodList = methodListSchema.parse([
  {
    kind: 'clean',
    title: 'Clean',
    defaultMethod: 'basic',
    methods: [
      {
        name: 'basic',
        title: 'Basic',
        help: 'Folds constants.',
        source: 'onnxruntime',
        data: 'none',
        options: noOptions,
      },
    ],
  },
  {
    kind: 'prune',
    title: 'Prune',
    defaultMethod: 'magnitude',
    methods: [
      {
        name: 'magnitude',
        title: 'Smallest weights to zero',
        help: 'Sets the smallest weights to zero.',
        source: 'Han et al. 2015, arXiv 1506.02626',
        data: 'none',
        options: {
          sparsity: {
            kind: 'number',
            title: 'Sparsity',
            help: 'Share of weights that become zero.',
            default: 0.5,
            min: 0,
            max: 0.99,
            unit: 'share',
          },
          scope: {
            kind: 'choice',
            title: 'Scope',
            help: 'One threshold a layer, or one for the model.',
            default: 'layer',
            choices: [
              { value: 'layer', title: 'Layer' },
              { value: 'global', title: 'Global' },
            ],
          },
        },
      },
    ],
  },
  {
    kind: 'quantize',
    title: 'Quantize',
    defaultMethod: 'static-int8',
    methods: [
      {
        name: 'static-int8',
        title: 'Static int8',
        help: 'Weights and activations in 8 bits, ranges from calibration samples.',
        source: 'arXiv 1712.05877',
        data: 'calibration',
        options: {
          granularity: {
            kind: 'choice',
            title: 'Granularity',
            help: 'One scale a channel or one a tensor.',
            default: 'per-channel',
            choices: [
              { value: 'per-channel', title: 'Per channel' },
              { value: 'per-tensor', title: 'Per tensor' },
            ],
          },
          samples: {
            kind: 'integer',
            title: 'Samples',
            help: 'How many calibration samples are used.',
            default: 128,
            min: 1,
            max: 4096,
            unit: 'samples',
            advanced: true,
          },
        },
      },
      {
        name: 'fp16',
        title: 'Half precision',
        help: 'Saves size, not time, on a CPU.',
        source: 'IEEE 754',
        data: 'none',
        options: { keepOutputs: { kind: 'boolean', title: 'Keep outputs', help: 'Outputs stay fp32.', default: true } },
      },
    ],
  },
]);

export const presets: Preset[] = [
  presetSchema.parse({
    name: 'int8',
    title: 'Int8, calibrated',
    help: 'A quarter of the size and usually twice as fast.',
    recipe: { steps: [{ kind: 'quantize', method: 'static-int8' }] },
  }),
  presetSchema.parse({
    name: 'prune-int8',
    title: 'Prune half, then int8',
    help: 'For downloads: zeros deflate well.',
    recipe: { steps: [{ kind: 'prune', method: 'magnitude', options: { sparsity: 0.5 } }, { kind: 'quantize' }] },
  }),
];
