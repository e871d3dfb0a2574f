/** Words, numbers, strings and signs of ONNX's textual syntax. */

import { LatheError } from '../../../contract';

export type Token =
  | { readonly kind: 'word' | 'string' | 'sign'; readonly text: string; readonly line: number }
  | { readonly kind: 'number'; readonly text: string; readonly isWhole: boolean; readonly line: number }
  | { readonly kind: 'end'; readonly text: 'end of text'; readonly line: number };

/** Whitespace and `#` comments; a word; a number; a quoted string; a sign. */
const pattern =
  /(?<space>\s+|#[^\n]*)|(?<word>[A-Za-z_][A-Za-z0-9_.]*)|(?<number>-?(?:\d+(?:\.\d*)?(?:[eE][+-]?\d+)?|inf\b|nan\b))|"(?<string>(?:[^"\\]|\\.)*)"|(?<sign>=>|[<>()[\]{},=:?@])/suy;

/**
 * @throws LatheError that names the line of what cannot be read
 */
export function tokenize(text: string): Token[] {
  const tokens: Token[] = [];
  let line = 1;
  pattern.lastIndex = 0;
  while (pattern.lastIndex < text.length) {
    const start = pattern.lastIndex;
    const found = pattern.exec(text);
    if (found?.groups === undefined)
      throw textError(line, `cannot read ${JSON.stringify(text.slice(start, start + 20))}`);
    const { word, number, string, sign } = found.groups;
    if (word !== undefined) tokens.push(wordToken(word, line));
    else if (number !== undefined) tokens.push({ kind: 'number', text: number, isWhole: /^-?\d+$/.test(number), line });
    else if (string !== undefined) tokens.push({ kind: 'string', text: unescaped(string), line });
    else if (sign !== undefined) tokens.push({ kind: 'sign', text: sign, line });
    line += found[0].split('\n').length - 1;
  }
  tokens.push({ kind: 'end', text: 'end of text', line });
  return tokens;
}

function wordToken(word: string, line: number): Token {
  return word === 'inf' || word === 'nan'
    ? { kind: 'number', text: word, isWhole: false, line }
    : { kind: 'word', text: word, line };
}

function unescaped(text: string): string {
  return text.replace(/\\(.)/gsu, '$1');
}

export function textError(line: number, what: string): LatheError {
  return new LatheError({ who: 'ONNX text', what, where: `line ${line}` });
}
