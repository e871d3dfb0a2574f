/** What calls of a model's functions may be. Source: https://onnx.ai/onnx/repo-docs/IR.html (functions). */

import { LatheError } from '../../contract';
import { allNodes, calledFunction, type Model, type ModelFunction, type Node, withBodies } from '../ir';
import { whenDamaged } from './byte-source';

/**
 * Runtimes put the nodes of a function in the place of each call, and recur into the calls in it: more nodes no machine
 * holds, and onnxruntime 1.30 overflows its stack somewhere beyond 1,000 calls within one another.
 */
const limits = { nodes: 4_000_000, depth: 500 };

/**
 * A call may leave out inputs and outputs of its function, and not have more: onnxruntime 1.30 ends the process where a
 * function without inputs is given one. No function may come back to itself, and all calls together must stand for a
 * number of nodes, and of calls within one another, that runtimes can hold.
 * @throws LatheError that names the call or function
 */
export function checkFunctionCalls(model: Model, file: string): void {
  if (model.functions.length === 0) return;
  const functionOf = calledFunction(model);
  for (const node of allNodes(model)) {
    const fn = functionOf(node);
    if (fn !== undefined) checkCall(node, fn, file);
  }
  const { nodes, depth } = extentOf(model.graph.nodes, functionOf, extentsOf(model, functionOf, file));
  const refuse = (what: string): never => {
    throw new LatheError({ who: file, what, next: whenDamaged });
  };
  if (nodes > limits.nodes) refuse(`the calls of its functions stand for ${nodes} nodes, more than ${limits.nodes}`);
  if (depth > limits.depth) refuse(`its functions call one another ${depth} deep, more than ${limits.depth}`);
}

function checkCall(call: Node, fn: ModelFunction, file: string): void {
  for (const side of ['inputs', 'outputs'] as const) {
    if (call[side].length <= fn[side].length) continue;
    throw new LatheError({
      who: `${call.opType} "${call.name}"`,
      what: `has ${call[side].length} ${side}, and the function that it calls has ${fn[side].length}`,
      where: file,
      next: whenDamaged,
    });
  }
}

type FunctionOf = (node: Node) => ModelFunction | undefined;

/** What nodes stand for once all calls among them are replaced. */
interface Extent {
  readonly nodes: number;
  /** Calls within one another. */
  readonly depth: number;
}

/** Of each function, from those that call none on. */
function extentsOf({ functions }: Model, functionOf: FunctionOf, file: string): Map<ModelFunction, Extent> {
  const callers = new Map(functions.map((fn): [ModelFunction, ModelFunction[]] => [fn, []]));
  const pending = new Map<ModelFunction, number>();
  for (const fn of functions) {
    const called = new Set([...withBodies(fn.nodes)].flatMap((node) => functionOf(node) ?? []));
    pending.set(fn, called.size);
    for (const callee of called) callers.get(callee)?.push(fn);
  }
  const extents = new Map<ModelFunction, Extent>();
  const ready = functions.filter((fn) => pending.get(fn) === 0);
  for (let fn = ready.pop(); fn !== undefined; fn = ready.pop()) {
    extents.set(fn, extentOf(fn.nodes, functionOf, extents));
    for (const caller of callers.get(fn) as ModelFunction[]) {
      const left = (pending.get(caller) as number) - 1;
      pending.set(caller, left);
      if (left === 0) ready.push(caller);
    }
  }
  const ring = functions.find((fn) => !extents.has(fn));
  if (ring === undefined) return extents;
  throw new LatheError({
    who: `function "${ring.domain}.${ring.name}"`,
    what: 'calls itself, or one that does',
    where: file,
    next: whenDamaged,
  });
}

function extentOf(nodes: readonly Node[], functionOf: FunctionOf, extents: ReadonlyMap<ModelFunction, Extent>): Extent {
  let [count, depth] = [0, 0];
  for (const node of withBodies(nodes)) {
    const fn = functionOf(node);
    const called = fn && extents.get(fn);
    count += called?.nodes ?? 1;
    if (called !== undefined) depth = Math.max(depth, called.depth + 1);
  }
  return { nodes: count, depth };
}
