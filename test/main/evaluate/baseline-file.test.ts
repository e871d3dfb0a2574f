import { readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { BaselineWriter, baselineFileName, readBaseline } from '../../../src-main/evaluate/baseline-file';
import { temporaryFolder } from '../../support/folder';
import { float32 } from '../../support/npz';

describe('the file of a baseline', () => {
  it('gives back rows and evidence, and is not there before it is whole', async () => {
    const folder = temporaryFolder();
    const writer = await BaselineWriter.open(folder, 'b.bin');
    await writer.add(float32([2, 2], [1, 2, 3, 4]));
    await writer.add(float32([1, 2], [5, 6]));
    expect(await readBaseline(folder, 'b.bin')).toBeNull();
    await writer.finish({ labels: Int32Array.from([7, 8]), names: ['a'] });
    expect(readdirSync(folder)).toEqual(['b.bin']);
    const stored = await readBaseline(folder, 'b.bin');
    expect(stored?.evidence).toEqual({ labels: Int32Array.from([7, 8]), names: ['a'] });
    expect(await stored?.rows(1, 2)).toEqual(float32([2, 2], [3, 4, 5, 6]));
    expect((await stored?.rows(2, 9))?.shape).toEqual([1, 2]);
    expect((await stored?.rows(9, 1))?.shape).toEqual([0, 2]);
    await stored?.close();
  });

  it('is not believed when any of its bytes at the end are gone or changed', async () => {
    const folder = temporaryFolder();
    const writer = await BaselineWriter.open(folder, 'b.bin');
    await writer.add(float32([1, 1], [1]));
    await writer.finish(null);
    const whole = readFileSync(join(folder, 'b.bin'));
    for (const length of [0, 5, whole.length - 1, whole.length - 20]) {
      writeFileSync(join(folder, 'b.bin'), whole.subarray(0, Math.max(0, length)));
      expect(await readBaseline(folder, 'b.bin'), String(length)).toBeNull();
    }
  });

  it('keeps no rows where samples answer in different shapes', async () => {
    const folder = temporaryFolder();
    const writer = await BaselineWriter.open(folder, 'b.bin');
    await writer.add(float32([1, 2], [1, 2]));
    await writer.add(float32([1, 3], [1, 2, 3]));
    await writer.finish('kept');
    const stored = await readBaseline(folder, 'b.bin');
    expect(stored?.evidence).toBe('kept');
    expect(await stored?.rows(0, 1)).toBeNull();
    await stored?.close();
  });

  it('leaves nothing when it is abandoned', async () => {
    const folder = temporaryFolder();
    const writer = await BaselineWriter.open(folder, 'b.bin');
    await writer.add(float32([1, 1], [1]));
    await writer.abandon();
    expect(readdirSync(folder)).toEqual([]);
  });

  it('is named after all that the answers depend on', () => {
    expect(baselineFileName(['a', 1, null])).toBe(baselineFileName(['a', 1, null]));
    expect(baselineFileName(['a', 1, null])).not.toBe(baselineFileName(['a', 2, null]));
  });
});
