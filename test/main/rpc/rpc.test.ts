import { fork } from 'node:child_process';
import { once } from 'node:events';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { MessageChannel } from 'node:worker_threads';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { WebSocket, WebSocketServer } from 'ws';
import { Helm } from '../../../src-main/contract';
import { childProcessChannel } from '../../../src-main/rpc/channels/child-process';
import { inProcessChannels } from '../../../src-main/rpc/channels/in-process';
import { messagePortChannel, type PortLike } from '../../../src-main/rpc/channels/message-port';
import { type SocketLike, webSocketChannel } from '../../../src-main/rpc/channels/web-socket';
import { type Client, createClient } from '../../../src-main/rpc/client';
import type { Channel } from '../../../src-main/rpc/messages';
import { serve } from '../../../src-main/rpc/server';
import { bundleEntry } from '../../support/bundle-entry';
import { arithmeticCalls, arithmeticHandlers } from './arithmetic';

type Arithmetic = Client<typeof arithmeticCalls>;
const closers: (() => unknown)[] = [];
afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

function serveHere([near, far]: [Channel, Channel]): Arithmetic {
  void serve(far, arithmeticCalls, arithmeticHandlers);
  const client = createClient<typeof arithmeticCalls>(near, 'server');
  closers.push(() => client.close());
  return client;
}

async function overWebSocket(): Promise<Arithmetic> {
  const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
  await once(server, 'listening');
  const address = server.address() as { port: number };
  const accepted = once(server, 'connection');
  const near = webSocketChannel(new WebSocket(`ws://127.0.0.1:${address.port}`) as SocketLike);
  const [socket] = await accepted;
  closers.push(() => new Promise((resolve) => server.close(resolve)));
  return serveHere([near, webSocketChannel(socket as SocketLike)]);
}

const folder = mkdtempSync(join(tmpdir(), 'lathe-rpc-'));
beforeAll(async () => {
  const here = import.meta.dirname;
  writeFileSync(
    join(folder, 'child.ts'),
    `import { childProcessChannel } from '${here}/../../../src-main/rpc/channels/child-process';
     import { serve } from '${here}/../../../src-main/rpc/server';
     import { bundleEntry } from '../../support/bundle-entry';
import { arithmeticCalls, arithmeticHandlers } from '${here}/arithmetic';
     serve(childProcessChannel(process), arithmeticCalls, arithmeticHandlers);`,
  );
  await bundleEntry(join(folder, 'child.ts'), join(folder, 'child.mjs'));
});
afterAll(() => rmSync(folder, { recursive: true }));

function overChildProcess(): Arithmetic {
  const child = fork(join(folder, 'child.mjs'), { serialization: 'advanced' });
  closers.push(() => child.kill());
  return createClient<typeof arithmeticCalls>(childProcessChannel(child), 'server');
}

const carriers: Record<string, () => Promise<Arithmetic> | Arithmetic> = {
  'in process': () => serveHere(inProcessChannels()),
  'over a MessagePort': () => {
    const { port1, port2 } = new MessageChannel();
    return serveHere([
      messagePortChannel(port1 as unknown as PortLike),
      messagePortChannel(port2 as unknown as PortLike),
    ]);
  },
  'over a WebSocket': overWebSocket,
  'over child-process IPC': overChildProcess,
};

