/** What a preparation is: a change of the float model that keeps its outputs and makes it lose less as integers. */

import type { Work } from '../contract';
import type { Model, Node } from '../onnx/ir';
import type { CalibrationData } from './calibration-data';

export interface PreparationContext extends Work {
  readonly data: CalibrationData;
  /** Whether a node may be changed. */
  readonly admits: (node: Node) => boolean;
}

export interface PreparationResult {
  readonly model: Model;
  /** Places that were changed. */
  readonly changed: number;
  readonly notes: readonly string[];
}

/** A row of the list: it gives the switch of the same name to the methods that calibrate. */
export interface Preparation {
  readonly name: string;
  readonly title: string;
  readonly help: string;
  readonly source: string;
  readonly default: boolean;
  /** @param model as `prepare` gives it */
  run(model: Model, context: PreparationContext): Promise<PreparationResult>;
}

/** How many, for a note. */
export function places(count: number): string {
  return count === 1 ? '1 place' : `${count} places`;
}
