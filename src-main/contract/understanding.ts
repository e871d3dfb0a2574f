/** What is understood of a model beyond its summary: the cost of each node, what the runtime made of it, how two differ. */

import { z } from 'zod';
import { valueInfoSchema } from './documents';

const count = z.number().int().nonnegative();

/**
 * Where a type or shape is known from. `inferred`: holds for every input; `observed`: of the one run that was made;
 * `forced`: of a body that this run passed by and that was run by itself.
 */
export const typeSourceSchema = z.enum(['inferred', 'observed', 'forced', 'unknown']);
export type TypeSource = z.infer<typeof typeSourceSchema>;

export const nodeRowSchema = z.object({
  name: z.string(),
  /** The node and attribute whose body it is in, or the function that is called; empty in the main graph. */
  within: z.string(),
  /** With its domain outside the standard: `com.microsoft.Gelu`. */
  op: z.string(),
  /** Its first output. */
  output: z.object({ ...valueInfoSchema.shape, from: typeSourceSchema }).nullable(),
  /** Of one execution, bodies included; null where a shape is not known. */
  macs: z.number().nullable(),
  parameters: count,
  weightBytes: count,
  /** Of all its outputs; null where a shape is not known. */
  outputBytes: count.nullable(),
  /** Of all values alive while it runs; weights not. null as above. */
  liveBytes: count.nullable(),
});
export type NodeRow = z.infer<typeof nodeRowSchema>;

/** What each node of a model costs. */
export const nodesReportSchema = z.object({
  path: z.string(),
  /** Size by symbolic dim, as given, as the data has it, or 1 for the batch. */
  dims: z.record(z.string(), count),
  /** The data whose first samples were run where inference left shapes open; null: nothing was run. */
  observedOn: z.string().nullable(),
  macs: z.number().nullable(),
  parameters: count,
  weightBytes: count,
  /** Most activation memory at one time, were each value freed after its last reader. */
  peak: z.object({ bytes: count, node: z.string() }).nullable(),
  /** Values between nodes by where their shape is known from. */
  values: z.record(typeSourceSchema, count),
  /** Sums by operator, most work first; a body counts as often as it runs. */
  ops: z.array(
    z.object({
      op: z.string(),
      nodes: count,
      macs: z.number().nullable(),
      parameters: count,
      weightBytes: count,
      outputBytes: count.nullable(),
    }),
  ),
  /** In the order of the graph. */
  nodes: z.array(nodeRowSchema),
  /** Nodes that a message has no room for, from the end. */
  leftOut: count,
  notes: z.array(z.string()),
});
export type NodesReport = z.infer<typeof nodesReportSchema>;

/** What a kernel computes in. `integer`: indices, shapes, masks; `unknown`: the runtime does not tell. */
export const precisionSchema = z.enum(['int8', 'int4', 'float32', 'float16', 'float64', 'integer', 'unknown']);
export type Precision = z.infer<typeof precisionSchema>;

export const kernelSchema = z.object({
  /** Name in the optimised graph. */
  name: z.string(),
  op: z.string(),
  precision: precisionSchema,
  /** Nodes of the model whose work it does; empty for what the runtime added. */
  originals: z.array(z.string()),
});
export type KernelRow = z.infer<typeof kernelSchema>;

const sumsOfKernels = z.object({ op: z.string(), precision: precisionSchema, kernels: count });

