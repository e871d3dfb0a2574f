/** An exported variant as a user keeps it: the model, its recipe and a report, which appear whole or not at all. */

import { readdir, rename, rm } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { diskError, type ExportResult, LatheError, type ModelFile, type Report, reportSchema } from '../contract';
import { removeAbandoned, unfinishedName } from '../onnx/file/unfinished';
import { readJson } from './documents';
import { reportHtml } from './report-html';
import { makeFolder, removeEmptyFolders, syncFolder, writeWholeFile, writeWholeJson } from './whole-files';

const recipeFile = 'recipe.json';
const reportFile = 'report.json';
const pageFile = 'report.html';

export class ExportBundle {
  private constructor(
    /** What is made is gathered here, on the target's disk. */
    readonly draft: string,
    private readonly to: string,
    private readonly variant: string,
    /** The topmost folder that was made for it. */
    private readonly made: string | undefined,
  ) {}

  /**
   * @param to made where it is missing
   * @throws LatheError where it cannot be written
   */
  static async open(to: string, variant: string): Promise<ExportBundle> {
    const made = await makeFolder(to);
    await removeAbandoned(to);
    const draft = join(to, unfinishedName('export'));
    await makeFolder(draft);
    return new ExportBundle(draft, to, variant, made);
  }

  /**
   * Writes the documents beside the model and moves all of it into place, the report last.
   * @param model as it lies in the draft
   * @throws LatheError where a file of something else has one of the names; nothing is moved then
   */
  async finish(model: ModelFile, report: Report): Promise<ExportResult> {
    const { recipe } = report.variant;
    if (recipe !== null) await writeWholeJson(join(this.draft, recipeFile), { lathe: 1, ...recipe });
    await writeWholeFile(join(this.draft, pageFile), reportHtml(report));
    await writeWholeJson(join(this.draft, reportFile), reportSchema.parse(report));
    const names = (await readdir(this.draft)).sort((a, b) => Number(a === reportFile) - Number(b === reportFile));
    await this.checkFree(names);
    try {
      for (const name of names) await rename(join(this.draft, name), join(this.to, name));
      await syncFolder(this.to);
    } catch (thrown) {
      throw diskError(thrown, this.to);
    }
    return {
      folder: this.to,
      model: { ...model, path: join(this.to, basename(model.path)) },
      recipe: recipe === null ? null : join(this.to, recipeFile),
      reportHtml: join(this.to, pageFile),
      reportJson: join(this.to, reportFile),
      checks: report.checks,
    };
  }

  /** The error with the folder that the user named in the place of the draft, which is gone when it is read. */
  withoutDraft(thrown: unknown): unknown {
    if (thrown instanceof LatheError) thrown.message = thrown.message.replaceAll(this.draft, this.to);
    return thrown;
  }

  /** Removes what is left of the draft, folders that were made for nothing, and nothing else. */
  async discard(): Promise<void> {
    await rm(this.draft, { recursive: true, force: true });
    if (this.made !== undefined) await removeEmptyFolders(this.to, this.made);
  }

  /** The same variant may be exported again over its own files; any other file is the user's. */
  private async checkFree(names: readonly string[]): Promise<void> {
    const there = new Set(await readdir(this.to));
    const taken = names.filter((name) => there.has(name));
    if (taken.length === 0 || (await this.holdsSameVariant())) return;
    throw new LatheError({
      who: this.to,
      what: `holds ${taken.join(', ')} already`,
      next: 'choose an empty folder, or move them away',
    });
  }

  private async holdsSameVariant(): Promise<boolean> {
    const parsed = reportSchema.safeParse(await readJson(join(this.to, reportFile)).catch(() => null));
    return parsed.success && parsed.data.variant.id === this.variant;
  }
}
