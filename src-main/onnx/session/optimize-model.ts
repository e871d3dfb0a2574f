/** onnxruntime's own graph optimisations, written back as a file. */

import { readModel } from '../file';
import type { Model } from '../ir';
import { createSession } from './create-session';
import type { SessionOptions } from './session';

/**
 * The model as onnxruntime optimises it, by way of a file at `path` that must stay while the result is used, as must the
 * folder `<path>.weights` that appears where the model has many changed weights. Weights that stay as they are remain
 * references to the files they were in. Only `basic` gives a model for other machines:
 * from `extended` on it holds operators of com.microsoft, and from `all` on layouts of this CPU.
 * @throws LatheError where onnxruntime does not load the model or cannot write the file
 */
export async function optimizeModel(
  model: Model,
  level: NonNullable<SessionOptions['optimization']>,
  path: string,
): Promise<Model> {
  const { session, weightsFolder } = await createSession(model, {
    optimization: level,
    prepacking: false,
    optimizedModelPath: path,
    spillFolder: `${path}.weights`,
  });
  await session.release();
  return readModel(path, { dataFolder: weightsFolder ?? undefined });
}
