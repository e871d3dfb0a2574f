import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import sharp from 'sharp';
import { describe, expect, it } from 'vitest';
import { openDataset } from '../../../../src-main/data';
import { preprocessSchema } from '../../../../src-main/data/preprocess';
import type { SessionValue } from '../../../../src-main/onnx/session/session';
import { temporaryFolder } from '../../../support/folder';

const input = (shape: SessionValue['shape'], dtype: SessionValue['dtype'] = 'float32'): SessionValue[] => [
  { name: 'x', kind: 'tensor', dtype, shape },
];

/** A picture of 2 × 1 pixels: left and right colour. */
async function picture(path: string, left: number[], right: number[]): Promise<void> {
  await sharp(Buffer.from([...left, ...right]), { raw: { width: 2, height: 1, channels: 3 } })
    .png()
    .toFile(path);
}

async function twoClasses(options?: object): Promise<string> {
  const folder = temporaryFolder();
  for (const name of ['cat', 'dog']) {
    mkdirSync(join(folder, name));
    for (let n = 0; n < 5; n++)
      await picture(join(folder, name, `${n}.png`), [10 * n, 100, 200], [name === 'cat' ? 0 : 255, 50, 150]);
  }
  if (options !== undefined) writeFileSync(join(folder, 'preprocess.json'), JSON.stringify(options));
  return folder;
}

describe('image folder', () => {
  it('splits each class by seed, labels by folder', async () => {
    const folder = await twoClasses({ calibration: 0.4 });
    const dataset = await openDataset(folder, input([null, 3, 1, 2]), { dims: {} });
    expect(dataset.summary).toMatchObject({
      reader: 'image-folder',
      classes: ['cat', 'dog'],
      metric: 'top1',
      splits: [
        { name: 'calibration', samples: 4 },
        { name: 'test', samples: 6 },
      ],
    });
    const batch = await dataset.test?.read(0, 6);
    const labels = Array.from(batch?.extras.labels?.data as BigInt64Array, Number);
    expect(labels.filter((label) => label === 1)).toHaveLength(3);
    // The red of the right pixel tells the class: 0 for cats, 1 for dogs.
    const pixels = batch?.feeds.x?.data as Float32Array;
    expect(labels.map((_, at) => pixels[at * 6 + 1])).toEqual(labels);
    expect((await openDataset(folder, input([null, 3, 1, 2]), { dims: {} })).summary.hash).toBe(dataset.summary.hash);
  });

  it.each([
    ['rgb NCHW', {}, [null, 3, 1, 2], [0, 0, 100, 50, 200, 150]],
    ['bgr NCHW', { channels: 'bgr' }, [null, 3, 1, 2], [200, 150, 100, 50, 0, 0]],
    ['rgb NHWC', { layout: 'NHWC' }, [null, 1, 2, 3], [0, 100, 200, 0, 50, 150]],
    ['mean and std for each channel', { mean: [0, 100, 200], std: [1, 2, 50] }, [null, 3, 1, 2], [0, 0, 0, -25, 0, -1]],
  ])('%s', async (_, options, shape, expected) => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'test', 'a'), { recursive: true });
    await picture(join(folder, 'test', 'a', 'p.png'), [0, 100, 200], [0, 50, 150]);
    writeFileSync(join(folder, 'preprocess.json'), JSON.stringify({ scale: 1, ...options }));
    const dataset = await openDataset(folder, input(shape), { dims: {} });
    const batch = await dataset.test?.read(0, 1);
    expect(Array.from(batch?.feeds.x?.data as Float32Array)).toEqual(expected);
    expect(dataset.calibration).toBeNull();
  });

  it('crops the middle after the shorter side was resized', async () => {
    const folder = temporaryFolder();
    mkdirSync(join(folder, 'test', 'a'), { recursive: true });
    // Four columns: dark, bright, bright, dark. The middle two are kept.
    const columns = [0, 0, 0, 200, 200, 200, 200, 200, 200, 0, 0, 0];
    await sharp(Buffer.from([...columns, ...columns]), { raw: { width: 4, height: 2, channels: 3 } })
      .png()
      .toFile(join(folder, 'test', 'a', 'p.png'));
    writeFileSync(join(folder, 'preprocess.json'), JSON.stringify({ resize: 'shortest', scale: 1 }));
    const dataset = await openDataset(folder, input([null, 3, 2, 2]), { dims: {} });
    const batch = await dataset.test?.read(0, 1);
    expect(Array.from(batch?.feeds.x?.data as Float32Array)).toEqual(new Array(12).fill(200));
  });

  it('gives grey for one channel and bytes for uint8', async () => {
    const folder = await twoClasses();
    const grey = await openDataset(folder, input([null, 1, 1, 2]), { dims: {} });
    expect((await grey.test?.read(0, 2))?.feeds.x?.shape).toEqual([2, 1, 1, 2]);
    const bytes = await openDataset(folder, input([null, 3, 1, 2], 'uint8'), { dims: {} });
    const x = (await bytes.test?.read(0, 1))?.feeds.x;
    expect(x?.dtype).toBe('uint8');
    expect(Array.from(x?.data as Uint8Array).slice(2)).toEqual([100, 50, 200, 150]);
  });

  it.each([
    [
      'an open size',
      {},
      [null, 3, 'h', 'w'],
      'image folder: input "x" leaves its height open ("h"); write "height" into preprocess.json, or give the size of h (in a shell: --dim h=size)',
    ],
    [
      'no colour axis',
      {},
      [null, 'a', 'b', 'c'],
      'image folder: input "x" does not say which axis is the colour; write "layout": "NCHW" or "NHWC" into preprocess.json',
    ],
    ['another size', { width: 9 }, [null, 3, 1, 2], 'preprocess.json field "width": is 9, input "x" takes 2'],
    ['a zero std', { std: [1, 0, 1] }, [null, 3, 1, 2], 'preprocess.json field "std": holds a zero'],
    ['two means', { mean: [1, 2] }, [null, 3, 1, 2], 'preprocess.json field "mean": has 2 numbers for 3 channels'],
    ['an unknown field', { colour: 'bgr' }, [null, 3, 1, 2], 'preprocess.json: the object: Unrecognized key: "colour"'],
    [
      'a model without pictures',
      {},
      [null, 9],
      'image folder: suits models with one input of 4 axes; this one has "x" [, 9]; save its samples as calib.npz and test.npz',
    ],
  ])('refuses %s', async (_, options, shape, message) => {
    const folder = await twoClasses(options);
    await expect(openDataset(folder, input(shape as never), { dims: {} })).rejects.toMatchObject({
      name: 'LatheError',
      message,
    });
  });

  it('has every option on its page of the docs', () => {
    const page = readFileSync(new URL('../../../../docs/data.md', import.meta.url), 'utf8');
    for (const key of Object.keys(preprocessSchema.shape))
      expect(page, key).toMatch(new RegExp(`^\\|.*\`${key}\`.*\\|`, 'm'));
  });

  it('names a picture that is cut short', async () => {
    const folder = await twoClasses({ calibration: 0 });
    writeFileSync(join(folder, 'cat', '0.png'), Buffer.from('\x89PNG\r\n\x1a\n'));
    const dataset = await openDataset(folder, input([null, 3, 1, 2]), { dims: {} });
    await expect(dataset.test?.read(0, 10)).rejects.toThrow(/^0\.png: is not a picture that can be read/);
  });
});
