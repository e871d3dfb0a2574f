/** The JSON documents that Lathe prints, stores and shows. Keys carry their unit where there is one. */

import { z } from 'zod';
import { optionSpecSchema } from './options';
import { recipeSchema, stepKinds, stepLogSchema } from './recipe';
import { progressSchema, wishSchema } from './work';

const count = z.number().int().nonnegative();
const sha256 = z.string().regex(/^[0-9a-f]{64}$/);

/** A dimension: a number, the name of a symbolic one, or null where nothing is known. */
export const dimSchema = z.union([z.number().int(), z.string(), z.null()]);
export const valueInfoSchema = z.object({
  name: z.string(),
  /** `float32`, `int64`, `bool`, `string` …; `sequence` and `optional` types in ONNX's own notation. */
  type: z.string(),
  shape: z.array(dimSchema).nullable(),
});
export type ValueInfoReport = z.infer<typeof valueInfoSchema>;

export const modelReportSchema = z.object({
  path: z.string(),
  irVersion: count,
  opsets: z.record(z.string(), count),
  producer: z.string(),
  inputs: z.array(valueInfoSchema),
  outputs: z.array(valueInfoSchema),
  nodes: count,
  ops: z.record(z.string(), count),
  parameters: count,
  /** Of the file and its external data. */
  bytes: count,
  /** Of the weights, by dtype. */
  bytesByType: z.record(z.string(), count),
  /** Multiply–accumulates of one run with every symbolic dim as given; null while dims are symbolic. */
  macs: z.number().nullable(),
  /** Symbolic dims of the inputs, in order of appearance. */
  symbolicDims: z.array(z.string()),
  warnings: z.array(z.object({ code: z.string(), message: z.string() })),
});
export type ModelReport = z.infer<typeof modelReportSchema>;

export const splitNames = ['calibration', 'train', 'test'] as const;
export type SplitName = (typeof splitNames)[number];

export const datasetSummarySchema = z.object({
  path: z.string(),
  /** `npz-folder`, `image-folder`, `random`. */
  reader: z.string(),
  /** Content hash of all its files. */
  hash: sha256,
  splits: z.array(z.object({ name: z.enum(splitNames), samples: count })),
  inputs: z.array(valueInfoSchema),
  labels: z.boolean(),
  classes: z.array(z.string()).nullable(),
  /** `metric.kind` of meta.json, or what is assumed; null = fidelity only. */
  metric: z.string().nullable(),
  /** Size per symbolic dim, asked for or read from the arrays. */
  dims: z.record(z.string(), count),
  notes: z.array(z.string()),
});
export type DatasetSummary = z.infer<typeof datasetSummarySchema>;

const interval = z.tuple([z.number(), z.number()]);
export const metricValueSchema = z.object({
  /** For people: `Character error rate`. */
  title: z.string().optional(),
  value: z.number(),
  ci95: interval,
  /** `share` (0…1), `nats`, `perplexity`, … */
  unit: z.string(),
  better: z.enum(['high', 'low']),
});
export type MetricValue = z.infer<typeof metricValueSchema>;

export const differenceSchema = z.object({
  /** This model minus the baseline, in the metric's unit, paired sample by sample. */
  value: z.number(),
  ci95: interval,
  /** Exact McNemar for shares, paired bootstrap otherwise. */
  p: z.number(),
  insideNoise: z.boolean(),
});
export type Difference = z.infer<typeof differenceSchema>;

export const latencySchema = z.object({ p50: z.number(), p90: z.number(), p99: z.number() });
export type Latency = z.infer<typeof latencySchema>;

export const conditionsSchema = z.object({
  cpu: z.string(),
  /** Instruction sets that decide int8 speed, e.g. `avx512_vnni`. */
  features: z.array(z.string()),
  threads: count,
  batch: count,
  warmups: count,
  runs: count,
  /** `onnxruntime 1.30.0`. */
  runtime: z.string(),
  /** `Node 20.20.2 linux x64`. */
  host: z.string(),
});
export type Conditions = z.infer<typeof conditionsSchema>;

export const fidelitySchema = z.object({
  /** Share of samples with the same decision (top-1 for classes); null where the output makes no decision. */
  agreement: z.number().nullable(),
  agreementCi95: interval.nullable().optional(),
  cosineMean: z.number(),
  cosineMin: z.number(),
  sqnrDb: z.number().nullable(),
  maxAbs: z.number(),
});
export type Fidelity = z.infer<typeof fidelitySchema>;

