/** A process that writes into a project without end and says on its output what is finished; tests kill it. */

import { createHash } from 'node:crypto';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { Project } from '../../src-main/project/project';
import { sampleEvaluation, sampleVariant } from './sample-documents';

const project = await Project.open(process.argv[2] as string);
for (let turn = project.variants.length; ; turn += 1) {
  const job = `job-${turn}`;
  const folder = await project.jobFolder(job);
  const bytes = Buffer.alloc(20_000, turn);
  await writeFile(join(folder, 'model.onnx'), bytes);
  const sha256 = createHash('sha256').update(bytes).digest('hex');
  const id = `variant-${process.pid}-${turn}`;
  const model = { path: 'model.onnx', bytes: bytes.length, sha256, externalData: [] };
  await project.finishVariant(job, { ...sampleVariant, id, model, createdAt: new Date().toISOString() });
  process.stdout.write(`variant ${id}\n`);
  await project.saveVariantEvaluation(id, project.conditions, sampleEvaluation);
  process.stdout.write(`evaluation ${id}\n`);
  await project.change({ dims: { turn } });
  process.stdout.write(`turn ${turn}\n`);
}
