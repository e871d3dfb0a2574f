/** Run in a process of its own: writes a model with `megabytes` of weights to `path`, and says so when it begins. */

import { writeModel } from '../../src-main/onnx/file';
import { type Model, makeNode, makeValue } from '../../src-main/onnx/ir';

const [path, megabytes, externalData] = process.argv.slice(2);
const length = Number(megabytes) * 2 ** 20;

const model: Model = {
  irVersion: 10,
  opsets: new Map([['', 21]]),
  producerName: '',
  producerVersion: '',
  domain: '',
  modelVersion: 0n,
  docString: '',
  metadata: new Map(),
  graph: {
    name: 'large',
    nodes: [makeNode('Identity', 'identity', ['w'], ['y'])],
    inputs: [],
    outputs: [makeValue('y', 'uint8', [length])],
    initializers: new Map([
      [
        'w',
        {
          name: 'w',
          dtype: 'uint8',
          shape: [length],
          data: { kind: 'derived', length, read: (start, end) => new Uint8Array(end - start).fill(1) },
        },
      ],
    ]),
    sparseInitializers: [],
    values: new Map(),
  },
  functions: [],
  folder: null,
};

process.stdout.write('writing\n');
writeModel(model, path as string, { externalData: externalData as 'always' | 'never' }).then(
  () => process.stdout.write('written\n'),
  (error: Error) => {
    process.stdout.write(`${error.name}: ${error.message}\n`);
    process.exitCode = 1;
  },
);
