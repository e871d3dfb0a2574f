/** Files that are taken for ONNX models, known by their first bytes, so that the message can say what they are. */

import { LatheError } from '../../contract';
import type { ByteSource } from './byte-source';

interface Format {
  readonly what: string;
  readonly next: string;
  readonly fits: (head: string) => boolean;
}

const exportIt = 'export the model as ONNX first';

const formats: readonly Format[] = [
  {
    what: 'is a Git LFS pointer, not the model itself',
    next: 'fetch the file with `git lfs pull`',
    fits: (head) => head.startsWith('version https://git-lfs'),
  },
  {
    what: 'is a ZIP archive, as PyTorch checkpoints are',
    next: exportIt,
    fits: (head) => head.startsWith('PK\x03\x04'),
  },
  { what: 'is a TensorFlow Lite model', next: exportIt, fits: (head) => head.startsWith('TFL3', 4) },
  {
    what: 'is an onnxruntime model in ORT format',
    next: 'use the .onnx file that it was made from',
    fits: (head) => head.startsWith('ORTM', 4),
  },
  { what: 'is an HDF5 file, as Keras weights are', next: exportIt, fits: (head) => head.startsWith('\x89HDF') },
  { what: 'is a GGUF model', next: exportIt, fits: (head) => head.startsWith('GGUF') },
  {
    what: 'is a Python pickle',
    next: exportIt,
    fits: (head) => head.charCodeAt(0) === 0x80 && head.charCodeAt(1) <= 5,
  },
  { what: 'is a safetensors file', next: exportIt, fits: (head) => head.startsWith('{"', 8) },
  { what: 'is a web page', next: 'download the file itself', fits: (head) => /^\s*<(!doctype|html)/i.test(head) },
];

/**
 * @throws LatheError for an empty file and for a file of another well-known format
 */
export function refuseOtherFormats(source: ByteSource): void {
  if (source.length === 0) {
    throw new LatheError({ who: source.name, what: 'is empty', next: 'export or download it again' });
  }
  const head = String.fromCharCode(...source.read(0, Math.min(64, source.length)));
  const format = formats.find(({ fits }) => fits(head));
  if (format !== undefined)
    throw new LatheError({ who: source.name, what: `not an ONNX model: it ${format.what}`, next: format.next });
}
