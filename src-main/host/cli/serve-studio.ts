/** `lathe studio`: serves the studio on loopback until Ctrl-C. */

import { once } from 'node:events';
import { resolve } from 'node:path';
import { openInBrowser } from '../web/open-browser';
import { startWebHost } from '../web/server';
import type { Call } from './command';
import { openStudio } from './studio';

export interface StudioOrder {
  readonly project: string | null;
  /** 0 = any free one. */
  readonly port: number;
  readonly open: boolean;
}

export async function serveStudio(call: Call, { project, port, open }: StudioOrder): Promise<void> {
  const { surroundings, terminal, signal } = call;
  const pages = await surroundings.pages(() => terminal.say('Building the pages of the studio …'));
  const studio = await openStudio(surroundings, 'web', project === null ? null : resolve(project));
  try {
    const host = await startWebHost({ pages, port, attach: (channel) => studio.attach(channel) });
    try {
      terminal.print(host.address);
      terminal.say('The studio is at this address, for this machine only. Ctrl-C ends it.');
      if (open && !(await openInBrowser(host.address)))
        terminal.say('No browser could be started: open the address yourself.');
      if (!signal.aborted) await once(signal, 'abort');
    } finally {
      await host.close();
    }
  } finally {
    await studio.close();
  }
}
