/**
 * Which node of one graph is which of another: by name, by the weights that only it reads, by the neighbourhood that
 * no other node has, and by standing next to matched nodes in the same way, until nothing follows.
 * Neighbourhoods: Weisfeiler, Leman 1968 (colour refinement), in both directions along the edges.
 */

import type { Node } from '../onnx/ir';
import { type CoreGraph, inputsByRole, isCommutative, opFamily } from './core-graph';
import { type Group, type Matches, replacedGroups } from './replaced-groups';

/** Names are trusted where so many nodes are called alike and make what is called alike. */
const trustedShare = 0.3;
const depths = [8, 4, 2, 1];

/** @param weights name before → name after of weights that are the same */
export function matchNodes(before: CoreGraph, after: CoreGraph, weights: ReadonlyMap<string, string>): Matches {
  const matcher = new Matcher(before, after, weights);
  const isTrusted = matcher.pairNamesakes();
  matcher.pairReadersOfSameWeights();
  matcher.spread();
  if (!isTrusted) {
    matcher.pairSameNames();
    matcher.spread();
  }
  while (matcher.pairWithin(replacedGroups(before, after, matcher.match, weights))) matcher.spread();
  return matcher.match;
}

class Matcher {
  readonly match: Matches = new Map();
  readonly #back: Matches = new Map();
  readonly #before: CoreGraph;
  readonly #after: CoreGraph;
  readonly #weights: ReadonlyMap<string, string>;
  readonly #weightsBack: ReadonlyMap<string, string>;
  readonly #order: Node[];

