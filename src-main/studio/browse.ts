/** Looking through folders, for hosts whose page has no file dialog: only inside those that the host allows. */

import type { Dirent } from 'node:fs';
import { readdir, readFile, realpath, stat } from 'node:fs/promises';
import { dirname, join, resolve, sep } from 'node:path';
import { LatheError, type ResultOf, recipeSchema, type StudioCalls } from '../contract';

type Listing = ResultOf<StudioCalls, 'browse'>;
type Entry = Listing['entries'][number];

/** A page cannot show more, and a message may not carry many more. */
const entriesShown = 2000;

/**
 * Folders first, then files, by name; hidden ones are left out.
 * @param folder null = the first of the allowed ones
 * @throws LatheError where it lies outside them (links are followed first) or cannot be read
 */
export async function browse(folder: string | null, allowed: readonly string[]): Promise<Listing> {
  const roots = await Promise.all(allowed.map((root) => realpath(root).catch(() => resolve(root))));
  const asked = folder ?? roots[0];
  if (asked === undefined) throw new LatheError({ who: 'browse', what: 'this host shows no folders', code: 'usage' });
  const place = await realFolder(asked);
  if (!roots.some((root) => isInside(place, root)))
    throw new LatheError({
      who: asked,
      what: 'lies outside the folders that this host shows',
      next: `it shows ${roots.join(', ')}`,
      code: 'usage',
    });
  const names = (await readable(place)).filter(({ name }) => !name.startsWith('.')).sort(byKindAndName);
  const entries = await Promise.all(names.slice(0, entriesShown).map((entry) => describeEntry(place, entry)));
  const parent = dirname(place);
  return {
    folder: place,
    parent: parent !== place && roots.some((root) => isInside(parent, root)) ? parent : null,
    entries: entries.flatMap((entry) => (entry === null ? [] : [entry])),
  };
}

function isInside(path: string, root: string): boolean {
  return path === root || path.startsWith(root.endsWith(sep) ? root : root + sep);
}

async function realFolder(path: string): Promise<string> {
  try {
    return await realpath(path);
  } catch (cause) {
    throw new LatheError({ who: path, what: 'does not exist', code: 'not-found', cause });
  }
}

async function readable(folder: string): Promise<Dirent[]> {
  try {
    return await readdir(folder, { withFileTypes: true });
  } catch (cause) {
    throw new LatheError({ who: folder, what: 'is no folder, or may not be read', cause });
  }
}

function byKindAndName(a: Dirent, b: Dirent): number {
  const order = Number(b.isDirectory()) - Number(a.isDirectory());
  return order || a.name.localeCompare(b.name, 'en', { numeric: true });
}

/** null for what vanished meanwhile, or is neither file nor folder. */
async function describeEntry(folder: string, { name }: Dirent): Promise<Entry | null> {
  const path = join(folder, name);
  const found = await stat(path).catch(() => null);
  if (found?.isDirectory()) return { name, path, kind: 'folder', bytes: null, looksLike: await folderLooksLike(path) };
  if (found?.isFile())
    return { name, path, kind: 'file', bytes: found.size, looksLike: await fileLooksLike(path, found.size) };
  return null;
}

async function folderLooksLike(folder: string): Promise<Entry['looksLike']> {
  const names = await namesIn(folder);
  if (names.includes('project.json')) return 'project';
  if (names.some((name) => /^(calib|test|train)\.npz$/.test(name))) return 'dataset';
  const classes = names.filter((name) => !name.startsWith('.')).slice(0, 2);
  if (classes.length < 2) return null;
  const firsts = await Promise.all(classes.map((name) => namesIn(join(folder, name))));
  return firsts.every((inside) => /\.(png|jpe?g|webp|bmp)$/i.test(inside[0] ?? '')) ? 'dataset' : null;
}

async function namesIn(folder: string): Promise<string[]> {
  return readdir(folder).catch(() => []);
}

const largestRecipe = 64 * 1024;

async function fileLooksLike(path: string, bytes: number): Promise<Entry['looksLike']> {
  if (path.endsWith('.onnx')) return 'model';
  if (!path.endsWith('.json') || bytes > largestRecipe) return null;
  try {
    return recipeSchema.safeParse(JSON.parse(await readFile(path, 'utf8'))).success ? 'recipe' : null;
  } catch {
    return null;
  }
}
