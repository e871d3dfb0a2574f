import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { openDataset, type Split } from '../../../src-main/data';
import { answers } from '../../../src-main/evaluate/answers';
import { parseModelText } from '../../../src-main/onnx/file';
import { openSession } from '../../../src-main/onnx/session';
import { temporaryFolder } from '../../support/folder';
import { float32, int64, writeNpz } from '../../support/npz';

/** Adds its input to what it remembers, and says and remembers the sum. */
const adder = parseModelText(`
<ir_version: 8, opset_import: ["" : 17]>
adder (float[1, 1] x, float[1, 1] memory) => (float[1, 1] y, float[1, 1] next)
{
  y = Add(x, memory)
  next = Identity(y)
}`);

async function said(meta: object, clip: readonly number[] | null, shape = [4, 1, 1]): Promise<number[]> {
  const folder = temporaryFolder();
  writeNpz(join(folder, 'test.npz'), {
    x: float32(shape, [1, 2, 3, 4]),
    memory: float32(shape, [100, 100, 100, 100]),
    ...(clip === null ? {} : { clip: int64([4], clip) }),
  });
  writeFileSync(join(folder, 'meta.json'), JSON.stringify(meta));
  const session = await openSession(adder);
  const dataset = await openDataset(folder, session.inputs, { dims: {} });
  const found: number[] = [];
  for await (const { output } of answers(session, dataset, dataset.test as Split, new AbortController().signal))
    found.push(...(output.data as Float32Array));
  await session.release();
  return found;
}

describe('answers of a streaming model', () => {
  const state = { feed: 'element', output: 'y', state: { memory: 'next' } };

  it('carries the states, from zero and not from the data', async () => {
    expect(await said(state, null)).toEqual([1, 3, 6, 10]);
  });
  it('clears them where a clip starts', async () => {
    expect(await said(state, [7, 7, 8, 8])).toEqual([1, 3, 3, 7]);
  });
  it('feeds rows one by one where they are stacked', async () => {
    expect(await said({ ...state, feed: 'slice' }, null, [4, 1])).toEqual([1, 3, 6, 10]);
  });
  it('takes the states of the data where none are carried', async () => {
    expect(await said({ feed: 'element', output: 'y' }, null)).toEqual([101, 102, 103, 104]);
  });
  it('refuses a state that the model does not have', async () => {
    await expect(said({ ...state, state: { memory: 'later' } }, null)).rejects.toThrow(
      'the model has no state input "memory" with output "later"',
    );
  });
});

describe('models that fix their batch', () => {
  it('are filled up, and the filling is cut off again', async () => {
    const triple = parseModelText(`
<ir_version: 8, opset_import: ["" : 17]>
triple (float[3, 1] x) => (float[3, 1] y)
{ y = Add(x, x) }`);
    const folder = temporaryFolder();
    writeNpz(join(folder, 'test.npz'), { x: float32([4, 1], [1, 2, 3, 4]) });
    const session = await openSession(triple);
    const dataset = await openDataset(folder, session.inputs, { dims: {} });
    const found: number[][] = [];
    for await (const { output } of answers(session, dataset, dataset.test as Split, new AbortController().signal))
      found.push([...(output.data as Float32Array)]);
    await session.release();
    expect(found).toEqual([[2, 4, 6], [8]]);
  });
});

describe('models whose answers are large', () => {
  it('are asked fewer samples at a time', async () => {
    // Each sample answers 48 MB: two of them are held at once.
    const wide = parseModelText(`
<ir_version: 8, opset_import: ["" : 17]>
wide (float[n, 1] x) => (float[n, 12582912] y)
<int64[2] shape = {1, 12582912}>
{ y = Expand(x, shape) }`);
    const folder = temporaryFolder();
    writeNpz(join(folder, 'test.npz'), { x: float32([3, 1], [1, 2, 3]) });
    const session = await openSession(wide);
    const dataset = await openDataset(folder, session.inputs, { dims: {} });
    const sizes: number[] = [];
    for await (const { batch } of answers(session, dataset, dataset.test as Split, new AbortController().signal))
      sizes.push(batch.size);
    await session.release();
    expect(sizes).toEqual([2, 1]);
  });
});
