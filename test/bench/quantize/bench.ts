/**
 * @file `npm run bench:quantize -- CORPUS --peer NAME=PYTHON … [--only ids] [--rows names] [--samples N] [--full] [--low-bit] [--draws K]
 * [--keep FOLDER] [--time FOLDER]`:
 * every quantization method beside other tools' on the entries of a built corpus. Each file is made in a process of its
 * own, whose time (start included) and peak memory are the process's, once with and once without the pages of files that
 * are mapped; all are judged by Lathe's evaluation on the whole test split, in turn with the original, one thread. NAME:
 * a file of `peers/` without `_peer.py`; PYTHON: an interpreter of a throw-away environment with that tool. `--rows 'static-int8;nncf mixed'` makes only those.
 * With `--draws K` each is made from K draws of N calibration samples, and a cell a draw tells its main metric.
 * With `--keep FOLDER`, too, the files of draw 1 stay there, and a line of its results.jsonl tells of each that was made;
 * what stands there is not made again. `--time FOLDER` then times those files, on a machine that had best be quiet;
 * `node test/bench/run.mjs quantize/verdict RESULTS` sets them against each other.
 */

import { parseArgs } from 'node:util';

if (process.argv[2] === '--make') {
  const options = { make: { type: 'string' }, samples: { type: 'string', default: '128' } } as const;
  const { values, positionals } = parseArgs({ allowPositionals: true, options });
  const { makeOwn } = await import('./make');
  await makeOwn(values.make as string, positionals, Number(values.samples));
} else await import('./tables');
