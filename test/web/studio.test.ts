/** `lathe studio` as a browser meets it, with the real engine process: it is asked, killed and aborted mid-run. */

import { type ChildProcess, spawn } from 'node:child_process';
import { mkdtempSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { WebSocket } from 'ws';
import type { Job, ProjectState, StudioCalls } from '../../src-main/contract';
import { type Client, createClient, webSocketChannel } from '../../src-main/rpc/client';
import { childrenOf } from '../support/children';
import { digits, launcher } from '../support/shell';

const model = join(digits, 'model.onnx');
let folder: string;
let host: ChildProcess;
let address: URL;
let cookie: string;
let client: Client<StudioCalls>;

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), 'lathe-studio-'));
  host = spawn(process.execPath, [launcher, 'studio', '--no-open'], {
    env: { ...process.env, LATHE_HOME: join(folder, 'home') },
    stdio: ['ignore', 'pipe', 'ignore'],
  });
  address = await new Promise((resolve, reject) => {
    let printed = '';
    host.stdout?.setEncoding('utf8').on('data', (text: string) => {
      printed += text;
      if (printed.endsWith('\n')) resolve(new URL(printed.trim()));
    });
    host.once('exit', (code) => reject(new Error(`lathe studio ended with ${code}`)));
  });
  const answer = await fetch(address, { redirect: 'manual' });
  cookie = answer.headers.get('set-cookie')?.split(';')[0] ?? '';
  client = connect();
});
afterAll(() => {
  client?.close();
  host?.kill('SIGKILL');
  rmSync(folder, { recursive: true, force: true });
});

function connect(): Client<StudioCalls> {
  const socket = new WebSocket(`ws://${address.host}/studio`, { headers: { cookie, origin: address.origin } });
  return createClient<StudioCalls>(webSocketChannel(socket as never));
}

test('the address is of this machine alone, with a key of 256 bits', () => {
  expect(address.hostname).toBe('127.0.0.1');
  expect(Buffer.from(address.searchParams.get('token') ?? '', 'base64url')).toHaveLength(32);
});

test('the pages that are served are the studio, and load nothing from elsewhere', async () => {
  const answer = await fetch(new URL('/', address), { headers: { cookie } });
  expect(answer.status).toBe(200);
  const page = await answer.text();
  const sources = [...page.matchAll(/(?:src|href)="([^"]+)"/g)].map((match) => match[1] ?? '');
  expect(sources.length).toBeGreaterThan(0);
  for (const source of sources) {
    const url = new URL(source, address);
    expect(url.origin).toBe(address.origin);
    expect((await fetch(new URL(url.pathname, address), { headers: { cookie } })).status).toBe(200);
    expect((await fetch(new URL(url.pathname, address))).status).toBe(401);
  }
});

test('answers over the socket, with the sample at hand', async () => {
  const about = await client.call('about', {});
  expect(about).toMatchObject({ host: 'web', sample: { model }, opened: null });
  const listing = await client.call('browse', { folder: digits });
  expect(listing.entries.map(({ name }) => name)).toContain('model.onnx');
  await expect(client.call('browse', { folder: '/proc' })).rejects.toThrow(/outside/);
});

describe('an engine that dies mid-run', () => {
  let project: string;
  beforeAll(async () => {
    const state = await client.call('createProject', { model, folder: join(folder, 'p') });
    project = state.path;
    await client.call('setData', { project, data: digits });
    await finish(await client.call('measureBaseline', { project }));
  });

  const finish = ({ job }: { job: string }): Promise<Job> => client.call('followJob', { project, job });

  test.each([
    ['SIGKILL', 0.5, /SIGKILL/],
    ['SIGABRT', 0.6, /aborted/],
  ] as const)(
    'of %s is told with step and model; what was made is kept and work goes on',
    async (signal, sparsity, cause) => {
      const before = await client.call('openProject', { project });
      const recipe = { name: `killed by ${signal}`, steps: [{ kind: 'prune' as const, options: { sparsity } }] };
      const { job } = await client.call('makeVariant', { project, recipe });
      const others = new Set(childrenOf(host.pid as number));
      let killed = false;
      const ended = await client.call(
        'followJob',
        { project, job },
        {
          progress: ({ progress }) => {
            const [engine] = childrenOf(host.pid as number).filter((pid) => !others.has(pid));
            if (killed || engine === undefined || progress === null || !/[Mm]easuring|[Ww]arming/.test(progress.phase))
              return;
            killed = true;
            process.kill(engine, signal);
          },
        },
      );
      expect(killed).toBe(true);
      expect(ended.state).toBe('interrupted');
      expect(ended.error).toMatch(/model\.onnx/);
      expect(ended.error).toMatch(/easuring|arming/);
      expect(ended.error).toMatch(cause);

      const after: ProjectState = await client.call('openProject', { project });
      expect(after.baseline).toEqual(before.baseline);
      // Made before the engine died, and not lost with it; only its figures are missing.
      const made = after.variants.find(({ variant }) => variant.name === recipe.name);
      expect(made).toMatchObject({ evaluation: null });
      expect(after.variants).toHaveLength(before.variants.length + 1);

      const again = await finish(await client.call('retryJob', { project, job }));
      expect(again.state).toBe('done');
      const whole = await client.call('openProject', { project });
      expect(whole.variants.find(({ variant }) => variant.name === recipe.name)?.evaluation).not.toBeNull();
    },
  );

  test('a job that is cancelled says so, and the next one runs', async () => {
    const recipe = { name: 'cancelled', steps: [{ kind: 'prune' as const, options: { sparsity: 0.3 } }] };
    const { job } = await client.call('makeVariant', { project, recipe });
    let asked = false;
    const ended = await client.call(
      'followJob',
      { project, job },
      {
        progress: ({ progress }) => {
          if (asked || progress === null) return;
          asked = true;
          void client.call('cancelJob', { project, job });
        },
      },
    );
    expect(ended.state).toBe('cancelled');
    expect((await finish(await client.call('measureBaseline', { project }))).state).toBe('done');
  });

  test('a page that goes away leaves its job running for the next one', async () => {
    const recipe = { name: 'goes on', steps: [{ kind: 'prune' as const, options: { sparsity: 0.2 } }] };
    const { job } = await client.call('makeVariant', { project, recipe });
    client.close();
    client = connect();
    expect((await finish({ job })).state).toBe('done');
  });
});

test('a socket that speaks nonsense is closed, and the studio stays', async () => {
  const socket = new WebSocket(`ws://${address.host}/studio`, { headers: { cookie, origin: address.origin } });
  const closed = new Promise<number>((resolve) => {
    socket.on('close', resolve);
  });
  socket.on('open', () => socket.send('{"type":'));
  expect(await closed).toBe(1003);
  await expect(client.call('inspect', { model: 7 as never })).rejects.toThrow('call "inspect": field model');
  expect((await client.call('about', {})).host).toBe('web');
});

test('Ctrl-C ends it with 130, and its engines with it', async () => {
  await client.call('about', {});
  const engines = childrenOf(host.pid as number);
  expect(engines.length).toBeGreaterThan(0);
  const ended = new Promise<number | null>((resolve) => {
    host.once('exit', resolve);
  });
  host.kill('SIGINT');
  expect(await ended).toBe(130);
  await expect(fetch(address)).rejects.toThrow();
  for (const engine of engines) expect(() => process.kill(engine, 0)).toThrow();
});
