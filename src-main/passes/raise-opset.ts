/**
 * A newer opset with the same meaning: what a version changes are rules on the nodes concerned, applied one version
 * after the other.
 * Source: the operator changelog of ONNX, https://onnx.ai/onnx/operators/.
 */

import { LatheError } from '../contract';
import { readTensor } from '../onnx/file';
import {
  type Attribute,
  attributes,
  type Dim,
  floatTensor,
  int64Tensor,
  type Model,
  makeNode,
  type Node,
  Patch,
  standardOpset,
} from '../onnx/ir';
import { floatsTensor, readFloats } from './float-tensor';
import { legacyRules, rankRules } from './legacy-opsets';
import { changed, intsToInput, Rewriting, type Rule, type Rules } from './opset-rule';
import { definePass, editGraphs, isStandard, type PassResult, Tally } from './pass';
import { atNode } from './pass-error';
import { scanOverBatch } from './scan-over-batch';
import { ScopeTypes, scopeTypes } from './scope-types';
import { withoutUnusedInitializers } from './unused-initializers';

const { intOf, intsOf, floatOf, floatsOf, stringOf } = attributes;

/** From here on operators broadcast as they do today, and onnxruntime has kernels of them all. */
const oldestTarget = 7;
/** The newest whose changes are known. */
const newestOpset = 25;

/** Lowest IR version that may carry an opset, by the ONNX releases that brought both. */
const irVersionOf: readonly (readonly [opset: number, irVersion: number])[] = [
  [25, 13],
  [24, 12],
  [23, 11],
  [21, 10],
  [19, 9],
  [15, 8],
  [12, 7],
  [11, 6],
  [10, 5],
  [9, 4],
];

/**
 * The model with its standard operators at opset `version`; unchanged where it is there already. Initializers leave
 * the graph inputs where the IR version passes 4, so that they stay constants.
 * @throws LatheError that names the node which has no equal in a newer opset
 */
export async function raiseOpset(model: Model, version: number): Promise<PassResult> {
  const tally = new Tally();
  const from = standardOpset(model.opsets);
  // 0: without operators of ai.onnx.
  const versions = [from, ...model.functions.map(({ opsets }) => standardOpset(opsets))].filter((it) => it > 0);
  if (versions.every((it) => it >= version)) return tally.result(model, []);
  checkRange(Math.max(...versions), version);
  let raised = Math.min(...versions) < oldestTarget ? await raiseToOldestTarget(model, tally) : model;
  if (version > oldestTarget) {
    const types = await scopeTypes(raised);
    for (let step = oldestTarget + 1; step <= version; step++) raised = raiseTo(raised, step, rules, types, tally);
  }
  const irVersion = Math.max(raised.irVersion, irVersionOf.find(([opset]) => version >= opset)?.[1] ?? 3);
  const passes4 = raised.irVersion < 4 && irVersion >= 4;
  const { graph } = raised;
  const inputs = passes4 ? graph.inputs.filter(({ name }) => !graph.initializers.has(name)) : graph.inputs;
  return tally.result({ ...raised, irVersion, graph: { ...graph, inputs } }, [
    `raised opset ${from} to ${version}, rewriting ${tally.changed} nodes`,
  ]);
}

function checkRange(highest: number, version: number): void {
  if (version > newestOpset)
    throw new LatheError({
      who: 'raise-opset',
      what: `the changes of opset ${version} are not known`,
      next: `choose ${newestOpset} or lower`,
      code: 'usage',
    });
  if (highest > version)
    throw new LatheError({
      who: 'raise-opset',
      what: `a part of the model is at opset ${highest}, above ${version}`,
      next: `choose ${highest} or higher`,
      code: 'usage',
    });
}

/** onnxruntime loads few older models, so that ranks are asked of a model that has them but does not compute the same. */
async function raiseToOldestTarget(model: Model, tally: Tally): Promise<Model> {
  const upTo = (rulesOf: Rules, types: ScopeTypes, counts: Tally): Model => {
    let raised = model;
    for (let step = 2; step <= oldestTarget; step++) raised = raiseTo(raised, step, rulesOf, types, counts);
    return raised;
  };
  const types = await scopeTypes(upTo(rankRules, new ScopeTypes(), new Tally()));
  return upTo(legacyRules, types, tally);
}

