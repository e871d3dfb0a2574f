/** `npm run docs:operators`. */

import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { operatorsPage } from './operators-page';

const workDir = mkdtempSync(join(tmpdir(), 'lathe-operators-'));
writeFileSync(join(process.cwd(), 'docs', 'operators.md'), await operatorsPage(workDir));
rmSync(workDir, { recursive: true });
