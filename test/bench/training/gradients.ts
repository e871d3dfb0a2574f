/** Lathe's side of the gradient suite: its gradients on one of the models that peer.py made, against PyTorch's. */

import { readFileSync } from 'node:fs';
import { readTensor } from '../../../src-main/onnx/file';
import { type NdArray, zeros } from '../../../src-main/onnx/ir';
import { openSession } from '../../../src-main/onnx/session';
import { trainingCase } from './training-case';

const [path, shapeText, filesText] = process.argv.slice(2) as [string, string, string];
const shape = JSON.parse(shapeText) as number[];
const files = JSON.parse(filesText) as Record<string, string>;
const bytesOf = (file: string) => Uint8Array.from(readFileSync(file)).buffer;
const bytes = bytesOf(path.replace(/onnx$/, 'input.bin'));
const input: NdArray =
  shape.length === 2
    ? { dtype: 'int64', shape, data: new BigInt64Array(bytes) }
    : { dtype: 'float32', shape, data: new Float32Array(bytes) };
const batch = shape[0] as number;
const data = BigInt64Array.from({ length: batch }, (_, at) => BigInt(at % 10));

const lengthOf = (values: Float32Array) => Math.sqrt(values.reduce((sum, value) => sum + value * value, 0));

const { model, graph } = await trainingCase(path, input, true);
const session = await openSession(graph.model, { keepBuffers: true });
const feeds: Record<string, NdArray> = {
  input,
  [graph.labels]: { dtype: 'int64', shape: [batch], data },
  [graph.share]: { dtype: 'float32', shape: [], data: Float32Array.of(1) },
};
for (const { name } of graph.parameters) {
  const tensor = model.graph.initializers.get(name);
  if (tensor !== undefined) feeds[name] = readTensor(tensor);
}
for (const { name, parameter } of graph.gradientSums)
  feeds[name] = zeros('float32', model.graph.initializers.get(parameter)?.shape ?? []);
const found = await session.run(feeds);

let [difference, size, worst, compared] = [0, 0, 0, 0];
for (const { parameter, next } of graph.gradientSums) {
  const file = files[parameter];
  if (file === undefined) continue; // renamed by the exporter
  const wanted = new Float32Array(bytesOf(file));
  const own = found[next]?.data as Float32Array;
  const apart = lengthOf(own.map((value, at) => value - (wanted[at] as number)));
  const norm = lengthOf(wanted);
  difference += apart ** 2;
  size += norm ** 2;
  worst = Math.max(worst, apart / Math.max(norm, 1e-6));
  compared++;
}
console.log(JSON.stringify({ relativeError: Math.sqrt(difference / size), worst, compared }));
