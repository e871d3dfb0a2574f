/** The methods of kind `clean`: the runtime's own, all safe passes together, and each pass alone. */

import { type OptionValues, targetFilter } from '../contract';
import { basic } from './basic';
import { compareOutputs } from './compare-outputs';
import { passes } from './index';
import type { CleanMethod } from './method';
import type { Pass } from './pass';
import { withContext } from './pass-error';
import { standard } from './standard';

export const cleanMethods: readonly CleanMethod[] = [basic, standard, ...passes.map(methodOf)];

/** A pass as a method: run, then proved on random input. */
function methodOf(pass: Pass): CleanMethod {
  const { name, title, help, source, options } = pass;
  return {
    name,
    title,
    help,
    source,
    options,
    data: 'none',
    async run(model, chosen, targets, context) {
      const { progress, signal, dims, seed } = context;
      const given = { progress, signal, options: chosen as OptionValues, isTarget: targetFilter(targets) };
      const result = await withContext(pass, () => pass.run(model, given));
      signal.throwIfAborted();
      if (result.model === model) return { ...result, notes: [...result.notes, 'nothing to do'] };
      const proof = await compareOutputs(model, result.model, { dims, seed, tolerance: pass.tolerance });
      return { ...result, notes: [...result.notes, proof] };
    },
  };
}
