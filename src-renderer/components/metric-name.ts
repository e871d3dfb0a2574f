import type { ParseKeys } from 'i18next';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import { useStudioWords } from './studio-words';

/** A metric, or a kind of metrics, by the title it came with, else by the page's own name for it. */
export function useMetricName(): (name: string, title?: string) => string {
  const { t, i18n } = useTranslation();
  const word = useStudioWords();
  return useCallback(
    (name, title) => {
      if (title !== undefined) return word(title);
      return i18n.exists(`metrics.${name}`) ? t(`metrics.${name}` as ParseKeys) : name;
    },
    [t, i18n, word],
  );
}
