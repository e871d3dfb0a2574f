/** @file The C++ compiler of this machine. */

import { spawnSync } from 'node:child_process';

/** @returns {string | null} */
export function compiler() {
  const names = [process.env.CXX, 'c++', 'g++', 'clang++'].filter((name) => name !== undefined);
  return names.find((name) => spawnSync(name, ['--version'], { stdio: 'ignore' }).status === 0) ?? null;
}
