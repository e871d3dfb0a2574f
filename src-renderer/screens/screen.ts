import type { ComponentType } from 'react';
import type { ScreenPath } from '../app/navigation';
import type { IconName } from '../components/icon';
import type { StudioState } from '../studio/store';

/** A screen as the shell lists it; its title is `screens.<path>` of the language files. */
export interface Screen {
  readonly path: ScreenPath;
  readonly icon: IconName;
  /** Whether it can be shown just now. */
  readonly open: (studio: StudioState) => boolean;
  readonly component: ComponentType;
}

export const withProject = (studio: StudioState): boolean => studio.project !== null;