export const evaluationSchema = z.object({
  format: z.literal('lathe-evaluation'),
  version: z.literal(1),
  model: z.object({ path: z.string(), sha256 }),
  /** null: random inputs, latency and size only. */
  data: z.object({ path: z.string(), hash: sha256 }).nullable(),
  /** The metric that decides; null where there is none. */
  mainMetric: z.string().nullable(),
  metrics: z.record(z.string(), metricValueSchema),
  classes: z
    .object({
      names: z.array(z.string()),
      /** Row = true class, column = predicted class. Left out above 256 classes. */
      confusion: z.array(z.array(count)).nullable(),
      perClass: z.array(
        z.object({
          precision: z.number(),
          recall: z.number(),
          f1: z.number(),
          /** Samples that are of the class, and that were called so. */
          support: count,
          predicted: count,
          precisionCi95: interval.optional(),
          recallCi95: interval.optional(),
        }),
      ),
    })
    .nullable(),
  fidelity: fidelitySchema.nullable(),
  differences: z.record(z.string(), differenceSchema).nullable(),
  latencyMs: latencySchema,
  /** Of the baseline, measured in turn with this model in the same run. */
  baselineLatencyMs: latencySchema.nullable(),
  /** Baseline time over this model's time, the median of the paired rounds; > 1 is faster. */
  speedup: z.object({ value: z.number(), ci95: interval, insideNoise: z.boolean() }).nullable(),
  /** Samples a second at the stated batch and threads. */
  throughput: z.number(),
  bytes: count,
  /** zlib level 6 over the model's files. */
  deflatedBytes: count,
  /** Of a fresh process that loads and runs the model; null where the system does not tell. */
  peakRssBytes: count.nullable(),
  samples: count,
  conditions: conditionsSchema,
  warnings: z.array(z.object({ code: z.string(), message: z.string() })),
});
export type Evaluation = z.infer<typeof evaluationSchema>;

export const modelFileSchema = z.object({
  path: z.string(),
  /** Of the file and its external data. */
  bytes: count,
  /** Of the file and then its external data files in order of their names. */
  sha256,
  /** Names of external data files beside it. */
  externalData: z.array(z.string()),
});
export type ModelFile = z.infer<typeof modelFileSchema>;

export const versionsSchema = z.object({
  lathe: z.string(),
  onnxruntime: z.string(),
  host: z.string(),
  cpu: z.string(),
});

export const runResultSchema = z.object({
  variant: modelFileSchema,
  steps: z.array(stepLogSchema),
  seconds: z.number(),
  peakRssBytes: count.nullable(),
});
export type RunResult = z.infer<typeof runResultSchema>;

export const variantSchema = z.object({
  format: z.literal('lathe-variant'),
  version: z.literal(1),
  /** Folder name in the project: a slug and the first digits of the lineage's hash. */
  id: z.string(),
  name: z.string(),
  createdAt: z.iso.datetime(),
  /** null: the file was made elsewhere. */
  recipe: recipeSchema.nullable(),
  source: z.object({ path: z.string(), sha256, bytes: count }),
  data: z.object({ path: z.string(), hash: sha256 }).nullable(),
  dims: z.record(z.string(), count),
  seed: count,
  versions: versionsSchema,
  /** `path` is relative to the variant's folder. */
  model: modelFileSchema,
  steps: z.array(stepLogSchema),
  seconds: z.number(),
  peakRssBytes: count.nullable(),
});
export type Variant = z.infer<typeof variantSchema>;

export const checkSchema = z.object({ name: z.string(), passed: z.boolean(), detail: z.string() });
export type Check = z.infer<typeof checkSchema>;

export const exportResultSchema = z.object({
  folder: z.string(),
  model: modelFileSchema,
  recipe: z.string().nullable(),
  reportHtml: z.string(),
  reportJson: z.string(),
  /** What was checked after the file was loaded again from disk. */
  checks: z.array(checkSchema),
});
export type ExportResult = z.infer<typeof exportResultSchema>;

