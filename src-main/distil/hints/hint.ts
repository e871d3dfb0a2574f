/** What a hint is: a loss between a value inside the student and one inside the teacher. */

import type { Emitter } from '../emitter';

export interface HintInputs {
  readonly emit: Emitter;
  /** float32 values of equal rank, [rows, …]. */
  readonly student: string;
  readonly teacher: string;
  readonly rank: number;
  /** A weight [to, from, 1, 1] (pictures) or [from, to] that brings the student's width to the teacher's; '' where equal. */
  readonly projection: string;
}

export interface Hint {
  readonly name: string;
  readonly title: string;
  readonly source: string;
  /** Axes along which student and teacher may have other sizes. */
  mayDiffer(rank: number): number;
  /** Whether other sizes need a learned projection. */
  readonly projects: boolean;
  /** @returns a scalar: the mean over the rows */
  build(inputs: HintInputs): string;
}

/** Channels: the second axis of pictures [rows, channels, height, width], the last of anything else. */
export function widthAxis(rank: number): number {
  return rank === 4 ? 1 : rank - 1;
}
