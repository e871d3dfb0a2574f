/**
 * Who may import whom: the table of the house as data, read from folder names. A finding says which room the code
 * belongs in. Run by `npm run check` and by the unit suite.
 */

import { existsSync, readdirSync, readFileSync } from 'node:fs';
import { dirname, join, relative, resolve, sep } from 'node:path';

const onnx = ['onnx/ir', 'onnx/file', 'onnx/session'];

/** Room → rooms it may import; every room may import itself. Packages are held by `packages` below. */
export const rooms: Readonly<Record<string, readonly string[]>> = {
  contract: [],
  'onnx/ir': ['contract'],
  kernels: ['contract'],
  'onnx/file': ['onnx/ir', 'kernels', 'contract'],
  'onnx/session': ['onnx/ir', 'onnx/file', 'contract'],
  inspect: [...onnx, 'kernels', 'contract'],
  data: [...onnx, 'kernels', 'contract'],
  // Passes prove on random inputs that outputs stay equal.
  passes: [...onnx, 'inspect', 'data/random-feeds', 'kernels', 'contract'],
  quantize: [...onnx, 'inspect', 'data', 'passes', 'kernels', 'contract'],
  prune: [...onnx, 'inspect', 'data', 'passes', 'kernels', 'contract'],
  distil: [...onnx, 'inspect', 'data', 'passes', 'kernels', 'contract'],
  evaluate: [...onnx, 'inspect', 'data', 'kernels', 'contract'],
  recipe: ['passes/step', 'quantize/step', 'prune/step', 'distil/step', 'onnx/ir', 'data', 'contract'],
  project: ['onnx/file', 'contract'],
  rpc: ['contract'],
  'engine/supervisor': ['rpc', 'contract'],
  engine: [
    ...onnx,
    'inspect',
    'data',
    'passes',
    'quantize',
    'prune',
    'distil',
    'evaluate',
    'recipe',
    'project',
    'kernels',
    'rpc',
    'contract',
  ],
  studio: ['project', 'engine/supervisor', 'rpc', 'contract'],
  'host/electron': ['studio', 'engine/supervisor', 'rpc', 'contract', 'host/shared'],
  'host/web': ['studio', 'engine/supervisor', 'rpc', 'contract', 'host/shared'],
  'host/cli': ['studio', 'engine/supervisor', 'rpc', 'contract', 'host/shared', 'host/web'],
  'host/shared': ['studio', 'engine/supervisor', 'rpc', 'contract'],
};

/** Packages that only some rooms may import; a room stands for those below it. */
const packages: Readonly<Record<string, readonly string[]>> = {
  'onnxruntime-node': ['onnx/session'],
  '@bufbuild/protobuf': ['onnx/file'],
  electron: ['host/electron'],
  zod: ['contract', 'rpc', 'project', 'studio', 'recipe', 'data', 'host'],
  sharp: ['data'],
  ws: ['host/web', 'rpc'],
};

const screens: Readonly<Record<string, readonly string[]>> = {
  app: ['studio', 'screens', 'components', 'charts', 'graph', 'app'],
  screens: ['studio', 'components', 'charts', 'graph', 'app'],
  studio: [],
  components: ['charts'],
  charts: [],
  graph: [],
};

export interface Finding {
  readonly file: string;
  readonly line: number;
  readonly message: string;
}

/** Every import that the table forbids, and every ring of files. */
export function checkLayers(root: string): Finding[] {
  const files = ['src-main', 'src-renderer'].flatMap((top) => sourceFiles(join(root, top)));
  const findings: Finding[] = [];
  const edges = new Map<string, string[]>();
  for (const file of files) {
    const name = relative(root, file).split(sep).join('/');
    const targets: string[] = [];
    for (const found of importsOf(readFileSync(file, 'utf8'))) {
      const message = found.path.startsWith('.')
        ? checkRelative(
            name,
            relative(root, resolve(dirname(file), found.path))
              .split(sep)
              .join('/'),
            found.typeOnly,
          )
        : checkPackage(name, found.path, found.typeOnly);
      if (message !== null) findings.push({ file: name, line: found.line, message });
      if (found.path.startsWith('.') && !found.typeOnly) {
        const target = existing(resolve(dirname(file), found.path), files);
        if (target !== undefined) targets.push(target);
      }
    }
    edges.set(file, targets);
  }
  for (const ring of rings(edges)) {
    const names = ring.map((file) => relative(root, file).split(sep).join('/'));
    findings.push({ file: names[0] as string, line: 1, message: `ring of imports: ${names.join(' → ')}` });
  }
  return findings;
}

