/** What comes after opening, for a damaged file that opens: types, costs, warnings, and the whole clean-up. */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LatheError, unwatched } from '../../src-main/contract';
import { inspectModel, nodesReport } from '../../src-main/inspect';
import { readModel, writeModel } from '../../src-main/onnx/file';
import { cleanStep } from '../../src-main/passes/step';

const stages = {
  inspected: (path: string) => inspectModel(path),
  costed: (path: string) => nodesReport(path, { dims: {}, run: null }),
  cleaned: async (path: string, folder: string) => {
    const original = await readModel(path);
    const context = { ...unwatched(), dims: {}, seed: 0, workDir: folder, original };
    const { model } = await cleanStep.run(original, 'standard', {}, {}, context);
    await writeModel(model, join(folder, 'cleaned.onnx'));
  },
};
export type Stage = keyof typeof stages;
export const stageNames = Object.keys(stages) as Stage[];

/**
 * @returns for each stage whether it ended well; else in one LatheError
 * @throws anything else that one of them ended in
 */
export async function understandDamaged(bytes: Uint8Array, folder: string): Promise<Record<Stage, boolean>> {
  const path = join(folder, 'damaged.onnx');
  writeFileSync(path, bytes);
  const ended = {} as Record<Stage, boolean>;
  for (const stage of stageNames) {
    try {
      await stages[stage](path, folder);
      ended[stage] = true;
    } catch (error) {
      if (!(error instanceof LatheError)) throw new Error(`not ${stage}`, { cause: error });
      ended[stage] = false;
    }
  }
  return ended;
}
