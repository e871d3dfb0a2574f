/** A studio in a process of its own, for a test that kills it while a job runs: says what is finished, then `running`. */

import { join } from 'node:path';
import type { StudioCalls } from '../../src-main/contract';
import { forkCarrier } from '../../src-main/engine/supervisor';
import { inProcessChannels } from '../../src-main/rpc/channels/in-process';
import { createClient } from '../../src-main/rpc/client';
import { createStudio } from '../../src-main/studio';

const [folder, engine, model, data] = process.argv.slice(2) as [string, string, string, string];
const forks = forkCarrier({ entry: engine });
let enginePid: number | undefined;
const studio = await createStudio({
  host: 'web',
  version: '0.0.0-test',
  carrier: () => ({
    start: () => {
      const started = forks.start();
      enginePid = started.pid;
      return started;
    },
  }),
  userDataFolder: join(folder, 'user'),
  projectsFolder: join(folder, 'projects'),
  sample: null,
  opened: null,
  browsable: [],
});
const [near, far] = inProcessChannels();
studio.attach(far);
const client = createClient<StudioCalls>(near);
const { path: project } = await client.call('createProject', { model });
await client.call('setData', { project, data });
const step = (method: string) => ({ steps: [{ kind: 'quantize' as const, method }] });
const first = await client.call('makeVariant', { project, recipe: step('fp16'), evaluate: false });
const made = await client.call('followJob', { project, job: first.job });
const second = await client.call('makeVariant', { project, recipe: step('static-int8'), evaluate: false });
let told = false;
await client.call(
  'followJob',
  { project, job: second.job },
  {
    progress: ({ progress }) => {
      if (told || progress === null) return;
      told = true;
      process.stdout.write(`${JSON.stringify({ project, variant: made.variant, enginePid })}\n`);
    },
  },
);
