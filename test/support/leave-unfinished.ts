/**
 * Run in a process of its own, to be killed: begins to write into the folder `where` as an export, as a cache of the
 * baseline's answers, or under a name of its own, says so, and waits.
 */

import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { BaselineWriter } from '../../src-main/evaluate/baseline-file';
import { unfinishedName } from '../../src-main/onnx/file/unfinished';
import { ExportBundle } from '../../src-main/project/export-bundle';

const [kind, where] = process.argv.slice(2) as ['export' | 'baseline' | 'file', string];

const begin = {
  export: async () => writeFileSync(join((await ExportBundle.open(where, 'v')).draft, 'model.onnx'), 'half'),
  baseline: async () => void (await BaselineWriter.open(where, 'baseline.bin')),
  file: async () => writeFileSync(join(where, unfinishedName('file')), 'half'),
};

void begin[kind]().then(() => process.stdout.write('begun\n'));
setInterval(() => {}, 1000);
