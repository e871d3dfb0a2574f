/** Files that the system hands over: a double click, the dock, a second start. Kept until a page is there to open them. */

import { resolve } from 'node:path';
import type { App } from 'electron';

export class Opening {
  private readonly waiting: string[] = [];
  private deliver: ((path: string) => void) | null = null;
  /** Brings the window to the front; does nothing before there is one. */
  comeForward: () => void = () => {};

  /** Made before the app is ready: macOS tells of files that early. */
  constructor(app: App) {
    app.on('open-file', (event, path) => {
      event.preventDefault();
      this.add(path);
    });
  }

  add(path: string): void {
    if (this.deliver === null) this.waiting.push(path);
    else this.deliver(path);
  }

  /** A page is ready: it gets what waits and what comes. */
  connect(deliver: (path: string) => void): void {
    this.deliver = deliver;
    for (const path of this.waiting.splice(0)) deliver(path);
  }

  disconnect(): void {
    this.deliver = null;
  }
}

/**
 * The files among a start's arguments.
 * @param ownWords how many words come before them: 1 in a packaged app, 2 for `electron .`
 */
export function openedPaths(argv: readonly string[], ownWords: number, workingFolder: string): string[] {
  return argv
    .slice(ownWords)
    .filter((word) => !word.startsWith('-'))
    .map((word) => resolve(workingFolder, word));
}
