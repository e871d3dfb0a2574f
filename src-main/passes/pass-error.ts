/** What a failing pass says. */

import { LatheError, messageOf } from '../contract';
import { attributes, type Node } from '../onnx/ir';
import type { Pass } from './pass';

/** Runs a pass; what it throws names the pass as well, and the model stays as it was since models are values. */
export async function withContext<T>(pass: Pass, run: () => T | Promise<T>): Promise<T> {
  try {
    return await run();
  } catch (thrown) {
    if (isStop(thrown)) throw thrown;
    throw new LatheError({
      who: `pass ${pass.name}`,
      what: messageOf(thrown),
      code: thrown instanceof LatheError ? thrown.code : 'failed',
      cause: thrown,
    });
  }
}

/** Runs what a pass does with a node; what it throws names the node where it does not already. */
export function atNode<T>(node: Node, run: () => T): T {
  try {
    return run();
  } catch (thrown) {
    const who = `${node.opType} "${node.name}"`;
    if (isStop(thrown) || (thrown instanceof LatheError && thrown.message.includes(who))) throw thrown;
    const code = thrown instanceof LatheError ? thrown.code : 'failed';
    throw new LatheError({ who, what: messageOf(thrown), code, cause: thrown });
  }
}

/** Why a node of a function has to stay where what is to be done depends on what each call gives. */
export function orParameter<T>(run: () => T): T | string {
  try {
    return run();
  } catch (thrown) {
    if (thrown instanceof attributes.ParameterError) return 'it depends on a parameter of its function';
    throw thrown;
  }
}

/** Whether somebody asked to stop, which is no failure. */
export function isStop(thrown: unknown): boolean {
  return thrown instanceof Error && thrown.name === 'AbortError';
}
