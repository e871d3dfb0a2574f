/** The temporary folder of a session's changed weights. */

import { mkdirSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { removeAbandoned, unfinishedName } from '../file';

/** Made only when it is asked for. */
export class SpillFolder {
  readonly #given: string | undefined;
  #own: string | null = null;

  /** @param given the caller's, who removes it; absent: one of the system's, which goes when it is no longer needed */
  constructor(given: string | undefined) {
    this.#given = given;
  }

  path(): string {
    if (this.#given !== undefined) return this.#given;
    if (this.#own === null) {
      this.#own = join(tmpdir(), unfinishedName('lathe-weights'));
      mkdirSync(this.#own, { mode: 0o700 });
    }
    return this.#own;
  }

  /**
   * Removes what is its own, once a session is made: what the runtime has mapped stays until it lets go. Windows keeps
   * mapped files; there it is removed, as what a killed process left is, when the next such folder is.
   */
  async remove(): Promise<void> {
    if (this.#own === null) return;
    await rm(this.#own, { recursive: true, force: true }).catch(() => {});
    await removeAbandoned(tmpdir());
  }
}
