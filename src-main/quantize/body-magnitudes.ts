/**
 * How large the numbers in the bodies of If, Loop and Scan become: each such node of the main graph gets one output more,
 * the largest magnitude among the float values that its bodies make, over all their turns.
 */

import {
  type Attribute,
  attributes,
  type Graph,
  makeNode,
  makeValue,
  type Node,
  Patch,
  tensorFromArray,
} from '../onnx/ir';
import { editBodies } from './bodies';
import { float32Values } from './float-values';

export interface BodyMagnitudes {
  readonly graph: Graph;
  /** Scalars of the graph, by the name of the node that they are about. */
  readonly values: ReadonlyMap<string, string>;
}

/** @param floats float32 values of the graph */
export function withBodyMagnitudes(graph: Graph, floats: ReadonlySet<string>): BodyMagnitudes {
  const patch = new Patch(graph);
  const values = new Map<string, string>();
  for (const node of graph.nodes) {
    const stem = patch.freshName(`lathe_body_${values.size}`);
    const probed = probedNode(node, floats, stem);
    if (probed === null) continue;
    patch.replaceNode(node.name, probed);
    const { nodes, initializers, output } = magnitudeOf([`${stem}_most`], stem);
    for (const tensor of initializers) patch.setInitializer(tensor);
    for (const added of nodes) patch.addNode(added);
    values.set(node.name, output);
  }
  return { graph: values.size === 0 ? graph : patch.apply(), values };
}

/** The node with the output `<stem>_most`; null where it has no body, or not as many outputs as its bodies give. */
function probedNode(node: Node, floats: ReadonlySet<string>, stem: string): Node | null {
  const states = { If: 0, Loop: 1, Scan: 0 }[node.opType];
  if (states === undefined || node.domain !== '') return null;
  let fits = true;
  let branch = 0;
  const probed = editBodies(node, (body) => {
    fits &&= body.outputs.length - states === node.outputs.length;
    return probedBody(body, floats, `${stem}_${branch++}`);
  });
  if (!fits) return null;
  const changed = new Map(probed.attributes);
  for (const name of ['scan_output_axes', 'scan_output_directions']) {
    const each = changed.get(name);
    if (each?.type === 'ints') changed.set(name, attributes.ints([...each.value, 0]) as Attribute);
  }
  return { ...probed, attributes: changed, outputs: [...node.outputs, `${stem}_most`] };
}

/** The body with one output more: the largest magnitude of its own float values and of those in bodies within it. */
function probedBody(body: Graph, outer: ReadonlySet<string>, stem: string): Graph {
  const floats = float32Values(body, new Map(), outer);
  const found: string[] = [];
  const inner = body.nodes.map((node, at) => {
    if (!isOfSequences(node)) found.push(...node.outputs.filter((output) => floats.has(output)));
    const probed = probedNode(node, floats, `${stem}_${at}`);
    if (probed !== null) found.push(`${stem}_${at}_most`);
    return probed ?? node;
  });
  const { nodes, initializers, output } = magnitudeOf(found, stem);
  return {
    ...body,
    nodes: [...inner, ...nodes],
    initializers: new Map([...body.initializers, ...initializers.map((tensor) => [tensor.name, tensor] as const)]),
    outputs: [...body.outputs, makeValue(output, 'float32', [1])],
  };
}

const isOfSequences = ({ opType }: Node) => /^(Sequence|SplitToSequence|Optional)/.test(opType);

/** max |x| over values of any shape, empty ones too, as [1]. */
function magnitudeOf(values: readonly string[], stem: string) {
  const shape = `${stem}_flat_shape`;
  const zero = `${stem}_zero`;
  const flat = values.map((value, at) =>
    makeNode('Reshape', `${stem}_flatten_${at}`, [value, shape], [`${stem}_flat_${at}`]),
  );
  const output = `${stem}_magnitude`;
  return {
    output,
    nodes: [
      ...flat,
      makeNode(
        'Concat',
        `${stem}_concat`,
        [zero, ...flat.map(({ outputs }) => outputs[0] as string)],
        [`${stem}_all`],
        {
          axis: attributes.int(0),
        },
      ),
      makeNode('Abs', `${stem}_abs`, [`${stem}_all`], [`${stem}_sizes`]),
      makeNode('ReduceMax', `${stem}_reduce`, [`${stem}_sizes`], [output]),
    ],
    initializers: [
      tensorFromArray(shape, { dtype: 'int64', shape: [1], data: BigInt64Array.of(-1n) }),
      tensorFromArray(zero, { dtype: 'float32', shape: [1], data: new Float32Array(1) }),
    ],
  };
}
