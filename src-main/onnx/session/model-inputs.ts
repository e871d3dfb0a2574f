/** What a model is fed, as its file tells it: no session has to be opened, which would read all weights. */

import { fedInputs, type Model } from '../ir';
import { openSession } from './open-session';
import type { SessionValue } from './session';

/**
 * The inputs that a session of the model would tell.
 * @throws LatheError where the file leaves a type open and onnxruntime does not load the model
 */
export async function modelInputs(model: Model): Promise<readonly SessionValue[]> {
  const told: SessionValue[] = [];
  for (const { name, type } of fedInputs(model.graph)) {
    if (type?.kind !== 'tensor') return inputsOfSession(model);
    const shape = type.shape?.map((dim) => (typeof dim === 'number' && dim <= 0 ? null : dim)) ?? null;
    told.push({ name, kind: 'tensor', dtype: type.dtype, shape });
  }
  return told;
}

async function inputsOfSession(model: Model): Promise<readonly SessionValue[]> {
  const session = await openSession(model, { optimization: 'disabled', prepacking: false });
  await session.release();
  return session.inputs;
}