  constructor(before: CoreGraph, after: CoreGraph, weights: ReadonlyMap<string, string>) {
    [this.#before, this.#after, this.#weights] = [before, after, weights];
    this.#weightsBack = new Map([...weights].map(([from, to]) => [to, from]));
    this.#order = [...before.nodes].reverse();
  }

  /**
   * Nodes of the same name that make what has the same name, whatever they do; and nodes of one family that have
   * either in common, where names can be trusted.
   * @returns whether they can
   */
  pairNamesakes(): boolean {
    const [old, now] = [this.#before.index, this.#after.index];
    for (const node of old.graph.nodes) {
      const other = now.node(node.name);
      if (other !== undefined && madeFirst(node) === madeFirst(other)) this.#pair(node, other);
    }
    const isTrusted = this.match.size >= trustedShare * Math.min(old.graph.nodes.length, now.graph.nodes.length);
    if (isTrusted) this.pairSameNames();
    return isTrusted;
  }

  pairSameNames(): void {
    const [old, now] = [this.#before.index, this.#after.index];
    for (const node of old.graph.nodes) this.#pairFamily(node, now.producer(madeFirst(node)));
    for (const node of old.graph.nodes) this.#pairFamily(node, now.node(node.name));
  }

  pairReadersOfSameWeights(): void {
    for (const [name, other] of this.#weights) {
      const readers = this.#after.readers(other);
      for (const { node, role } of this.#before.readers(name)) {
        const isSame = (reader: { node: Node; role: number }): boolean =>
          opFamily(reader.node) === opFamily(node) && (reader.role === role || isCommutative(node));
        const twins = this.#before.readers(name).filter(isSame);
        const found = readers.filter(isSame);
        if (twins.length === 1 && found.length === 1) this.#pair(node, (found[0] as { node: Node }).node);
      }
    }
  }

  /** Nodes of a family that occurs once on both sides of a replacement. */
  pairWithin(groups: readonly Group[]): boolean {
    let isFound = false;
    for (const group of groups) {
      const [old, now] = [singleFamilies(group.before), singleFamilies(group.after)];
      for (const [family, node] of old) {
        const other = now.get(family);
        if (node !== null && other && this.#agreement(node, other) >= 0) isFound = this.#pair(node, other) || isFound;
      }
    }
    return isFound;
  }

  /** Until nothing follows from what is matched. */
  spread(): void {
    do {
      while (this.#pairNeighbours(true) || this.#pairUniqueNeighbourhoods());
      while (this.#pairNeighbours(false)) while (this.#pairNeighbours(true));
    } while (this.#pairUniqueNeighbourhoods());
  }

  #pair(a: Node, b: Node | undefined): boolean {
    if (b === undefined || this.match.has(a) || this.#back.has(b)) return false;
    this.match.set(a, b);
    this.#back.set(b, a);
    return true;
  }

  #pairFamily(a: Node, b: Node | undefined): void {
    if (b !== undefined && opFamily(a) === opFamily(b)) this.#pair(a, b);
  }

  /**
   * Pairs what agrees best with each other among neighbours of matched nodes.
   * @param mustBeSingle false: the first of several that agree as well, and then no more
   */
  #pairNeighbours(mustBeSingle: boolean): boolean {
    let isFound = false;
    // Each way in turn, so that chains are followed to either end in one go.
    this.#order.reverse();
    for (const a of mustBeSingle ? this.#order : this.#before.nodes) {
      if (this.match.has(a)) continue;
      const best = this.#best(this.#candidates(a), (b) => this.#agreement(a, b), mustBeSingle);
      if (best === null) continue;
      const back = this.#best(this.#candidatesBack(best), (other) => this.#agreement(other, best), mustBeSingle);
      if (back !== a) continue;
      this.#pair(a, best);
      if (!mustBeSingle) return true;
      isFound = true;
    }
    return isFound;
  }

  #best(candidates: Iterable<Node>, score: (node: Node) => number, mustBeSingle: boolean): Node | null {
    let best: Node | null = null;
    let most = 0;
    let isTied = false;
    for (const candidate of candidates) {
      const agreed = score(candidate);
      if (agreed < most || agreed <= 0) continue;
      if (agreed === most) {
        isTied = true;
        continue;
      }
      [best, most, isTied] = [candidate, agreed, false];
    }
    return mustBeSingle && isTied ? null : best;
  }

  /** Nodes after that stand to a matched node as this one does. */
  #candidates(node: Node): Set<Node> {
    return neighbours(node, this.#before, this.#after, (other) => this.match.get(other), this.#weights, this.#back);
  }

  #candidatesBack(node: Node): Set<Node> {
    return neighbours(node, this.#after, this.#before, (other) => this.#back.get(other), this.#weightsBack, this.match);
  }

  /** How many edges say that two nodes are the same, less those that say they are not. */
  #agreement(a: Node, b: Node): number {
    let score = 0;
    const [old, now] = [inputsByRole(a), inputsByRole(b)];
    const isLoose = isCommutative(a);
    for (const [role, input] of old.entries()) {
      const others = isLoose ? now : [now[role] ?? ''];
      score += Math.max(...others.map((other) => this.#inputAgreement(input, other)), -2);
    }
    for (const [at, output] of a.outputs.entries()) {
      const made = b.outputs[at];
      if (output === '' || made === undefined) continue;
      for (const { node, role } of this.#before.readers(output)) {
        const other = this.match.get(node);
        if (other === undefined) continue;
        const isRead = this.#after
          .readers(made)
          .some((reading) => reading.node === other && (reading.role === role || isCommutative(other)));
        score += isRead ? 1 : -1;
      }
      score += this.#outputAgreement(output, made);
    }
    return score;
  }

  #inputAgreement(input: string, other: string): number {
    if (input === '' || other === '') return 0;
    const [from, to] = [this.#before.see(input).value, this.#after.see(other).value];
    const [weight, now] = [this.#before.weight(from), this.#after.weight(to)];
    if (weight !== undefined && now !== undefined) {
      const same = this.#weights.get(from);
      return same === to ? 2 : same === undefined ? (weight.shape.join() === now.shape.join() ? 0.25 : 0) : -1;
    }
    const [maker, made] = [this.#before.index.producer(from), this.#after.index.producer(to)];
    if (maker === undefined || made === undefined) return maker === made && from === to ? 1 : -1;
    const partner = this.match.get(maker);
    if (partner === undefined) return this.#back.has(made) ? -1 : 0;
    return partner === made && maker.outputs.indexOf(from) === made.outputs.indexOf(to) ? 1 : -1;
  }

  #outputAgreement(output: string, made: string): number {
    const placeOf = (core: CoreGraph, value: string): number =>
      core.index.graph.outputs.findIndex(({ name }) => core.see(name).value === value);
    const place = placeOf(this.#before, output);
    return place >= 0 && place === placeOf(this.#after, made) ? 1 : 0;
  }

  /** Nodes whose surroundings, as deep as they go, are those of no other node of either graph. */
  #pairUniqueNeighbourhoods(): boolean {
    const labels = new Map<string, number>();
    const seeds = new Map<Node, number>();
    for (const [at, [a, b]] of [...this.match].entries()) {
      seeds.set(a, at);
      seeds.set(b, at);
    }
    const label = (text: string): number => {
      const known = labels.get(text) ?? labels.size;
      labels.set(text, known);
      return known;
    };
    const old = new Colours(this.#before, seeds, label, (name) => (this.#weights.has(name) ? name : undefined));
    const now = new Colours(this.#after, seeds, label, (name) => this.#weightsBack.get(name));
    for (const depth of depths) {
      const [first, second] = [old.singles(depth, this.match), now.singles(depth, this.#back)];
      let isFound = false;
      for (const [colour, node] of first) {
        const other = second.get(colour);
        if (other !== undefined && this.#agreement(node, other) >= 0) isFound = this.#pair(node, other) || isFound;
      }
      if (isFound) return true;
    }
    return false;
  }
}

/** null for a family of which there are several. */
function singleFamilies(nodes: readonly Node[]): Map<string, Node | null> {
  const found = new Map<string, Node | null>();
  for (const node of nodes) found.set(opFamily(node), found.has(opFamily(node)) ? null : node);
  return found;
}

const madeFirst = (node: Node): string => node.outputs.find((name) => name !== '') ?? '';

function neighbours(
  node: Node,
  own: CoreGraph,
  other: CoreGraph,
  partnerOf: (node: Node) => Node | undefined,
  weights: ReadonlyMap<string, string>,
  taken: Matches,
): Set<Node> {
  const found = new Set<Node>();
  const family = opFamily(node);
  const add = (candidate: Node | undefined): void => {
    if (candidate !== undefined && !taken.has(candidate) && opFamily(candidate) === family) found.add(candidate);
  };
  for (const input of inputsByRole(node)) {
    if (input === '') continue;
    const { value } = own.see(input);
    const maker = own.index.producer(value);
    const same =
      maker === undefined ? (weights.get(value) ?? value) : partnerOf(maker)?.outputs[maker.outputs.indexOf(value)];
    if (same !== undefined && same !== '') for (const reading of other.readers(same)) add(reading.node);
  }
  for (const output of node.outputs) {
    if (output === '') continue;
    for (const reading of own.readers(output)) {
      const reader = partnerOf(reading.node);
      if (reader !== undefined) for (const input of inputsByRole(reader)) if (input !== '') add(other.maker(input));
    }
    const place = own.index.graph.outputs.findIndex(({ name }) => own.see(name).value === output);
    const name = other.index.graph.outputs[place]?.name;
    if (name !== undefined) add(other.maker(name));
  }
  return found;
}

interface Round {
  readonly before: Map<Node, number>;
  readonly behind: Map<Node, number>;
}

/** Colours of nodes by what is before and behind them, refined step by step. */
class Colours {
  readonly #core: CoreGraph;
  readonly #label: (text: string) => number;
  readonly #weightName: (name: string) => string | undefined;
  readonly #rounds: Round[];

  constructor(
    core: CoreGraph,
    seeds: ReadonlyMap<Node, number>,
    label: (text: string) => number,
    weightName: (name: string) => string | undefined,
  ) {
    [this.#core, this.#label, this.#weightName] = [core, label, weightName];
    const first = new Map(core.nodes.map((node) => [node, label(`${seeds.get(node) ?? ''}|${opFamily(node)}`)]));
    this.#rounds = [{ before: first, behind: first }];
  }

  /** Colour → node, of nodes without a partner that share theirs with none. */
  singles(depth: number, matched: Matches): Map<number, Node> {
    while (this.#rounds.length <= depth) this.#refine();
    const { before, behind } = this.#rounds[depth] as Round;
    const found = new Map<number, Node | null>();
    for (const node of this.#core.nodes) {
      if (matched.has(node)) continue;
      const colour = this.#label(`${before.get(node)}&${behind.get(node)}`);
      found.set(colour, found.has(colour) ? null : node);
    }
    return new Map([...found].flatMap(([colour, node]) => (node === null ? [] : [[colour, node] as const])));
  }

  #refine(): void {
    const last = this.#rounds.at(-1) as Round;
    const refined = (own: Map<Node, number>, around: (node: Node) => string[]): Map<Node, number> =>
      new Map(this.#core.nodes.map((node) => [node, this.#label(`${own.get(node)}(${around(node).join()})`)]));
    this.#rounds.push({
      before: refined(last.before, (node) => this.#inputs(node, last.before)),
      behind: refined(last.behind, (node) => this.#readers(node, last.behind)),
    });
  }

  #inputs(node: Node, colours: Map<Node, number>): string[] {
    const texts = inputsByRole(node).map((input) => {
      if (input === '') return '';
      const { value } = this.#core.see(input);
      const weight = this.#core.weight(value);
      if (weight !== undefined) return this.#weightName(value) ?? weight.shape.filter((dim) => dim !== 1).join('x');
      const maker = this.#core.index.producer(value);
      return maker === undefined ? `<${value}>` : `${colours.get(maker)}.${maker.outputs.indexOf(value)}`;
    });
    return isCommutative(node) ? texts.sort() : texts;
  }

  #readers(node: Node, colours: Map<Node, number>): string[] {
    return node.outputs
      .flatMap((output) => (output === '' ? [] : this.#core.readers(output)))
      .map((reading) => `${colours.get(reading.node)}@${isCommutative(reading.node) ? '' : reading.role}`)
      .sort();
  }
}
