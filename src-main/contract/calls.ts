/**
 * The call table: everything that crosses a border. A host serves {@link studioCalls}; an engine process serves
 * {@link engineCalls}. Parameters are parsed by the side that serves; both sides take their types from here.
 * A message is at most 1 MB: paths go in, summaries come out, tensors never cross.
 */

import { z } from 'zod';
import {
  datasetSummarySchema,
  evaluationSchema,
  exportResultSchema,
  jobSchema,
  methodListSchema,
  modelFileSchema,
  modelReportSchema,
  presetSchema,
  projectStateSchema,
  runResultSchema,
  settingsSchema,
  tradeOffEntrySchema,
  tradeOffSchema,
  variantSchema,
} from './documents';
import { recipeSchema } from './recipe';
import { diffReportSchema, kernelsReportSchema, nodesReportSchema, profileReportSchema } from './understanding';
import { progressSchema, wishSchema } from './work';

export interface Call<
  Params extends z.ZodType = z.ZodType,
  Result extends z.ZodType = z.ZodType,
  Told extends z.ZodType = z.ZodType,
> {
  readonly params: Params;
  readonly result: Result;
  /** What it says while it works. */
  readonly progress: Told;
}
export type CallTable = Readonly<Record<string, Call>>;
export type CallName<Table extends CallTable> = keyof Table & string;
export type ParamsOf<Table extends CallTable, Name extends keyof Table> = z.input<Table[Name]['params']>;
export type ParsedParamsOf<Table extends CallTable, Name extends keyof Table> = z.output<Table[Name]['params']>;
export type ResultOf<Table extends CallTable, Name extends keyof Table> = z.output<Table[Name]['result']>;
export type ProgressOf<Table extends CallTable, Name extends keyof Table> = z.output<Table[Name]['progress']>;

function call<Params extends z.ZodType, Result extends z.ZodType>(
  params: Params,
  result: Result,
): Call<Params, Result, typeof progressSchema>;
function call<Params extends z.ZodType, Result extends z.ZodType, Told extends z.ZodType>(
  params: Params,
  result: Result,
  progress: Told,
): Call<Params, Result, Told>;
function call(params: z.ZodType, result: z.ZodType, progress: z.ZodType = progressSchema): Call {
  return { params, result, progress };
}

const path = z.string().min(1).max(4096);
/** Sizes of symbolic dims; 0 too: a decoder starts with an empty cache. */
const sizes = z.record(z.string(), z.number().int().nonnegative());
const dims = sizes.default({});
const threads = z.number().int().min(1).max(256).default(1);
const batch = z.number().int().min(1).max(65536).default(1);
const nothing = z.strictObject({});
const done = z.object({});

