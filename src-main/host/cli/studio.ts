/** The studio in this process: for the length of one command, or for the web host. */

import { homedir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import packageFile from '../../../package.json';
import type { StudioCalls } from '../../contract';
import { forkCarrier } from '../../engine/supervisor';
import { inProcessChannels } from '../../rpc/channels/in-process';
import { createClient } from '../../rpc/client';
import { createStudio, type Studio } from '../../studio';
import { sampleIn } from '../shared/sample';
import { userFolders } from '../shared/user-folders';
import type { Call, Surroundings } from './command';
import type { Waiting } from './jobs';

/** Runs `work` with a studio whose engine processes end with it. */
export async function withStudio<Result>(
  { surroundings, terminal, signal, stop }: Pick<Call, 'surroundings' | 'terminal' | 'signal' | 'stop'>,
  work: (waiting: Waiting) => Promise<Result>,
): Promise<Result> {
  const studio = await openStudio(surroundings, 'cli', null);
  const [ours, theirs] = inProcessChannels();
  studio.attach(theirs);
  const client = createClient<StudioCalls>(ours);
  try {
    return await work({ client, terminal, signal, stop });
  } finally {
    terminal.endProgress();
    client.close();
    await studio.close();
  }
}

/** @param opened the project that the host was started with */
export function openStudio(surroundings: Surroundings, host: 'web' | 'cli', opened: string | null): Promise<Studio> {
  const { preferences, projects } = userFolders();
  const sample = sampleIn(join(surroundings.root, 'test', 'samples', 'digits'));
  return createStudio({
    host,
    version: packageFile.version,
    carrier: ({ engineNode }) =>
      forkCarrier({ entry: fileURLToPath(surroundings.engine), node: engineNode ?? undefined }),
    userDataFolder: preferences,
    projectsFolder: projects,
    sample,
    opened,
    browsable: [process.cwd(), homedir(), projects, ...(sample === null ? [] : [sample.data])],
  });
}
