import { mkdirSync, mkdtempSync, realpathSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { browse } from '../../../src-main/studio/browse';

let root: string;
let allowed: string;
beforeAll(() => {
  root = realpathSync(mkdtempSync(join(tmpdir(), 'lathe-browse-')));
  allowed = join(root, 'home');
  const files: Record<string, string> = {
    'home/net.onnx': 'x',
    'home/recipe.json': '{"steps": [{"kind": "quantize"}]}',
    'home/other.json': '{"steps": 3}',
    'home/.hidden': 'x',
    'home/data/calib.npz': 'x',
    'home/pictures/cats/1.png': 'x',
    'home/pictures/dogs/1.jpg': 'x',
    'home/project/project.json': '{}',
    'home/plain/notes.txt': 'x',
    'secret/key': 'x',
  };
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(join(root, name, '..'), { recursive: true });
    writeFileSync(join(root, name), text);
  }
  symlinkSync(join(root, 'secret'), join(allowed, 'link'));
});
afterAll(() => rmSync(root, { recursive: true }));

describe('browse', () => {
  it('begins at the first allowed folder and says what things look like', async () => {
    const listing = await browse(null, [allowed]);
    expect(listing).toMatchObject({ folder: allowed, parent: null });
    expect(listing.entries.map(({ name, kind, looksLike }) => [name, kind, looksLike])).toEqual([
      ['data', 'folder', 'dataset'],
      ['pictures', 'folder', 'dataset'],
      ['plain', 'folder', null],
      ['project', 'folder', 'project'],
      ['link', 'folder', null],
      ['net.onnx', 'file', 'model'],
      ['other.json', 'file', null],
      ['recipe.json', 'file', 'recipe'],
    ]);
    expect((await browse(join(allowed, 'data'), [allowed])).parent).toBe(allowed);
  });

  it.each([
    ['a folder outside', () => join(root, 'secret')],
    ['a folder above', () => join(allowed, '..')],
    ['a link that leads outside', () => join(allowed, 'link')],
    ['a folder whose name merely begins alike', () => `${allowed}-other`],
  ])('refuses %s', async (_what, folder) => {
    mkdirSync(`${allowed}-other`, { recursive: true });
    await expect(browse(folder(), [allowed])).rejects.toThrow(/lies outside the folders that this host shows/);
  });

  it('refuses what is not there, and a file', async () => {
    await expect(browse(join(allowed, 'nothing'), [allowed])).rejects.toMatchObject({ code: 'not-found' });
    await expect(browse(join(allowed, 'net.onnx'), [allowed])).rejects.toThrow(/is no folder/);
  });
});
