import { describe, expect, test } from 'vitest';
import { LatheError } from '../../../../src-main/contract';
import { helpOf, parseCall, parseDims, parsePairs } from '../../../../src-main/host/cli/command';
import { commands } from '../../../../src-main/host/cli/commands';

function command(name: string) {
  const found = commands.find((candidate) => candidate.name === name);
  if (found === undefined) throw new Error(`no command ${name}`);
  return found;
}

test('the commands are these', () => {
  expect(commands.map(({ name }) => name).sort()).toEqual(
    [
      'inspect',
      'run',
      'evaluate',
      'compare',
      'export',
      'studio',
      'clean',
      'quantize',
      'prune',
      'distil',
      'methods',
      'nodes',
      'profile',
      'kernels',
      'diff',
    ].sort(),
  );
});

describe('parseCall', () => {
  test('gives absent options as false, empty list and undefined', () => {
    const { positionals, options } = parseCall(command('quantize'), [
      'm.onnx',
      '--out',
      'p',
      '--set',
      'a=1',
      '--set=b=2',
    ]);
    expect(positionals).toEqual(['m.onnx']);
    expect(options).toMatchObject({ out: 'p', set: ['a=1', 'b=2'], dim: [], json: false, method: undefined });
  });

  test.each([
    [['run'], 'lathe run: RECIPE.json is missing; see `lathe run --help`'],
    [['run', 'a', 'b', '--model', 'm', '--out', 'o'], 'lathe run: unexpected argument "b"; see `lathe run --help`'],
    [['run', 'a', '--model', 'm'], 'lathe run: --out is missing; see `lathe run --help`'],
    [['run', 'a', '--speed'], "lathe run: Unknown option '--speed'; see `lathe run --help`"],
    [
      ['inspect', 'm', '--json=1'],
      "lathe inspect: Option '--json' does not take an argument; see `lathe inspect --help`",
    ],
  ])('refuses %j with the word that does not fit', (words, message) => {
    const [name, ...args] = words as [string, ...string[]];
    const call = () => parseCall(command(name), args);
    expect(call).toThrow(message);
    expect(call).toThrow(expect.objectContaining({ code: 'usage' }));
  });

  test('asks for nothing else beside --help', () => {
    expect(parseCall(command('run'), ['--help']).help).toBe(true);
  });
});

test('dims are whole sizes by name', () => {
  expect(parseDims('run', ['sequence=128', 'a/b=1'])).toEqual({ sequence: 128, 'a/b': 1 });
  for (const text of ['sequence', '=3', 'sequence=', 'sequence=-1', 'sequence=1.5', 'sequence=x']) {
    expect(() => parseDims('run', [text])).toThrow(LatheError);
  }
});

test('a setting keeps what follows its first equals sign', () => {
  expect(parsePairs('prune', 'set', ['pattern=a=b', 'empty='])).toEqual([
    ['pattern', 'a=b'],
    ['empty', ''],
  ]);
});

test('the help names each option of its command', () => {
  for (const one of commands) {
    const help = helpOf(one);
    for (const name of Object.keys(one.options)) expect(help).toContain(`--${name}`);
  }
  expect(helpOf(command('compare'))).toContain('lathe compare PROJECT|DIR... [--json]');
});
