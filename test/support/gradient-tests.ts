/** Which tests differentiate an operator: read from the rows that they hand to `checkGradient`. */

import { readdirSync, readFileSync } from 'node:fs';
import { join, relative, sep } from 'node:path';

/** Operators of a row: by its name, through a helper of the file, one of a list, or a node of a graph worked by hand. */
const forms: readonly RegExp[] = [
  /\bop: '(\w+)'/g,
  /\b(?:row|smooth|kinked)\(\s*'(\w+)'/g,
  /\[\s*((?:'\w+',?\s*)+)\]\.flatMap\(\(op\)/g,
];
const ofOnnxruntime = /\bfused\(\s*'(\w+)'/g;
const byHand = /makeNode\('(QuantizeLinear|DequantizeLinear)'/g;

/** Operator, by domain and name → files in `test/main/distil`. */
export function gradientTests(folder = join(process.cwd(), 'test', 'main', 'distil')): ReadonlyMap<string, string[]> {
  const found = new Map<string, string[]>();
  for (const file of readdirSync(folder, { recursive: true, encoding: 'utf8' }).sort()) {
    if (!file.endsWith('.test.ts')) continue;
    const text = readFileSync(join(folder, file), 'utf8');
    const patterns = text.includes('checkGradient(') ? forms : text.includes('backward(') ? [byHand] : [];
    const isFused = text.includes("const domain = 'com.microsoft'");
    const names = patterns.flatMap((form) =>
      [...text.matchAll(form)].flatMap((match) => [...(match[1] as string).matchAll(/\w+/g)].map(([name]) => name)),
    );
    const fused = [...text.matchAll(ofOnnxruntime)].map((match) => `com.microsoft.${match[1]}`);
    for (const op of new Set([...names.map((name) => (isFused ? `com.microsoft.${name}` : name)), ...fused])) {
      found.set(op, [...(found.get(op) ?? []), relative(folder, join(folder, file)).split(sep).join('/')]);
    }
  }
  return found;
}
