import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import {
  appendFileSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  statSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import {
  hashModelFile,
  readModel,
  readTensor,
  skeletonBytes,
  writeHashedModel,
  writeModel,
} from '../../../../src-main/onnx/file';
import { attributes, floatTensor, type Model, makeNode, makeValue, type Tensor } from '../../../../src-main/onnx/ir';
import { bundleEntry } from '../../../support/bundle-entry';
import { temporaryFolder } from '../../../support/folder';
import { lockedFolder, withoutRoot } from '../../../support/without-root';

const folder = mkdtempSync(join(tmpdir(), 'lathe-write-'));
afterAll(() => rmSync(folder, { recursive: true }));

const weights = Float32Array.from({ length: 1024 }, (_, index) => index / 7);

/** y = Gemm(x, w) with a weight of 4 KB. */
function gemmModel(): Model {
  return {
    irVersion: 10,
    opsets: new Map([['', 20]]),
    producerName: 'lathe',
    producerVersion: '1',
    domain: '',
    modelVersion: 0n,
    docString: '',
    metadata: new Map([['author', 'nobody']]),
    graph: {
      name: 'g',
      nodes: [makeNode('Gemm', 'gemm', ['x', 'w'], ['y'], { transB: attributes.int(1) })],
      inputs: [makeValue('x', 'float32', ['batch', 32])],
      outputs: [makeValue('y', 'float32', ['batch', 32])],
      initializers: new Map([['w', floatTensor('w', [32, 32], weights)]]),
      sparseInitializers: [],
      values: new Map(),
    },
    functions: [],
    folder: null,
  };
}

describe('writeModel', () => {
  test.each(['never', 'always'] as const)('a model with external data %s reads back the same', async (externalData) => {
    const path = join(folder, `${externalData}.onnx`);
    const file = await writeHashedModel(gemmModel(), path, { externalData });
    expect(file).toEqual(await hashModelFile(path));
    expect(file.externalData).toEqual(externalData === 'always' ? [`${externalData}.onnx.data`] : []);
    const model = await readModel(path);
    const w = model.graph.initializers.get('w');
    expect(w?.data.kind).toBe('file');
    expect(w === undefined ? null : readTensor(w).data).toEqual(weights);
    expect(model.graph.inputs).toEqual(gemmModel().graph.inputs);
    expect(model.metadata).toEqual(new Map([['author', 'nobody']]));
    expect(model.graph.nodes[0]?.attributes.get('transB')).toEqual({ type: 'int', value: 1n });
  });

  test('the same model gives the same bytes', async () => {
    await writeModel(gemmModel(), join(folder, 'first.onnx'));
    await writeModel(gemmModel(), join(folder, 'second.onnx'));
    expect(readFileSync(join(folder, 'first.onnx'))).toEqual(readFileSync(join(folder, 'second.onnx')));
  });

  test('leaves no temporary file', async () => {
    await writeModel(gemmModel(), join(folder, 'clean.onnx'), { externalData: 'always' });
    expect(readdirSync(folder).filter((name) => name.endsWith('.unfinished'))).toEqual([]);
  });

  test('external tensors begin at 4 KiB, and those that share their bytes go on sharing them', async () => {
    const model = gemmModel();
    const w = model.graph.initializers.get('w') as Tensor;
    const tied = { ...w, name: 'tied' };
    const other = floatTensor('other', [1000], weights.subarray(0, 1000));
    const graph = {
      ...model.graph,
      initializers: new Map([...model.graph.initializers, ['other', other], ['tied', tied]]),
    };
    const { path, bytes } = await writeModel({ ...model, graph }, join(folder, 'shared.onnx'), {
      externalData: 'always',
    });
    expect(bytes).toBe(statSync(path).size + 4096 + 4000);
    const places = [...(await readModel(path)).graph.initializers.values()].map(({ data }) =>
      data.kind === 'file' ? [data.offset, data.length] : null,
    );
    expect(places).toEqual([
      [0, 4096],
      [4096, 4000],
      [0, 4096],
    ]);
  });

  test('a model can be saved over itself, and its old data is gone when the new one is there', async () => {
    const path = join(folder, 'itself.onnx');
    await writeModel(gemmModel(), path, { externalData: 'always' });
    for (const name of ['itself.onnx.data2', 'itself.onnx.data']) {
      const file = await writeModel(await readModel(path), path, { externalData: 'always' });
      expect(file.externalData).toEqual([name]);
      expect(readdirSync(folder).filter((it) => it.startsWith('itself'))).toEqual(['itself.onnx', name]);
      const w = (await readModel(path)).graph.initializers.get('w') as Tensor;
      expect(readTensor(w).data).toEqual(weights);
    }
  });

  test('speaks of its progress and stops when told, leaving what was there', async () => {
    const path = join(folder, 'stopped.onnx');
    const fractions: (number | null)[] = [];
    await writeModel(gemmModel(), path, {
      work: { progress: ({ fraction }) => fractions.push(fraction), signal: new AbortController().signal },
    });
    expect(fractions.at(-1)).toBe(1);
    const before = readFileSync(path);
    const work = { progress: () => {}, signal: AbortSignal.abort() };
    await expect(writeModel(gemmModel(), path, { work })).rejects.toThrow('abort');
    expect(readFileSync(path)).toEqual(before);
    expect(readdirSync(folder).filter((name) => name.endsWith('.unfinished'))).toEqual([]);
  });

  test('a model whose hash takes a thread of its own is hashed and written alike, and can be stopped', async () => {
    const length = 40 * 2 ** 20 + 3;
    // Byte i is i mod 251.
    const read = (start: number, end: number) =>
      Buffer.alloc(
        end - start,
        Uint8Array.from({ length: 251 }, (_, at) => (start + at) % 251),
      );
    const large: Tensor = { name: 'w', dtype: 'uint8', shape: [length], data: { kind: 'derived', length, read } };
    const model = gemmModel();
    const graph = { ...model.graph, initializers: new Map([['w', large]]) };
    const path = join(folder, 'large.onnx');
    const file = await writeHashedModel({ ...model, graph }, path, { externalData: 'always' });
    const bytes = [path, `${path}.data`].map((name) => readFileSync(name));
    expect(file.sha256).toBe(createHash('sha256').update(Buffer.concat(bytes)).digest('hex'));
    expect(await hashModelFile(path)).toEqual(file);
    expect(bytes[1]?.equals(read(0, length))).toBe(true);

    const stop = new AbortController();
    const progress = ({ fraction }: { fraction: number | null }) => {
      if ((fraction ?? 0) > 0.5) stop.abort();
    };
    const target = join(folder, 'stopped-large.onnx');
    const copy = writeHashedModel(await readModel(path), target, { work: { progress, signal: stop.signal } });
    await expect(copy).rejects.toThrow('abort');
    expect(readdirSync(folder).filter((name) => name.includes('stopped-large'))).toEqual([]);
  });

  test('a source that changes while it is copied is noticed, and nothing is left of the copy', async () => {
    const source = join(folder, 'changing.onnx');
    await writeModel(gemmModel(), source, { externalData: 'always' });
    const model = await readModel(source);
    const progress = () => appendFileSync(`${source}.data`, 'more');
    const work = { progress, signal: new AbortController().signal };
    const copy = writeModel(model, join(folder, 'late-copy.onnx'), { work });
    await expect(copy).rejects.toThrow('changing.onnx.data: changed on disk while it was in use');
    expect(readdirSync(folder).filter((name) => name.includes('late-copy'))).toEqual([]);
  });

  test('a source that changes before it is copied is noticed', async () => {
    const source = join(folder, 'source.onnx');
    await writeModel(gemmModel(), source);
    const model = await readModel(source);
    writeFileSync(source, Buffer.concat([readFileSync(source), Buffer.alloc(10)]));
    await expect(writeModel(model, join(folder, 'copy.onnx'))).rejects.toThrow('source.onnx: changed on disk');
    expect(existsSync(join(folder, 'copy.onnx'))).toBe(false);
  });

  test.each<[string, string, string]>([
    ['a folder that is not there', 'no/such/m.onnx', 'm.onnx: cannot be saved: there is no such folder'],
    ['a file in the place of the folder', 'file/m.onnx', 'm.onnx: cannot be saved: there is no such folder'],
    ['a folder of that name', 'taken.onnx', 'taken.onnx: cannot be saved: a folder has that name'],
  ])('%s is one clear error', async (_, name, message) => {
    writeFileSync(join(folder, 'file'), '');
    mkdirSync(join(folder, 'taken.onnx'), { recursive: true });
    await expect(writeModel(gemmModel(), join(folder, name))).rejects.toThrow(message);
    expect(readdirSync(folder).filter((it) => it.endsWith('.unfinished'))).toEqual([]);
  });

  // Windows has other permissions.
  test.skipIf(process.platform === 'win32')('a folder that may not be written is one clear error', async () => {
    const locked = join(folder, 'locked');
    lockedFolder(folder, locked);
    const write = withoutRoot(() => writeModel(gemmModel(), join(locked, 'm.onnx')));
    await expect(write).rejects.toThrow('m.onnx: cannot be saved: the folder may not be written');
    expect(readdirSync(locked)).toEqual([]);
  });

  test('more than the disk holds is refused before anything is written', async () => {
    const length = 2 ** 52;
    const data = { kind: 'derived', length, read: () => new Uint8Array(0) } as const;
    const model = gemmModel();
    const huge: Tensor = { name: 'w', dtype: 'uint8', shape: [length], data };
    const graph = { ...model.graph, initializers: new Map([['w', huge]]) };
    const path = join(folder, 'huge.onnx');
    await expect(writeModel({ ...model, graph }, path)).rejects.toThrow(
      /huge.onnx: cannot be saved: it needs [\d.]+ MB and only/,
    );
    expect(existsSync(path)).toBe(false);
  });
});

describe.skipIf(process.platform === 'win32')('a save that ends badly', () => {
  const entry = join(folder, 'write-large-model.mjs');
  beforeAll(() => bundleEntry(fileURLToPath(new URL('../../../support/write-large-model.ts', import.meta.url)), entry));

  async function oldModel(): Promise<{ path: string; isUntouched: () => Promise<boolean> }> {
    const path = join(mkdtempSync(join(folder, 'old-')), 'm.onnx');
    const before = await writeHashedModel(gemmModel(), path, { externalData: 'always' });
    return { path, isUntouched: async () => (await hashModelFile(path)).sha256 === before.sha256 };
  }

  const left = (path: string) => readdirSync(dirname(path)).filter((name) => name.endsWith('.unfinished'));

  test.each(['always', 'never'])(
    'killed (external data %s), it leaves the old model, and the next save cleans up',
    async (externalData) => {
      const { path, isUntouched } = await oldModel();
      const child = spawn(process.execPath, [entry, path, '400', externalData], { stdio: 'ignore' });
      const ended = once(child, 'exit');
      await vi.waitUntil(() => left(path).some((name) => statSync(join(dirname(path), name)).size > 2 ** 20), {
        timeout: 20_000,
        interval: 5,
      });
      child.kill('SIGKILL');
      await ended;
      expect(left(path)).not.toEqual([]);
      expect(await isUntouched()).toBe(true);
      await writeModel(gemmModel(), path);
      expect(left(path)).toEqual([]);
    },
  );

  test('on a full disk, it says so and leaves the old model and nothing else', async () => {
    const { path, isUntouched } = await oldModel();
    // The shell's limit on file size, in KiB, stands for a disk that fills up while the file is being written.
    const command = `ulimit -f 20000; exec "$0" "$@"`;
    const result = spawnSync('bash', ['-c', command, process.execPath, entry, path, '64', 'never'], {
      encoding: 'utf8',
    });
    expect(result.stdout).toMatch(
      /LatheError: m.onnx: cannot be saved: it needs 67.1 MB and the disk or its quota is full \(.*\); make room or choose another folder/,
    );
    expect(result.status).toBe(1);
    expect(left(path)).toEqual([]);
    expect(await isUntouched()).toBe(true);
  });
});

test('a session is made from 200 bytes and the folder of the weights', async () => {
  const file = await writeModel(gemmModel(), join(folder, 'session.onnx'));
  const skeleton = skeletonBytes(await readModel(file.path), { folder: temporaryFolder });
  expect(skeleton.folder).not.toBeNull();
  expect(skeleton.bytes.length).toBeLessThan(300);
});