export const jobSchema = z.object({
  id: z.string(),
  kind: z.enum(['open', 'baseline', 'variant', 'add', 'evaluate', 'export']),
  title: z.string(),
  state: z.enum(['queued', 'running', 'done', 'failed', 'cancelled', 'interrupted']),
  progress: progressSchema.nullable(),
  /** What its user wants of it; only a training heeds it. */
  wish: wishSchema.default('run'),
  error: z.string().nullable(),
  /** The variant that it made or measured, once known. */
  variant: z.string().nullable(),
  /** What a variant is made with, so that a failed run can be mended and tried again. */
  recipe: recipeSchema.nullable(),
  /** What an export wrote and checked. */
  output: exportResultSchema.nullable(),
  startedAt: z.iso.datetime().nullable(),
  endedAt: z.iso.datetime().nullable(),
});
export type Job = z.infer<typeof jobSchema>;

export const measureSettingsSchema = z.object({
  threads: z.number().int().min(1).max(256),
  batch: z.number().int().min(1).max(65536),
});
export type MeasureSettings = z.infer<typeof measureSettingsSchema>;

export const projectStateSchema = z.object({
  path: z.string(),
  name: z.string(),
  model: z.object({
    path: z.string(),
    bytes: count,
    sha256: sha256.nullable(),
    /** `changed`: size, time or hash differ from when the project was made. */
    state: z.enum(['ok', 'missing', 'changed']),
  }),
  report: modelReportSchema.nullable(),
  dataPath: z.string().nullable(),
  data: datasetSummarySchema.nullable(),
  dims: z.record(z.string(), count),
  measure: measureSettingsSchema,
  baseline: evaluationSchema.nullable(),
  variants: z.array(z.object({ variant: variantSchema, evaluation: evaluationSchema.nullable() })),
  /** In the project's bin, newest first. */
  removed: z.array(z.object({ id: z.string(), name: z.string() })),
  jobs: z.array(jobSchema),
});
export type ProjectState = z.infer<typeof projectStateSchema>;

/** What one user of this machine prefers, across projects. */
export const settingsSchema = z.object({
  theme: z.enum(['light', 'dark', 'auto']),
  /** A Node (20.19 or newer) that runs the engine instead of the host's own process kind; null = the host's own. */
  engineNode: z.string().nullable(),
  /** Threads and batch of new projects. */
  measure: measureSettingsSchema,
});
export type Settings = z.infer<typeof settingsSchema>;

/** A measured model as it enters a comparison. */
export const tradeOffEntrySchema = z.object({
  id: z.string(),
  name: z.string(),
  baseline: z.boolean(),
  evaluation: evaluationSchema,
});
export type TradeOffEntry = z.infer<typeof tradeOffEntrySchema>;

/** Evaluations set against a baseline. */
export const tradeOffSchema = z.object({
  quality: z.string().nullable(),
  rows: z.array(
    z.object({
      ...tradeOffEntrySchema.shape,
      /** On the Pareto front of quality, latency and size. */
      pareto: z.boolean(),
      bytesRatio: z.number(),
      /**
       * p50 on the baseline's scale: its own p50 over the speed-up that was measured in turn with it, so that a machine
       * that drifts between two measurements does not decide the ranking. The entry's own p50 where it has no speed-up.
       */
      latencyMs: z.number(),
      /** p90 on the same scale. */
      latencyP90Ms: z.number(),
    }),
  ),
});
export type TradeOff = z.infer<typeof tradeOffSchema>;

/** `report.json` beside an exported model; `report.html` shows the same. File names are without their folders. */
export const reportSchema = z.object({
  format: z.literal('lathe-report'),
  version: z.literal(1),
  madeAt: z.iso.datetime(),
  project: z.string(),
  variant: variantSchema,
  /** As exported. */
  model: modelFileSchema,
  checks: z.array(checkSchema),
  /** null where the variant was not measured. */
  evaluation: evaluationSchema.nullable(),
  baseline: evaluationSchema.nullable(),
  /** Of all measured variants of the project; null where its original is not measured. */
  tradeOff: tradeOffSchema.nullable(),
});
export type Report = z.infer<typeof reportSchema>;

export const methodListSchema = z.array(
  z.object({
    kind: z.enum(stepKinds),
    title: z.string(),
    defaultMethod: z.string(),
    methods: z.array(
      z.object({
        name: z.string(),
        title: z.string(),
        help: z.string(),
        source: z.string(),
        data: z.enum(['none', 'optional', 'calibration', 'train']),
        options: z.record(z.string(), optionSpecSchema),
      }),
    ),
  }),
);
export type MethodList = z.infer<typeof methodListSchema>;

export const presetSchema = z.object({ name: z.string(), title: z.string(), help: z.string(), recipe: recipeSchema });
export type Preset = z.infer<typeof presetSchema>;
