import { describe, expect, it } from 'vitest';
import { causeOfDeath } from '../../../../src-main/engine/supervisor/cause-of-death';

const told = (code: number | null, signal: string | null, lastWords = '', rssBytes: number | null = null) =>
  causeOfDeath({ code, signal, lastWords }, rssBytes).what;

describe('causeOfDeath', () => {
  it.each<[string, Parameters<typeof told>, RegExp]>([
    ['by the system', [null, 'SIGKILL', '', 3.2e9], /^was killed while it held 3200 MB \(SIGKILL/],
    ['by a shell code', [137, null], /^was killed \(SIGKILL/],
    ['in native code', [null, 'SIGSEGV'], /^crashed in native code \(SIGSEGV\)$/],
    ['by the allocator of Electron', [null, 'SIGTRAP'], /^hit the limit of a single allocation/],
    [
      'with an exit code',
      [7, null, 'Error: no such file\n    at x\n'],
      /^ended with exit code 7: Error: no such file$/,
    ],
    ['before it was started', [null, null, 'spawn nowhere ENOENT'], /^could not be started: spawn nowhere ENOENT$/],
    ['because a user ended it', [null, 'SIGTERM'], /^was ended \(SIGTERM\)$/],
    [
      'of a full heap',
      [134, null, 'FATAL ERROR: Reached heap limit - JavaScript heap out of memory'],
      /^ran out of memory$/,
    ],
    ['of a full native heap', [null, 'SIGABRT', 'what():  std::bad_alloc\n'], /^ran out of memory$/],
  ])('%s', (_how, exit, what) => {
    expect(told(...exit)).toMatch(what);
  });

  it('quotes the telling line without its colours', () => {
    const words = 'terminate called after throwing\n\u001b[1;31m  what():  bad shape\u001b[0m\n';
    expect(told(null, 'SIGABRT', words)).toBe('aborted (SIGABRT): what():  bad shape');
  });

  it('knows what to try', () => {
    expect(causeOfDeath({ code: null, signal: 'SIGTRAP', lastWords: '' }, null).next).toMatch(/external Node/);
    expect(causeOfDeath({ code: null, signal: 'SIGKILL', lastWords: '' }, null).next).toMatch(/smaller batch/);
  });
});
