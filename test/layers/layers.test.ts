import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterEach, describe, expect, it } from 'vitest';
import { checkLayers } from './layers';

const root = fileURLToPath(new URL('../..', import.meta.url));
const folders: string[] = [];

function planted(files: Record<string, string>): string {
  const folder = mkdtempSync(join(tmpdir(), 'lathe-layers-'));
  folders.push(folder);
  for (const [name, text] of Object.entries(files)) {
    mkdirSync(dirname(join(folder, name)), { recursive: true });
    writeFileSync(join(folder, name), text);
  }
  return folder;
}
afterEach(() => {
  for (const folder of folders.splice(0)) rmSync(folder, { recursive: true });
});

describe('layers', () => {
  it('hold in this checkout', () => {
    expect(checkLayers(root)).toEqual([]);
  });

  it('refuse a room that imports a sibling, and say where the code goes', () => {
    const found = checkLayers(
      planted({
        'src-main/prune/a.ts': "import { b } from '../quantize/b';\n",
        'src-main/quantize/b.ts': 'export const b = 1;\n',
      }),
    );
    expect(found).toHaveLength(1);
    expect(found[0]?.message).toMatch(/prune may not import quantize .*lowest room/);
  });

  it('refuse onnxruntime-node anywhere but in onnx/session', () => {
    const found = checkLayers(planted({ 'src-main/inspect/a.ts': "import * as ort from 'onnxruntime-node';\n" }));
    expect(found[0]?.message).toBe('only onnx/session may import onnxruntime-node');
  });

  it('refuse a ring and name its files', () => {
    const found = checkLayers(
      planted({
        'src-main/inspect/a.ts': "import { b } from './b';\n",
        'src-main/inspect/b.ts': "import { a } from './a';\n",
      }),
    );
    expect(found[0]?.message).toContain('ring of imports');
  });

  it('refuse zod at run time in the renderer', () => {
    const found = checkLayers(
      planted({ 'src-renderer/app/a.ts': "import { recipeSchema } from '../../src-main/contract';\n" }),
    );
    expect(found[0]?.message).toContain('only types of contract');
  });
});
