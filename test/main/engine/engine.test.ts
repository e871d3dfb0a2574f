import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { createSupervisor, forkCarrier, type Supervisor } from '../../../src-main/engine/supervisor';
import { cpuInfo } from '../../../src-main/onnx/session';
import { builtEngine } from '../../support/built-engine';

let engine: Supervisor;
beforeAll(async () => {
  engine = createSupervisor({ carrier: forkCarrier({ entry: await builtEngine() }) });
}, 60_000);
afterAll(() => engine.close());

describe('the engine process', () => {
  it('tells versions and CPU of itself, not of its parent', async () => {
    const info = await engine.ask('engineInfo', {});
    expect(info).toMatchObject({
      cpu: cpuInfo().name,
      onnxruntime: expect.stringMatching(/^\d+\.\d+\.\d+$/),
      host: expect.stringContaining(process.versions.node),
    });
    expect(info.pid).not.toBe(process.pid);
  });
});
