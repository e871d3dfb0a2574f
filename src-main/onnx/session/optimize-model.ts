/** onnxruntime's own graph optimisations, written back as a file. */

import type { Model } from '../ir';
import { createSession } from './create-session';
import type { SessionOptions } from './session';

/**
 * Writes the model as onnxruntime optimises it to `path`, its weights inside. Only `basic` gives a file for other
 * machines: from `extended` on it holds operators of com.microsoft, and from `all` on layouts of this CPU.
 * @throws LatheError where onnxruntime does not load the model or cannot write the file
 */
export async function optimizeModel(
  model: Model | string,
  level: NonNullable<SessionOptions['optimization']>,
  path: string,
): Promise<void> {
  const session = await createSession(model, { optimization: level, prepacking: false, optimizedModelPath: path });
  await session.release();
}
