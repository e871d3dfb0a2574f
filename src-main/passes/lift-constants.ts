/**
 * Constant nodes as initializers, where every later pass, pruning and quantization look for weights. In bodies too;
 * functions, and bodies before IR version 4, have no initializers, so their Constants stay.
 * Source: ONNX IR spec, https://onnx.ai/onnx/repo-docs/IR.html (initializers and Constant mean the same).
 */

import { type Model, type Node, Patch } from '../onnx/ir';
import { constantTensor } from './constant-tensor';
import { definePass, editGraphs, holdsInitializers, isConstantNode, type PassResult, Tally } from './pass';

export function liftConstants(model: Model, isTarget: (node: Node) => boolean = () => true): PassResult {
  const tally = new Tally();
  const lifted = editGraphs(model, (scope) => {
    const { graph, index } = scope;
    const patch = new Patch(graph);
    for (const node of graph.nodes) {
      const [output] = node.outputs;
      if (!isConstantNode(node) || !isTarget(node) || output === undefined) continue;
      tally.eligible++;
      const tensor = constantTensor(node, output);
      if (!holdsInitializers(scope)) tally.skip(node, 'its graph holds no initializers');
      else if (index.isOutput(output)) tally.skip(node, 'it is an output of its graph');
      else if (tensor === undefined) tally.skip(node, 'its value is sparse or comes from the caller');
      else {
        patch.removeNode(node.name).setInitializer(tensor);
        tally.changed++;
      }
    }
    return patch.isEmpty ? graph : patch.apply();
  });
  return tally.result(lifted, tally.changed === 0 ? [] : [`lifted ${tally.changed} Constant nodes to initializers`]);
}

export const liftConstantsPass = definePass({
  name: 'lift-constants',
  title: 'Lift constants',
  help: 'Makes initializers of Constant nodes, so that later steps find the weights of models from Paddle and tf2onnx.',
  source: 'https://onnx.ai/onnx/repo-docs/IR.html',
  options: {},
  tolerance: 0,
  run: (model, { isTarget }) => liftConstants(model, isTarget),
});
