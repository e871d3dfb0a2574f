import type { ParseKeys } from 'i18next';
import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';

/** Metrics by the names of the documents; one that the page does not know keeps the title it came with. */
export function useMetricName(): (name: string, title?: string) => string {
  const { t, i18n } = useTranslation();
  return useCallback(
    (name, title) => (i18n.exists(`metrics.${name}`) ? t(`metrics.${name}` as ParseKeys) : (title ?? name)),
    [t, i18n],
  );
}
