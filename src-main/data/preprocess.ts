/** How a picture becomes a model's input: `preprocess.json`, or the key `preprocess` of meta.json. */

import { join } from 'node:path';
import { z } from 'zod';
import { LatheError } from '../contract';
import type { SessionValue } from '../onnx/session/session';
import { readJson } from './meta';

const size = z.number().int().min(1).max(8192);
const perChannel = z.union([z.number(), z.array(z.number()).min(1).max(3)]);

export const preprocessSchema = z.strictObject({
  /** Size of the input; read from the model where it states it. */
  width: size.optional(),
  height: size.optional(),
  /** `stretch`: to width × height. `shortest`: the shorter side to `shortest`, then a crop from the middle. */
  resize: z.enum(['stretch', 'shortest']).default('stretch'),
  /** For `shortest`; the larger of width and height where absent. */
  shortest: size.optional(),
  channels: z.enum(['rgb', 'bgr', 'grey']).optional(),
  layout: z.enum(['NCHW', 'NHWC']).optional(),
  /** Pixels 0…255 are multiplied by this first. */
  scale: z.number().default(1 / 255),
  /** Subtracted after the scale, one number or one for each channel, in the order of `channels`. */
  mean: perChannel.default(0),
  /** Divided by, after the mean. */
  std: perChannel.default(1),
  /** What transparent pixels are laid on. */
  background: z.string().default('#ffffff'),
  /** Share of each class that becomes the calibration split, where there are no `calib` and `test` folders. */
  calibration: z.number().min(0).max(0.9).default(0.2),
  seed: z.number().int().min(0).max(0xffffffff).default(0),
});

export interface Preprocess {
  readonly input: string;
  readonly dtype: 'float32' | 'uint8';
  readonly width: number;
  readonly height: number;
  readonly resize: 'stretch' | 'shortest';
  readonly shortest: number;
  readonly channels: 'rgb' | 'bgr' | 'grey';
  readonly layout: 'NCHW' | 'NHWC';
  readonly scale: number;
  /** One for each channel. */
  readonly mean: readonly number[];
  readonly std: readonly number[];
  readonly background: string;
  readonly calibration: number;
  readonly seed: number;
}

/**
 * The options of an image folder, completed by what the model states.
 * @throws LatheError that names the field, or says what has to be written down
 */
export async function readPreprocess(
  folder: string,
  inputs: readonly SessionValue[],
  dims: Readonly<Record<string, number>>,
): Promise<Preprocess> {
  const own = await readJson(join(folder, 'preprocess.json'));
  const where = own === null ? 'meta.json field "preprocess"' : 'preprocess.json';
  const parsed = preprocessSchema.safeParse(own ?? (await readJson(join(folder, 'meta.json')))?.preprocess ?? {});
  if (!parsed.success) {
    const issue = parsed.error.issues[0] as z.core.$ZodIssue;
    throw new LatheError({ who: where, what: `${issue.path.join('.') || 'the object'}: ${issue.message}` });
  }
  return complete(parsed.data, pictureInput(inputs), dims);
}

interface PictureInput {
  readonly name: string;
  readonly dtype: 'float32' | 'uint8';
  readonly shape: readonly (number | string | null)[];
}

function pictureInput(inputs: readonly SessionValue[]): PictureInput {
  const [input] = inputs;
  if (inputs.length !== 1 || input === undefined || input.shape?.length !== 4) {
    const list = inputs.map(({ name, shape }) => `"${name}" [${(shape ?? ['?']).join(', ')}]`).join(', ');
    throw new LatheError({
      who: 'image folder',
      what: `suits models with one input of 4 axes; this one has ${list}`,
      next: 'save its samples as calib.npz and test.npz',
    });
  }
  if (input.dtype !== 'float32' && input.dtype !== 'uint8') {
    throw new LatheError({
      who: 'image folder',
      what: `gives float32 or uint8 pictures; input "${input.name}" is ${input.dtype}`,
      next: 'save its samples as calib.npz and test.npz',
    });
  }
  return { name: input.name, dtype: input.dtype, shape: input.shape };
}

function complete(
  options: z.output<typeof preprocessSchema>,
  input: PictureInput,
  dims: Readonly<Record<string, number>>,
): Preprocess {
  const layout = options.layout ?? layoutOf(input);
  const [channelAxis, heightAxis, widthAxis] = layout === 'NCHW' ? [1, 2, 3] : [3, 1, 2];
  const sizeOf = (axis: number, option: 'height' | 'width'): number =>
    agreed(input, axis, option, options[option], dims);
  const height = sizeOf(heightAxis, 'height');
  const width = sizeOf(widthAxis, 'width');
  const stated = input.shape[channelAxis];
  const channels = options.channels ?? (stated === 1 ? 'grey' : 'rgb');
  const count = channels === 'grey' ? 1 : 3;
  if (typeof stated === 'number' && stated !== count) {
    throw new LatheError({
      who: 'preprocess.json field "channels"',
      what: `${channels} gives ${count}, input "${input.name}" takes ${stated}`,
    });
  }
  return {
    ...options,
    input: input.name,
    dtype: input.dtype,
    layout,
    height,
    width,
    channels,
    shortest: options.shortest ?? Math.max(width, height),
    mean: spread('mean', options.mean, count),
    std: spread('std', options.std, count),
  };
}

function layoutOf(input: PictureInput): 'NCHW' | 'NHWC' {
  if (input.shape[1] === 1 || input.shape[1] === 3) return 'NCHW';
  if (input.shape[3] === 1 || input.shape[3] === 3) return 'NHWC';
  throw new LatheError({
    who: 'image folder',
    what: `input "${input.name}" does not say which axis is the colour`,
    next: 'write "layout": "NCHW" or "NHWC" into preprocess.json',
  });
}

function agreed(
  input: PictureInput,
  axis: number,
  option: 'height' | 'width',
  written: number | undefined,
  dims: Readonly<Record<string, number>>,
): number {
  const dim = input.shape[axis];
  const known = typeof dim === 'number' ? dim : typeof dim === 'string' ? dims[dim] : undefined;
  if (known !== undefined && written !== undefined && written !== known)
    throw new LatheError({
      who: `preprocess.json field "${option}"`,
      what: `is ${written}, input "${input.name}" takes ${known}`,
    });
  const found = written ?? known;
  if (found !== undefined) return found;
  const name = typeof dim === 'string' ? ` ("${dim}")` : '';
  throw new LatheError({
    who: 'image folder',
    what: `input "${input.name}" leaves its ${option} open${name}`,
    next: `write "${option}" into preprocess.json${typeof dim === 'string' ? `, or give the size of ${dim} (in a shell: --dim ${dim}=size)` : ''}`,
  });
}

function spread(field: string, value: number | readonly number[], count: number): readonly number[] {
  const values = typeof value === 'number' ? new Array<number>(count).fill(value) : value;
  if (values.length !== count) {
    throw new LatheError({
      who: `preprocess.json field "${field}"`,
      what: `has ${values.length} numbers for ${count} channels`,
    });
  }
  if (field === 'std' && values.includes(0))
    throw new LatheError({ who: 'preprocess.json field "std"', what: 'holds a zero' });
  return values;
}
