/** @file Calibrators, a file each, by name. */

import type { Calibrator } from './calibrator';
import { minMax } from './min-max';

export const calibrators: readonly Calibrator[] = [minMax];

/** The calibrator of that name; the option spec admits no other. */
export function calibratorNamed(name: string): Calibrator {
  return calibrators.find((calibrator) => calibrator.name === name) as Calibrator;
}
