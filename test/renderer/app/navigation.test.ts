import { expect, it } from 'vitest';
import { hotkeyOf } from '../../../src-renderer/app/keyboard';
import { pathOf } from '../../../src-renderer/app/navigation';

it('reads the screen from the hash, and takes anything else as the start', () => {
  expect(pathOf('#/compare')).toBe('compare');
  expect(pathOf('#export/more')).toBe('export');
  expect(pathOf('#/nowhere')).toBe('start');
  expect(pathOf('')).toBe('start');
});

it('turns an accelerator of the native menu into a key of the page', () => {
  expect(hotkeyOf('CmdOrCtrl+O')).toBe('mod+O');
  expect(hotkeyOf('Alt+3')).toBe('Alt+3');
});
