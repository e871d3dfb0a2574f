/** What a download of the model would weigh. */

import { createReadStream } from 'node:fs';
import { createDeflate } from 'node:zlib';
import type { Work } from '../contract';

/** Bytes of the files after zlib at level 6, one stream after the other; nothing is kept. */
export async function deflatedSize(paths: readonly string[], totalBytes: number, work: Work): Promise<number> {
  let packed = 0;
  let read = 0;
  for (const path of paths) {
    const source = createReadStream(path, { highWaterMark: 1 << 20, signal: work.signal });
    const deflate = createDeflate({ level: 6 });
    source.on('data', (chunk) => {
      read += chunk.length;
      work.progress({ phase: 'Measuring size', fraction: Math.min(1, read / Math.max(1, totalBytes)) });
    });
    source.on('error', (error) => deflate.destroy(error));
    for await (const chunk of source.pipe(deflate)) packed += (chunk as Buffer).length;
  }
  return packed;
}
