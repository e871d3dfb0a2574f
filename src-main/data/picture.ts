/** Decoding, resizing and normalising one picture. */

import { basename } from 'node:path';
import type { Sharp } from 'sharp';
import { LatheError, messageOf } from '../contract';
import type { Preprocess } from './preprocess';

/** sharp, loaded at the first picture: its native part takes a tenth of a second, and most processes read none. */
const loadSharp = async () => (await import('sharp')).default;

/**
 * One picture as a sample: [channels, height, width] or [height, width, channels], by the layout.
 * @throws LatheError that names the file where it cannot be decoded
 */
export async function readPicture(path: string, how: Preprocess): Promise<Float32Array> {
  const pixels = await decode(path, how); // [height, width, channels], 0…255
  const channels = how.channels === 'grey' ? 1 : 3;
  const area = how.width * how.height;
  const sample = new Float32Array(area * channels);
  for (let channel = 0; channel < channels; channel++) {
    const from = how.channels === 'bgr' ? 2 - channel : channel;
    const mean = how.mean[channel] as number;
    const std = how.std[channel] as number;
    for (let at = 0; at < area; at++) {
      const value = ((pixels[at * channels + from] as number) * how.scale - mean) / std;
      sample[how.layout === 'NCHW' ? channel * area + at : at * channels + channel] = value;
    }
  }
  return sample;
}

async function decode(path: string, how: Preprocess): Promise<Uint8Array> {
  try {
    const sharp = await loadSharp();
    let picture = sharp(path, { limitInputPixels: 1 << 28 })
      .rotate()
      .flatten({ background: how.background });
    if (how.resize === 'stretch') picture = picture.resize(how.width, how.height, { fit: 'fill' });
    else picture = cropMiddle(picture, await orientedSize(path), how);
    picture = how.channels === 'grey' ? picture.greyscale() : picture.toColourspace('srgb');
    const { data, info } = await picture.raw().toBuffer({ resolveWithObject: true });
    return dropChannels(data, info.channels, how.channels === 'grey' ? 1 : 3);
  } catch (cause) {
    throw cause instanceof LatheError
      ? cause
      : new LatheError({
          who: basename(path),
          what: `is not a picture that can be read (${messageOf(cause).split('\n')[0]})`,
          next: 'remove it from the folder or save it as PNG or JPEG',
          cause,
        });
  }
}

async function orientedSize(path: string): Promise<{ width: number; height: number }> {
  const { width, height, orientation } = await (await loadSharp())(path).metadata();
  return (orientation ?? 1) >= 5 ? { width: height, height: width } : { width, height };
}

function cropMiddle(picture: Sharp, size: { width: number; height: number }, how: Preprocess): Sharp {
  const factor = how.shortest / Math.min(size.width, size.height);
  const width = Math.max(how.width, Math.round(size.width * factor));
  const height = Math.max(how.height, Math.round(size.height * factor));
  return picture.resize(width, height, { fit: 'fill' }).extract({
    left: (width - how.width) >> 1,
    top: (height - how.height) >> 1,
    width: how.width,
    height: how.height,
  });
}

/** sharp may give grey as three equal channels, and colour with one more for transparency. */
function dropChannels(data: Uint8Array, have: number, want: number): Uint8Array {
  if (have === want) return data;
  const pixels = new Uint8Array((data.length / have) * want);
  for (let at = 0; at < pixels.length; at++)
    pixels[at] = data[Math.floor(at / want) * have + Math.min(at % want, have - 1)] as number;
  return pixels;
}
