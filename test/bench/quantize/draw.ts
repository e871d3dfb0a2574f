/** A draw of calibration samples: another folder of the same data whose calib.npz holds so many of its rows, by chance. */

import { copyFileSync, existsSync, linkSync, mkdirSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { takeRows } from '../../../src-main/data/batches';
import { openNpz } from '../../../src-main/data/npz';
import { Random } from '../../../src-main/kernels/random';
import type { NdArray } from '../../../src-main/onnx/ir';
import { writeNpz } from '../../support/npz';

/** Of a split that holds hardly more than is asked for, draws take this share, so that no two are alike. */
const largestShare = 0.75;

/**
 * The folder `into` with the files of `data`, but for calib.npz, of which it holds `samples` rows.
 * @param seed which rows, and in which order
 */
export async function drawSamples(data: string, seed: number, samples: number, into: string): Promise<void> {
  mkdirSync(into, { recursive: true });
  for (const name of readdirSync(data))
    if (name === 'meta.json' || name === 'test.npz') linkOrCopy(join(data, name), join(into, name));
  const { arrays } = await openNpz(join(data, 'calib.npz'));
  const total = Math.min(...[...arrays.values()].map(({ shape }) => shape[0] ?? 0));
  const order = new Random(seed).shuffle([...new Array(total).keys()]);
  const rows = order.slice(0, Math.min(samples, Math.floor(total * largestShare)));
  const drawn: Record<string, NdArray> = {};
  for (const [name, array] of arrays) drawn[name] = takeRows(await array.rows(0, total), rows);
  writeNpz(join(into, 'calib.npz'), drawn, false);
}

function linkOrCopy(from: string, to: string): void {
  if (existsSync(to)) return;
  try {
    linkSync(from, to);
  } catch {
    copyFileSync(from, to);
  }
}
