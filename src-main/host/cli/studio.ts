/** The studio in this process, for the length of one command. */

import { fileURLToPath } from 'node:url';
import { studioCalls } from '../../contract';
import { createSupervisor, forkCarrier } from '../../engine/supervisor';
import { inProcessChannels } from '../../rpc/channels/in-process';
import { createClient } from '../../rpc/client';
import type { Channel } from '../../rpc/messages';
import { serve } from '../../rpc/server';
import type { Call, Surroundings } from './command';
import type { Waiting } from './jobs';

/** Runs `work` with a studio whose engine processes end with it. */
export async function withStudio<Result>(
  { surroundings, terminal, signal }: Pick<Call, 'surroundings' | 'terminal' | 'signal'>,
  work: (waiting: Waiting) => Promise<Result>,
): Promise<Result> {
  const studio = openStudio(surroundings, 'cli', null);
  const [ours, theirs] = inProcessChannels();
  studio.attach(theirs);
  const client = createClient<typeof studioCalls>(ours);
  try {
    return await work({ client, terminal, signal });
  } finally {
    terminal.endProgress();
    client.close();
    await studio.close();
  }
}

export function openStudio(surroundings: Surroundings, _host: string, _opened: string | null) {
  const supervisor = createSupervisor({ carrier: forkCarrier({ entry: fileURLToPath(surroundings.engine) }) });
  return {
    attach: (channel: Channel) => {
      void serve(channel, studioCalls, {
        inspect: (params, { progress, signal }) => supervisor.run('inspect', params, { progress, signal }),
        methods: () => supervisor.ask('methods', {}),
        checkRecipe: (params) => supervisor.ask('checkRecipe', params),
        evaluate: (params, { progress, signal }) => supervisor.run('evaluate', params, { progress, signal }),
      });
    },
    close: async () => supervisor.close(),
  };
}
