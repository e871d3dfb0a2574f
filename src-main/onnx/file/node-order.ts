/** What the model in memory promises of a node list, and files do not: names that are unique, and topological order. */

import { capturedBy, type Node } from '../ir';

/** Nameless nodes become `<opType>_<index>`; of equal names all but the first get a number. */
export function uniqueNames(nodes: readonly Node[]): readonly Node[] {
  const taken = new Set(nodes.map((node) => node.name));
  if (taken.size === nodes.length && !taken.has('')) return nodes;
  const given = new Set<string>();
  const numbers = new Map<string, number>();
  const freshName = (wanted: string): string => {
    let name = wanted;
    for (let number = numbers.get(wanted) ?? 1; taken.has(name); number++) {
      name = `${wanted}_${number}`;
      numbers.set(wanted, number + 1);
    }
    return name;
  };
  return nodes.map((node, index) => {
    const isFree = node.name !== '' && !given.has(node.name);
    const name = isFree ? node.name : freshName(node.name === '' ? `${node.opType}_${index}` : node.name);
    given.add(name);
    taken.add(name);
    return isFree ? node : { ...node, name };
  });
}

/** Whether each node stands after the makers of all that it reads. */
export function isSorted(nodes: readonly Node[]): boolean {
  const pending = new Set(nodes.flatMap((node) => node.outputs));
  for (const node of nodes) {
    if (node.inputs.some((input) => input !== '' && pending.has(input))) return false;
    for (const captured of capturedBy(node)) if (pending.has(captured)) return false;
    for (const output of node.outputs) pending.delete(output);
  }
  return true;
}
