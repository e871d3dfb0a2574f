/**
 * A model in the form that is differentiated: operators written out where they must be, input sizes as the samples
 * have them. Its initializers keep names and shapes, so that what is trained fits the model itself.
 */

import { LatheError } from '../contract';
import { type Feeds, type Model, makeValue, type Value } from '../onnx/ir';
import { fuse } from '../passes/fuse';
import { addBiasInProduct } from './add-bias-in-product';
import { betweenValues } from './backward';
import { readLastStates } from './last-states';
import { multiplyTables } from './multiply-tables';
import { multiplySmallDepthwise } from './small-depthwise';
import { type RunningStatistic, trainBatchNorm } from './train-batch-norm';
import { writeOutLoops } from './write-out-loops';
import { writeOutRecurrent } from './write-out-recurrent';
import { writePlainForms } from './write-plain-forms';

export interface TrainingForm {
  readonly model: Model;
  readonly statistics: readonly RunningStatistic[];
}

/** What is differentiated: operators elsewhere stay as they are. */
export interface TrainedPart {
  readonly trained: readonly string[];
  /** Values that the loss is made of. */
  readonly learnedFrom: readonly string[];
}

/**
 * @param sample feeds of one row, whose sizes beyond the batch axis hold for all
 * @param batchStatistics BatchNormalization with the statistics of the batch instead of frozen ones
 */
export async function trainingForm(
  model: Model,
  sample: Feeds,
  batch: number,
  batchStatistics: boolean,
  { trained, learnedFrom }: TrainedPart,
): Promise<TrainingForm> {
  const inputs = model.graph.inputs.map((value) => withSampleShape(value, sample, batch));
  const whole = await putTogether({ ...model, graph: { ...model.graph, inputs } }, learnedFrom);
  const isWanted = betweenValues(whole.graph, trained, learnedFrom);
  const plain = await writePlainForms(await writeOutLoops(whole, isWanted), isWanted);
  const stepped = writeOutRecurrent(readLastStates(plain, isWanted, learnedFrom), isWanted);
  const sized = await addBiasInProduct(await multiplySmallDepthwise(stepped), learnedFrom);
  const shared = await multiplyTables(sized, batch);
  return batchStatistics ? trainBatchNorm(shared) : { model: shared, statistics: [] };
}

/** Gelu and LayerNormalization written in pieces have cheaper gradients as operators. What is learned from stays a value. */
async function putTogether(model: Model, learnedFrom: readonly string[]): Promise<Model> {
  const { outputs, nodes } = model.graph;
  if (!nodes.some(({ opType }) => opType === 'Erf' || opType === 'Sqrt')) return model;
  const made = new Set(nodes.flatMap((node) => node.outputs));
  for (const { name } of outputs) made.delete(name);
  const kept = learnedFrom.filter((name) => made.has(name)).map((name) => makeValue(name, 'float32', null));
  const told = { ...model, graph: { ...model.graph, outputs: [...outputs, ...kept] } };
  const { model: fused } = await fuse(told, { nonStandard: true, only: ['Gelu', 'LayerNormalization'] });
  return { ...fused, graph: { ...fused.graph, outputs } };
}

function withSampleShape(value: Value, sample: Feeds, batch: number): Value {
  const array = sample[value.name];
  if (array === undefined || value.type?.kind !== 'tensor') return value;
  const first = value.type.shape?.[0] ?? 'batch';
  if (typeof first === 'number' && first !== batch) {
    throw new LatheError({
      who: `input "${value.name}"`,
      what: `its batch axis is fixed at ${first}, and the batch asked for is ${batch}`,
      next: `set batch to ${first}, or export the model with a dynamic batch`,
    });
  }
  return { ...value, type: { ...value.type, shape: [first, ...array.shape.slice(1)] } };
}
