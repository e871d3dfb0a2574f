import { useCallback } from 'react';
import { useTranslation } from 'react-i18next';
import chinese from './studio-words.zh.json';

const words: Readonly<Record<string, string>> = chinese;

/**
 * Titles and help of methods, options and presets, and the phases of jobs arrive in English. A new method needs no
 * change of the page: what this table does not know yet is shown as it came.
 */
export function useStudioWords(): (text: string) => string {
  const { i18n } = useTranslation();
  const { language } = i18n;
  return useCallback((text) => (language === 'zh' ? (words[text] ?? text) : text), [language]);
}
