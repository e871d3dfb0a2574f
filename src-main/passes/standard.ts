/** All safe passes in their order, again and again until a round changes nothing. */

import { messageOf, portion, targetFilter } from '../contract';
import type { Model, Node } from '../onnx/ir';
import { compareOutputs } from './compare-outputs';
import { standardPasses } from './index';
import type { CleanMethod } from './method';
import type { Pass, PassResult } from './pass';
import { isStop, withContext } from './pass-error';

/** Each round folds what the one before laid bare; deep shape computations take a handful. */
const maxRounds = 12;

type Context = Parameters<CleanMethod['run']>[3];

export const standard: CleanMethod = {
  name: 'standard',
  title: 'Full clean-up',
  help: 'Every safe pass in order until nothing is left to do: folds constants, shapes, scales and BatchNormalization, removes what does nothing, shares what is there twice. Stays in the standard operators.',
  source: 'https://onnx.ai/onnx/operators/',
  options: {},
  data: 'none',
  async run(model, _options, targets, context) {
    const isTarget = targetFilter(targets);
    const work = { ...context, ...portion(context, 0, 0.8) };
    const quick = await cleanUp(model, work, isTarget, async () => {});
    if (quick.model === model) return { model, eligible: 0, changed: 0, skipped: [], notes: ['nothing to clean up'] };
    try {
      return withProof(model, quick, await prove(model, quick.model, context));
    } catch (thrown) {
      if (isStop(thrown)) throw thrown;
      // One of them broke it: each is proved by itself, and that one is left out.
      const careful = await cleanUp(model, work, isTarget, async (before, after) => {
        await prove(before, after, context);
      });
      return withProof(model, careful, await prove(model, careful.model, context));
    }
  },
};

function prove(before: Model, after: Model, { progress, dims, seed }: Context): Promise<string> {
  progress({ phase: 'Comparing outputs', fraction: 0.8 });
  const tolerance = standardPasses.reduce((largest, pass) => Math.max(largest, pass.tolerance), 0);
  return compareOutputs(before, after, { dims, seed, tolerance });
}

function withProof(before: Model, { model, notes, ...counts }: PassResult, proof: string): PassResult {
  const nodes = `${before.graph.nodes.length} nodes became ${model.graph.nodes.length}`;
  return { model, ...counts, notes: [nodes, ...notes, proof] };
}

/** @param check of one pass's work; what it throws leaves the pass out, as does what the pass throws itself */
async function cleanUp(
  model: Model,
  context: Context,
  isTarget: (node: Node) => boolean,
  check: (before: Model, after: Model) => Promise<void>,
): Promise<PassResult> {
  const skipped = new Map<string, { node: string; reason: string }>();
  const notes = new Set<string>();
  const leftOut = new Set<Pass>();
  let now = model;
  let changed = 0;
  for (let round = 0; round < maxRounds; round++) {
    const before = now;
    skipped.clear();
    for (const [at, pass] of standardPasses.entries()) {
      if (leftOut.has(pass)) continue;
      context.signal.throwIfAborted();
      const fraction = (round + at / standardPasses.length) / maxRounds;
      context.progress({ phase: 'Cleaning', fraction, detail: pass.title });
      try {
        const result = await withContext(pass, async () => {
          const made = await pass.run(now, { ...context, options: defaultsOf(pass) as never, isTarget });
          if (made.model !== now) await check(now, made.model);
          return made;
        });
        now = result.model;
        changed += result.changed;
        for (const skip of result.skipped) skipped.set(`${pass.name} ${skip.node}`, skip);
        for (const note of result.notes) notes.add(note);
      } catch (thrown) {
        if (isStop(thrown)) throw thrown;
        leftOut.add(pass);
        notes.add(`left out: ${messageOf(thrown)}`);
      }
    }
    if (now === before) break;
  }
  return { model: now, eligible: changed + skipped.size, changed, skipped: [...skipped.values()], notes: [...notes] };
}

const defaultsOf = ({ options }: Pass): Record<string, unknown> =>
  Object.fromEntries(Object.entries(options).map(([name, spec]) => [name, spec.default]));