/** Served by the engine process: the heavy half. Progress of each is a {@link progressSchema}. */
export const engineCalls = {
  /** Versions and CPU of the process that does the work. */
  engineInfo: call(
    nothing,
    z.object({
      onnxruntime: z.string(),
      host: z.string(),
      cpu: z.string(),
      features: z.array(z.string()),
      pid: z.number(),
    }),
  ),
  methods: call(nothing, methodListSchema),
  presets: call(nothing, z.array(presetSchema)),
  /** The recipe with defaults filled in; throws with the field named. */
  checkRecipe: call(z.strictObject({ recipe: z.unknown() }), recipeSchema),
  inspect: call(z.strictObject({ model: path, dims }), modelReportSchema),
  /** What each node costs; with data its first samples are run once where inference leaves shapes open. */
  nodes: call(z.strictObject({ model: path, data: path.nullable().default(null), dims }), nodesReportSchema),
  /** What the runtime made of the graph; nothing is run. */
  kernels: call(z.strictObject({ model: path }), kernelsReportSchema),
  /** The same with the time of each kernel, on the first samples of the data or on random inputs. */
  profile: call(
    z.strictObject({
      model: path,
      data: path.nullable().default(null),
      dims,
      threads,
      batch,
      runs: z.number().int().min(1).max(10_000).default(20),
    }),
    profileReportSchema,
  ),
  diff: call(z.strictObject({ before: path, after: path }), diffReportSchema),
  hashModel: call(z.strictObject({ model: path }), modelFileSchema),
  describeData: call(z.strictObject({ data: path, model: path, dims }), datasetSummarySchema),
  /** Runs a recipe into `folder` (which must exist): `model.onnx`, its external data, nothing else on success. */
  runRecipe: call(
    z.strictObject({
      recipe: recipeSchema,
      model: path,
      data: path.nullable().default(null),
      dims,
      folder: path,
      cacheDir: path.nullable().default(null),
    }),
    runResultSchema,
  ),
  /** Quality, fidelity, latency and size; `peakRssBytes` is left null for {@link engineCalls.measureMemory}. */
  evaluate: call(
    z.strictObject({
      model: path,
      baseline: path.nullable().default(null),
      data: path.nullable().default(null),
      dims,
      threads,
      batch,
      /** Outputs of the baseline are kept here, keyed by model, data and runtime. */
      cacheDir: path.nullable().default(null),
      /** Fewer runs for a quick look; the label says how many there were. */
      quick: z.boolean().default(false),
    }),
    evaluationSchema,
  ),
  /** Asked of a fresh process that does nothing else: loads and runs the model, then reads its own high-water mark. */
  measureMemory: call(
    z.strictObject({ model: path, data: path.nullable().default(null), dims, threads, batch }),
    z.object({ peakRssBytes: z.number().int().nullable() }),
  ),
  /** Writes the model to `folder`, loads it again from there, runs it and compares with the source. */
  exportModel: call(
    z.strictObject({
      model: path,
      folder: path,
      fileName: z.string().regex(/^[^/\\]+\.onnx$/),
      externalData: z.enum(['auto', 'always']).default('auto'),
      data: path.nullable().default(null),
      dims,
      threads,
      /** Metrics of the source as measured before, which the written file has to reach again. */
      measured: z.record(z.string(), z.number()).default({}),
    }),
    z.object({ model: modelFileSchema, checks: exportResultSchema.shape.checks }),
  ),
  /** Sets evaluations against the baseline among them (the first entry where none is marked). */
  tradeOff: call(z.strictObject({ entries: z.array(tradeOffEntrySchema).min(1) }), tradeOffSchema),
} as const satisfies CallTable;
export type EngineCalls = typeof engineCalls;

const project = path;
const job = z.object({ job: z.string() });
const externalData = z.enum(['auto', 'always']).default('auto');

/**
 * Served by `studio.ts` to every host. In a project, long work is a job: the call answers at once and
 * {@link studioCalls.followJob} waits. What concerns no open project waits itself, with progress.
 */
