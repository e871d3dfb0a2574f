/** Recipe files of the shell. */

import { readFile } from 'node:fs/promises';
import { LatheError, messageOf } from '../../contract';

/** The JSON of a recipe file, unchecked. @throws LatheError where it cannot be read or is no JSON */
export async function readRecipeFile(path: string): Promise<unknown> {
  const text = await readFile(path, 'utf8').catch((cause: NodeJS.ErrnoException) => {
    const what = cause.code === 'ENOENT' ? 'there is no such file' : `cannot be read (${cause.code})`;
    throw new LatheError({ who: path, what, next: 'the first argument of `lathe run` is a recipe', cause });
  });
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LatheError({
      who: path,
      what: `is no JSON: ${messageOf(cause)}`,
      next: 'see docs/cli.md for a recipe',
      cause,
    });
  }
}
