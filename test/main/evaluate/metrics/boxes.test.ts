import { describe, expect, it } from 'vitest';
import { boxes } from '../../../../src-main/evaluate/metrics/boxes';
import { boxesOfMap } from '../../../../src-main/kernels';
import { golden } from '../../../support/golden';
import { float32 } from '../../../support/npz';
import { score, valuesOf } from '../../../support/score';

const reference = golden<{
  boxes: { shape: number[]; maps: number[]; labels: number[]; figures: Record<string, number> };
}>('evaluate/reference.json').boxes;

/** A map that is 1 inside the given boxes. */
function mapOf(
  height: number,
  width: number,
  inside: readonly (readonly [number, number, number, number])[],
): number[] {
  return Array.from({ length: height * width }, (_, at) => {
    const [x, y] = [at % width, Math.floor(at / width)];
    return Number(inside.some(([x0, y0, x1, y1]) => x >= x0 && x < x1 && y >= y0 && y < y1));
  });
}

describe('boxes', () => {
  it('agrees with the reference evaluator', async () => {
    const maps = float32(reference.shape, (reference.maps as unknown as number[][]).flat(4) as number[]);
    const labels = float32([reference.shape[0] as number, 4, 4], (reference.labels as unknown as number[][]).flat(3));
    const own = valuesOf(await score(boxes, maps, { labels }));
    for (const name of ['f1', 'precision', 'recall'])
      expect(own[name], name).toBeCloseTo(reference.figures[name] as number, 9);
  });

  it('draws a box around each part, grown by its area over its girth', () => {
    // 6 × 4 pixels grow by 24 / 20 on each side; the corner touch of the second part does not join them.
    const map = mapOf(12, 16, [
      [1, 1, 7, 5],
      [7, 5, 11, 9],
    ]);
    expect(boxesOfMap(map, 12, 16)).toEqual([
      [1 - 1.2, 1 - 1.2, 7 + 1.2, 5 + 1.2],
      [7 - 1, 5 - 1, 11 + 1, 9 + 1],
    ]);
  });

  it('leaves out specks and faint parts', () => {
    expect(boxesOfMap(mapOf(8, 8, [[1, 1, 3, 7]]), 8, 8)).toEqual([]);
    expect(
      boxesOfMap(
        mapOf(8, 8, [[1, 1, 6, 6]]).map((value) => value * 0.35),
        8,
        8,
      ),
    ).toEqual([]);
  });

  it('scores the best and the worst', async () => {
    const map = float32([1, 1, 12, 16], mapOf(12, 16, [[1, 1, 7, 5]]));
    const right = float32([1, 2, 4], [0, 0, 8, 6, -1, -1, -1, -1]);
    expect(valuesOf(await score(boxes, map, { labels: right }))).toEqual({ f1: 1, precision: 1, recall: 1 });
    const wrong = float32([1, 2, 4], [9, 9, 15, 11, -1, -1, -1, -1]);
    expect(valuesOf(await score(boxes, map, { labels: wrong }))).toEqual({ f1: 0, precision: 0, recall: 0 });
    const nothing = float32([1, 1, 12, 16], new Float32Array(192));
    expect(valuesOf(await score(boxes, nothing, { labels: right }))).toEqual({ f1: 0, precision: 0, recall: 0 });
  });

  it('refuses labels and outputs of other shapes', async () => {
    const map = float32([1, 1, 4, 4], new Float32Array(16));
    await expect(score(boxes, map, { labels: float32([1, 4], [0, 0, 1, 1]) })).rejects.toThrow(
      'should have shape [samples, boxes, 4]',
    );
    await expect(
      score(boxes, float32([1, 4], [1, 2, 3, 4]), { labels: float32([1, 1, 4], [0, 0, 1, 1]) }),
    ).rejects.toThrow('scores [samples, 1, height, width]');
  });
});