/** Everything below `version` is brought to it. */
function raiseTo(model: Model, version: number, rulesOf: Rules, types: ScopeTypes, tally: Tally): Model {
  const raise = (opsets: ReadonlyMap<string, number>): ReadonlyMap<string, number> =>
    new Map(
      [...opsets].map(([domain, now]) => [domain, isDefaultDomain(domain) && now > 0 ? Math.max(now, version) : now]),
    );
  const touched = new Set<string>();
  const edited = editGraphs(model, (scope) => {
    if (scope.opset >= version) return scope.graph;
    const patch = new Patch(scope.graph);
    for (const node of scope.graph.nodes) {
      const rule = isStandard(node) ? rulesOf[version]?.[node.opType] : undefined;
      if (rule === undefined) continue;
      tally.eligible++;
      const nodes = atNode(node, () => rule(node, new Rewriting(node, version, scope, patch, types)));
      if (nodes.length === 1 && nodes[0] === node) continue;
      tally.changed++;
      for (const input of node.inputs) touched.add(input);
      patch.replaceNode(node.name, nodes.find(({ name }) => name === node.name) as Node);
      for (const added of nodes) if (added.name !== node.name) patch.addNode(added);
    }
    return patch.isEmpty ? scope.graph : patch.apply();
  });
  // Only now, as a body may read what lies in a graph around it.
  const rewritten = editGraphs(edited, ({ graph }) => withoutUnusedInitializers(graph, (name) => touched.has(name)));
  return {
    ...rewritten,
    opsets: raise(rewritten.opsets),
    functions: rewritten.functions.map((fn) => ({ ...fn, opsets: raise(fn.opsets) })),
  };
}

const isDefaultDomain = (domain: string): boolean => domain === '' || domain === 'ai.onnx';

const reduceAxesToInput = intsToInput('axes');

const clipLimits: Rule = (node, at) => {
  const [data] = node.inputs as [string];
  const limit = (name: string): string => {
    const value = floatOf(node, name, undefined);
    return value === undefined ? '' : at.scalar(name, value, data);
  };
  const inputs = [data, limit('min'), limit('max')];
  while (inputs.at(-1) === '') inputs.pop();
  return [changed(node, { inputs, drop: ['min', 'max'] })];
};

const padInputs: Rule = (node, at) => {
  const [data] = node.inputs as [string];
  const value = floatOf(node, 'value', 0);
  const inputs = [data, at.int64s('pads', intsOf(node, 'pads', []))];
  if (value !== 0) inputs.push(at.scalar('value', value, data));
  return [changed(node, { inputs, drop: ['pads', 'value'] })];
};

const sliceInputs: Rule = (node, at) => {
  const inputs = [
    node.inputs[0] as string,
    at.int64s('starts', intsOf(node, 'starts', [])),
    at.int64s('ends', intsOf(node, 'ends', [])),
  ];
  const axes = intsOf(node, 'axes', undefined);
  if (axes !== undefined) inputs.push(at.int64s('axes', axes));
  return [changed(node, { inputs, drop: ['starts', 'ends', 'axes'] })];
};

/** Resize 10 mapped output to input by the plain ratio, and rounded down when it enlarged, up when it shrank. */
const resizeCoordinates: Rule = (node, at) => {
  const [data, scales] = node.inputs as [string, string];
  const set: Record<string, Attribute> = { coordinate_transformation_mode: attributes.string('asymmetric') };
  if (stringOf(node, 'mode', 'nearest') === 'nearest') {
    const tensor = at.constantOf(scales);
    if (tensor === undefined) return at.refuse('its scales are computed, so that its rounding is not known');
    const shrinks = [...(readTensor(tensor).data as Float32Array)].some((scale) => scale < 1);
    set.nearest_mode = attributes.string(shrinks ? 'ceil' : 'floor');
  }
  return [changed(node, { inputs: [data, '', scales], set })];
};

