/** The files of a project that carry a format and a version, and how older ones are brought up to date. */

import { readFile } from 'node:fs/promises';
import { basename, dirname } from 'node:path';
import { z } from 'zod';
import {
  datasetSummarySchema,
  diskError,
  errorCode,
  LatheError,
  measureSettingsSchema,
  modelReportSchema,
  parse,
} from '../contract';

const count = z.number().int().nonnegative();

export const projectFileSchema = z.object({
  format: z.literal('lathe-project'),
  version: z.literal(1),
  name: z.string(),
  createdAt: z.iso.datetime(),
  /** The user's own file, which stays where it is. Paths inside the project are relative, with `/`. */
  source: z.object({
    path: z.string(),
    bytes: count,
    /** Milliseconds since 1970. */
    modifiedAt: z.number(),
    /** Follows in the background. */
    sha256: z.string().nullable(),
  }),
  report: modelReportSchema.nullable(),
  dataPath: z.string().nullable(),
  data: datasetSummarySchema.nullable(),
  dims: z.record(z.string(), count),
  measure: measureSettingsSchema,
});
export type ProjectFile = z.infer<typeof projectFileSchema>;

interface VersionedFormat<Schema extends z.ZodType> {
  readonly format: string;
  readonly version: number;
  readonly schema: Schema;
  /** Version → what makes the next version of it. */
  readonly migrations: Readonly<Record<number, (document: Record<string, unknown>) => Record<string, unknown>>>;
}

export const projectFormat: VersionedFormat<typeof projectFileSchema> = {
  format: 'lathe-project',
  version: 1,
  schema: projectFileSchema,
  migrations: {},
};

/**
 * @param who the file, as messages name it
 * @throws LatheError where it is of another format, newer than this Lathe, or damaged
 */
export function readVersioned<Schema extends z.ZodType>(
  { format, version, schema, migrations }: VersionedFormat<Schema>,
  document: unknown,
  who: string,
): z.output<Schema> {
  const header = z.object({ format: z.literal(format), version: z.number().int() }).safeParse(document);
  if (!header.success) throw new LatheError({ who, what: `is no ${format} file` });
  if (header.data.version > version)
    throw new LatheError({
      who,
      what: `was written by a newer Lathe (version ${header.data.version} of its format, this one reads ${version})`,
      next: 'update Lathe',
    });
  let current = document as Record<string, unknown>;
  for (let from = header.data.version; from < version; from += 1) {
    const migrate = migrations[from];
    if (migrate === undefined) throw new LatheError({ who, what: `version ${from} of its format is no longer read` });
    current = migrate(current);
  }
  return parse(schema, current, who, 'input');
}

/** The parsed JSON of a file. @throws LatheError `not-found` or `input` */
export async function readJson(path: string): Promise<unknown> {
  const text = await readText(path);
  try {
    return JSON.parse(text);
  } catch (cause) {
    throw new LatheError({ who: shortName(path), what: 'is not whole JSON', where: path, cause });
  }
}

async function readText(path: string): Promise<string> {
  try {
    return await readFile(path, 'utf8');
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT' || errorCode(thrown) === 'ENOTDIR')
      throw new LatheError({ who: path, what: 'does not exist', code: 'not-found', cause: thrown });
    throw diskError(thrown, path);
  }
}

/** `digits/project.json` */
export function shortName(path: string): string {
  return `${basename(dirname(path))}/${basename(path)}`;
}
