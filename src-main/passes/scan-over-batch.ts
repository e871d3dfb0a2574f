/**
 * Scan of opset 8 runs over each sample of a batch by itself: axis 0 of all that it takes and gives is the batch, axis 1
 * of what it scans the sequence. The same is a Scan over the batch, without states, whose body is a Scan as of opset 9.
 * Source: https://onnx.ai/onnx/operators/onnx__Scan.html (versions 8 and 9).
 */

import { attributes, makeGraph, makeNode, type Node } from '../onnx/ir';
import { changed, type Rule } from './opset-rule';

const { intOf, intsOf } = attributes;

export const scanOverBatch: Rule = (node, at) => {
  // Only an inner one of those that this rule has made has it.
  if (node.attributes.has('scan_input_directions')) return [node];
  const [lengths = '', ...given] = node.inputs;
  if (lengths !== '') return at.refuse('Scan of opset 8 with a length for each sample has no equal');
  const body = node.attributes.get('body');
  if (body?.type !== 'graph') return at.refuse('it has no body');
  const scans = intOf(node, 'num_scan_inputs', given.length);
  const directions = intsOf(node, 'directions', new Array<number>(scans).fill(0));
  const inputs = given.map((_, place) => at.value(`sample-input-${place}`));
  const outputs = node.outputs.map((_, place) => at.value(`sample-output-${place}`));
  const inner = makeNode('Scan', `${node.name}/sample`, inputs, outputs, {
    body,
    num_scan_inputs: attributes.int(scans),
    scan_input_directions: attributes.ints(directions),
  });
  const sample = makeGraph({
    name: `${body.value.name}/sample`,
    nodes: [inner],
    inputs: inputs.map((name) => ({ name, type: null })),
    outputs: outputs.map((name) => ({ name, type: null })),
  });
  const outer: Node = changed(node, {
    inputs: given,
    drop: ['directions'],
    set: { body: attributes.graph(sample), num_scan_inputs: attributes.int(given.length) },
  });
  return [outer];
};
