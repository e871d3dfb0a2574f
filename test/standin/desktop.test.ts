/** The built desktop app under Node: what it asks of Electron, and what it makes of what pages and system send. */

import { cpSync, mkdtempSync, rmSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { buildApp, type StandinApp, startApp, until } from './start';

const root = fileURLToPath(new URL('../..', import.meta.url));
const digits = join(root, 'test', 'samples', 'digits');
let built: string;

beforeAll(async () => {
  built = mkdtempSync(join(tmpdir(), 'lathe-standin-'));
  await buildApp(built);
});
afterAll(() => rmSync(built, { recursive: true }));

/** What main asked of Electron under this name. */
async function asked(app: StandinApp, what: string): Promise<readonly (readonly unknown[])[]> {
  const notes = await app.do('notes');
  return notes.filter((note) => note.what === what).map(({ args }) => args);
}

describe('the window', () => {
  test('runs its page isolated, in a sandbox, without Node', async () => {
    const app = await startApp(built);
    const [[options]] = (await asked(app, 'new BrowserWindow')) as [[{ webPreferences: Record<string, unknown> }]];
    expect(options.webPreferences).toMatchObject({
      contextIsolation: true,
      sandbox: true,
      nodeIntegration: false,
      nodeIntegrationInWorker: false,
      webviewTag: false,
      webSecurity: true,
      preload: join(root, 'out', 'preload', 'preload.cjs'),
    });
    expect(await asked(app, 'window.loadURL')).toEqual([['app://studio/']]);
  });

  test('serves the own pages under a strict policy, and nothing beside them', async () => {
    const app = await startApp(built);
    const page = await app.do('fetch', 'app://studio/');
    expect(page.status).toBe(200);
    expect(page.headers['content-type']).toBe('text/html; charset=utf-8');
    const policy = page.headers['content-security-policy'] ?? '';
    expect(policy).toContain("default-src 'none'");
    expect(policy).toContain("script-src 'self';");
    expect(policy).not.toMatch(/unsafe-eval|https?:|\*/);
    expect(page.headers).toMatchObject({
      'cross-origin-opener-policy': 'same-origin',
      'cross-origin-embedder-policy': 'require-corp',
      'x-content-type-options': 'nosniff',
    });
    // What the page loads is its own: no address of another machine.
    const sources = [...page.body.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
    expect(sources.length).toBeGreaterThan(0);
    for (const source of sources) {
      expect(source).not.toMatch(/^(https?:)?\/\//);
      expect((await app.do('fetch', new URL(source, 'app://studio/').href)).status).toBe(200);
    }
    for (const url of ['app://studio/../main/index.js', 'app://studio/%2e%2e/main/index.js', 'app://other/']) {
      expect((await app.do('fetch', url)).status).toBe(404);
    }
  });

  test('refuses remote content, navigation, new windows, web views and permissions', async () => {
    const app = await startApp(built);
    for (const url of [
      'https://example.org/a.js',
      'http://127.0.0.1/',
      'file:///etc/hosts',
      'app://other/',
      'app://studio.example/',
    ])
      expect(await app.do('request', url), url).toEqual({ cancelled: true });
    for (const url of ['app://studio/assets/a.js', 'blob:app://studio/1', 'data:image/png;base64,'])
      expect(await app.do('request', url), url).toEqual({ cancelled: false });
    for (const name of ['will-navigate', 'will-frame-navigate', 'will-redirect', 'will-attach-webview'])
      expect(await app.do('contentsEvent', name), name).toBe(true);
    expect(await app.do('openWindow', 'https://example.org/')).toEqual({ action: 'deny' });
    for (const name of ['media', 'geolocation', 'notifications', 'clipboard-read', 'openExternal'])
      expect(await app.do('permission', name), name).toEqual({ requested: false, checked: false, device: false });
  });

  test('keeps reports of crashes on this machine', async () => {
    const app = await startApp(built);
    expect(await asked(app, 'crashReporter.start')).toEqual([[{ uploadToServer: false }]]);
  });
});

describe('messages from pages', () => {
  const strangers = [
    { origin: 'https://example.org' },
    { origin: 'app://other' },
    { subframe: true },
    { stranger: true },
    { gone: true },
  ];

  test('are heard from the own page alone', async () => {
    const app = await startApp(built);
    const menu = [{ id: 'evil', title: 'Evil', menu: 'file', enabled: true }];
    const before = JSON.stringify(await app.do('menu'));
    for (const from of strangers) {
      await app.do('send', 'lathe:connect', [], from);
      await app.do('send', 'lathe:menu', [menu], from);
      await expect(app.do('invoke', 'lathe:choose', ['model'], from)).rejects.toThrow('this sender is not heard');
      await expect(app.do('invoke', 'lathe:reveal', ['/etc/hosts'], from)).rejects.toThrow('this sender is not heard');
    }
    expect(await asked(app, 'webContents.postMessage')).toEqual([]);
    expect(await asked(app, 'dialog.showOpenDialog')).toEqual([]);
    expect(await asked(app, 'shell.showItemInFolder')).toEqual([]);
    expect(JSON.stringify(await app.do('menu'))).toBe(before);
    // The same messages from the page itself are heard.
    await app.do('send', 'lathe:menu', [[{ id: 'good', title: 'Good', menu: 'file', enabled: true }]], {});
    await until(async () => JSON.stringify(await app.do('menu')).includes('Good'));
    await app.do('invoke', 'lathe:reveal', ['/tmp/a'], {});
    expect(await asked(app, 'shell.showItemInFolder')).toEqual([['/tmp/a']]);
  });

  test('are parsed: what has another form is refused', async () => {
    const app = await startApp(built);
    const before = JSON.stringify(await app.do('menu'));
    for (const menu of [
      undefined,
      'file',
      [{ id: 'a b', title: 'x', menu: 'file', enabled: true }],
      [{ id: 'a', title: 'x', menu: 'nowhere', enabled: true }],
      [{ id: 'a', title: 'x', menu: 'file', enabled: true, role: 'quit' }],
      [{ id: 'a', title: 'x', menu: 'file', enabled: 1 }],
      Array.from({ length: 101 }, (_, at) => ({ id: `a${at}`, title: 'x', menu: 'file', enabled: true })),
    ])
      await app.do('send', 'lathe:menu', [menu], {});
    await app.do('send', 'lathe:connect', [{ surprise: true }], {});
    expect(JSON.stringify(await app.do('menu'))).toBe(before);
    expect(await asked(app, 'webContents.postMessage')).toEqual([]);
    for (const kind of [undefined, 'everything', 3, { kind: 'model' }])
      await expect(app.do('invoke', 'lathe:choose', [kind], {})).rejects.toThrow('lathe:choose');
    for (const path of [undefined, '', 7, 'x'.repeat(5000)])
      await expect(app.do('invoke', 'lathe:reveal', [path], {})).rejects.toThrow('lathe:reveal');
    expect(await asked(app, 'shell.showItemInFolder')).toEqual([]);
    await expect(app.do('invoke', 'lathe:other', [], {})).rejects.toThrow('No handler');
  });

  test('open the dialog that was asked for', async () => {
    const app = await startApp(built);
    await app.do('answerOpen', '/models/a.onnx');
    expect(await app.do('bridge', 'choose', 'model')).toBe('/models/a.onnx');
    expect(await app.do('bridge', 'choose', 'folder')).toBeNull();
    const [[model]] = (await asked(app, 'dialog.showOpenDialog')) as [[{ filters: { extensions: string[] }[] }]];
    expect(model.filters[0]?.extensions).toEqual(['onnx']);
  });
});

describe('the studio', () => {
  test('answers over the port, its engine in a utility process', async () => {
    const app = await startApp(built);
    expect(await app.call('about', {})).toMatchObject({ host: 'electron', sample: { data: digits } });
    const report = await app.call('inspect', { model: join(digits, 'model.onnx') });
    expect(report).toMatchObject({ inputs: [{ type: 'float32' }] });
    const forks = await asked(app, 'utilityProcess.fork');
    expect(forks[0]?.slice(0, 2)).toEqual([join(root, 'out', 'main', 'engine.js'), 'Lathe engine']);
    const { pid } = ((await app.call('about', {})) as { engine: { pid: number } }).engine;
    expect(forks.map((args) => args[2])).toContain(pid);
  });

  test('refuses calls that are unknown or have another form, with a sentence', async () => {
    const app = await startApp(built);
    await expect(app.call('format', {})).rejects.toThrow('call "format": is not known here');
    await expect(app.call('inspect', { model: 7 })).rejects.toThrow('call "inspect": field model');
    await expect(app.call('inspect', { model: 'a', extra: 1 })).rejects.toThrow('call "inspect"');
  });

  test('shows long work at the window, keeps the system awake, and asks before it is stopped', async () => {
    const app = await startApp(built);
    const folder = mkdtempSync(join(tmpdir(), 'lathe-desktop-'));
    const model = join(digits, 'model.onnx');
    const { path: project } = (await app.call('createProject', { model, folder: join(folder, 'p') })) as {
      path: string;
    };
    await app.call('measureBaseline', { project });
    await until(async () => (await asked(app, 'powerSaveBlocker.start')).length === 1);
    expect(await asked(app, 'powerSaveBlocker.start')).toEqual([['prevent-app-suspension']]);
    await until(async () => (await asked(app, 'window.setProgressBar')).some(([share]) => Number(share) > 0));
    // The first answer keeps it running, the second stops it.
    expect(await app.do('close')).toBe(false);
    await until(async () => (await asked(app, 'dialog.showMessageBox')).length === 1);
    expect(await app.do('windows')).toBe(1);
    await app.do('answerMessage', 1);
    await app.do('close');
    expect(await app.ended).toBe(0);
    rmSync(folder, { recursive: true });
  });
});

describe('files from outside', () => {
  test('are associated with the app, and given at its start reach the page once it is there', async () => {
    const { build } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
    expect(build.fileAssociations).toEqual([expect.objectContaining({ ext: 'onnx' })]);
    const app = await startApp(built, { files: ['--flag', 'test/samples/digits/model.onnx'] });
    expect(await asked(app, 'webContents.send')).toEqual([]);
    await app.call('about', {});
    expect(await asked(app, 'webContents.send')).toEqual([['lathe:open', join(digits, 'model.onnx')]]);
  });

  test('come by the dock, a second start and a drop', async () => {
    const app = await startApp(built);
    await app.call('about', {});
    expect(await app.do('openFile', '/models/dock.onnx')).toBe(true);
    await app.do('secondInstance', ['electron', '.', '--flag', 'second.onnx'], '/models');
    expect(await asked(app, 'webContents.send')).toEqual([
      ['lathe:open', '/models/dock.onnx'],
      ['lathe:open', '/models/second.onnx'],
    ]);
    expect(await asked(app, 'window.restore')).toHaveLength(1);
    expect(await asked(app, 'window.focus')).toHaveLength(1);
    expect(await app.do('bridge', 'pathOf', { name: 'dropped.onnx' } as File)).toBe('/dropped/dropped.onnx');
  });

  test('go to the first instance: a second one ends at once', async () => {
    const app = await startApp(built, { lock: false });
    expect(await app.ended).toBe(0);
  });
});

test("the page's command table is the menu, and its entries come back as commands", async () => {
  const app = await startApp(built);
  const open = { id: 'open-model', title: 'Open a model …', accelerator: 'CmdOrCtrl+O', menu: 'file', enabled: true };
  await app.do('bridge', 'setMenu', [open, { id: 'export', title: 'Export', menu: 'project', enabled: false }]);
  await until(async () => JSON.stringify(await app.do('menu')).includes('Open a model …'));
  const menu = await app.do('menu');
  const submenu = (label: string) => menu.find((top) => top.label === label)?.submenu;
  expect(submenu('File')).toContainEqual(
    expect.objectContaining({ label: 'Open a model …', accelerator: 'CmdOrCtrl+O', enabled: true }),
  );
  expect(submenu('Project')).toEqual([expect.objectContaining({ label: 'Export', enabled: false })]);
  await app.do('clickMenu', 'Open a model …');
  expect(await asked(app, 'webContents.send')).toEqual([['lathe:command', 'open-model']]);
});

test('recent projects are in the menu and in the system', async () => {
  const app = await startApp(built);
  const folder = mkdtempSync(join(tmpdir(), 'lathe-recent-'));
  cpSync(digits, join(folder, 'data'), { recursive: true });
  const model = join(folder, 'data', 'model.onnx');
  const { path } = (await app.call('createProject', { model, folder: join(folder, 'mine') })) as { path: string };
  await app.do('bridge', 'setMenu', []);
  await until(async () => (await asked(app, 'app.addRecentDocument')).length === 1);
  expect(await asked(app, 'app.addRecentDocument')).toEqual([[path]]);
  expect(JSON.stringify(await app.do('menu'))).toContain(path);
  rmSync(folder, { recursive: true });
});
