/**
 * Types and shapes of all values of a graph, by onnxruntime's own inference: a session is opened in which every value
 * is a graph output, its metadata are read, and nothing is run.
 */

import type { InferenceSession } from 'onnxruntime-node';
import { type DType, type Graph, type Model, makeNode, type TypeInfo } from '../ir';
import { createSession, withOutputs } from './create-session';
import { type Folded, foldedTypes, isStatic, withoutWeights } from './folded-types';

type TensorMetadata = Extract<InferenceSession.ValueMetadata, { isTensor: true }>;

/** Sessions that the search for values which the runtime cannot hand over may open. */
const sessionLimit = 200;

/**
 * Types of the main graph's inputs and of what its nodes make; where all inputs have sizes, also of what lies behind
 * computed shapes. Left out: values that the runtime cannot hand over (bfloat16, 4-bit, float 8 …) unless the file
 * states their type.
 * @throws LatheError where onnxruntime does not load the model at all
 */
export function valueTypes(model: Model): Promise<ReadonlyMap<string, TypeInfo>> {
  const known = inferred.get(model.graph);
  if (known?.opsets === model.opsets && known.functions === model.functions) return known.types;
  const types = inferTypes(model);
  inferred.set(model.graph, { opsets: model.opsets, functions: model.functions, types });
  types.catch(() => inferred.delete(model.graph));
  return types;
}

/** What was inferred before: graphs never change, and several steps of a job ask about the same one. */
const inferred = new WeakMap<Graph, Inferred>();

interface Inferred extends Pick<Model, 'opsets' | 'functions'> {
  readonly types: Promise<ReadonlyMap<string, TypeInfo>>;
}

async function inferTypes(model: Model): Promise<ReadonlyMap<string, TypeInfo>> {
  const types = statedTypes(model.graph);
  const names = model.graph.nodes.flatMap((node) => node.outputs.filter((name) => name !== ''));
  const { base, found } = await asked(model, names);
  const empty = found.filter(({ shape }) => shape.length === 0).map(({ name }) => name);
  const scalars = await scalarsAmong(base, empty);
  for (const { name, type, shape } of found) {
    const isUnranked = shape.length === 0 && !scalars.has(name);
    types.set(name, {
      kind: 'tensor',
      dtype: type as DType,
      shape: isUnranked ? null : shape.map((dim) => (dim === '' ? null : dim)),
    });
  }
  return names.every((name) => isStatic(types.get(name))) ? types : completed(types, await foldedTypes(model));
}

/** Weights are left out, which a session would take most of its time to read, unless the runtime insists on them. */
async function asked(model: Model, names: readonly string[]): Promise<{ base: Model; found: TensorMetadata[] }> {
  const bare = { ...model, graph: withoutWeights(model.graph) };
  try {
    return { base: bare, found: await new Inference(bare).ask(names) };
  } catch {
    return { base: model, found: await new Inference(model).ask(names) };
  }
}

function completed(types: ReadonlyMap<string, TypeInfo>, folded: Folded | null): Map<string, TypeInfo> {
  const all = new Map(types);
  for (const [name, type] of folded?.types ?? []) {
    if (isStatic(type) || !all.has(name)) all.set(name, type);
  }
  return all;
}

/** Types that the file states itself; inference replaces them where it can. */
function statedTypes(graph: Graph): Map<string, TypeInfo> {
  const types = new Map<string, TypeInfo>();
  for (const { name, type } of [...graph.values.values(), ...graph.outputs, ...graph.inputs])
    if (type !== null) types.set(name, type);
  return types;
}

class Inference {
  readonly #model: Model;
  #sessions = 0;

  constructor(model: Model) {
    this.#model = model;
  }

  /** Metadata of all named values that are tensors which the runtime can hand over. */
  async ask(names: readonly string[]): Promise<TensorMetadata[]> {
    try {
      return await this.#open(names);
    } catch {
      await this.#open([]); // a model that does not load says so here
      return this.#askHalves(names);
    }
  }

  async #askHalves(names: readonly string[]): Promise<TensorMetadata[]> {
    if (names.length <= 1) return [];
    const half = names.length >> 1;
    const found: TensorMetadata[] = [];
    for (const part of [names.slice(0, half), names.slice(half)]) {
      if (this.#sessions >= sessionLimit) break;
      try {
        found.push(...(await this.#open(part)));
      } catch {
        found.push(...(await this.#askHalves(part)));
      }
    }
    return found;
  }

  async #open(names: readonly string[]): Promise<TensorMetadata[]> {
    this.#sessions++;
    return outputMetadata(withOutputs(this.#model, names));
  }
}

/** The runtime tells scalars and values of unknown rank by the same empty shape, but the Shape of a scalar has 0 elements. */
async function scalarsAmong(model: Model, names: readonly string[]): Promise<Set<string>> {
  if (names.length === 0) return new Set();
  const shapeOf = (name: string): string => `lathe/shape-of/${name}`;
  const nodes = names.map((name) => makeNode('Shape', shapeOf(name), [name], [shapeOf(name)]));
  const graph = { ...model.graph, nodes: [...model.graph.nodes, ...nodes] };
  const metadata = await outputMetadata(withOutputs({ ...model, graph }, names.map(shapeOf)));
  const scalars = new Set(metadata.filter(({ shape }) => shape[0] === 0).map(({ name }) => name));
  return new Set(names.filter((name) => scalars.has(shapeOf(name))));
}

async function outputMetadata(model: Model): Promise<TensorMetadata[]> {
  const { session } = await createSession(model, { optimization: 'disabled', prepacking: false });
  const metadata = session.outputMetadata.filter((value): value is TensorMetadata => value.isTensor);
  await session.release();
  return metadata;
}
