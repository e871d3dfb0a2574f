/** @file What can be done to a float model before it is quantized, a file each, in the order they are done in. */

import { type BooleanSpec, portion } from '../../contract';
import type { Model } from '../../onnx/ir';
import type { Tally } from '../method';
import type { PreparationContext } from '../preparation';
import { absorbBiases } from './absorb-biases';
import { equalize } from './equalize';
import { smooth } from './smooth';

export const preparations = [equalize, absorbBiases, smooth] as const;

type Name = (typeof preparations)[number]['name'];

/** A switch for each, for the options of a method. */
export const preparationOptions = Object.fromEntries(
  preparations.map(({ name, title, help, default: on }) => [
    name,
    { kind: 'boolean', title, help, default: on, advanced: true },
  ]),
) as Readonly<Record<Name, BooleanSpec>>;

/** The model after every preparation that is chosen; what was done is noted. */
export async function runPreparations(
  model: Model,
  chosen: Readonly<Record<Name, boolean>>,
  context: PreparationContext,
  tally: Tally,
): Promise<Model> {
  let prepared = model;
  const active = preparations.filter(({ name }) => chosen[name]);
  for (const [at, preparation] of active.entries()) {
    const work = portion(context, at / active.length, (at + 1) / active.length, preparation.title);
    const result = await preparation.run(prepared, { ...context, ...work });
    prepared = result.model;
    for (const note of result.notes) tally.note(`Before: ${note}.`);
  }
  return prepared;
}