function sourceFiles(folder: string): string[] {
  const found: string[] = [];
  if (!existsSync(folder)) return found;
  for (const entry of readdirSync(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...sourceFiles(path));
    else if (/\.(tsx?|mts|mjs)$/.test(entry.name) && !entry.name.endsWith('.d.ts')) found.push(path);
  }
  return found;
}

function importsOf(text: string): { path: string; line: number; typeOnly: boolean }[] {
  const found: { path: string; line: number; typeOnly: boolean }[] = [];
  const pattern =
    /(?:^|\n)\s*(import|export)\s+(type\s)?(?:[^'";]*?\sfrom\s+)?['"]([^'"]+)['"]|import\(\s*['"]([^'"]+)['"]\s*\)/g;
  for (const match of text.matchAll(pattern)) {
    const line = text.slice(0, match.index).split('\n').length + (match[0].startsWith('\n') ? 1 : 0);
    found.push({ path: (match[3] ?? match[4]) as string, line, typeOnly: match[2] !== undefined });
  }
  return found;
}

/** The room of a path such as `src-main/onnx/ir/patch`: the longest row of the table that it lies in. */
function roomOf(path: string): string | undefined {
  const inside = path.replace(/^src-main\//, '');
  return Object.keys(rooms)
    .filter((room) => inside === room || inside.startsWith(`${room}/`) || inside === `${room}.ts`)
    .sort((a, b) => b.length - a.length)[0];
}

function checkRelative(from: string, to: string, typeOnly: boolean): string | null {
  if (from.startsWith('src-renderer/')) return checkRenderer(from, to, typeOnly);
  if (!to.startsWith('src-main/')) {
    if (to === 'package.json' || to.startsWith('native/')) return null;
    return `src-main may not import ${to}: shared types belong in contract`;
  }
  const own = roomOf(from);
  const target = roomOf(to);
  if (own === undefined)
    return `${from} lies in no room of the house: move it into one of ${Object.keys(rooms).join(', ')}`;
  if (target === undefined) return `${to} lies in no room of the house`;
  if (own === target) return null;
  const inside = to.replace(/^src-main\//, '');
  const allowed = (rooms[own] as readonly string[]).some(
    (room) => inside === room || inside.startsWith(`${room}/`) || target === room,
  );
  if (allowed) return null;
  return `${own} may not import ${target} (it may import ${(rooms[own] as readonly string[]).join(', ') || 'nothing'}): put what both need into the lowest room that both may import, or pass it in`;
}

function checkRenderer(from: string, to: string, typeOnly: boolean): string | null {
  if (to.startsWith('src-main/')) {
    if (to.startsWith('src-main/rpc/client')) return null;
    if (to.startsWith('src-main/contract'))
      return typeOnly ? null : 'the renderer takes only types of contract (`import type`): no zod at run time';
    return 'the renderer may import types of contract and rpc/client, nothing else of src-main: ask the studio by a call';
  }
  const own = from.split('/')[1] as string;
  const target = to.split('/')[1] as string;
  if (own === 'main.tsx' || !(own in screens)) return null;
  if (own === target) {
    if (
      own === 'screens' &&
      from.split('/')[2] !== to.split('/')[2] &&
      from.split('/').length > 3 &&
      to.split('/').length > 3
    )
      return 'screens never import screens: put the shared piece into components, or in studio';
    return null;
  }
  return (screens[own] as readonly string[]).includes(target)
    ? null
    : `src-renderer/${own} may not import src-renderer/${target}`;
}

function checkPackage(from: string, name: string, typeOnly: boolean): string | null {
  const packageName = name.startsWith('@') ? name.split('/').slice(0, 2).join('/') : (name.split('/')[0] as string);
  const allowed = packages[packageName];
  if (allowed === undefined || typeOnly) return null;
  const inside = from.replace(/^src-main\//, '');
  if (from.startsWith('src-main/') && allowed.some((room) => inside.startsWith(`${room}/`) || inside === `${room}.ts`))
    return null;
  return `only ${allowed.join(', ')} may import ${packageName}`;
}

function existing(path: string, files: readonly string[]): string | undefined {
  const known = new Set(files);
  return [path, `${path}.ts`, `${path}.tsx`, `${path}/index.ts`, `${path}/index.tsx`].find((candidate) =>
    known.has(candidate),
  );
}

function rings(edges: ReadonlyMap<string, readonly string[]>): string[][] {
  const found: string[][] = [];
  const done = new Set<string>();
  const walk = (file: string, trail: string[]): void => {
    const at = trail.indexOf(file);
    if (at >= 0) {
      found.push(trail.slice(at));
      return;
    }
    if (done.has(file)) return;
    for (const next of edges.get(file) ?? []) walk(next, [...trail, file]);
    done.add(file);
  };
  for (const file of edges.keys()) walk(file, []);
  return found;
}
