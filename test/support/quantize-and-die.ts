/** A process that quantizes and is killed when calibration has come to a number of samples. */

import { join } from 'node:path';
import { resolveOptions } from '../../src-main/contract';
import { openDataset } from '../../src-main/data';
import { readModel } from '../../src-main/onnx/file';
import { openSession } from '../../src-main/onnx/session';
import { staticInt8 } from '../../src-main/quantize/methods/static-int8';
import { quantizeStep } from '../../src-main/quantize/step';

const [folder, cacheDir, samples] = process.argv.slice(2) as [string, string, string];
const model = await readModel(join(folder, 'model.onnx'));
const session = await openSession(model);
const dataset = await openDataset(folder, session.inputs, { dims: {} });
await session.release();
await quantizeStep.run(
  model,
  'static-int8',
  resolveOptions(staticInt8.options, {}, 'test'),
  {},
  {
    dataset,
    cacheDir,
    dims: {},
    seed: 0,
    workDir: cacheDir,
    original: model,
    signal: new AbortController().signal,
    progress: ({ detail }) => {
      if (detail?.startsWith(`${samples} of `)) process.kill(process.pid, 'SIGKILL');
    },
  },
);
