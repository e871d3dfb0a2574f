/** `npm run demo`, as the README says, into a place of its own. */

import { spawnSync } from 'node:child_process';
import { copyFileSync, existsSync, mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, expect, test } from 'vitest';

const root = fileURLToPath(new URL('../..', import.meta.url));
const script = join(root, 'src-main', 'host', 'cli', 'launch-demo.mjs');
let folder: string;
let stdout: string;
let seconds: number;

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'lathe-demo-'));
  copyFileSync(join(root, 'README.md'), join(folder, 'README.md'));
  const startedAt = performance.now();
  const args = ['--out', join(folder, 'out'), '--readme', join(folder, 'README.md')];
  const ran = spawnSync(process.execPath, [script, ...args], {
    cwd: root,
    encoding: 'utf8',
    env: { ...process.env, LATHE_HOME: join(folder, 'home') },
  });
  seconds = (performance.now() - startedAt) / 1000;
  if (ran.status !== 0) throw new Error(`the demo ended with ${ran.status}: ${ran.stderr}`);
  stdout = ran.stdout;
}, 400_000);
afterAll(() => rmSync(folder, { recursive: true, force: true }));

interface Grid {
  readonly columns: readonly string[];
  readonly names: readonly string[];
}

function tableOf(readme: string): Grid {
  const lines = readFileSync(readme, 'utf8').split('\n');
  const from = lines.findIndex((line) => line.startsWith('<!-- trade-off'));
  const table = lines.slice(from + 1).filter((line) => line.startsWith('|'));
  const cells = (line = '') =>
    line
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim());
  return { columns: cells(table[0]), names: table.slice(2).map((line) => cells(line)[0] ?? '') };
}

test('takes less than three minutes', () => {
  expect(seconds).toBeLessThan(180);
});

test("the README's table has the rows and columns that the demo prints", () => {
  const printed = tableOf(join(folder, 'README.md'));
  expect(tableOf(join(root, 'README.md'))).toEqual(printed);
  expect(printed.names.length).toBeGreaterThanOrEqual(6);
  const [header = ''] = stdout.split('\n').filter((line) => line.startsWith('Variant'));
  expect(header.split(/\s{2,}/)).toEqual(printed.columns);
  for (const name of printed.names) expect(stdout).toContain(`\n${name}`);
});

test('exports one model with its report, and tells how to open the studio', () => {
  const files = readdirSync(join(folder, 'out', 'export'));
  expect(files.filter((name) => name.endsWith('.onnx'))).toHaveLength(1);
  expect(files.filter((name) => name.endsWith('.html'))).toHaveLength(1);
  const [, project = ''] = /npm run -s lathe -- studio (\S+)/.exec(stdout) ?? [];
  expect(existsSync(join(root, project, 'project.json'))).toBe(true);
});
