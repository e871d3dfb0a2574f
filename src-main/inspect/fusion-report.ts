/** What the runtime on this machine made of a graph: its kernels, their precision, and the Q/DQ pairs that no kernel took in. */

import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { KernelRow, Precision } from '../contract';
import {
  allGraphs,
  attributes,
  type Graph,
  indexGraph,
  type Model,
  type Node,
  type TypeInfo,
  withBodies,
} from '../onnx/ir';
import { optimizeModel, valueTypes } from '../onnx/session';
import { mapNodes } from './node-map';

export type Kernel = KernelRow;

/** A QuantizeLinear or DequantizeLinear that runs at inference although it is not at the edge of the graph. */
export interface Orphan {
  readonly node: string;
  readonly op: 'QuantizeLinear' | 'DequantizeLinear';
  /** `weight`: a weight is dequantized at every run. */
  readonly of: 'weight' | 'activation';
  /** Operators before and behind it. */
  readonly between: { readonly producer: string | null; readonly consumers: readonly string[] };
}

export interface FusionReport {
  readonly kernels: readonly Kernel[];
  /** Kernels by precision. */
  readonly byPrecision: Readonly<Partial<Record<Precision, number>>>;
  readonly orphans: readonly Orphan[];
  /** Q and DQ at the graph's inputs and outputs, which have to be. */
  readonly edgePairs: number;
  /** Original node → the kernel that does its work; null: folded or removed. */
  readonly kernelOf: ReadonlyMap<string, Kernel | null>;
}

export interface FusionOptions {
  /** `extended` stays readable; `all` is what runs on this CPU, blocked layouts included. */
  readonly level?: 'extended' | 'all' | undefined;
  /** Types of the model's values, where they are known without asking the runtime. */
  readonly types?: ReadonlyMap<string, TypeInfo> | undefined;
}

/**
 * Opens a session and reads back the graph that it runs; nothing is run.
 * @throws LatheError where onnxruntime does not load the model
 */
export async function fusionReport(model: Model, { level = 'all', types }: FusionOptions = {}): Promise<FusionReport> {
  const folder = await mkdtemp(join(tmpdir(), 'lathe-fusion-'));
  try {
    const optimised = await optimizeModel(model, level, join(folder, 'optimised.onnx'));
    return fusionOf(model, optimised, types ?? (await valueTypes(model)));
  } finally {
    await rm(folder, { recursive: true });
  }
}

/** @param types of the model's own values */
export function fusionOf(model: Model, optimised: Model, types: ReadonlyMap<string, TypeInfo>): FusionReport {
  const map = mapNodes(model.graph, optimised.graph);
  const precisionOf = precisionByTypes(optimised, types);
  const kernels = [...withBodies(optimised.graph.nodes)].map((node) => ({
    name: node.name,
    op: opName(node),
    precision: precisionOf(node),
    originals: [...map.originalsOf(node.name)],
  }));
  const byName = new Map(kernels.map((kernel) => [kernel.name, kernel]));
  const byPrecision: Partial<Record<Precision, number>> = {};
  for (const { precision } of kernels) byPrecision[precision] = (byPrecision[precision] ?? 0) + 1;
  const pairs = [...allGraphs(optimised)].flatMap(pairsOf);
  return {
    kernels,
    byPrecision,
    orphans: pairs.filter((pair) => pair !== 'edge'),
    edgePairs: pairs.filter((pair) => pair === 'edge').length,
    kernelOf: new Map(
      [...withBodies(model.graph.nodes)].map(({ name }) => [name, byName.get(map.kernelOf(name)?.name ?? '') ?? null]),
    ),
  };
}

export function opName({ domain, opType }: Node): string {
  return domain === '' || domain === 'ai.onnx' ? opType : `${domain}.${opType}`;
}

/** Kernels that multiply in 8 bits, whatever they give out. */
const int8Kernels =
  /^(QLinear\w+|QGemm|QAttention|QEmbedLayerNormalization|\w*MatMulInteger\w*|ConvInteger|DynamicQuantize\w+|QMoE|Nhwc\w+)$/;

/** By its name where that tells, else by the first value that it gives or takes whose type is known. */
function precisionByTypes(optimised: Model, types: ReadonlyMap<string, TypeInfo>): (node: Node) => Precision {
  const known = new Map<string, Precision>();
  for (const [value, type] of types) if (type.kind === 'tensor') known.set(value, precisionOfType(type.dtype));
  for (const { initializers } of allGraphs(optimised))
    for (const { name, dtype } of initializers.values()) known.set(name, precisionOfType(dtype));
  const precisionOf = (node: Node): Precision =>
    byOperator(node) ??
    [...node.outputs, ...node.inputs].map((value) => known.get(value)).find((found) => found !== undefined) ??
    'unknown';
  // What the runtime named itself takes after the values that it is made from, in the order of the graph.
  for (const node of withBodies(optimised.graph.nodes)) {
    const precision = precisionOf(node);
    if (precision === 'unknown') continue;
    for (const output of node.outputs) if (!known.has(output)) known.set(output, precision);
  }
  return precisionOf;
}

function byOperator(node: Node): Precision | undefined {
  if (node.opType.startsWith('MatMulNBits')) return attributes.intOf(node, 'bits', 4) === 8 ? 'int8' : 'int4';
  if (int8Kernels.test(node.opType)) return 'int8';
  if (node.domain === 'com.microsoft.nchwc') return 'float32';
  // Put around kernels that exist for float32 only.
  if (node.outputs[0]?.startsWith('InsertedPrecisionFreeCast_')) return 'float32';
  return ['Shape', 'Size', 'Not', 'NonZero'].includes(node.opType) ? 'integer' : undefined;
}

function precisionOfType(dtype: string): Precision {
  if (dtype === 'int8' || dtype === 'uint8') return 'int8';
  if (dtype === 'int4' || dtype === 'uint4') return 'int4';
  if (dtype === 'float32' || dtype === 'float64' || dtype === 'float16') return dtype;
  return dtype === 'bfloat16' ? 'float16' : 'integer';
}

function pairsOf(graph: Graph): (Orphan | 'edge')[] {
  const index = indexGraph(graph);
  return graph.nodes.flatMap((node): (Orphan | 'edge')[] => {
    const { opType: op } = node;
    if (op !== 'QuantizeLinear' && op !== 'DequantizeLinear') return [];
    const [input] = node.inputs as [string];
    const [output] = node.outputs as [string];
    const isEdge = op === 'QuantizeLinear' ? index.isInput(input) : index.isOutput(output);
    if (isEdge) return ['edge'];
    return [
      {
        node: node.name,
        op,
        of: graph.initializers.has(input) ? 'weight' : 'activation',
        between: {
          producer: index.producer(input)?.opType ?? null,
          consumers: index.consumers(output).map(({ opType }) => opType),
        },
      },
    ];
  });
}
