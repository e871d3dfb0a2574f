/** The process that the built main bundle runs in: `electron` resolves to the stand-in, and the test steers by messages. */

import { register } from 'node:module';
import type { StudioCalls } from '../../src-main/contract';
import { type Client, createClient, messagePortChannel } from '../../src-main/rpc/client';
import type * as Standin from './electron';

const { LATHE_STANDIN_MODULE: moduleUrl = '', LATHE_STANDIN_MAIN: mainUrl = '' } = process.env;
const hook = `export const resolve = (name, context, next) =>
  name === 'electron' ? { url: ${JSON.stringify(moduleUrl)}, shortCircuit: true } : next(name, context);`;
register(`data:text/javascript,${encodeURIComponent(hook)}`);

const standin = (await import(moduleUrl)) as typeof Standin;
await import(mainUrl);

let client: Client<StudioCalls> | null = null;

/** The page's side of the hand-over: asks for the port, then calls by it. */
async function call(name: string, params: unknown): Promise<unknown> {
  if (client === null) {
    const page = standin.openedPage();
    page.bridge.connect();
    const port = page.posted.at(-1)?.ports[0];
    if (port === undefined) throw new Error('no port was handed over');
    client = createClient<StudioCalls>(messagePortChannel(port as never));
  }
  return client.call(name as 'about', params as never);
}

const commands: Readonly<Record<string, (...args: never[]) => unknown>> = { ...standin.remote, call };

process.on('message', async ({ id, name, args }: { id: number; name: string; args: never[] }) => {
  try {
    const command = commands[name];
    if (command === undefined) throw new Error(`no command ${name}`);
    process.send?.({ id, result: await command(...args) });
  } catch (error) {
    process.send?.({ id, error: (error as Error).message });
  }
});
