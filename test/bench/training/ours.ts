/** Lathe's side of the training bench: times its own step on one of the models that peer.py made. */

import { readFileSync } from 'node:fs';
import { Random } from '../../../src-main/kernels/random';
import { readTensor } from '../../../src-main/onnx/file';
import { elementCount, type NdArray, zeros } from '../../../src-main/onnx/ir';
import { openSession } from '../../../src-main/onnx/session';
import { trainingCase } from './training-case';

const [path, shapeText, threads, steps] = process.argv.slice(2) as [string, string, string, string];
const shape = JSON.parse(shapeText) as number[];
const random = new Random(0);
const batch = shape[0] as number;
const count = elementCount(shape);
const input: NdArray =
  shape.length === 2
    ? { dtype: 'int64', shape, data: BigInt64Array.from({ length: count }, () => BigInt(random.below(1000))) }
    : { dtype: 'float32', shape, data: Float32Array.from({ length: count }, () => random.normal()) };
const labels: NdArray = {
  dtype: 'int64',
  shape: [batch],
  data: BigInt64Array.from({ length: batch }, () => BigInt(random.below(10))),
};

const { model, graph, trainable } = await trainingCase(path, { input }, 'logits', {
  accumulate: false,
  batchStatistics: true,
});
const session = await openSession(graph.model, { threads: Number(threads), keepBuffers: true });
const scalar = (value: number): NdArray => ({ dtype: 'float32', shape: [], data: Float32Array.of(value) });
let state: Record<string, NdArray> = {};
for (const { name, state: own } of graph.parameters) {
  const tensor = model.graph.initializers.get(name);
  if (tensor === undefined) throw new Error(`no initializer ${name}`);
  state[name] = readTensor(tensor);
  for (const each of own) state[each.name] = zeros('float32', tensor.shape);
}

const stepMs: number[] = [];
for (let step = 0; step < 3 + Number(steps); step++) {
  const start = performance.now();
  const feeds: Record<string, NdArray> = {
    ...state,
    input,
    [graph.labels]: labels,
    [graph.learningRate]: scalar(1e-3),
    [graph.corrections[0]]: scalar(1 - 0.9 ** (step + 1)),
    [graph.corrections[1]]: scalar(1 - 0.999 ** (step + 1)),
  };
  const found = await session.run(feeds);
  state = {};
  for (const parameter of graph.parameters)
    for (const { name, next } of [parameter, ...parameter.state]) state[name] = found[next] as NdArray;
  stepMs.push(performance.now() - start);
}
const status = readFileSync('/proc/self/status', 'utf8');
const peakRssBytes = Number(/VmHWM:\s+(\d+)/.exec(status)?.[1]) * 1024;
const parameters = [...trainable.weights.values()].reduce((sum, { data }) => sum + data.length, 0);
console.log(JSON.stringify({ stepMs: stepMs.slice(3), peakRssBytes, parameters }));