/** Up to opset 12 the axes from `axis` on were one: the same as the last axis of the flattened matrix. */
const flattenedAxis: Rule = (node, at) => {
  const axis = intOf(node, 'axis', 1);
  const [input] = node.inputs as [string];
  const [output] = node.outputs as [string];
  const rank = at.rankOf(input);
  if (axis === -1 || (rank !== undefined && axis === rank - 1))
    return [changed(node, { set: { axis: attributes.int(-1) } })];
  const rows = at.value('rows');
  const normalised = at.value('normalised');
  const shape = at.value('shape');
  return [
    makeNode('Shape', shape, [input], [shape]),
    makeNode('Flatten', rows, [input], [rows], { axis: attributes.int(axis) }),
    { ...changed(node, { inputs: [rows], set: { axis: attributes.int(-1) } }), outputs: [normalised] },
    makeNode('Reshape', `${node.name}/reshape`, [normalised, shape], [output]),
  ];
};

/** Scale and shift became one a channel instead of one a group; computed ones are repeated when the model runs. */
const perChannel: Rule = (node, at) => {
  const [x, scale, shift] = node.inputs as [string, string, string];
  const channels = at.shapeOf(x)?.[1];
  const groups = intOf(node, 'num_groups', 1);
  const added: Node[] = [];
  const repeated = (value: string, suffix: string): string => {
    const tensor = at.constantOf(value);
    const each = tensor && readFloats(tensor);
    if (typeof channels === 'number' && tensor !== undefined && each !== undefined) {
      const all = Float64Array.from(
        { length: channels },
        (_, c) => each[Math.floor((c * groups) / channels)] as number,
      );
      return at.constant(suffix, (name) => floatsTensor(name, tensor.dtype, [channels], all));
    }
    const nodes = repeatedForChannels(value, suffix, { x, channels, groups }, at);
    added.push(...nodes);
    return nodes.at(-1)?.outputs[0] as string;
  };
  const inputs = [x, repeated(scale, 'scale'), repeated(shift, 'shift')];
  return [...added, changed(node, { inputs })];
};

/** [groups] → [groups, 1] → [groups, channels / groups] → [channels] */
function repeatedForChannels(
  value: string,
  suffix: string,
  { x, channels, groups }: { x: string; channels: Dim | undefined; groups: number },
  at: Rewriting,
): Node[] {
  const nodes: Node[] = [];
  const add = (opType: string, part: string, inputs: string[], set: Record<string, Attribute> = {}): string => {
    const name = at.value(`${suffix}-${part}`);
    nodes.push(makeNode(opType, name, inputs, [name], set));
    return name;
  };
  const count = at.int64s(`${suffix}-groups`, [groups]);
  const perGroup =
    typeof channels === 'number'
      ? at.int64s(`${suffix}-per-group`, [channels / groups])
      : add('Div', 'per-group', [
          add('Shape', 'channels', [x], { start: attributes.int(1), end: attributes.int(2) }),
          count,
        ]);
  const column = add('Unsqueeze', 'column', [value, at.int64s(`${suffix}-axis`, [1])]);
  const shape = add('Concat', 'shape', [count, perGroup], { axis: attributes.int(0) });
  const repeated = add('Expand', 'repeated', [column, shape]);
  add('Reshape', 'per-channel', [repeated, at.int64s(`${suffix}-flat`, [-1])]);
  return nodes;
}

const inferenceOnly: Rule = (node, at) => {
  if (node.outputs.slice(1).some((name) => name !== '')) at.refuse('it is in training form');
  return node.outputs.length === 1 ? [node] : [{ ...node, outputs: node.outputs.slice(0, 1) }];
};

