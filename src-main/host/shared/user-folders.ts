/** Where the user's own things lie: preferences, and projects that nobody gave a place. */

import { homedir } from 'node:os';
import { join } from 'node:path';

export interface UserFolders {
  /** Settings and the list of recent projects. */
  readonly preferences: string;
  /** New projects, unless the user says otherwise. */
  readonly projects: string;
}

/** By each system's custom; `LATHE_HOME` puts both into one folder, for tests and for machines without a home. */
export function userFolders(
  environment: Readonly<Record<string, string | undefined>> = process.env,
  platform: NodeJS.Platform = process.platform,
  home: string = homedir(),
): UserFolders {
  const own = environment.LATHE_HOME;
  if (own) return { preferences: own, projects: join(own, 'projects') };
  return { preferences: preferencesFolder(environment, platform, home), projects: join(home, 'Lathe') };
}

function preferencesFolder(
  environment: Readonly<Record<string, string | undefined>>,
  platform: NodeJS.Platform,
  home: string,
): string {
  switch (platform) {
    case 'darwin':
      return join(home, 'Library', 'Application Support', 'Lathe');
    case 'win32':
      return join(environment.APPDATA || join(home, 'AppData', 'Roaming'), 'Lathe');
    default:
      return join(environment.XDG_CONFIG_HOME || join(home, '.config'), 'lathe');
  }
}
