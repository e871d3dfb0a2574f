/** Each bad input gives one clear sentence, exit code 1, an empty stdout, and leaves nothing half-written. */

import { spawnSync } from 'node:child_process';
import {
  existsSync,
  mkdirSync,
  readdirSync,
  readFileSync,
  renameSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { join } from 'node:path';
import { beforeEach, describe, expect, test } from 'vitest';
import type { RunResult } from '../../src-main/contract';
import { parseModelText, readModel, writeModel } from '../../src-main/onnx/file';
import { float32, int64, writeNpz } from '../support/npz';
import { folderWithDigits, lathe, latheJson, launcher, type ShellResult } from '../support/shell';

let folder: string;
let model: string;
let data: string;

beforeEach(() => {
  folder = folderWithDigits();
  model = join(folder, 'digits', 'model.onnx');
  data = join(folder, 'digits');
});

/** One sentence that tells these words, and no trace of anything made. */
function expectRefusal({ code, stdout, stderr }: ShellResult, ...words: readonly RegExp[]): void {
  const lines = stderr.trim().split('\n');
  expect(lines.at(-1), stderr).not.toMatch(/^\s+at /);
  expect(stderr).not.toMatch(/a defect/);
  for (const word of words) expect(lines.at(-1)).toMatch(word);
  expect({ code, stdout }).toEqual({ code: 1, stdout: '' });
}

function expectNothingMade(out: string): void {
  if (!existsSync(out)) return;
  const left = readdirSync(out, { recursive: true }).map(String);
  expect(left.filter((name) => /model\.onnx|variant\.json|unfinished|\.tmp|\.new/.test(name))).toEqual([]);
}

const quantize = async (path: string, from = data): Promise<ShellResult> => {
  const out = join(folder, 'out');
  const result = await lathe(['quantize', path, '--data', from, '--out', out, '--json']);
  expect(existsSync(out)).toBe(false);
  return result;
};

describe('a model', () => {
  test('that is not there', async () => {
    expectRefusal(
      await lathe(['inspect', join(folder, 'none.onnx')]),
      /none\.onnx/,
      /no such file|does not exist|not there/,
    );
  });

  test.each([
    ['a text', 'This is no model.'],
    ['a picture', Buffer.from('89504e470d0a1a0a0000000d49484452', 'hex')],
    ['an empty file', ''],
  ])('that is %s', async (_what, content) => {
    const path = join(folder, 'wrong.onnx');
    writeFileSync(path, content);
    expectRefusal(await lathe(['inspect', path, '--json']), /wrong\.onnx/);
    expectRefusal(await quantize(path), /wrong\.onnx/);
  });

  test('that is truncated', async () => {
    truncateSync(model, 100_000);
    expectRefusal(await lathe(['inspect', model]), /model\.onnx/);
    expectRefusal(await quantize(model), /model\.onnx/);
  });

  test('with an operator that onnxruntime lacks', async () => {
    const text = `<ir_version: 8, opset_import: ["" : 17]>
      strange (float[N, 4] x) => (float[N, 4] y) { y = Wobble (x) }`;
    const path = join(folder, 'strange.onnx');
    await writeModel(parseModelText(text), path);
    expectRefusal(await lathe(['evaluate', path, '--dim', 'N=1']), /strange\.onnx/, /Wobble/);
  });

  test('whose external data is missing', async () => {
    const path = await withExternalData();
    rmSync(`${path}.data`);
    expectRefusal(await lathe(['evaluate', path, '--data', data, '--json']), /external\.onnx/, /external\.onnx\.data/);
    expectRefusal(await quantize(path), /external\.onnx\.data/);
  });

  test('whose external data is truncated', async () => {
    const path = await withExternalData();
    truncateSync(`${path}.data`, 1000);
    expectRefusal(await quantize(path), /external\.onnx\.data/);
  });

  test('whose external data points outside of its folder', async () => {
    const path = await withExternalData();
    // A name of the same length, so that the lengths that the file states stay right.
    const outside = '../outside-weights';
    expect(outside).toHaveLength('external.onnx.data'.length);
    renameSync(`${path}.data`, join(folder, 'digits', outside));
    writeFileSync(path, readFileSync(path, 'latin1').replaceAll('external.onnx.data', outside), 'latin1');
    expectRefusal(await quantize(path), /outside-weights/);
  });

  async function withExternalData(): Promise<string> {
    const path = join(folder, 'digits', 'external.onnx');
    await writeModel(await readModel(model), path, { externalData: 'always' });
    return path;
  }
});

describe('data', () => {
  const images = (count: number, shape = [1, 28, 28]) =>
    float32([count, ...shape], new Float32Array(count * shape.reduce((a, b) => a * b, 1)));
  const labels = (count: number, value = 3) => int64([count], Array<number>(count).fill(value));

  function dataset(arrays: Parameters<typeof writeNpz>[1]): string {
    const path = join(folder, 'data');
    mkdirSync(path);
    for (const split of ['calib.npz', 'test.npz']) writeNpz(join(path, split), arrays);
    writeFileSync(join(path, 'meta.json'), JSON.stringify({ output: 'logits', metric: { kind: 'top1' } }));
    return path;
  }
  const evaluate = (path: string): Promise<ShellResult> => lathe(['evaluate', model, '--data', path, '--json']);

  test('that is not there', async () => {
    const path = join(folder, 'nowhere');
    expectRefusal(
      await evaluate(path),
      new RegExp(`^data "${path}": there is no such file or folder; check the path$`),
    );
    expectRefusal(await quantize(model, join(folder, 'nowhere')), /nowhere/);
  });

  test('in an empty folder', async () => {
    mkdirSync(join(folder, 'empty'));
    expectRefusal(await evaluate(join(folder, 'empty')), /empty/);
  });

  test('whose array names do not fit', async () => {
    expectRefusal(await evaluate(dataset({ picture: images(4), labels: labels(4) })), /image/, /picture/);
  });

  test('whose types do not fit', async () => {
    const counts = int64([4, 1, 28, 28], Array<number>(4 * 784).fill(1));
    expectRefusal(await evaluate(dataset({ image: counts, labels: labels(4) })), /image/, /int64/, /float32/);
  });

  test('whose shapes do not fit', async () => {
    expectRefusal(await evaluate(dataset({ image: images(4, [3, 28, 28]), labels: labels(4) })), /image/, /28/);
  });

  test('whose counts do not fit', async () => {
    expectRefusal(await evaluate(dataset({ image: images(4), labels: labels(5) })), /4/, /5/);
  });

  test.each([10, -1])('with the label %d, which no class has', async (label) => {
    expectRefusal(
      await evaluate(dataset({ image: images(4), labels: labels(4, label) })),
      /label/i,
      new RegExp(`${label}`),
    );
  });

  test('in a file that is truncated', async () => {
    truncateSync(join(data, 'test.npz'), 5000);
    expectRefusal(await evaluate(data), /test\.npz/);
  });
});

describe('a recipe', () => {
  const run = (recipe: string): Promise<ShellResult> => {
    const path = join(folder, 'recipe.json');
    writeFileSync(path, recipe);
    return lathe(['run', path, '--model', model, '--data', data, '--out', join(folder, 'out')]);
  };

  test('that is not there or no JSON', async () => {
    const missing = await lathe(['run', join(folder, 'none.json'), '--model', model, '--out', join(folder, 'out')]);
    expectRefusal(missing, /none\.json/, /no such file/);
    expectRefusal(await run('{"steps": ['), /recipe\.json/, /no JSON/);
  });

  test.each([
    ['an unknown key', { steps: [{ kind: 'quantize' }], speed: 1 }, /speed/],
    ['an unknown key of a step', { steps: [{ kind: 'quantize', bits: 8 }] }, /bits/],
    ['an unknown kind', { steps: [{ kind: 'shrink' }] }, /steps\[0\]\.kind/],
    ['an unknown method', { steps: [{ kind: 'quantize', method: 'magic' }] }, /magic/],
    ['an unknown option', { steps: [{ kind: 'prune', options: { amount: 0.5 } }] }, /amount/],
    ['an option out of range', { steps: [{ kind: 'prune', options: { sparsity: 2 } }] }, /sparsity/],
    ['no steps', { steps: [] }, /steps/],
  ])('with %s is a wrong call', async (_what, recipe, word) => {
    const { code, stdout, stderr } = await run(JSON.stringify(recipe));
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' });
    expect(stderr.trim().split('\n').at(-1)).toMatch(word);
    expectNothingMade(join(folder, 'out'));
  });

  test('whose step changes nothing fails', async () => {
    const nothing = { steps: [{ kind: 'quantize', targets: { include: ['no such node'] } }] };
    expectRefusal(await run(JSON.stringify(nothing)), /quantize|static-int8/);
    expectNothingMade(join(folder, 'out'));
  });
});

describe('the place to write to', () => {
  test('that cannot be written', async () => {
    const place = join(folder, 'closed');
    mkdirSync(place, { mode: 0o555 });
    // The administrator may write to any folder, but not to one of a file system that is read-only.
    const readOnly = `mount -t tmpfs -o ro none "${place}" && ${pruneInto(place)}`;
    if (process.getuid?.() !== 0) expectRefusal(await shell(pruneInto(place)), /closed/, /permission|EACCES/);
    else if (mayMount(place)) expectRefusal(await shell(readOnly, true), /closed/, /read-only|EROFS/);
    else expectRefusal(await shell(pruneInto(model)), /model\.onnx/);
  });

  test('that is a project of another model', async () => {
    const out = join(folder, 'out');
    const other = join(folder, 'other.onnx');
    const text = `<ir_version: 8, opset_import: ["" : 17]>
      other (float[N, 4] x) => (float[N, 4] y) { y = Relu (x) }`;
    await writeModel(parseModelText(text), other);
    expect((await lathe(['clean', model, '--out', out])).code).toBe(0);
    const { code, stdout, stderr } = await lathe(['clean', other, '--out', out]);
    expect({ code: code === 0, stdout }).toEqual({ code: false, stdout: '' });
    expect(stderr).toMatch(/another model/);
  });

  // Too small for the model, which is known before it is written, and too small for anything.
  test.each(['300k', '8k'])('on a disk of %s that is full', async (size) => {
    const place = join(folder, 'small');
    mkdirSync(place);
    const left = join(folder, 'left.txt');
    const listLeft = `code=$?; find "${place}" -name 'model.onnx*' -o -name variant.json -o -name '*unfinished*' > "${left}"; exit $code`;
    // A disk of its own where the system lets us mount one, else a limit on the size of a file.
    const result = mayMount(place)
      ? await shell(`mount -t tmpfs -o size=${size} none "${place}" && ${pruneInto(place)}; ${listLeft}`, true)
      : await shell(`ulimit -f 200; ${pruneInto(place)}; ${listLeft}`);
    expectRefusal(result, /space|too large|full|only .* free/i);
    expect(readFileSync(left, 'utf8')).toBe('');
  });

  describe('of an export', () => {
    const exportTo = (variant: string, to: string) =>
      `"${process.execPath}" "${launcher}" export "${variant}" --to "${to}" --json`;
    const listAll = (place: string, to: string) =>
      `find "${place}" ! -type d | sort | xargs -r sha256sum | sed "s|$PWD||" > "${to}"`;

    // What stands there leaves room for half the model, or for the model but not for the report.
    test.each([
      ['half the model', 0.5, /model|fp16/],
      ['no report', 1.02, /full|report/],
    ])('on a disk that has room for %s', async (_what, share, word) => {
      const out = join(folder, 'out');
      const made = await latheJson<RunResult>(['quantize', model, '--method', 'fp16', '--out', out]);
      const variant = made.variant.path;
      const place = join(folder, 'small');
      const [before, after] = [join(folder, 'before.txt'), join(folder, 'after.txt')];
      mkdirSync(place);
      const canMount = mayMount(place);
      const room = Math.round(made.variant.bytes * share);
      // A disk of its own where the system lets us mount one, else a limit on the size of each file.
      const mount = canMount ? `mount -t tmpfs -o size=64m none "${place}"` : 'true';
      const fill = canMount
        ? `free=$(df -k --output=avail "${place}" | tail -1); head -c $((free * 1024 - ${room})) /dev/zero > "${place}/filler"`
        : `ulimit -f ${Math.round(made.variant.bytes / 2048)}`;
      const script = `${mount}; ${exportTo(variant, `${place}/to`)} > /dev/null || exit 9
        ${fill}; ${listAll(place, before)}; ${exportTo(variant, `${place}/to`)}; code=$?
        ${listAll(place, after)}; exit $code`;
      const result = await shell(script, canMount);
      expectRefusal(result, word, /space|too large|full|only .* free/i);
      expect(result.stderr).not.toMatch(/unfinished/);
      expect(readFileSync(before, 'utf8')).toMatch(/report\.json/);
      expect(readFileSync(after, 'utf8')).toBe(readFileSync(before, 'utf8'));
    });
  });

  test('of an export that is killed, holds nothing of it after the next one', async () => {
    const made = await latheJson<RunResult>(['quantize', model, '--method', 'fp16', '--out', join(folder, 'out')]);
    const to = join(folder, 'to');
    const call = ['export', made.variant.path, '--to', to];
    const killed = await lathe(call, { onStderr: (_text, child) => void child.kill('SIGKILL') });
    expect(killed.code).toBeNull();
    expect(readdirSync(to)).toEqual([expect.stringMatching(/^\.export\..*\.unfinished$/)]);
    await latheJson(call);
    expect(readdirSync(to).sort()).toEqual(['fp16.onnx', 'recipe.json', 'report.html', 'report.json']);
  });

  function pruneInto(place: string): string {
    return `"${process.execPath}" "${launcher}" prune "${model}" --out "${place}/project" --json`;
  }

  /** @param own in a mount table of its own */
  function shell(script: string, own = false): Promise<ShellResult> {
    return lathe([script], { command: [...(own ? ['unshare', '-rm'] : []), 'bash', '-c'] });
  }

  function mayMount(place: string): boolean {
    return spawnSync('unshare', ['-rm', 'mount', '-t', 'tmpfs', 'none', place]).status === 0;
  }
});
