/**
 * A folder with one sub-folder of pictures for each class. `calib`, `test` and `train` folders above them make the
 * splits; without, a seeded share of each class is set aside for calibration and the rest is the test split.
 */

import { readdir } from 'node:fs/promises';
import { basename, extname, join, relative } from 'node:path';
import { LatheError, type SplitName, splitNames } from '../../contract';
import { Random } from '../../kernels/random';
import type { NdArray } from '../../onnx/ir';
import type { Batch, Dataset, Reader, Split } from '../dataset';
import { hashFiles } from '../file-bytes';
import { readMeta } from '../meta';
import { readPicture } from '../picture';
import { type Preprocess, readPreprocess } from '../preprocess';

const pictureTypes = new Set(['.png', '.jpg', '.jpeg', '.webp', '.gif', '.tif', '.tiff', '.avif', '.bmp', '.svg']);
const splitFolders: Readonly<Record<string, SplitName>> = {
  calib: 'calibration',
  calibration: 'calibration',
  train: 'train',
  test: 'test',
};

interface Picture {
  readonly path: string;
  readonly label: number;
}

export const imageFolder: Reader = {
  name: 'image-folder',
  title: 'Folder of pictures',
  expects: 'a folder with one sub-folder of pictures for each class',

  async fits(path) {
    for (const folder of await subfolders(path)) {
      const below = folder in splitFolders ? await subfolders(join(path, folder)) : [folder];
      const top = folder in splitFolders ? join(path, folder) : path;
      for (const name of below) if ((await picturesIn(join(top, name))).length > 0) return true;
    }
    return false;
  },

  async open(path, inputs, options): Promise<Dataset> {
    const meta = await readMeta(path);
    const how = await readPreprocess(path, inputs, options.dims);
    const found = await findPictures(path, meta.classes, how);
    const extras = ['meta.json', 'preprocess.json'];
    const present = (await readdir(path)).filter((name) => extras.includes(name));
    const files = [...found.splits.values()].flat().map((picture) => picture.path);
    const hash = await hashFiles(
      new Map([...files, ...present.map((name) => join(path, name))].map((file) => [relative(path, file), file])),
      options.signal,
    );
    const splits = new Map(
      splitNames.flatMap((name) => {
        const pictures = found.splits.get(name) ?? [];
        return pictures.length === 0 ? [] : [[name, new PictureSplit(name, pictures, how)] as const];
      }),
    );
    const rows = inputs[0]?.shape?.[0];
    const metric = meta.metric ?? { kind: 'top1', name: null };
    return {
      path,
      meta: { ...meta, feed: 'slice', metric, classes: found.classes },
      runSize: typeof rows === 'number' && rows > 0 ? rows : null,
      calibration: splits.get('calibration') ?? null,
      train: splits.get('train') ?? null,
      test: splits.get('test') ?? null,
      summary: {
        path,
        reader: imageFolder.name,
        hash,
        splits: [...splits.values()].map(({ name, samples }) => ({ name, samples })),
        inputs: [{ name: how.input, type: how.dtype, shape: sampleShape(how) }],
        labels: true,
        classes: [...found.classes],
        metric: metric.kind,
        dims: {},
        notes: [summarise(how), ...found.notes],
      },
    };
  },
};

async function subfolders(path: string): Promise<string[]> {
  const entries = await readdir(path, { withFileTypes: true }).catch(() => []);
  const names = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.')).map(({ name }) => name);
  return names.sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
}

async function picturesIn(folder: string): Promise<string[]> {
  const names = await readdir(folder).catch(() => []);
  return names
    .filter((name) => pictureTypes.has(extname(name).toLowerCase()))
    .sort()
    .map((name) => join(folder, name));
}

interface Found {
  readonly classes: readonly string[];
  readonly splits: ReadonlyMap<SplitName, Picture[]>;
  readonly notes: readonly string[];
}

async function findPictures(path: string, named: readonly string[] | null, how: Preprocess): Promise<Found> {
  const folders = await subfolders(path);
  const tops = folders.filter((folder) => folder in splitFolders);
  if (tops.length === 0) {
    const classes = named ?? folders;
    return splitBySeed(await picturesByClass(path, folders, classes), classes, how);
  }
  const inside = new Set((await Promise.all(tops.map((top) => subfolders(join(path, top))))).flat());
  const classes = named ?? [...inside].sort((a, b) => a.localeCompare(b, 'en', { numeric: true }));
  const splits = new Map<SplitName, Picture[]>();
  for (const top of tops) {
    const byClass = await picturesByClass(join(path, top), await subfolders(join(path, top)), classes);
    splits.set(splitFolders[top] as SplitName, byClass.flat());
  }
  return { classes, splits, notes: [] };
}

