/** A studio with the real engine process, in folders of its own, and a client of it. */

import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import type { Job, Progress, StudioCalls } from '../../src-main/contract';
import { type EngineProcess, forkCarrier } from '../../src-main/engine/supervisor';
import { inProcessChannels } from '../../src-main/rpc/channels/in-process';
import { type Client, createClient } from '../../src-main/rpc/client';
import { createStudio, type Studio, type StudioOptions } from '../../src-main/studio';
import { builtEngine } from './built-engine';

const root = join(import.meta.dirname, '../..');
export const sample = { model: join(root, 'test/samples/digits/model.onnx'), data: join(root, 'test/samples/digits') };

export interface TestStudio {
  readonly client: Client<StudioCalls>;
  readonly studio: Studio;
  /** Engine processes in the order in which they were started. */
  readonly engines: readonly EngineProcess[];
  /** Its projects and user data; removed by {@link close}. */
  readonly folder: string;
  /** Waits for a job; `progress` is called with each progress of it. */
  finish(project: string, job: string, progress?: (progress: Progress) => void): Promise<Job>;
  /** Ends the studio, keeping its folder, and starts another one on it. */
  again(): Promise<TestStudio>;
  close(): Promise<void>;
}

export async function startStudio(
  options: Partial<StudioOptions> = {},
  folder = mkdtempSync(join(tmpdir(), 'lathe-studio-')),
): Promise<TestStudio> {
  const engines: EngineProcess[] = [];
  const entry = await builtEngine();
  const start = (node: string | null): EngineProcess => {
    const engine = forkCarrier({ entry, node: node ?? undefined }).start();
    engines.push(engine);
    return engine;
  };
  const studio = await createStudio({
    host: 'web',
    version: '0.0.0-test',
    carrier: ({ engineNode }) => ({ start: () => start(engineNode) }),
    userDataFolder: join(folder, 'user'),
    projectsFolder: join(folder, 'projects'),
    sample,
    opened: null,
    browsable: [folder],
    ...options,
  });
  const [near, far] = inProcessChannels();
  studio.attach(far);
  const client = createClient<StudioCalls>(near);
  return {
    client,
    studio,
    engines,
    folder,
    finish: (project, job, progress) =>
      client.call('followJob', { project, job }, { progress: (told) => told.progress && progress?.(told.progress) }),
    again: async () => {
      client.close();
      await studio.close();
      return startStudio(options, folder);
    },
    close: async () => {
      client.close();
      await studio.close();
      rmSync(folder, { recursive: true, force: true });
    },
  };
}