export const studioCalls = {
  about: call(
    nothing,
    z.object({
      version: z.string(),
      host: z.enum(['electron', 'web', 'cli']),
      engine: engineCalls.engineInfo.result,
      /** The bundled sample, where there is one. */
      sample: z.object({ model: z.string(), data: z.string() }).nullable(),
      /** Where new projects go unless the user says otherwise. */
      projectsFolder: z.string(),
      /** The project that the host was started with. */
      opened: z.string().nullable(),
    }),
  ),
  settings: call(nothing, settingsSchema),
  changeSettings: call(settingsSchema.partial().strict(), settingsSchema),
  recents: call(nothing, z.array(z.object({ path: z.string(), name: z.string(), openedAt: z.iso.datetime() }))),
  forgetRecent: call(z.strictObject({ path }), done),
  /** Only inside the folders that the host allows; null = the first of them. */
  browse: call(
    z.strictObject({ folder: path.nullable() }),
    z.object({
      folder: z.string(),
      parent: z.string().nullable(),
      entries: z.array(
        z.object({
          name: z.string(),
          path: z.string(),
          kind: z.enum(['folder', 'file']),
          bytes: z.number().nullable(),
          looksLike: z.enum(['model', 'dataset', 'project', 'recipe']).nullable(),
        }),
      ),
    }),
  ),
  /**
   * Inspects the model first, and opens the data against it: what cannot be read or does not fit makes no project. A
   * `folder` that already is a project of this model is opened, and changed where dims or data are given; one of another
   * model is refused.
   */
  createProject: call(
    z.strictObject({
      model: path,
      folder: path.nullable().default(null),
      data: path.nullable().default(null),
      dims: sizes.default({}),
    }),
    projectStateSchema,
  ),
  openProject: call(z.strictObject({ project }), projectStateSchema),
  closeProject: call(z.strictObject({ project }), done),
  /** Never answers until cancelled: its progress is the state, at once and then on each change. */
  watchProject: call(z.strictObject({ project }), done, projectStateSchema),
  /** Opens the data against the model first: what does not fit is refused and nothing changes. */
  setData: call(z.strictObject({ project, data: path.nullable() }), projectStateSchema),
  setDims: call(z.strictObject({ project, dims: sizes }), projectStateSchema),
  setMeasure: call(z.strictObject({ project, threads, batch }), projectStateSchema),
  measureBaseline: call(z.strictObject({ project }), job),
  /** Makes the variant and then measures it. */
  makeVariant: call(z.strictObject({ project, recipe: recipeSchema, evaluate: z.boolean().default(true) }), job),
  /** A file made elsewhere, copied in and measured like the others. */
  addVariant: call(z.strictObject({ project, model: path, name: z.string().optional() }), job),
  evaluateVariant: call(z.strictObject({ project, variant: z.string() }), job),
  /** All that is known of one variant; a project's state leaves out large confusion matrices and long skip lists. */
  variantDetails: call(
    z.strictObject({ project, variant: z.string() }),
    z.object({
      variant: variantSchema,
      /** Where its model lies. */
      modelPath: z.string(),
      evaluation: evaluationSchema.nullable(),
    }),
  ),
  baselineDetails: call(z.strictObject({ project }), evaluationSchema.nullable()),
  renameVariant: call(
    z.strictObject({ project, variant: z.string(), name: z.string().min(1).max(200) }),
    projectStateSchema,
  ),
  /** Moved to the project's bin, from where {@link studioCalls.restoreVariant} brings it back. */
  removeVariant: call(z.strictObject({ project, variant: z.string() }), projectStateSchema),
  restoreVariant: call(z.strictObject({ project, variant: z.string() }), projectStateSchema),
  exportVariant: call(z.strictObject({ project, variant: z.string(), to: path, externalData }), job),
  /** Answers when the job has ended, however it ended; its progress is the Job. Cancelling the call leaves the job running. */
  followJob: call(z.strictObject({ project, job: z.string() }), jobSchema, jobSchema),
  cancelJob: call(z.strictObject({ project, job: z.string() }), done),
  /** Pauses a training, lets it go on, or stops it so that the best it has reached becomes the variant. */
  steerJob: call(z.strictObject({ project, job: z.string(), wish: wishSchema }), done),
  /** Does a failed, cancelled or interrupted job again, with what it was started with; answers the new job. */
  retryJob: call(z.strictObject({ project, job: z.string() }), job),
  dismissJob: call(z.strictObject({ project, job: z.string() }), projectStateSchema),
  /** What is measured in these projects under the conditions that each is set to. */
  compare: call(z.strictObject({ projects: z.array(path).min(1) }), tradeOffSchema),
  methods: engineCalls.methods,
  presets: engineCalls.presets,
  checkRecipe: engineCalls.checkRecipe,
  inspect: engineCalls.inspect,
  nodes: engineCalls.nodes,
  kernels: engineCalls.kernels,
  profile: engineCalls.profile,
  diff: engineCalls.diff,
  describeData: engineCalls.describeData,
  /** One model, no project, peak memory included: what `lathe evaluate` prints. */
  evaluate: engineCalls.evaluate,
  /** The folder of a project's variant, exported into `to` and waited for; the project need not be open. */
  exportFolder: call(z.strictObject({ folder: path, to: path, externalData }), exportResultSchema),
} as const satisfies CallTable;
export type StudioCalls = typeof studioCalls;
