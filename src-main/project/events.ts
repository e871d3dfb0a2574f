/** What happened in a project, one JSON line an event, only ever appended to. */

import { type FileHandle, open, readFile, truncate } from 'node:fs/promises';
import { z } from 'zod';
import { diskError, errorCode, jobSchema } from '../contract';

const at = z.iso.datetime();
export const eventSchema = z.discriminatedUnion('event', [
  z.object({ event: z.literal('created'), at }),
  /** A job as it was queued, began or ended, with the call that asked for it. */
  z.object({ event: z.literal('job'), at, job: jobSchema, request: z.unknown() }),
  z.object({ event: z.literal('job-dismissed'), at, job: z.string() }),
  z.object({ event: z.literal('variant-made'), at, variant: z.string() }),
  z.object({ event: z.literal('variant-removed'), at, variant: z.string() }),
  z.object({ event: z.literal('variant-restored'), at, variant: z.string() }),
]);
export type ProjectEvent = z.infer<typeof eventSchema>;

export class EventLog {
  private constructor(
    private readonly path: string,
    private readonly file: FileHandle,
  ) {}

  /** Opens for appending; a last line that a kill has torn is cut off. */
  static async open(path: string): Promise<{ log: EventLog; past: ProjectEvent[] }> {
    const { events, wholeBytes, bytes } = await readLines(path);
    try {
      if (wholeBytes < bytes) await truncate(path, wholeBytes);
      return { log: new EventLog(path, await open(path, 'a')), past: events };
    } catch (thrown) {
      throw diskError(thrown, path);
    }
  }

  /** Settles when the event is on the disk. */
  async append(event: ProjectEvent): Promise<void> {
    try {
      await this.file.appendFile(`${JSON.stringify(event)}\n`);
      await this.file.datasync();
    } catch (thrown) {
      throw diskError(thrown, this.path);
    }
  }

  async close(): Promise<void> {
    await this.file.close();
  }
}

/** Lines of kinds that this version does not know are passed over, so that an older Lathe opens a newer project's log. */
async function readLines(path: string): Promise<{ events: ProjectEvent[]; wholeBytes: number; bytes: number }> {
  let contents: Buffer;
  try {
    contents = await readFile(path);
  } catch (thrown) {
    if (errorCode(thrown) === 'ENOENT') return { events: [], wholeBytes: 0, bytes: 0 };
    throw diskError(thrown, path);
  }
  const wholeBytes = contents.lastIndexOf('\n') + 1;
  const lines = contents.subarray(0, wholeBytes).toString('utf8').split('\n');
  const events = lines.flatMap((line) => parseEvent(line) ?? []);
  return { events, wholeBytes, bytes: contents.length };
}

function parseEvent(line: string): ProjectEvent | null {
  try {
    const parsed = eventSchema.safeParse(JSON.parse(line));
    return parsed.success ? parsed.data : null;
  } catch {
    return null;
  }
}
