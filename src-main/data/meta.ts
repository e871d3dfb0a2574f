/** meta.json: what is known of a dataset beside its arrays. */

import { readFile } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { LatheError, messageOf } from '../contract';
import type { Meta } from './dataset';

const metaSchema = z.looseObject({
  feed: z.enum(['slice', 'element']).default('slice'),
  output: z.string().nullable().default(null),
  batch: z.number().int().positive().default(32),
  metric: z
    .looseObject({ kind: z.string(), name: z.string().nullable().default(null) })
    .nullable()
    .default(null),
  classes: z.array(z.string()).nullable().default(null),
  state: z.record(z.string(), z.string()).nullable().default(null),
  state_shape: z.array(z.number().int().nonnegative()).nullable().default(null),
});

/**
 * Reads `meta.json` of a data folder; the defaults where there is none.
 * @throws LatheError that names the field
 */
export async function readMeta(folder: string): Promise<Meta> {
  const raw = await readJson(join(folder, 'meta.json'));
  const parsed = metaSchema.safeParse(raw ?? {});
  if (!parsed.success) {
    const issue = parsed.error.issues[0] as z.core.$ZodIssue;
    throw new LatheError({ who: 'meta.json', what: `field "${issue.path.join('.')}": ${issue.message}` });
  }
  const { feed, output, batch, metric, classes, state, state_shape: stateShape } = parsed.data;
  return {
    feed,
    output,
    batch,
    metric: metric === null ? null : { kind: metric.kind, name: metric.name },
    classes,
    state,
    stateShape,
    folder,
    raw: raw ?? {},
  };
}

/** A JSON object from a file; null where there is no such file. */
export async function readJson(path: string): Promise<Record<string, unknown> | null> {
  const name = path.slice(Math.max(path.lastIndexOf('/'), path.lastIndexOf('\\')) + 1);
  let text: string;
  try {
    text = await readFile(path, 'utf8');
  } catch (cause) {
    if ((cause as NodeJS.ErrnoException).code === 'ENOENT') return null;
    throw new LatheError({ who: name, what: `cannot be read (${messageOf(cause)})`, cause });
  }
  try {
    const value: unknown = JSON.parse(text);
    if (typeof value === 'object' && value !== null && !Array.isArray(value)) return value as Record<string, unknown>;
  } catch (cause) {
    throw new LatheError({ who: name, what: `is not valid JSON (${messageOf(cause)})`, cause });
  }
  throw new LatheError({ who: name, what: 'should hold one JSON object' });
}
