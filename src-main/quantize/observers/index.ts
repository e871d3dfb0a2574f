/** @file Calibrators, a file each, by name. */

import type { Calibrator } from './calibrator';
import { entropy } from './entropy';
import { minMax } from './min-max';
import { movingAverage } from './moving-average';
import { meanSquaredError } from './mse';
import { percentile } from './percentile';

export const calibrators: readonly Calibrator[] = [minMax, movingAverage, percentile, entropy, meanSquaredError];

/** The calibrator of that name; the option spec admits no other. */
export function calibratorNamed(name: string): Calibrator {
  return calibrators.find((calibrator) => calibrator.name === name) as Calibrator;
}
