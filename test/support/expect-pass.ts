/** A pass test is two pictures: the model before and the model after, as text, both run on the same input. */

import { expect } from 'vitest';
import { modelText } from '../../src-main/onnx/file';
import type { Model } from '../../src-main/onnx/ir';
import type { PassResult } from '../../src-main/passes';
import { expectSameOutputs, modelFromText, type SameOutputs } from './model-from-text';

type Run = (model: Model) => PassResult | Promise<PassResult>;

/**
 * Expects `run` to make `after` of `before`, with equal outputs, and to change nothing when it is run again.
 * Node names count only where `after` writes them.
 */
export async function expectPass(
  run: Run,
  before: string | Model,
  after: string,
  how: SameOutputs = {},
): Promise<PassResult> {
  const model = typeof before === 'string' ? modelFromText(before) : before;
  const result = await run(model);
  expect(picture(result.model)).toBe(picture(modelFromText(after)));
  expect(result.changed).toBeGreaterThan(0);
  await expectSameOutputs(model, result.model, how);
  const again = await run(result.model);
  expect(again.model, 'running twice changes nothing').toBe(result.model);
  expect(again.changed).toBe(0);
  return result;
}

/** Expects `run` to leave the model as it is; gives what it says about it. */
export async function expectUntouched(run: Run, before: string): Promise<PassResult> {
  const model = modelFromText(before);
  const result = await run(model);
  expect(result.model).toBe(model);
  expect(result.changed).toBe(0);
  return result;
}

const picture = (model: Model): string => modelText(model).replaceAll(/^(\s*)\[[^\]]*\] /gm, '$1');
