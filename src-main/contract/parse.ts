/** What arrives from outside is parsed here, with a message that names the field. */

import { z } from 'zod';
import { type ErrorCode, LatheError } from './error';

/**
 * @param who the thing that is read, in its own spelling: `project.json`, `call "inspect"`
 * @throws LatheError that names the first field that does not fit
 */
export function parse<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  who: string,
  code: ErrorCode = 'usage',
): z.output<Schema> {
  const parsed = z.safeParse(schema, value);
  if (parsed.success) return parsed.data;
  throw new LatheError({ who, what: describeIssues(parsed.error), code, cause: parsed.error });
}

/** `steps[0].kind: Invalid option: expected one of …`, and how many more there are. */
export function describeIssues(error: z.ZodError): string {
  const [first, ...more] = error.issues;
  if (first === undefined) return 'does not fit';
  const where = fieldName(first.path);
  const rest = more.length === 0 ? '' : ` (and ${more.length} more)`;
  return `${where === '' ? '' : `field ${where}: `}${first.message}${rest}`;
}

function fieldName(path: readonly PropertyKey[]): string {
  return path.reduce<string>((text, key) => {
    if (typeof key === 'number') return `${text}[${key}]`;
    return text === '' ? String(key) : `${text}.${String(key)}`;
  }, '');
}
