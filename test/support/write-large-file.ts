/** Writes one megabyte whole, for a test that lets only a part of it onto the disk; prints what went wrong. */

import { writeWholeFile } from '../../src-main/project/whole-files';

try {
  await writeWholeFile(process.argv[2] as string, Buffer.alloc(1_000_000, 1));
  process.stdout.write('written');
} catch (thrown) {
  process.stdout.write((thrown as Error).message);
}