describe.each(Object.keys(carriers))('a call %s', (carrier) => {
  const connect = () => (carriers[carrier] as () => Promise<Arithmetic> | Arithmetic)();

  it('gives the result, with defaults filled in by the server', async () => {
    const client = await connect();
    expect(await client.call('add', { a: 2, b: 3 })).toBe(5);
    expect(await client.call('add', { a: 2 })).toBe(3);
  });

  it('names the field that does not fit', async () => {
    const client = await connect();
    const wrong = client.call('add', { a: 'two' } as never);
    await expect(wrong).rejects.toMatchObject({
      code: 'usage',
      message: expect.stringMatching(/^call "add": field a: /),
    });
  });

  it('refuses what is not in the table, inherited names too', async () => {
    const client = await connect();
    for (const name of ['multiply', 'toString', '__proto__'])
      await expect(client.call(name as 'add', { a: 1 })).rejects.toThrow(`call "${name}": is not known here`);
  });

  it('carries an error as its thrower made it, and a defect as a defect', async () => {
    const client = await connect();
    await expect(client.call('fail', { kind: 'input' })).rejects.toMatchObject({
      name: 'LatheError',
      code: 'input',
      who: 'net.onnx',
      message: 'net.onnx: is cut off; download it again',
    });
    const defect = await client.call('fail', { kind: 'defect' }).catch((error: unknown) => error);
    expect(defect).toBeInstanceOf(Error);
    expect(defect).not.toMatchObject({ name: 'LatheError' });
  });

  it('tells progress at most 20 times a second and the last one always', async () => {
    const client = await connect();
    const told: number[] = [];
    const startedAt = performance.now();
    await client.call(
      'count',
      { to: 5000, everyMs: 0.1 },
      { progress: (progress) => told.push(progress.fraction ?? -1) },
    );
    const seconds = (performance.now() - startedAt) / 1000;
    expect(told.at(-1)).toBe(1);
    // One at the start and one at the end come on top of one for each 50 ms.
    expect(told.length).toBeLessThanOrEqual(seconds * 20 + 2);
    expect(told.length).toBeGreaterThan(2);
  });

  it('stops when asked, and says so', async () => {
    const client = await connect();
    const controller = new AbortController();
    const call = client.call('wait', {}, { signal: controller.signal });
    setTimeout(() => controller.abort(), 20);
    await expect(call).rejects.toMatchObject({ code: 'cancelled' });
    expect(await client.call('add', { a: 1, b: 1 })).toBe(2);
  });

  it('is steered, also by a wish that is older than the call', async () => {
    const client = await connect();
    const helm = new Helm();
    helm.set('pause');
    const call = client.call('steered', {}, { steering: helm });
    setTimeout(() => helm.set('run'), 20);
    setTimeout(() => helm.set('stop'), 40);
    expect(await call).toEqual(['pause', 'run', 'stop']);
    // The call is over: nothing is sent for it any more.
    helm.set('pause');
    expect(await client.call('add', { a: 1, b: 1 })).toBe(2);
  });

  it('refuses an answer above 1 MB and parameters above 1 MB', async () => {
    const client = await connect();
    await expect(client.call('repeat', { text: 'x', times: 2_000_000 })).rejects.toThrow(/above the limit/);
    await expect(client.call('repeat', { text: 'x'.repeat(2_000_000), times: 1 })).rejects.toThrow(/above the limit/);
    expect(await client.call('repeat', { text: 'x', times: 1_000_000 })).toHaveLength(1_000_000);
  });

  it('ends with `interrupted` when the channel closes', async () => {
    const client = await connect();
    const call = client.call('wait', {});
    setTimeout(() => client.close(), 20);
    await expect(call).rejects.toMatchObject({ code: 'interrupted' });
    await expect(client.call('add', { a: 1 })).rejects.toMatchObject({ code: 'interrupted' });
  });
});

describe('a served channel', () => {
  it('aborts what is under way when it closes', async () => {
    const [near, far] = inProcessChannels();
    const aborted = new Promise<void>((resolve) => {
      void serve(far, arithmeticCalls, {
        wait: (_params, { signal }) => {
          signal.addEventListener('abort', () => resolve());
          return new Promise(() => {});
        },
      });
    });
    const client = createClient<typeof arithmeticCalls>(near);
    client.call('wait', {}).catch(() => {});
    setTimeout(() => client.close(), 5);
    await aborted;
  });

  it('ends a call whose progress is above 1 MB, and lives on', async () => {
    const client = serveHere(inProcessChannels());
    await expect(client.call('boast', {})).rejects.toThrow(/progress of "boast": .*above the limit/);
    expect(await client.call('add', { a: 1 })).toBe(2);
  });

  it('pays no attention to what is no message', async () => {
    const [near, far] = inProcessChannels();
    const client = serveHere([near, far]);
    for (const junk of [
      null,
      7,
      'call',
      {},
      { type: 'call' },
      { type: 'call', id: 'x', name: 'add' },
      { type: 'result', id: 1 },
    ])
      near.send(junk as never);
    expect(await client.call('add', { a: 1 })).toBe(2);
  });
});

describe('a WebSocket channel', () => {
  it.each([
    ['bytes', new Uint8Array(4), 1003],
    ['text that is not JSON', '{"type":', 1003],
    ['more than 1 MB', `"${'x'.repeat(1_100_000)}"`, 1009],
  ])('closes on %s', async (_what, data, code) => {
    const server = new WebSocketServer({ port: 0, host: '127.0.0.1' });
    await once(server, 'listening');
    server.on('connection', (socket) => webSocketChannel(socket as unknown as SocketLike));
    const socket = new WebSocket(`ws://127.0.0.1:${(server.address() as { port: number }).port}`);
    await once(socket, 'open');
    socket.send(data);
    const [closeCode] = await once(socket, 'close');
    expect(closeCode).toBe(code);
    server.close();
  });
});
