/**
 * @file `npm run test:gradients [-- --python INTERPRETER]`: gradients of whole models against PyTorch's own, in float64. Without
 * an interpreter PyTorch is installed into a throw-away environment.
 */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { bundle, peer, pythonOrEnd, run } from './peer.mjs';

/**
 * Of the length of all gradients together. In float32 an activation within rounding of zero may fall on the other side of a
 * Relu, which costs PyTorch's own float32 up to 4e-3 on these models; without one both stay near 1e-6. A wrong rule is off by
 * a tenth and more.
 */
const tolerance = 1e-2;

const { values } = parseArgs({ options: { python: { type: 'string' } } });
const scratch = mkdtempSync(join(tmpdir(), 'lathe-gradients-'));
const interpreter = pythonOrEnd(scratch, values.python ?? process.env.LATHE_BENCH_PYTHON);
let failed = 0;
try {
  const cases = JSON.parse(run(interpreter, [peer, 'gradients', scratch]));
  const ours = await bundle('gradients');
  for (const { name, path, shape, gradients, single } of cases) {
    const args = [ours, path, JSON.stringify(shape), JSON.stringify(gradients)];
    const { relativeError, worst, compared } = JSON.parse(run(process.execPath, args));
    const holds = compared > 0 && relativeError < tolerance;
    if (!holds) failed++;
    const verdict = holds ? 'ok' : 'FAILED';
    const [error, most, own] = [relativeError, worst, single].map((figure) => figure.toExponential(1));
    const figures = `relative error ${error}, worst tensor ${most}; PyTorch's own float32 ${own}`;
    console.log(`${verdict} ${name}: ${figures} (${compared} of ${Object.keys(gradients).length} parameters)`);
  }
} finally {
  rmSync(scratch, { recursive: true, force: true });
}
process.exitCode = failed === 0 ? 0 : 1;
