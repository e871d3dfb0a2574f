import { expect, it } from 'vitest';
import { methodListSchema } from '../../../src-main/contract';
import { checkRecipe, methodList, presets } from '../../../src-main/recipe';

it('is data that crosses a border unharmed', () => {
  const list = methodList();
  expect(methodListSchema.parse(JSON.parse(JSON.stringify(list)))).toEqual(list);
});

it('lists for each kind its default, and for each method a source and help', () => {
  for (const { defaultMethod, methods } of methodList()) {
    expect(methods.map(({ name }) => name)).toContain(defaultMethod);
    for (const { source, help } of methods) {
      expect(source).not.toBe('');
      expect(help).toMatch(/\.$/);
    }
  }
});

it('admits every preset', () => {
  for (const preset of presets) expect(checkRecipe(preset.recipe).name).toBe(preset.name);
  expect(new Set(presets.map(({ name }) => name)).size).toBe(presets.length);
});
