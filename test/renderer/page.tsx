/** What a screen needs around it under jsdom: language, theme, and the browser parts that jsdom lacks. */

import { MantineProvider } from '@mantine/core';
import { Notifications, notifications } from '@mantine/notifications';
import { cleanup, render } from '@testing-library/react';
import type { ReactNode } from 'react';
import { afterEach, beforeAll, vi } from 'vitest';
import { initLanguage } from '../../src-renderer/app/i18n';
import { cssVariables, theme } from '../../src-renderer/app/theme';

class NoResizeObserver {
  observe() {}
  unobserve() {}
  disconnect() {}
}

beforeAll(async () => {
  vi.stubGlobal('ResizeObserver', NoResizeObserver);
  vi.stubGlobal('matchMedia', (query: string) => ({
    matches: false,
    media: query,
    addEventListener: () => {},
    removeEventListener: () => {},
    addListener: () => {},
    removeListener: () => {},
  }));
  window.HTMLElement.prototype.scrollIntoView = () => {};
  await initLanguage('en');
});
afterEach(() => {
  cleanup();
  notifications.clean();
});

/** Renders what a person would see, without transitions. */
export function show(children: ReactNode): void {
  render(
    <MantineProvider theme={theme} cssVariablesResolver={cssVariables} env="test">
      <Notifications />
      {children}
    </MantineProvider>,
  );
}
