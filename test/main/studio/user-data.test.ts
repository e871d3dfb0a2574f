import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { UserData } from '../../../src-main/studio/user-data';

let folder: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), 'lathe-user-'));
});
afterEach(() => rmSync(folder, { recursive: true }));

function makeProject(name: string): string {
  const path = join(folder, name);
  mkdirSync(path);
  writeFileSync(join(path, 'project.json'), '{}');
  return path;
}

describe('settings', () => {
  it('are kept, and a change leaves the others as they were', async () => {
    const first = await UserData.read(join(folder, 'user'));
    await first.changeSettings({ theme: 'dark' });
    await first.changeSettings({ measure: { threads: 2, batch: 8 } });
    const second = await UserData.read(join(folder, 'user'));
    expect(second.settings).toEqual({ theme: 'dark', engineNode: null, measure: { threads: 2, batch: 8 } });
  });

  it('that cannot be read are the usual ones', async () => {
    writeFileSync(join(folder, 'settings.json'), '{"theme": "pi');
    expect((await UserData.read(folder)).settings.theme).toBe('auto');
  });
});

describe('recents', () => {
  it('are newest first, each once, and without those that are gone', async () => {
    const data = await UserData.read(folder);
    const [a, b, c] = ['a', 'b', 'c'].map(makeProject) as [string, string, string];
    for (const path of [a, b, c, a]) await data.remember(path, path.slice(-1));
    rmSync(b, { recursive: true });
    const again = await UserData.read(folder);
    expect((await again.recents()).map(({ name }) => name)).toEqual(['a', 'c']);
    await again.forget(a);
    expect((await again.recents()).map(({ name }) => name)).toEqual(['c']);
  });
});
