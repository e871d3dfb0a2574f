import { arch, platform } from 'node:os';
import { describe, expect, it } from 'vitest';
import { hostName, peakRssBytes } from '../../../src-main/evaluate/machine';

describe('hostName', () => {
  it('names runtime, version, system and architecture', () => {
    expect(hostName()).toBe(`Node ${process.versions.node} ${platform()} ${arch()}`);
  });
});

describe('peakRssBytes', () => {
  it('reads VmHWM in bytes, or nothing', () => {
    expect(peakRssBytes('Name:\tnode\nVmHWM:\t  2048 kB\nVmRSS:\t 1 kB\n')).toBe(2048 * 1024);
    expect(peakRssBytes('')).toBeNull();
  });

  it.runIf(platform() === 'linux')('keeps a peak that is over', () => {
    const before = peakRssBytes() as number;
    Buffer.alloc(64 * 1024 * 1024, 1).fill(2);
    const after = peakRssBytes() as number;
    expect(after).toBeGreaterThanOrEqual(before);
    expect(after).toBeGreaterThan(64 * 1024 * 1024);
  });
});
