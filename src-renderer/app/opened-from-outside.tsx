import { useEffect } from 'react';
import { showError } from '../components/toast';
import { openPath } from '../studio/actions';
import { go } from './navigation';

/** A file that was double-clicked, or given to a second start of the desktop app. */
export function OpenedFromOutside() {
  useEffect(
    () =>
      window.lathe?.onOpen((path) => {
        openPath(path).then(() => go('inspect'), showError);
      }),
    [],
  );
  return null;
}
