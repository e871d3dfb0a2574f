/** From pruned weights to the Step's answer: the new model, the counts, and what a person should know. */

import { deflateSync } from 'node:zlib';
import type { StepOutcome } from '../contract';
import { readTensorBytes } from '../onnx/file';
import { elementCount, type Model, markPruned, replaceTensors, type Tensor } from '../onnx/ir';
import { floatBytes, floatParts } from './float-parts';
import type { FoundWeights, Weight } from './weights';

export interface PrunedWeight {
  readonly weight: Weight;
  /** In the weight's place. */
  readonly tensor: Tensor;
}

/** Bytes of each weight, and of all together, that the estimate of the zip's size looks at. */
const SAMPLE_EACH = 256 << 10;
const SAMPLE_ALL = 8 << 20;

/**
 * Puts the pruned weights into the model and counts their zeros.
 * @param notes what the method has to say itself
 */
export async function pruneOutcome(
  model: Model,
  found: FoundWeights,
  pruned: readonly PrunedWeight[],
  notes: readonly string[],
  signal: AbortSignal,
): Promise<StepOutcome<Model>> {
  let values = 0;
  let zeros = 0;
  let zerosBefore = 0;
  const changed: PrunedWeight[] = [];
  const skipped = [...found.skipped];
  for (const entry of pruned) {
    const before = await countZeros(entry.weight.tensor, signal);
    const after = await countZeros(entry.tensor, signal);
    values += elementCount(entry.tensor.shape);
    zeros += after;
    zerosBefore += before;
    if (after > before) changed.push(entry);
    else
      for (const { node } of entry.weight.uses)
        skipped.push({
          node: node.name,
          reason: 'none of its values are among the smallest, or they are zero already',
        });
  }
  const replacements = new Map(changed.map(({ weight, tensor }) => [weight.tensor, tensor]));
  const places = (entries: readonly { uses: readonly unknown[] }[]) =>
    entries.reduce((sum, { uses }) => sum + uses.length, 0);
  return {
    model: markPruned(
      replaceTensors(model, replacements),
      changed.map(({ weight }) => weight.name),
    ),
    eligible: places(found.weights),
    changed: places(changed.map(({ weight }) => weight)),
    skipped,
    notes: changed.length === 0 ? notes : [sparsityNote(zeros, zerosBefore, values), ...notes, sizeNote(changed)],
  };
}

async function countZeros(tensor: Tensor, signal: AbortSignal): Promise<number> {
  let zeros = 0;
  for await (const { values } of floatParts(tensor, signal))
    for (let i = 0; i < values.length; i++) if (values[i] === 0) zeros++;
  return zeros;
}

function sparsityNote(zeros: number, before: number, values: number): string {
  const share = `${((100 * zeros) / values).toFixed(1)} %`;
  const earlier = before === 0 ? '' : `, ${count(before)} of them before this step`;
  return `${count(zeros)} of ${count(values)} eligible weights are zero now (${share}${earlier}).`;
}

/** What zeros are good for, said with a figure: the parts are deflated before and after. */
function sizeNote(changed: readonly PrunedWeight[]): string {
  let before = 0;
  let after = 0;
  let looked = 0;
  for (const { weight, tensor } of changed) {
    if (looked >= SAMPLE_ALL) break;
    const bytes = Math.min(SAMPLE_EACH, elementCount(tensor.shape) * floatBytes(tensor));
    before += deflateSync(readTensorBytes(weight.tensor, 0, bytes), { level: 6 }).length;
    after += deflateSync(readTensorBytes(tensor, 0, bytes), { level: 6 }).length;
    looked += bytes;
  }
  const change = `${Math.round((100 * after) / before)} %`;
  return `Zeros make a smaller zip, not a smaller file or a faster CPU run: deflated, the pruned weights take ${change} of what they took (measured on ${count(looked)} bytes of them). Follow with quantize to shrink the file too.`;
}

function count(value: number): string {
  return value.toLocaleString('en-US');
}
