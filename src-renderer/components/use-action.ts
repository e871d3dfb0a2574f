import { useCallback, useRef, useState } from 'react';
import { showError } from './toast';

/**
 * Runs something that may fail: busy while it runs, one sentence on failure, never twice at once.
 * @returns the runner and whether it is running
 */
export function useAction<Arguments extends readonly unknown[]>(
  action: (...parameters: Arguments) => Promise<unknown>,
): readonly [(...parameters: Arguments) => Promise<boolean>, boolean] {
  const [busy, setBusy] = useState(false);
  const running = useRef(false);
  const latest = useRef(action);
  latest.current = action;
  const run = useCallback(async (...parameters: Arguments) => {
    if (running.current) return false;
    running.current = true;
    setBusy(true);
    try {
      await latest.current(...parameters);
      return true;
    } catch (error) {
      showError(error);
      return false;
    } finally {
      running.current = false;
      setBusy(false);
    }
  }, []);
  return [run, busy];
}
