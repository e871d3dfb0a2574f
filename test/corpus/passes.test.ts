/** Every model of the corpus, cleaned: equal outputs on its own data, and nothing left to do for a second run. */

import { dirname } from 'node:path';
import { describe, expect, it } from 'vitest';
import { resolveOptions, unwatched } from '../../src-main/contract';
import { readModel } from '../../src-main/onnx/file';
import { fuse, raiseOpset, standardPasses } from '../../src-main/passes';
import { relativeDifference } from '../../src-main/passes/compare-outputs';
import { cleanStep } from '../../src-main/passes/step';
import { stepContext } from '../support/step-context';
import { corpusModels, firstOutputs } from './models';

/** Of fold-batch-norm and fuse, the least exact. */
const tolerance = 1e-4;

describe.each(corpusModels)('%s', (_name, path) => {
  it('keeps its outputs through each kind of cleaning, and has nothing left to clean', async () => {
    const original = await readModel(path);
    const wanted = await firstOutputs(original, dirname(path));
    const clean = (model: typeof original) => cleanStep.run(model, 'standard', {}, {}, stepContext(model));
    const { model: cleaned, notes } = await clean(original);
    console.log(notes.join('; '));
    expect(notes.join()).not.toContain('outputs were not compared');
    expect((await clean(cleaned)).notes).toEqual(['nothing to clean up']);
    for (const pass of standardPasses) {
      const options = resolveOptions(pass.options, {}, pass.name);
      const again = await pass.run(cleaned, { ...unwatched(), options, isTarget: () => true });
      expect(again.model, `${pass.name} again`).toBe(cleaned);
    }
    const raised = (await raiseOpset(cleaned, 21)).model;
    const fused = (await fuse(raised, { nonStandard: true })).model;
    expect((await fuse(fused, { nonStandard: true })).changed).toBe(0);
    for (const [what, model] of Object.entries({ cleaned, raised, fused })) {
      const outputs = await firstOutputs(model, dirname(path));
      if (typeof wanted === 'string' || typeof outputs === 'string') expect(outputs, what).toBe(wanted);
      else
        for (const [output, array] of Object.entries(wanted)) {
          const now = outputs[output];
          expect(now?.shape, `${what} ${output}`).toEqual(array.shape);
          expect(relativeDifference(array, now as typeof array), `${what} ${output}`).toBeLessThanOrEqual(tolerance);
        }
    }
  });
});
