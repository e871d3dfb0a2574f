/** The bundled sample: a model and its data in one folder. */

import { existsSync } from 'node:fs';
import { join } from 'node:path';

/** @returns null where this copy of Lathe carries none */
export function sampleIn(folder: string): { model: string; data: string } | null {
  const model = join(folder, 'model.onnx');
  return existsSync(model) ? { model, data: folder } : null;
}
