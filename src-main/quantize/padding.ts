/** Sequences that are filled up to one length: their tail says nothing about the model's activations, and costs time. */

import { elementCount, type Feeds, isArrayDType, type NdArray, type Value } from '../onnx/ir';

const maskName = 'attention_mask';

/**
 * The feeds without the columns that the attention mask leaves out in every row. Unchanged where there is no such mask,
 * or where the model fixes the length of the sequence.
 * @param inputs of the model, with their types
 */
export function withoutPadding(feeds: Feeds, inputs: readonly Value[]): Feeds {
  const mask = feeds[maskName];
  if (mask === undefined || mask.shape.length !== 2) return feeds;
  const [rows, columns] = mask.shape as [number, number];
  const used = usedColumns(mask, columns);
  if (used === 0 || used === columns) return feeds;
  const long = Object.entries(feeds).filter(([, { shape }]) => shape.includes(columns));
  const isCut = ([name, { shape, dtype }]: [string, NdArray]): boolean =>
    shape.length === 2 && shape[0] === rows && shape[1] === columns && isFree(inputs, name) && isArrayDType(dtype);
  if (!long.every(isCut)) return feeds;
  return { ...feeds, ...Object.fromEntries(long.map(([name, array]) => [name, firstColumns(array, used)])) };
}

/** Whether samples may differ in length once their padding is cut. */
export function mayHavePadding(inputs: readonly Value[]): boolean {
  return inputs.some(({ name }) => name === maskName);
}

function usedColumns({ data }: NdArray, columns: number): number {
  let used = 0;
  for (let at = 0; at < data.length; at++) if (Number(data[at]) !== 0) used = Math.max(used, (at % columns) + 1);
  return used;
}

function isFree(inputs: readonly Value[], name: string): boolean {
  const type = inputs.find((input) => input.name === name)?.type;
  return type?.kind === 'tensor' && type.shape?.length === 2 && typeof type.shape[1] !== 'number';
}

function firstColumns(array: NdArray, count: number): NdArray {
  const [rows, columns] = array.shape as [number, number];
  const data = array.data.slice(0, elementCount([rows, count])) as NdArray<'int64'>['data'];
  for (let row = 0; row < rows; row++)
    for (let column = 0; column < count; column++)
      data[row * count + column] = (array as NdArray<'int64'>).data[row * columns + column] as bigint;
  return { ...array, shape: [rows, count], data } as NdArray;
}
