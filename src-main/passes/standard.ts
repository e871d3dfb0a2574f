/** All safe passes in their order, again and again until a round changes nothing. */

import { portion, targetFilter } from '../contract';
import type { Model } from '../onnx/ir';
import { compareOutputs } from './compare-outputs';
import { standardPasses } from './index';
import type { CleanMethod } from './method';
import type { Pass } from './pass';
import { withContext } from './pass-error';

/** Each round folds what the one before laid bare; deep shape computations take a handful. */
const maxRounds = 12;

export const standard: CleanMethod = {
  name: 'standard',
  title: 'Full clean-up',
  help: 'Every safe pass in order until nothing is left to do: folds constants, shapes, scales and BatchNormalization, removes what does nothing, shares what is there twice. Stays in the standard operators.',
  source: 'https://onnx.ai/onnx/operators/',
  options: {},
  data: 'none',
  async run(model, _options, targets, context) {
    const isTarget = targetFilter(targets);
    const skipped = new Map<string, { node: string; reason: string }>();
    const notes = new Map<string, number>();
    let now = model;
    let changed = 0;
    for (let round = 0; round < maxRounds; round++) {
      const before = now;
      skipped.clear();
      for (const [at, pass] of standardPasses.entries()) {
        context.signal.throwIfAborted();
        const fraction = (0.8 * (round + at / standardPasses.length)) / maxRounds;
        context.progress({ phase: 'Cleaning', fraction, detail: pass.title });
        const result = await withContext(pass, () =>
          pass.run(now, { ...context, options: defaultsOf(pass) as never, isTarget }),
        );
        now = result.model;
        changed += result.changed;
        for (const skip of result.skipped) skipped.set(`${pass.name} ${skip.node}`, skip);
        for (const note of result.notes) notes.set(note, (notes.get(note) ?? 0) + 1);
      }
      if (now === before) break;
    }
    if (now === model) return { model, eligible: 0, changed: 0, skipped: [], notes: ['nothing to clean up'] };
    const work = portion(context, 0.8, 1);
    work.progress({ phase: 'Comparing outputs', fraction: 0 });
    const tolerance = standardPasses.reduce((largest, pass) => Math.max(largest, pass.tolerance), 0);
    const proof = await compareOutputs(model, now, { dims: context.dims, seed: context.seed, tolerance });
    return {
      model: now,
      eligible: changed + skipped.size,
      changed,
      skipped: [...skipped.values()],
      notes: [nodeNote(model, now), ...notes.keys(), proof],
    };
  },
};

const nodeNote = (before: Model, after: Model): string =>
  `${before.graph.nodes.length} nodes became ${after.graph.nodes.length}`;

const defaultsOf = ({ options }: Pass): Record<string, unknown> =>
  Object.fromEntries(Object.entries(options).map(([name, spec]) => [name, spec.default]));
