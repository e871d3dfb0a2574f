/** Run in a process of its own: writes a model with `megabytes` of weights to `path`, and says so when it begins. */

import { writeModel } from '../../src-main/onnx/file';
import { makeGraph, makeModel, makeNode, makeValue, type Tensor } from '../../src-main/onnx/ir';

const [path, megabytes, externalData] = process.argv.slice(2);
const length = Number(megabytes) * 2 ** 20;

const weights: Tensor = {
  name: 'w',
  dtype: 'uint8',
  shape: [length],
  data: { kind: 'derived', length, read: (start, end) => new Uint8Array(end - start).fill(1) },
};
const graph = makeGraph({
  name: 'large',
  nodes: [makeNode('Identity', 'identity', ['w'], ['y'])],
  inputs: [],
  outputs: [makeValue('y', 'uint8', [length])],
  initializers: new Map([['w', weights]]),
});
const model = makeModel(graph, new Map([['', 21]]), 10);

process.stdout.write('writing\n');
writeModel(model, path as string, { externalData: externalData as 'always' | 'never' }).then(
  () => process.stdout.write('written\n'),
  (error: Error) => {
    process.stdout.write(`${error.name}: ${error.message}\n`);
    process.exitCode = 1;
  },
);
