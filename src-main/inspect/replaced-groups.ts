/** Unmatched nodes of two graphs that stand in each other's place: between the same matched nodes, reading the same weights. */

import type { Node } from '../onnx/ir';
import { type CoreGraph, inputsByRole, isCommutative } from './core-graph';

/** Node before → node after. */
export type Matches = Map<Node, Node>;

/** A value that more nodes read, such as a mask or a shape, does not bind them into one group. */
const mostReaders = 3;
/** More than that is another model rather than another way to write a part of one. */
const mostNodes = 40;

export interface Group {
  readonly before: readonly Node[];
  readonly after: readonly Node[];
}

/** @param weights name before → name after of weights that are the same */
export function replacedGroups(
  before: CoreGraph,
  after: CoreGraph,
  match: Matches,
  weights: ReadonlyMap<string, string>,
): Group[] {
  const matched = new Set(match.values());
  const old = before.nodes.filter((node) => !match.has(node));
  const now = after.nodes.filter((node) => !matched.has(node));
  const sets = new DisjointSets([...old, ...now]);
  joinNeighbours(before, old, sets);
  joinNeighbours(after, now, sets);
  const isSame = (from: string, to: string): boolean => {
    const maker = before.maker(from);
    const partner = maker && match.get(maker);
    return partner !== undefined && partner === after.maker(to);
  };
  for (const [a, b] of match)
    for (const [from, to] of sameInputs(a, b, isSame)) sets.join(before.maker(from), after.maker(to));
  for (const [at, { name }] of before.index.graph.outputs.entries())
    sets.join(before.maker(name), after.maker(after.index.graph.outputs[at]?.name ?? ''));
  for (const [name, other] of weights) {
    const [[reader, ...more], [twin, ...others]] = [before.readers(name), after.readers(other)];
    if (more.length === 0 && others.length === 0) sets.join(reader?.node, twin?.node);
  }
  const isOld = new Set(old);
  joinAround(before, after, match, sets, isOld);
  return sets
    .all()
    .map((nodes) => ({
      before: nodes.filter((node) => isOld.has(node)),
      after: nodes.filter((node) => !isOld.has(node)),
    }))
    .filter(({ before: gone, after: made }) => isReplaced(gone) && isReplaced(made));
}

/** A Constant stands in the place of nothing that computes. */
function isReplaced(nodes: readonly Node[]): boolean {
  return nodes.length <= mostNodes && nodes.some(({ opType }) => opType !== 'Constant');
}

function joinNeighbours(core: CoreGraph, nodes: readonly Node[], sets: DisjointSets): void {
  for (const node of nodes)
    for (const input of inputsByRole(node)) {
      if (input === '' || core.readers(core.see(input).value).length > mostReaders) continue;
      sets.join(node, core.maker(input));
    }
}

/** Joins what has no counterpart yet with what touches most of the same matched nodes. */
function joinAround(
  before: CoreGraph,
  after: CoreGraph,
  match: Matches,
  sets: DisjointSets,
  isOld: ReadonlySet<Node>,
): void {
  const isOneSided = (nodes: readonly Node[]): boolean =>
    nodes.every((node) => isOld.has(node) === isOld.has(nodes[0] as Node));
  const open = sets.all().filter(isOneSided);
  const now = new Set(open.filter(([node]) => !isOld.has(node as Node)));
  for (const nodes of open.filter(([node]) => isOld.has(node as Node))) {
    const around = new Set(nodes.flatMap((node) => touched(before, node)).flatMap((node) => match.get(node) ?? []));
    let best: Node[] | null = null;
    let most = 0;
    for (const others of now) {
      const shared = new Set(others.flatMap((node) => touched(after, node)).filter((node) => around.has(node))).size;
      if (shared > most) [best, most] = [others, shared];
    }
    if (best === null) continue;
    now.delete(best);
    sets.join(nodes[0], best[0]);
  }
}

/** What makes the inputs of a node, and what reads its outputs. */
function touched(core: CoreGraph, node: Node): Node[] {
  const makers = inputsByRole(node).flatMap((input) => (input === '' ? [] : (core.maker(input) ?? [])));
  const readers = node.outputs.flatMap((output) => core.readers(output).map((reading) => reading.node));
  return [...makers, ...readers];
}

/** Inputs of matched nodes that stand for each other; of a commutative one with a matched input the other two. */
function sameInputs(a: Node, b: Node, isSame: (from: string, to: string) => boolean): [string, string][] {
  const [old, now] = [inputsByRole(a), inputsByRole(b)];
  const inRole = old.flatMap((from, role): [string, string][] => {
    const to = now[role] ?? '';
    return from === '' || to === '' ? [] : [[from, to]];
  });
  if (!isCommutative(a) || old.length !== 2 || now.length !== 2) return inRole;
  const [[first = '', second = ''], [one = '', other = '']] = [old, now];
  if (isSame(first, one) || isSame(second, other)) return inRole;
  return isSame(first, other) || isSame(second, one)
    ? [
        [first, other],
        [second, one],
      ]
    : [];
}

/** Nodes in sets that are joined; what is in none is left alone. Source: Galler, Fischer 1964 (union–find). */
class DisjointSets {
  readonly #parent: Map<Node, Node>;

  constructor(nodes: readonly Node[]) {
    this.#parent = new Map(nodes.map((node) => [node, node]));
  }

  join(a: Node | undefined, b: Node | undefined): void {
    const [rootA, rootB] = [this.#root(a), this.#root(b)];
    if (rootA === undefined || rootB === undefined) return;
    this.#parent.set(rootA, rootB);
    // Both were just looked up from these: later look-ups take one step.
    this.#parent.set(a as Node, rootB);
    this.#parent.set(b as Node, rootB);
  }

  /** In the order of their first nodes. */
  all(): Node[][] {
    const sets = new Map<Node, Node[]>();
    for (const node of this.#parent.keys()) {
      const root = this.#root(node) as Node;
      const set = sets.get(root);
      if (set === undefined) sets.set(root, [node]);
      else set.push(node);
    }
    return [...sets.values()];
  }

  #root(node: Node | undefined): Node | undefined {
    let at = node;
    for (let next = at && this.#parent.get(at); next !== at; next = at && this.#parent.get(at)) at = next;
    return at;
  }
}