/** What onnxruntime on this machine made of a graph. */
export const kernelsReportSchema = z.object({
  path: z.string(),
  /** `onnxruntime 1.30.0`. */
  runtime: z.string(),
  cpu: z.string(),
  /** Nodes of the model, and those of them that no kernel does: folded into constants, or removed. */
  nodes: count,
  folded: count,
  /** Most frequent first. */
  precisions: z.array(z.object({ precision: precisionSchema, kernels: count })),
  /** Kernels by operator and precision, most frequent first. */
  ops: z.array(sumsOfKernels),
  /** In the order of the optimised graph. */
  kernels: z.array(kernelSchema),
  /** Q and DQ at the graph's inputs and outputs, which have to be. */
  edgePairs: count,
  /** Q and DQ that run although they are not at the edge. */
  orphans: z.array(
    z.object({
      node: z.string(),
      op: z.enum(['QuantizeLinear', 'DequantizeLinear']),
      /** `weight`: a weight is dequantized at every run. */
      of: z.enum(['weight', 'activation']),
      producer: z.string().nullable(),
      consumers: z.array(z.string()),
    }),
  ),
  /** Kernels and orphans that a message has no room for, from the end. */
  leftOut: count,
});
export type KernelsReport = z.infer<typeof kernelsReportSchema>;

/** The time of each kernel, from onnxruntime's own profile. */
export const profileReportSchema = z.object({
  ...kernelsReportSchema.shape,
  /** null: random inputs. */
  data: z.string().nullable(),
  threads: count,
  batch: count,
  runs: count,
  /** All kernels of one run; each the median of all runs. */
  milliseconds: z.number(),
  /** Longest first. */
  ops: z.array(sumsOfKernels.extend({ milliseconds: z.number(), share: z.number() })),
  /** Longest first; `share` is of all kernels, 0…1. */
  kernels: z.array(kernelSchema.extend({ milliseconds: z.number(), share: z.number() })),
});
export type ProfileReport = z.infer<typeof profileReportSchema>;

const namedNode = z.object({ name: z.string(), op: z.string() });

export const nodeChangeSchema = namedNode.extend({
  changes: z.array(
    z.object({
      /** `precision`: of an input, seen through the Q/DQ pair or cast before it; null: as the graph's own. */
      of: z.enum(['operator', 'name', 'attribute', 'input', 'precision']),
      /** Of the attribute, or the number of the input. */
      name: z.string(),
      /** null: not there. */
      before: z.string().nullable(),
      after: z.string().nullable(),
    }),
  ),
});
export type NodeChange = z.infer<typeof nodeChangeSchema>;

const share = z.number().min(0).max(1);
export const weightChangeSchema = z.object({
  /** Before, or after where it was not there. */
  name: z.string(),
  /** `float32 [64, 3, 3, 3]`; null: not there. */
  before: z.string().nullable(),
  after: z.string().nullable(),
  /** Share of elements that are zero; null unless both are float32 of one size. */
  zeros: z.object({ before: share, after: share }).nullable(),
  /** ‖after − before‖ / ‖before‖; null as above, and where it has no end. */
  distance: z.number().nullable(),
});
export type WeightChange = z.infer<typeof weightChangeSchema>;

const comparedModel = z.object({ path: z.string(), nodes: count, parameters: count, weightBytes: count });

/** What differs between two models. */
export const diffReportSchema = z.object({
  before: comparedModel,
  after: comparedModel,
  /** Opsets, IR version, inputs and outputs, one sentence each. */
  interface: z.array(z.string()),
  /** Nodes by operator, where any was added, removed or changed. */
  ops: z.array(z.object({ op: z.string(), added: count, removed: count, changed: count })),
  added: z.array(namedNode),
  removed: z.array(namedNode),
  /** Nodes in whose place others stand, between the same neighbours. */
  replaced: z.array(
    z.object({
      before: z.array(namedNode),
      after: z.array(namedNode),
      /** `2 ReduceMean + Sub → LayerNormalization`. */
      text: z.string(),
    }),
  ),
  /** Nodes that only carry values into another precision or layout (Q/DQ, casts, scales), by operator; not among those above. */
  carriers: z.array(z.object({ op: z.string(), removed: count, added: count })),
  /** Nodes that have a counterpart of their own. */
  matched: count,
  /** Matched nodes that are not the same. */
  changed: z.array(nodeChangeSchema),
  weights: z.array(weightChangeSchema),
  /** Matched nodes that are the same in everything. */
  same: count,
  /** Entries that a message has no room for. */
  leftOut: count,
});
export type DiffReport = z.infer<typeof diffReportSchema>;
