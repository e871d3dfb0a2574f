import { expect, it } from 'vitest';
import { type MethodSpec, type OptionSpec, stepKinds } from '../../../src-main/contract';
import { methodList, presets } from '../../../src-main/recipe';
import chinese from '../../../src-renderer/components/studio-words.zh.json';

/** Names, symbols and numbers that are the same in both languages; shares are drawn without a unit. */
const alike = /^(?:[\d:]+|KB|MB|dB|%|s|share|MatMulNBits|GPTQ|AdamW?|BatchNormalization)$/;

function textsOf(spec: OptionSpec): (string | undefined)[] {
  const choices = spec.kind === 'choice' ? spec.choices.map(({ title }) => title) : [];
  return [spec.title, spec.help, 'unit' in spec ? spec.unit : undefined, ...choices];
}

const textsOfMethod = ({ title, help, options }: MethodSpec) => [
  title,
  help,
  ...Object.values(options).flatMap(textsOf),
];

it('knows every title, help and unit of methods, options and presets', () => {
  const kinds = methodList();
  expect(kinds.map(({ kind }) => kind).sort()).toEqual([...stepKinds].sort());
  const texts = [
    ...presets.flatMap(({ title, help }) => [title, help]),
    ...kinds.flatMap(({ title, methods }) => [
      title,
      ...methods.flatMap((method) => textsOfMethod(method as MethodSpec)),
    ]),
  ].filter((text) => text !== undefined);
  expect(texts.length).toBeGreaterThan(100);
  const words: Readonly<Record<string, string>> = chinese;
  expect([...new Set(texts)].filter((text) => !alike.test(text) && words[text] === undefined)).toEqual([]);
});
