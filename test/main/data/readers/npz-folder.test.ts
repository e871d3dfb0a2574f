import { createHash } from 'node:crypto';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { batches, openDataset } from '../../../../src-main/data';
import type { NdArray } from '../../../../src-main/onnx/ir';
import type { SessionValue } from '../../../../src-main/onnx/session/session';
import { temporaryFolder } from '../../../support/folder';
import { float32, int64, texts, writeNpz } from '../../../support/npz';

const image = (shape: SessionValue['shape'], dtype: SessionValue['dtype'] = 'float32'): SessionValue => ({
  name: 'image',
  kind: 'tensor',
  dtype,
  shape,
});
const five = float32([5, 2], [0, 1, 2, 3, 4, 5, 6, 7, 8, 9]);

function folderWith(test: Readonly<Record<string, NdArray>>, meta?: object): string {
  const folder = temporaryFolder();
  writeNpz(join(folder, 'test.npz'), test);
  if (meta !== undefined) writeFileSync(join(folder, 'meta.json'), JSON.stringify(meta));
  return folder;
}
const open = (folder: string, input = image(['n', 2]), dims = {}) => openDataset(folder, [input], { dims });

describe('npz folder', () => {
  it('opens the bundled digits', async () => {
    const digits = new URL('../../../samples/digits', import.meta.url).pathname;
    const dataset = await openDataset(digits, [image(['batch', 1, 28, 28])], { dims: {} });
    expect(dataset.summary.reader).toBe('npz-folder');
    expect(dataset.summary.metric).toBe('top1');
    expect(dataset.summary.inputs).toEqual([{ name: 'image', type: 'float32', shape: [1, 28, 28] }]);
    const batch = await dataset.test?.read(3, 2);
    expect(batch?.feeds.image?.shape).toEqual([2, 1, 28, 28]);
    expect(batch?.extras.labels?.shape).toEqual([2]);
  });

  it('slices rows of inputs and extras alike', async () => {
    const dataset = await open(folderWith({ image: five, labels: int64([5], [0, 1, 0, 1, 2]) }));
    const batch = await dataset.test?.read(3, 4);
    expect(batch).toMatchObject({ first: 3, size: 2 });
    expect(Array.from(batch?.feeds.image?.data as Float32Array)).toEqual([6, 7, 8, 9]);
    expect(Array.from(batch?.extras.labels?.data as BigInt64Array)).toEqual([1n, 2n]);
    const gathered = await dataset.test?.gather([4, 0]);
    expect(Array.from(gathered?.feeds.image?.data as Float32Array)).toEqual([8, 9, 0, 1]);
    expect(gathered?.feeds.image?.shape).toEqual([2, 2]);
  });

  it('gives whole feeds, batch axis included, for "element"', async () => {
    const folder = folderWith({ image: float32([2, 1, 2], [1, 2, 3, 4]) }, { feed: 'element' });
    const dataset = await open(folder, image([1, 2]));
    const batch = await dataset.test?.read(1, 8);
    expect(batch).toMatchObject({ first: 1, size: 1 });
    expect(batch?.feeds.image?.shape).toEqual([1, 2]);
    expect(Array.from(batch?.feeds.image?.data as Float32Array)).toEqual([3, 4]);
  });

  it('fills the last feed up where the model fixes its batch axis', async () => {
    const dataset = await open(folderWith({ image: five }), image([3, 2]));
    expect(dataset.runSize).toBe(3);
    const seen: [number, number[]][] = [];
    for await (const batch of batches(dataset, dataset.test as never))
      seen.push([batch.size, Array.from(batch.feeds.image?.data as Float32Array)]);
    expect(seen).toEqual([
      [3, [0, 1, 2, 3, 4, 5]],
      [2, [6, 7, 8, 9, 8, 9]],
    ]);
  });

  it('reads sizes of symbolic dims from the arrays', async () => {
    const dataset = await open(folderWith({ image: five }), image(['batch', 'width']), { other: 3 });
    expect(dataset.summary.dims).toEqual({ width: 2 });
    expect((await open(folderWith({ image: five }), image([null, null]))).summary.dims).toEqual({ 'image.1': 2 });
  });

  it('hashes the contents of its files and nothing else', async () => {
    const arrays = { image: five, labels: int64([5], [0, 0, 0, 0, 0]) };
    const first = (await open(folderWith(arrays))).summary.hash;
    expect((await open(folderWith(arrays))).summary.hash).toBe(first);
    expect((await open(folderWith(arrays, { batch: 8 }))).summary.hash).not.toBe(first);
    const folder = folderWith(arrays);
    writeFileSync(join(folder, 'notes.txt'), 'of no account');
    expect((await open(folder)).summary.hash).toBe(first);
    expect(first).toMatch(/^[0-9a-f]{64}$/);
    expect(first).not.toBe(createHash('sha256').digest('hex'));
  });

  it('takes whole-number labels for classes where meta.json says nothing', async () => {
    const metricOf = async (labels: NdArray) => (await open(folderWith({ image: five, labels }))).summary.metric;
    expect(await metricOf(int64([5], [0, 1, 2, 3, 4]))).toBe('top1');
    expect(await metricOf(float32([5], [0.5, 1, 2, 3, 4]))).toBeNull();
    expect(await metricOf(texts(['a', 'b', 'c', 'd', 'e']))).toBeNull();
  });

  it.each<[string, Record<string, NdArray>, SessionValue, object | undefined, string]>([
    [
      'a missing array',
      { picture: five },
      image(['n', 2]),
      undefined,
      'test.npz: has no array for the model\'s input "image" (it has "picture"); save the samples under the name of the input: numpy.savez(file, "image"=…)',
    ],
    [
      'another type',
      { image: five },
      image(['n', 2], 'uint8'),
      undefined,
      'test.npz array "image": the model takes uint8, the array is float32; save it as array.astype(numpy.uint8)',
    ],
    [
      'another shape',
      { image: float32([1, 4, 4, 3], new Float32Array(48)) },
      image(['n', 3, 4, 4]),
      undefined,
      'test.npz array "image": a sample should have shape [3, 4, 4], has [4, 4, 3]; its axes seem to be in another order: use numpy.transpose',
    ],
    [
      'too few axes',
      { image: five },
      image(['n', 1, 2]),
      undefined,
      'test.npz array "image": a sample should have shape [1, 2], has [2]',
    ],
    [
      'counts that differ',
      { image: five, labels: int64([4], [0, 0, 0, 0]) },
      image(['n', 2]),
      undefined,
      'test.npz: array "image" has 5 samples, "labels" has 4; every array needs one row for each sample',
    ],
    ['no samples', { image: float32([0, 2], []) }, image(['n', 2]), undefined, 'test.npz: holds no samples'],
    [
      'labels beyond the named classes',
      { image: five, labels: int64([5], [0, 1, 2, 0, 1]) },
      image(['n', 2]),
      { metric: { kind: 'top1' }, classes: ['cat', 'dog'] },
      'test.npz array "labels": row 2 is class 2, but meta.json names 2 classes (0 to 1); give every class a name, or mend the label',
    ],
    [
      'a meta.json of the wrong kind',
      { image: five },
      image(['n', 2]),
      { feed: 'rows' },
      'meta.json: field "feed": Invalid option: expected one of "slice"|"element"',
    ],
  ])('refuses %s', async (_, arrays, input, meta, message) => {
    await expect(open(folderWith(arrays, meta), input)).rejects.toMatchObject({ name: 'LatheError', message });
  });

  it('lets rows to train with go without a label, by one below zero', async () => {
    const classes = { metric: { kind: 'top1' }, classes: ['cat', 'dog'] };
    const folder = folderWith({ image: five, labels: int64([5], [0, 1, 1, 0, 1]) }, classes);
    writeNpz(join(folder, 'train.npz'), { image: five, labels: int64([5], [0, -1, 1, -1, -1]) });
    expect((await open(folder)).train?.samples).toBe(5);
    writeNpz(join(folder, 'calib.npz'), { image: five, labels: int64([5], [0, -1, 1, -1, -1]) });
    await expect(open(folder)).rejects.toThrow(/^calib\.npz array "labels": row 1 is class -1/);
  });

  it('refuses a dim that the user sized otherwise', async () => {
    await expect(open(folderWith({ image: five }), image(['n', 'width']), { width: 3 })).rejects.toThrow(
      'test.npz array "image": dimension "width" is 2, but --dim width=3 was given',
    );
  });

  it('refuses a truncated archive, broken JSON and folders without data', async () => {
    const folder = folderWith({ image: five });
    writeFileSync(join(folder, 'meta.json'), '{"feed":');
    await expect(open(folder)).rejects.toThrow(/^meta\.json: is not valid JSON/);
    writeFileSync(join(folder, 'meta.json'), '{}');
    writeFileSync(join(folder, 'calib.npz'), Buffer.from('PK\x03\x04'));
    await expect(open(folder)).rejects.toThrow(/^calib\.npz: has no directory of its members at its end/);
    await expect(open(temporaryFolder())).rejects.toThrow(/holds nothing that can be read as a dataset; give a folder/);
    await expect(open(join(folder, 'test.npz'))).rejects.toThrow(/is not a dataset: a folder is asked for/);
    await expect(open(join(folder, 'nowhere'))).rejects.toThrow(/there is no such file or folder; check the path/);
  });
});
