/** What a call of a model's function may give and take. Source: https://onnx.ai/onnx/repo-docs/IR.html (functions). */

import { LatheError } from '../../contract';
import { allNodes, calledFunction, type Model } from '../ir';

/**
 * A call may leave out inputs and outputs of its function, and not have more: onnxruntime 1.30 ends the process where a
 * function without inputs is given one.
 * @throws LatheError that names the call
 */
export function checkFunctionCalls(model: Model, file: string): void {
  if (model.functions.length === 0) return;
  const functionOf = calledFunction(model);
  for (const node of allNodes(model)) {
    const fn = functionOf(node);
    if (fn === undefined) continue;
    for (const side of ['inputs', 'outputs'] as const) {
      if (node[side].length <= fn[side].length) continue;
      throw new LatheError({
        who: `${node.opType} "${node.name}"`,
        what: `has ${node[side].length} ${side}, and the function that it calls has ${fn[side].length}`,
        where: file,
        next: 'the file may be damaged: export it again',
      });
    }
  }
}
