import { mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, test } from 'vitest';
import { hashModelFile, modelFromBytes, readModel, readTensor } from '../../../../src-main/onnx/file';
import { temporaryFolder } from '../../../support/folder';
import { bytesField, initializer, modelBytes, textField, varintField } from '../../../support/wire';

const entry = (key: string, value: string) => bytesField(13, textField(1, key), textField(2, value));

/** A model with 512 float32 that should lie at `location`. */
function model(location: string, more: Readonly<Record<string, string>> = {}): Uint8Array {
  const entries = Object.entries({ location, ...more }).map(([key, value]) => entry(key, value));
  return modelBytes(initializer('w', [512], 1, varintField(14, 1), ...entries));
}

const weights = new Uint8Array(Float32Array.from({ length: 600 }, (_, index) => index).buffer);

function folderWith(bytes: Uint8Array): string {
  const folder = join(temporaryFolder(), 'model');
  mkdirSync(join(folder, 'weights'), { recursive: true });
  writeFileSync(join(folder, 'm.onnx'), bytes);
  writeFileSync(join(folder, 'w.bin'), weights);
  writeFileSync(join(folder, 'weights', 'w.bin'), weights);
  writeFileSync(join(folder, '..', 'outside.bin'), weights);
  return folder;
}

describe('external data', () => {
  test.each([
    ['w.bin', {}, 0],
    ['w.bin', { offset: '80', length: '2048' }, 20],
    ['weights/w.bin', { offset: '4', checksum: 'ignored' }, 1],
    ['./weights/../w.bin', {}, 0],
  ])('%s %j is read', async (location, more, first) => {
    const folder = folderWith(model(location, more));
    const w = (await readModel(join(folder, 'm.onnx'))).graph.initializers.get('w');
    expect(w?.data.kind).toBe('file');
    expect(w === undefined ? null : readTensor(w).data[0]).toBe(first);
  });

  test('its files are part of the hash, by name', async () => {
    const folder = folderWith(model('weights/w.bin'));
    const before = await hashModelFile(join(folder, 'm.onnx'));
    expect(before.externalData).toEqual(['weights/w.bin']);
    expect(before.bytes).toBe(model('weights/w.bin').length + weights.length);
    writeFileSync(join(folder, 'weights', 'w.bin'), Buffer.alloc(weights.length));
    expect((await hashModelFile(join(folder, 'm.onnx'))).sha256).not.toBe(before.sha256);
  });

  test.each<[string, string, Record<string, string>, string]>([
    ['a missing file', 'gone.bin', {}, 'tensor "w": external data file "gone.bin" is missing'],
    ['a path out of the folder', '../outside.bin', {}, `"../outside.bin" leaves the model's folder`],
    ['a path in and out again', 'weights/../../outside.bin', {}, `leaves the model's folder`],
    ['a path of backslashes', '..\\outside.bin', {}, `leaves the model's folder`],
    ['an absolute path', '/etc/hostname', {}, 'is an absolute path'],
    ['a drive', 'C:\\w.bin', {}, 'is an absolute path'],
    ['a drive without a slash', 'C:w.bin', {}, 'is an absolute path'],
    ['a network share', '\\\\host\\w.bin', {}, 'is an absolute path'],
    ['a path with a zero byte', 'w.bin\0', {}, 'is not a path'],
    ['no location', '', {}, 'has no location'],
    ['a folder', 'weights', {}, 'weights: cannot be opened: it is not a file'],
    ['the folder itself', '.', {}, 'is the folder itself'],
    ['a range beyond its end', 'w.bin', { offset: '400' }, 'has only 2400'],
    [
      'an offset that is no number',
      'w.bin',
      { offset: '-4' },
      'offset "-4" of its external data is not a whole number',
    ],
    [
      'a length that is no number',
      'w.bin',
      { length: '1e3' },
      'length "1e3" of its external data is not a whole number',
    ],
  ])('%s is refused', async (_, location, more, message) => {
    const folder = folderWith(model(location, more));
    await expect(readModel(join(folder, 'm.onnx'))).rejects.toThrow(message);
  });

  test('links inside the folder are followed, links out of it are not', async () => {
    const folder = folderWith(model('link.bin'));
    symlinkSync(join(folder, 'w.bin'), join(folder, 'link.bin'));
    expect((await readModel(join(folder, 'm.onnx'))).graph.initializers.size).toBe(1);
    for (const target of [join(folder, '..', 'outside.bin'), '/etc/hostname']) {
      const other = folderWith(model('link.bin'));
      symlinkSync(target, join(other, 'link.bin'));
      await expect(readModel(join(other, 'm.onnx'))).rejects.toThrow("leaves the model's folder through a link");
    }
    const third = folderWith(model('down/outside.bin'));
    symlinkSync(join(third, '..'), join(third, 'down'));
    await expect(readModel(join(third, 'm.onnx'))).rejects.toThrow("leaves the model's folder through a link");
  });

  test('a file that has changed since is noticed when its tensor is read', async () => {
    const folder = folderWith(model('w.bin'));
    const w = (await readModel(join(folder, 'm.onnx'))).graph.initializers.get('w');
    writeFileSync(join(folder, 'w.bin'), weights.subarray(0, 100));
    expect(() => (w === undefined ? null : readTensor(w))).toThrow(
      'w.bin: changed on disk while it was in use (2400 bytes when it was opened, 100 now)',
    );
  });

  test('a model from memory has none', () => {
    expect(() => modelFromBytes(model('w.bin'))).toThrow('has external data, but the model is not in a folder');
  });
});