async function picturesByClass(
  top: string,
  folders: readonly string[],
  classes: readonly string[],
): Promise<Picture[][]> {
  const byClass: Picture[][] = classes.map(() => []);
  for (const folder of folders) {
    const label = classes.indexOf(folder);
    if (label < 0) {
      throw new LatheError({
        who: `image folder "${basename(top)}"`,
        what: `sub-folder "${folder}" is none of the classes that meta.json names`,
        where: classes.slice(0, 12).join(', '),
      });
    }
    byClass[label] = (await picturesIn(join(top, folder))).map((path) => ({ path, label }));
  }
  return byClass;
}

function splitBySeed(byClass: readonly Picture[][], classes: readonly string[], how: Preprocess): Found {
  const random = new Random(how.seed);
  const calibration: Picture[] = [];
  const test: Picture[] = [];
  for (const pictures of byClass) {
    const shuffled = random.shuffle([...pictures]);
    const share = Math.round(shuffled.length * how.calibration);
    calibration.push(...shuffled.slice(0, share));
    test.push(...shuffled.slice(share));
  }
  // Classes mixed, so that the first samples of a split stand for all of it.
  const splits = new Map<SplitName, Picture[]>([
    ['calibration', random.shuffle(calibration)],
    ['test', random.shuffle(test)],
  ]);
  const percent = Math.round(how.calibration * 100);
  return {
    classes,
    splits,
    notes: [`Split by seed ${how.seed}: ${percent} % of each class for calibration, the rest for the test.`],
  };
}

function sampleShape(how: Preprocess): number[] {
  const channels = how.channels === 'grey' ? 1 : 3;
  return how.layout === 'NCHW' ? [channels, how.height, how.width] : [how.height, how.width, channels];
}

function summarise(how: Preprocess): string {
  const fit = how.resize === 'stretch' ? 'stretched' : `shorter side to ${how.shortest}, middle cut out`;
  const norm =
    how.dtype === 'uint8' ? 'as bytes' : `× ${Number(how.scale.toPrecision(4))}, − [${how.mean}], ÷ [${how.std}]`;
  return `Pictures: ${how.width} × ${how.height}, ${fit}, ${how.channels}, ${how.layout}, ${norm}.`;
}

class PictureSplit implements Split {
  readonly extras = ['labels'];

  constructor(
    readonly name: SplitName,
    private readonly pictures: readonly Picture[],
    private readonly how: Preprocess,
  ) {}

  get samples(): number {
    return this.pictures.length;
  }

  async read(first: number, size: number): Promise<Batch> {
    return this.#batch(this.pictures.slice(first, first + size), first);
  }

  async gather(rows: readonly number[]): Promise<Batch> {
    const chosen = rows.map((row) => this.pictures[row] as Picture);
    return this.#batch(chosen, -1);
  }

  async array(name: string): Promise<NdArray | undefined> {
    return name === 'labels' ? labelsOf(this.pictures) : undefined;
  }

  async #batch(pictures: readonly Picture[], first: number): Promise<Batch> {
    const shape = [pictures.length, ...sampleShape(this.how)];
    const size = shape.reduce((product, dim) => product * dim, 1);
    const data = this.how.dtype === 'uint8' ? new Uint8Array(size) : new Float32Array(size);
    const width = size / Math.max(1, pictures.length);
    const how = this.how.dtype === 'uint8' ? { ...this.how, scale: 1, mean: [0, 0, 0], std: [1, 1, 1] } : this.how;
    const samples = await Promise.all(pictures.map((picture) => readPicture(picture.path, how)));
    samples.forEach((sample, at) => {
      data.set(sample, at * width);
    });
    const array = { dtype: this.how.dtype, shape, data } as NdArray;
    return { feeds: { [this.how.input]: array }, extras: { labels: labelsOf(pictures) }, first, size: pictures.length };
  }
}

function labelsOf(pictures: readonly Picture[]): NdArray<'int64'> {
  const data = BigInt64Array.from(pictures, (picture) => BigInt(picture.label));
  return { dtype: 'int64', shape: [pictures.length], data };
}
