import { describe, expect, it } from 'vitest';
import en from '../../../src-renderer/app/i18n/en.json';
import zh from '../../../src-renderer/app/i18n/zh.json';

type Tree = { readonly [key: string]: string | Tree };

function leaves(tree: Tree, at = ''): [string, string][] {
  return Object.entries(tree).flatMap(([key, value]) =>
    typeof value === 'string' ? [[`${at}${key}`, value] as [string, string]] : leaves(value, `${at}${key}.`),
  );
}
const slots = (text: string) => [...text.matchAll(/\{\{(\w+)\}\}/g)].map(([, name]) => name).sort();

describe('the language files', () => {
  const english = new Map(leaves(en));
  const chinese = new Map(leaves(zh));

  it('have the same keys', () => {
    expect([...chinese.keys()].sort()).toEqual([...english.keys()].sort());
  });

  it('have the same slots for figures in every sentence', () => {
    for (const [key, text] of english) expect([key, slots(chinese.get(key) ?? '')]).toEqual([key, slots(text)]);
  });

  it('leave no sentence empty, and none of the Chinese ones in English', () => {
    const same = [...english].filter(
      ([key, text]) => /[a-z]{4}.* /i.test(text.replaceAll(/\{\{\w+\}\}/g, '')) && chinese.get(key) === text,
    );
    expect(same).toEqual([]);
    expect([...english, ...chinese].filter(([, text]) => text.trim() === '')).toEqual([]);
  });
});
