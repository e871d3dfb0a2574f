import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import { type Progress, unwatched } from '../../../../src-main/contract';
import {
  createSupervisor,
  type EngineProcess,
  forkCarrier,
  type Supervisor,
  type SupervisorOptions,
} from '../../../../src-main/engine/supervisor';
import { isAlive } from '../../../../src-main/onnx/file/living-process';
import { bundleEntry } from '../../../support/bundle-entry';

/** A process that answers `hashModel` in the way that its model's name asks for, and dies for real. */
const crashTestEntry = `
import { engineCalls } from '${import.meta.dirname}/../../../../src-main/contract';
import { childProcessChannel } from '${import.meta.dirname}/../../../../src-main/rpc/channels/child-process';
import { serve } from '${import.meta.dirname}/../../../../src-main/rpc/server';
import { setTimeout as delay } from 'node:timers/promises';

const file = (path) => ({ path: String(process.pid), bytes: 0, sha256: '0'.repeat(64), externalData: [] });
const ways = {
  answer: async (model) => file(model),
  kill: () => process.kill(process.pid, 'SIGKILL'),
  abort: () => process.abort(),
  exit: () => process.exit(7),
  'heap.onnx': () => { const kept = []; for (;;) kept.push(new Array(1e6).fill(kept.length)); },
  block: () => { for (;;); },
  deaf: () => new Promise(() => {}),
  wait: (model, { signal }) => new Promise((_, reject) => signal.addEventListener('abort', () => reject(signal.reason))),
};
const channel = childProcessChannel(process);
setInterval(() => channel.send({ type: 'heartbeat', rssBytes: process.memoryUsage.rss() }), 20).unref();
serve(channel, engineCalls, {
  hashModel: async ({ model }, work) => {
    work.progress({ phase: 'quantize static-int8', fraction: 0.4, detail: '37 of 128 samples' });
    await delay(60);
    await ways[model.split('/').at(-1)](model, work);
    return file(model);
  },
}).then(() => process.exit());
`;

const folder = mkdtempSync(join(tmpdir(), 'lathe-supervisor-'));
const built = join(folder, 'crash-test.mjs');
const supervisors: Supervisor[] = [];
beforeAll(async () => {
  writeFileSync(join(folder, 'crash-test.ts'), crashTestEntry);
  await bundleEntry(join(folder, 'crash-test.ts'), built);
});
afterEach(() => {
  for (const supervisor of supervisors.splice(0)) supervisor.close();
});
afterAll(() => rmSync(folder, { recursive: true }));

function supervise(options: Partial<SupervisorOptions> = {}, nodeArguments: string[] = []): Supervisor {
  const carrier = forkCarrier({ entry: built, nodeArguments });
  const supervisor = createSupervisor({ carrier, stopWithinMs: 300, ...options });
  supervisors.push(supervisor);
  return supervisor;
}
const hash = (supervisor: Supervisor, model: string, work = unwatched()) =>
  supervisor.run('hashModel', { model: `/models/${model}` }, work);

describe('a job', () => {
  it('is answered by a process of its own, which then ends', async () => {
    const supervisor = supervise();
    const first = await hash(supervisor, 'answer');
    const second = await hash(supervisor, 'answer');
    expect(first.path).not.toBe(second.path);
    await expect.poll(() => isAlive(Number(first.path), null)).toBe(false);
  });

  it.each([
    ['kill', /^kill: the engine process was killed.* \(SIGKILL.*during "quantize static-int8: 37 of 128 samples"/],
    ['abort', /^abort: the engine process aborted.* \(SIGABRT\)/],
    ['exit', /^exit: the engine process ended with exit code 7/],
  ])('that dies by %s says which step on which model died and of what', async (model, message) => {
    const supervisor = supervise();
    await expect(hash(supervisor, model)).rejects.toMatchObject({
      name: 'LatheError',
      code: 'interrupted',
      message: expect.stringMatching(message),
    });
    expect((await hash(supervisor, 'answer')).bytes).toBe(0);
  });

  it('that runs out of memory says so', async () => {
    const supervisor = supervise({}, ['--max-old-space-size=32']);
    await expect(hash(supervisor, 'heap.onnx')).rejects.toThrow(/ran out of memory.*smaller batch/);
  });

  it('that cannot be started says so', async () => {
    const carrier = forkCarrier({ entry: built, node: join(folder, 'no-such-node') });
    const supervisor = createSupervisor({ carrier });
    await expect(hash(supervisor, 'answer')).rejects.toThrow(/engine process could not be started.*ENOENT/);
  });

  it('that hangs is ended after the silence limit', async () => {
    const supervisor = supervise({ silenceLimitMs: 400 });
    await expect(hash(supervisor, 'block')).rejects.toThrow(/did not answer for too long/);
  });
});

describe('a cancel', () => {
  const cancelled = async (model: string, stopWithinMs: number): Promise<number> => {
    const controller = new AbortController();
    let startedAt = Number.NaN;
    const progress = (_progress: Progress) => {
      startedAt = performance.now();
      setTimeout(() => controller.abort(), 100);
    };
    const job = hash(supervise({ stopWithinMs }), model, { progress, signal: controller.signal });
    await expect(job).rejects.toMatchObject({ code: 'cancelled' });
    return performance.now() - startedAt;
  };

  it('is followed at once by work that listens', async () => {
    expect(await cancelled('wait', 20_000)).toBeLessThan(10_000);
  });

  it.each(['deaf', 'block'])('kills work that does not listen (%s) after the deadline', async (model) => {
    // The cancel comes after 100 ms; timers may be a millisecond early.
    expect(await cancelled(model, 300)).toBeGreaterThanOrEqual(395);
  });
});

describe('a short question', () => {
  const ask = (supervisor: Supervisor, model = 'answer') => supervisor.ask('hashModel', { model });

  it('is answered by the process of the one before', async () => {
    const supervisor = supervise();
    const first = await ask(supervisor);
    expect((await ask(supervisor)).path).toBe(first.path);
  });

  it('does not wait for another one', async () => {
    const supervisor = supervise();
    const controller = new AbortController();
    const waiting = supervisor.ask('hashModel', { model: 'wait' }, { progress: () => {}, signal: controller.signal });
    expect((await ask(supervisor)).bytes).toBe(0);
    controller.abort();
    await expect(waiting).rejects.toMatchObject({ code: 'cancelled' });
  });

  it('gets a new process after a crash and after a while', async () => {
    const supervisor = supervise({ idleMs: 50 });
    const first = await ask(supervisor);
    await expect(ask(supervisor, 'kill')).rejects.toMatchObject({ code: 'interrupted' });
    const second = await ask(supervisor);
    expect(second.path).not.toBe(first.path);
    await expect.poll(() => isAlive(Number(second.path), null)).toBe(false);
  });
});

describe('close', () => {
  it('kills what is left', async () => {
    const processes: EngineProcess[] = [];
    const forks = forkCarrier({ entry: built });
    const supervisor = supervise({
      carrier: {
        start: () => {
          processes.push(forks.start());
          return processes.at(-1) as EngineProcess;
        },
      },
    });
    const job = hash(supervisor, 'deaf');
    supervisor.close();
    await expect(job).rejects.toMatchObject({ code: 'interrupted' });
    expect(processes).toHaveLength(1);
    await expect.poll(() => isAlive(processes[0]?.pid as number, null)).toBe(false);
  });
});
