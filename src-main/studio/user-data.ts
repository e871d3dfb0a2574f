/** What belongs to the user of this machine rather than to a project: settings, and the projects opened last. */

import { stat } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { parse, type Settings, settingsSchema } from '../contract';
import { readJson } from '../project/documents';
import { makeFolder, writeWholeJson } from '../project/whole-files';

const recentsSchema = z.array(z.object({ path: z.string(), name: z.string(), openedAt: z.iso.datetime() }));
export type Recents = z.infer<typeof recentsSchema>;

const settingsChangesSchema = settingsSchema.partial();

const defaults: Settings = { theme: 'auto', engineNode: null, measure: { threads: 1, batch: 1 } };
const recentsKept = 20;

export class UserData {
  private writing: Promise<unknown> = Promise.resolve();

  private constructor(
    private readonly folder: string,
    private currentSettings: Settings,
    private currentRecents: Recents,
  ) {}

  /** What cannot be read is as if it were not there: preferences are no reason not to start. */
  static async read(folder: string): Promise<UserData> {
    const settings = await readOr(join(folder, 'settings.json'), settingsChangesSchema, {});
    const recents = await readOr(join(folder, 'recents.json'), recentsSchema, []);
    return new UserData(folder, parse(settingsSchema, { ...defaults, ...settings }, 'settings'), recents);
  }

  get settings(): Settings {
    return this.currentSettings;
  }

  async changeSettings(changes: z.output<typeof settingsChangesSchema>): Promise<Settings> {
    this.currentSettings = parse(settingsSchema, { ...this.currentSettings, ...changes }, 'settings');
    await this.write('settings.json', this.currentSettings);
    return this.currentSettings;
  }

  /** Newest first, without those whose folder is gone. */
  async recents(): Promise<Recents> {
    const there = await Promise.all(
      this.currentRecents.map(({ path }) =>
        stat(join(path, 'project.json')).then(
          () => true,
          () => false,
        ),
      ),
    );
    return this.currentRecents.filter((_recent, at) => there[at]);
  }

  async remember(path: string, name: string): Promise<void> {
    const others = this.currentRecents.filter((recent) => recent.path !== path);
    this.currentRecents = [{ path, name, openedAt: new Date().toISOString() }, ...others].slice(0, recentsKept);
    await this.write('recents.json', this.currentRecents);
  }

  async forget(path: string): Promise<void> {
    this.currentRecents = this.currentRecents.filter((recent) => recent.path !== path);
    await this.write('recents.json', this.currentRecents);
  }

  private write(name: string, document: unknown): Promise<void> {
    const turn = this.writing
      .catch(() => {})
      .then(async () => {
        await makeFolder(this.folder);
        await writeWholeJson(join(this.folder, name), document);
      });
    this.writing = turn;
    return turn;
  }
}

async function readOr<Schema extends z.ZodType>(
  path: string,
  schema: Schema,
  otherwise: z.output<Schema>,
): Promise<z.output<Schema>> {
  try {
    return parse(schema, await readJson(path), path);
  } catch {
    return otherwise;
  }
}
