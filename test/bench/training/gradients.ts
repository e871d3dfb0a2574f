/**
 * Lathe's side of the gradient suite: its gradients on one model and batch, and on which side of each kink its forward pass fell,
 * as files that reference.py holds against PyTorch's.
 */

import { readFileSync, writeFileSync } from 'node:fs';
import { readTensor } from '../../../src-main/onnx/file';
import { type Model, makeValue, type NdArray, type Node, zeros } from '../../../src-main/onnx/ir';
import { openSession } from '../../../src-main/onnx/session';
import { trainingCase } from './training-case';

interface Case {
  readonly path: string;
  readonly inputs: readonly { name: string; dtype: 'int64' | 'float32'; shape: number[]; file: string }[];
  readonly output: string;
  /** Labels are 0, 1, … up to this, again and again. */
  readonly labels: number;
  readonly batchStatistics: boolean;
}

const [casePath] = process.argv.slice(2) as [string];
const { path, inputs, output, labels, batchStatistics, ...rest } = JSON.parse(readFileSync(casePath, 'utf8')) as Case;
const stem = casePath.replace(/json$/, '');
const feeds: Record<string, NdArray> = {};
for (const { name, dtype, shape, file } of inputs) {
  const bytes = Uint8Array.from(readFileSync(file)).buffer;
  feeds[name] =
    dtype === 'int64'
      ? { dtype, shape, data: new BigInt64Array(bytes) }
      : { dtype, shape, data: new Float32Array(bytes) };
}

const { model, graph } = await trainingCase(path, feeds, output, { accumulate: true, batchStatistics });
const rows = await answersOf(model);
feeds[graph.labels] = {
  dtype: 'int64',
  shape: [rows],
  data: BigInt64Array.from({ length: rows }, (_, at) => BigInt(at % labels)),
};
feeds[graph.share] = { dtype: 'float32', shape: [], data: Float32Array.of(1) };
for (const { name } of graph.parameters) {
  const tensor = model.graph.initializers.get(name);
  if (tensor !== undefined) feeds[name] = readTensor(tensor);
}
for (const { name, parameter } of graph.gradientSums)
  feeds[name] = zeros('float32', model.graph.initializers.get(parameter)?.shape ?? []);

const kinks = graph.model.graph.nodes.filter(({ opType }) => opType === 'Relu' || opType === 'Clip');
const session = await openSession(withOutputs(graph.model, kinks), { keepBuffers: true });
const found = await session.run(feeds);
const write = (name: string, data: Uint8Array) => {
  const file = `${stem}${name.replaceAll(/\W/g, '_')}.bin`;
  writeFileSync(file, data);
  return file;
};
const gradients = Object.fromEntries(
  graph.gradientSums.map(({ parameter, next }) => {
    const { buffer, byteOffset, byteLength } = (found[next] as NdArray<'float32'>).data;
    return [parameter, write(parameter, new Uint8Array(buffer, byteOffset, byteLength))];
  }),
);
const sides = Object.fromEntries(
  kinks.map((node) => [node.outputs[0], write(`side.${node.outputs[0]}`, sideOf(node, found))]),
);
writeFileSync(casePath, JSON.stringify({ path, inputs, output, labels, batchStatistics, ...rest, gradients, sides }));

/** How many answers the model gives for the batch: rows, or rows × tokens. */
async function answersOf(plain: Model): Promise<number> {
  const forward = await openSession(plain);
  const { data, shape } = (await forward.run(feeds, [output]))[output] as NdArray<'float32'>;
  await forward.release();
  return data.length / (shape.at(-1) as number);
}

function withOutputs(training: Model, nodes: readonly Node[]): Model {
  const extra = nodes.map((node) => makeValue(node.outputs[0] as string, 'float32', null));
  return { ...training, graph: { ...training.graph, outputs: [...training.graph.outputs, ...extra] } };
}

/** 1 where the value passed: above zero, or between the bounds. */
function sideOf(node: Node, values: Readonly<Record<string, NdArray>>): Uint8Array {
  const { data } = values[node.outputs[0] as string] as NdArray<'float32'>;
  const bound = (at: number, otherwise: number) => {
    const tensor = model.graph.initializers.get(node.inputs[at] ?? '');
    return tensor === undefined ? otherwise : ((readTensor(tensor) as NdArray<'float32'>).data[0] as number);
  };
  const [low, high] = node.opType === 'Relu' ? [0, Infinity] : [bound(1, -Infinity), bound(2, Infinity)];
  return Uint8Array.from(data, (value) => (value > low && value < high ? 1 : 0));
}
