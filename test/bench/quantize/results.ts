/** What was measured, a line of JSON each, so that figures of several calls and days meet in one table. */

import { appendFileSync, existsSync, readFileSync } from 'node:fs';

/** A file that was made from a draw of calibration samples and judged on the test split. */
export interface Judged {
  readonly kind: 'judged';
  readonly entry: string;
  readonly by: string;
  /** From 1; null: no calibration samples were read, so that it stands for all draws. */
  readonly draw: number | null;
  readonly metric: string;
  readonly value: number;
  /** Differences are to the original, paired; both in the metric's own unit. */
  readonly difference: number;
  readonly ci95: readonly [number, number];
  readonly better: 'high' | 'low';
  readonly bytes: number;
}

/** A file that was tried from a draw and could not be made, or not be run. */
export interface Failed {
  readonly kind: 'failed';
  readonly entry: string;
  readonly by: string;
  readonly draw: number | null;
  readonly reason: string;
}

/** How fast a file is beside the original, in turn with it, one thread and one sample. */
export interface Timed {
  readonly kind: 'timed';
  readonly entry: string;
  readonly by: string;
  readonly speedup: number;
  readonly ci95: readonly [number, number];
}

export type Result = Judged | Failed | Timed;

export function readResults(path: string): Result[] {
  if (!existsSync(path)) return [];
  const lines = readFileSync(path, 'utf8').split('\n');
  return lines.filter((line) => line !== '').map((line) => JSON.parse(line) as Result);
}

export function addResult(path: string, result: Result): void {
  appendFileSync(path, `${JSON.stringify(result)}\n`);
}

/** Of results about the same thing the last one: a later measurement replaces an earlier one. */
export function latest(results: readonly Result[]): Result[] {
  const about = (result: Result) =>
    [result.kind === 'timed' ? 'timed' : 'made', result.entry, result.by, 'draw' in result ? result.draw : ''].join(
      '|',
    );
  return [...new Map(results.map((result) => [about(result), result])).values()];
}
