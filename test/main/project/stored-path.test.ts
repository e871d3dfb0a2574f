import { join, sep } from 'node:path';
import { describe, expect, it } from 'vitest';
import { fromStoredPath, toStoredPath } from '../../../src-main/project/stored-path';

const project = join(sep, 'home', 'ada', 'net');

describe('stored paths', () => {
  it.each([
    ['below the project', join(project, 'models', 'net.onnx'), 'models/net.onnx'],
    ['with a name that begins with dots', join(project, '..data', 'x'), '..data/x'],
    ['outside', join(sep, 'data', 'net.onnx'), join(sep, 'data', 'net.onnx')],
    ['in a folder whose name begins alike', `${project}-2${sep}net.onnx`, `${project}-2${sep}net.onnx`],
    ['the project itself', project, project],
  ])('%s', (_where, path, stored) => {
    expect(toStoredPath(project, path)).toBe(stored);
    expect(fromStoredPath(project, stored)).toBe(path);
  });
});
