import { EventEmitter } from 'node:events';
import type { App } from 'electron';
import { describe, expect, test } from 'vitest';
import { Opening, openedPaths } from '../../../../src-main/host/electron/opening';

test('files among the words of a start are found, flags are not', () => {
  const words = ['/opt/Lathe/lathe', '--enable-logging', 'net.onnx', '/data/other.onnx'];
  expect(openedPaths(words, 1, '/home/ada')).toEqual(['/home/ada/net.onnx', '/data/other.onnx']);
  expect(openedPaths(['electron', '.', 'net.onnx'], 2, '/home/ada')).toEqual(['/home/ada/net.onnx']);
  expect(openedPaths(['/opt/Lathe/lathe'], 1, '/home/ada')).toEqual([]);
});

describe('what the system hands over', () => {
  function opened() {
    const app = new EventEmitter();
    const opening = new Opening(app as App);
    const seen: string[] = [];
    let prevented = 0;
    const open = (path: string) => app.emit('open-file', { preventDefault: () => (prevented += 1) }, path);
    return { opening, seen, open, prevented: () => prevented };
  }

  test('waits for a page, comes to it in order, and once', () => {
    const { opening, seen, open, prevented } = opened();
    open('/a.onnx');
    opening.add('/b.onnx');
    opening.connect((path) => seen.push(path));
    open('/c.onnx');
    opening.connect((path) => seen.push(path));
    expect(seen).toEqual(['/a.onnx', '/b.onnx', '/c.onnx']);
    expect(prevented()).toBe(2);
  });

  test('waits again while no page is there', () => {
    const { opening, seen, open } = opened();
    opening.connect((path) => seen.push(`old ${path}`));
    opening.disconnect();
    open('/a.onnx');
    opening.connect((path) => seen.push(`new ${path}`));
    expect(seen).toEqual(['new /a.onnx']);
  });
});
