/** Rewriting node by node until nothing is left to do, in every graph of a model. */

import { capturedBy, type Graph, type Model, type Node, Patch } from '../onnx/ir';
import { constantOf, editGraphs, mustStayComputed, type Scope, type Tally } from './pass';
import { atNode, orParameter } from './pass-error';
import { ScopeTypes } from './scope-types';

export interface RewriteSite extends Scope {
  readonly patch: Patch;
  readonly types: ScopeTypes;
}

/**
 * Plans what becomes of a node.
 * @returns true: planned in the patch; false: not what the pass is about; a text: it is, but stays for this reason
 */
export type Rewrite = (node: Node, site: RewriteSite) => boolean | string;

export interface Rewriting {
  readonly isTarget: (node: Node) => boolean;
  /** Left out: only what the file states is known. */
  readonly types?: ScopeTypes | undefined;
  /** What is done with a graph that was changed. */
  readonly after?: ((graph: Graph) => Graph) | undefined;
}

/**
 * Sweeps over all graphs until a sweep changes nothing. In one sweep a node whose neighbour is being rewritten waits
 * for the next, so that no two plans meet.
 */
export function rewriteNodes(model: Model, tally: Tally, rewrite: Rewrite, how: Rewriting): Model {
  const types = how.types ?? new ScopeTypes();
  let now = model;
  for (;;) {
    tally.skipped.length = 0;
    const next = editGraphs(now, (scope) => sweep(scope, tally, rewrite, how, types));
    if (next === now) break;
    now = next;
  }
  tally.eligible = tally.changed + tally.skipped.length;
  return now;
}

function sweep(
  scope: Scope,
  tally: Tally,
  rewrite: Rewrite,
  { isTarget, after = (graph) => graph }: Rewriting,
  types: ScopeTypes,
): Graph {
  const { graph, index } = scope;
  const patch = new Patch(graph);
  const busy = new Set<Node>();
  for (const node of graph.nodes) {
    const makers = node.inputs.flatMap((input) => index.producer(input) ?? []);
    if (busy.has(node) || makers.some((maker) => busy.has(maker)) || !isTarget(node)) continue;
    const planned = atNode(node, () => orParameter(() => rewrite(node, { ...scope, patch, types })));
    if (typeof planned === 'string') tally.skip(node, planned);
    if (planned !== true) continue;
    tally.changed++;
    busy.add(node);
    for (const maker of makers) busy.add(maker);
    for (const input of node.inputs) for (const reader of index.consumers(input)) busy.add(reader);
    for (const output of node.outputs) for (const reader of index.consumers(output)) busy.add(reader);
  }
  return patch.isEmpty ? graph : after(patch.apply());
}

/**
 * Plans that readers of what `node` makes read `source` instead, and that the node goes. Where its output is the
 * graph's, the maker of `source` takes over its name.
 * @returns true, or why the node has to stay
 */
export function bypass(node: Node, source: string, site: RewriteSite): true | string {
  const { index, graph, patch } = site;
  const [output] = node.outputs as [string];
  const constant = constantOf(site, source);
  if (constant !== undefined && mustStayComputed(site, output, constant.shape))
    return 'Range takes no constant of this shape';
  if (!index.isOutput(output)) {
    patch.removeNode(node.name).redirect(output, source);
    if (graph.values.has(output)) patch.setValue(output, null);
    return true;
  }
  const maker = index.isOutput(source) ? undefined : index.producer(source);
  if (maker === undefined) return 'it gives an output of the graph its name';
  if (index.consumers(source).some((reader) => reader !== node && capturedBy(reader).has(source)))
    return 'it gives an output of the graph its name, and a body reads what it reads';
  const outputs = maker.outputs.map((name) => (name === source ? output : name));
  patch.removeNode(node.name).replaceNode(maker.name, { ...maker, outputs });
  patch.redirect(source, output);
  if (graph.values.has(source)) patch.setValue(source, null);
  return true;
}