/** Version → operator → what its nodes become. Operators that only gained types or attributes with a neutral default are not here. */
const rules: Rules = {
  9: {
    BatchNormalization: (node, at) => {
      if (intOf(node, 'spatial', 1) !== 1) at.refuse('it normalises each element on its own (spatial = 0)');
      return node.attributes.has('spatial') ? [changed(node, { drop: ['spatial'] })] : [node];
    },
    Scan: scanOverBatch,
    Upsample: (node, at) => {
      const scales = floatsOf(node, 'scales', []);
      const name = at.constant('scales', (tensor) => floatTensor(tensor, [scales.length], scales));
      return [changed(node, { inputs: [node.inputs[0] as string, name], drop: ['scales'] })];
    },
  },
  10: {
    Slice: sliceInputs,
    TopK: (node, at) => {
      const k = at.int64s('k', [intOf(node, 'k', 1)]);
      return [changed(node, { inputs: [node.inputs[0] as string, k], drop: ['k'] })];
    },
    Upsample: (node) => [changed(node, { opType: 'Resize' })],
  },
  11: {
    Clip: clipLimits,
    Pad: padInputs,
    Resize: resizeCoordinates,
    Scatter: (node) => [changed(node, { opType: 'ScatterElements' })],
  },
  12: {
    Dropout: (node, at) => {
      const ratio = floatOf(node, 'ratio', undefined);
      if (ratio === undefined) return [node];
      const name = at.constant('ratio', (tensor) => floatTensor(tensor, [], [ratio]));
      return [changed(node, { inputs: [node.inputs[0] as string, name], drop: ['ratio'] })];
    },
  },
  13: {
    Hardmax: flattenedAxis,
    LogSoftmax: flattenedAxis,
    Softmax: flattenedAxis,
    ReduceSum: reduceAxesToInput,
    Split: intsToInput('split'),
    Squeeze: intsToInput('axes'),
    Unsqueeze: intsToInput('axes'),
  },
  14: { BatchNormalization: inferenceOnly },
  16: {
    RoiAlign: (node) => [
      changed(node, { set: { coordinate_transformation_mode: attributes.string('output_half_pixel') } }),
    ],
  },
  18: {
    ReduceL1: reduceAxesToInput,
    ReduceL2: reduceAxesToInput,
    ReduceLogSum: reduceAxesToInput,
    ReduceLogSumExp: reduceAxesToInput,
    ReduceMax: reduceAxesToInput,
    ReduceMean: reduceAxesToInput,
    ReduceMin: reduceAxesToInput,
    ReduceProd: reduceAxesToInput,
    ReduceSumSquare: reduceAxesToInput,
    Split: (node) =>
      (node.inputs[1] ?? '') === ''
        ? [changed(node, { set: { num_outputs: attributes.int(node.outputs.length) } })]
        : [node],
  },
  20: {
    DFT: (node, at) => {
      const axis = at.constant('axis', (name) => int64Tensor(name, [], [intOf(node, 'axis', 1)]));
      return [changed(node, { inputs: [node.inputs[0] as string, node.inputs[1] ?? '', axis], drop: ['axis'] })];
    },
    GridSample: (node) => {
      const renamed = { bilinear: 'linear', bicubic: 'cubic' }[stringOf(node, 'mode', 'bilinear')];
      return renamed === undefined ? [node] : [changed(node, { set: { mode: attributes.string(renamed) } })];
    },
  },
  21: {
    GroupNormalization: perChannel,
  },
  24: {
    Attention: (_node, at) => at.refuse('what it does with masks changed'),
  },
};

export const raiseOpsetPass = definePass({
  name: 'raise-opset',
  title: 'Raise the opset',
  help: 'Rewrites the operators for a newer opset; scales per channel need 13, scales per block and 4-bit weights 21.',
  source: 'https://onnx.ai/onnx/operators/ (changes by version)',
  options: {
    opset: {
      kind: 'integer',
      title: 'Opset',
      help: 'The version to raise to.',
      default: 21,
      min: oldestTarget,
      max: newestOpset,
    },
  },
  tolerance: 0,
  run: (model, { options }) => raiseOpset(model, options.opset),
});
