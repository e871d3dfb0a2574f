import { mkdir, mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { pageHeaders, readPage } from '../../../../src-main/host/shared/pages';

let home: string;
let pages: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'lathe-pages-'));
  pages = join(home, 'pages');
  await mkdir(join(pages, 'assets'), { recursive: true });
  await writeFile(join(pages, 'index.html'), '<p>start</p>');
  await writeFile(join(pages, 'assets', 'app.js'), 'start()');
  await writeFile(join(pages, 'key.pem'), 'a kind of file that no page needs');
  await writeFile(join(home, 'outside.html'), 'not a page');
  await mkdir(join(home, 'pages-too'));
  await writeFile(join(home, 'pages-too', 'index.html'), 'another folder whose name begins alike');
});
afterAll(() => rm(home, { recursive: true }));

describe('readPage', () => {
  test('answers / with index.html and a file with its type', async () => {
    const start = await readPage(pages, '/');
    expect(start?.type).toBe('text/html; charset=utf-8');
    expect(new TextDecoder().decode(start?.bytes)).toBe('<p>start</p>');
    expect((await readPage(pages, '/assets/app.js'))?.type).toBe('text/javascript; charset=utf-8');
  });

  test.each([
    '/../outside.html',
    '/%2e%2e/outside.html',
    '/assets/..%2f..%2foutside.html',
    '/../pages-too/index.html',
    '/..\\outside.html',
    '/index.html%00.js',
    '/%',
    'outside.html',
    '/key.pem',
    '/assets',
    '/missing.js',
    '/index.html/app.js',
  ])('has no page for %s', async (path) => {
    expect(await readPage(pages, path)).toBeNull();
  });
});

test('the policy lets scripts come from the own origin alone', () => {
  const policy = pageHeaders()['Content-Security-Policy'] ?? '';
  const directives = new Map(policy.split('; ').map((part) => [part.split(' ')[0], part.split(' ').slice(1)]));
  expect(directives.get('default-src')).toEqual(["'none'"]);
  expect(directives.get('script-src')).toEqual(["'self'"]);
  expect(directives.get('connect-src')).toEqual(["'self'"]);
  expect(directives.get('frame-ancestors')).toEqual(["'none'"]);
  expect(policy).not.toMatch(/unsafe-eval|https?:|\*/);
});
