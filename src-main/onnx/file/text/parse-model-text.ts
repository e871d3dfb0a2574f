/** ONNX's textual syntax → the model in memory. Source: the ONNX document "ONNX Textual Syntax" (Syntax.md). */

import {
  type Attribute,
  type Dim,
  elementCount,
  type Graph,
  type Model,
  type ModelFunction,
  type Node,
  sortTopologically,
  type Tensor,
  type TypeInfo,
  type Value,
} from '../../ir';
import { isSorted, uniqueNames } from '../node-order';
import { type Token, textError, tokenize } from './lexer';
import { numberOf, tensorOfLiterals } from './tensor-text';
import { dtypeOfText } from './type-names';

/**
 * A model written as text, as tests write them. Where the `<…>` before the graph is left out: IR version 10, opset 21.
 * float16 and bfloat16 elements are written as their bits, as ONNX's own parser has it.
 * @throws LatheError that names the line
 */
export function parseModelText(text: string): Model {
  return new Parser(tokenize(text)).model();
}

/** AttributeProto.AttributeType codes of the types that an attribute may state. */
const attributeTypeCodes: Readonly<Record<string, number>> = {
  float: 1,
  int: 2,
  string: 3,
  tensor: 4,
  graph: 5,
  floats: 6,
  ints: 7,
  strings: 8,
  tensors: 9,
  graphs: 10,
  sparse_tensor: 11,
  type_proto: 13,
};

interface Header {
  irVersion: number;
  opsets: Map<string, number>;
  texts: Map<string, string>;
  modelVersion: bigint;
  metadata: Map<string, string>;
}

class Parser {
  readonly #tokens: readonly Token[];
  #at = 0;

  constructor(tokens: readonly Token[]) {
    this.#tokens = tokens;
  }

  model(): Model {
    const header = this.#header();
    const graph = this.#graph();
    const functions: ModelFunction[] = [];
    while (this.#peek().kind !== 'end') functions.push(this.#function());
    return {
      irVersion: header.irVersion,
      opsets: header.opsets,
      producerName: header.texts.get('producer_name') ?? '',
      producerVersion: header.texts.get('producer_version') ?? '',
      domain: header.texts.get('domain') ?? '',
      modelVersion: header.modelVersion,
      docString: header.texts.get('doc_string') ?? '',
      metadata: header.metadata,
      graph,
      functions,
      folder: null,
    };
  }

  /** `<key: value, …>` before a model or a function. */
  #header(): Header {
    const header: Header = {
      irVersion: 10,
      opsets: new Map([['', 21]]),
      texts: new Map(),
      modelVersion: 0n,
      metadata: new Map(),
    };
    if (!this.#isSign('<')) return header;
    for (const _ of this.#list('<', '>')) {
      const key = this.#word();
      this.#sign(':');
      if (key === 'ir_version') header.irVersion = Number(this.#number().text);
      else if (key === 'model_version') header.modelVersion = BigInt(this.#number().text);
      else if (key === 'opset_import') header.opsets = new Map(this.#pairs(() => Number(this.#number().text)));
      else if (key === 'metadata_props') header.metadata = new Map(this.#pairs(() => this.#string()));
      else header.texts.set(key, this.#string());
    }
    return header;
  }

  #pairs<T>(value: () => T): [string, T][] {
    return this.#each('[', ']', () => {
      const key = this.#string();
      this.#sign(':');
      return [key, value()];
    });
  }

  #graph(): Graph {
    const name = this.#name();
    const initializers = new Map<string, Tensor>();
    const values = new Map<string, Value>();
    const inputs = this.#values(initializers);
    this.#sign('=>');
    const outputs = this.#values(initializers);
    if (this.#isSign('<')) {
      for (const value of this.#each('<', '>', () => this.#value(initializers))) {
        if (!initializers.has(value.name)) values.set(value.name, value);
      }
    }
    return { name, nodes: this.#nodes(name), inputs, outputs, initializers, sparseInitializers: [], values };
  }

  #values(initializers: Map<string, Tensor>): Value[] {
    return this.#each('(', ')', () => this.#value(initializers));
  }

  /** `type name`, `name`, or `type name = {elements}`, which is an initializer as well. */
  #value(initializers: Map<string, Tensor>): Value {
    const isTyped = this.#isType();
    const type = isTyped ? this.#type() : null;
    const name = this.#name();
    if (this.#takeSign('=')) {
      if (type === null) throw this.#error(`initializer "${name}" has no type`);
      initializers.set(name, this.#elements(name, type));
    }
    return { name, type };
  }

  #isType(): boolean {
    const token = this.#peek();
    if (token.kind !== 'word') return false;
    return dtypeOfText(token.text) !== undefined || this.#isContainerType(token.text);
  }

  #isContainerType(word: string): boolean {
    return ['seq', 'optional', 'map', 'sparse_tensor'].includes(word) && this.#isSign('(', 1);
  }

  #type(): TypeInfo {
    const word = this.#word();
    const inParentheses = <T>(inner: () => T): T => {
      this.#sign('(');
      const result = inner();
      this.#sign(')');
      return result;
    };
    switch (word) {
      case 'seq':
        return { kind: 'sequence', element: inParentheses(() => this.#type()) };
      case 'optional':
        return { kind: 'optional', element: inParentheses(() => this.#type()) };
      case 'sparse_tensor':
        return { ...inParentheses(() => this.#tensorType(this.#word())), kind: 'sparse-tensor' };
      case 'map':
        return inParentheses(() => {
          const key = this.#dtype(this.#word());
          this.#sign(',');
          return { kind: 'map', key, value: this.#type() };
        });
      default:
        return this.#tensorType(word);
    }
  }

  /** `float` is a scalar, `float[]` a tensor of any rank, `float[N, ?, 3]` one of rank three. */
  #tensorType(word: string): Extract<TypeInfo, { kind: 'tensor' | 'sparse-tensor' }> {
    const dtype = this.#dtype(word);
    if (!this.#isSign('[')) return { kind: 'tensor', dtype, shape: [] };
    const shape = this.#each('[', ']', () => this.#dim());
    return { kind: 'tensor', dtype, shape: shape.length === 0 ? null : shape };
  }

  #dim(): Dim {
    if (this.#takeSign('?')) return null;
    return this.#peek().kind === 'number' ? Number(this.#number().text) : this.#name();
  }

  #dtype(word: string) {
    const dtype = dtypeOfText(word);
    if (dtype === undefined) throw this.#error(`"${word}" is no element type`);
    return dtype;
  }

  #elements(name: string, type: TypeInfo): Tensor {
    if (type.kind !== 'tensor') throw this.#error('only dense tensors can be written out');
    const shape = (type.shape ?? []).map((dim) => {
      if (typeof dim !== 'number') throw this.#error(`the shape of "${name}" must be numbers`);
      return dim;
    });
    const { dtype } = type;
    const isFloat = ['float32', 'float64', 'complex64', 'complex128'].includes(dtype);
    const literals = this.#each('{', '}', () => {
      const token = this.#next();
      const fits = dtype === 'string' ? token.kind === 'string' : token.kind === 'number' && (isFloat || token.isWhole);
      if (!fits) throw this.#error(`"${token.text}" is no element of a ${dtype} tensor`);
      return token.text;
    });
    const perElement = dtype === 'complex64' || dtype === 'complex128' ? 2 : 1;
    if (literals.length !== elementCount(shape) * perElement) {
      throw this.#error(`"${name}" has shape [${shape.join(', ')}] and ${literals.length} elements`);
    }
    return tensorOfLiterals(name, dtype, shape, literals);
  }

  #nodes(graphName: string): readonly Node[] {
    this.#sign('{');
    const nodes: Node[] = [];
    while (!this.#takeSign('}')) nodes.push(this.#node());
    const named = uniqueNames(nodes);
    return isSorted(named) ? named : sortTopologically(graphName, named);
  }

  /** `[name] a, b = domain.Op <attributes> (x, y)`; the attributes may also come last. */
  #node(): Node {
    let name = '';
    if (this.#takeSign('[')) {
      name = this.#name();
      this.#sign(']');
    }
    const outputs = [this.#nameOrNothing()];
    while (this.#takeSign(',')) outputs.push(this.#nameOrNothing());
    this.#sign('=');
    const operator = this.#word();
    const dot = operator.lastIndexOf('.');
    const overload = this.#takeSign(':') ? this.#name() : undefined;
    const attributes = this.#isSign('<') ? this.#attributes() : new Map<string, Attribute>();
    const inputs = this.#each('(', ')', () => this.#nameOrNothing());
    if (this.#isSign('<')) for (const [key, value] of this.#attributes()) attributes.set(key, value);
    const domain = dot < 0 ? '' : operator.slice(0, dot);
    return {
      name,
      opType: operator.slice(dot + 1),
      domain: domain === 'ai.onnx' ? '' : domain,
      inputs,
      outputs,
      attributes,
      overload,
    };
  }

  #attributes(): Map<string, Attribute> {
    return new Map(
      this.#each('<', '>', () => {
        const name = this.#word();
        const stated = this.#takeSign(':') ? this.#word() : undefined;
        this.#sign('=');
        return [name, this.#attribute(stated)];
      }),
    );
  }

  #attribute(stated: string | undefined): Attribute {
    if (this.#takeSign('@')) {
      if (stated === undefined) throw this.#error('an attribute that refers to another needs its type');
      return { type: 'reference', name: this.#word(), attributeType: attributeTypeCodes[stated] ?? 0 };
    }
    if (this.#isSign('[')) return this.#listAttribute(stated);
    return this.#singleAttribute(stated);
  }

  #singleAttribute(stated: string | undefined): Attribute {
    const token = this.#peek();
    if (token.kind === 'number') {
      this.#next();
      return token.isWhole && stated !== 'float'
        ? { type: 'int', value: BigInt(token.text) }
        : { type: 'float', value: numberOf(token.text) };
    }
    if (token.kind === 'string') {
      this.#next();
      return { type: 'string', value: new TextEncoder().encode(token.text) };
    }
    if (!this.#isType()) return { type: 'graph', value: this.#graph() };
    const type = this.#type();
    if (this.#isSign('{')) return { type: 'tensor', value: this.#elements('', type) };
    const following = this.#peek();
    if ((following.kind === 'word' || following.kind === 'string') && this.#isSign('=', 1) && this.#isSign('{', 2)) {
      const name = this.#name();
      this.#sign('=');
      return { type: 'tensor', value: this.#elements(name, type) };
    }
    return { type: 'type', value: type };
  }

  #listAttribute(stated: string | undefined): Attribute {
    const items = this.#each('[', ']', () => this.#singleAttribute(undefined));
    const kind = stated ?? `${items[0]?.type ?? 'int'}s`;
    const mixed = () => this.#error(`a list of ${kind} has an element of another type`);
    const pick = <T>(choose: (item: Attribute) => T | undefined): T[] =>
      items.map((item) => {
        const value = choose(item);
        if (value === undefined) throw mixed();
        return value;
      });
    switch (kind) {
      case 'ints':
        if (items.some((item) => item.type === 'float')) break;
        return { type: 'ints', value: pick((item) => (item.type === 'int' ? item.value : undefined)) };
      case 'floats':
        break;
      case 'strings':
        return { type: 'strings', value: pick((item) => (item.type === 'string' ? item.value : undefined)) };
      case 'tensors':
        return { type: 'tensors', value: pick((item) => (item.type === 'tensor' ? item.value : undefined)) };
      case 'graphs':
        return { type: 'graphs', value: pick((item) => (item.type === 'graph' ? item.value : undefined)) };
      default:
        throw this.#error(`a list of ${kind} cannot be written`);
    }
    const number = (item: Attribute) =>
      item.type === 'float' ? item.value : item.type === 'int' ? Number(item.value) : undefined;
    return { type: 'floats', value: pick(number) };
  }

  /** `<domain: …, opset_import: …> name <attributes> (inputs) => (outputs) {nodes}`. */
  #function(): ModelFunction {
    const header = this.#header();
    const name = this.#name();
    const attributeNames: string[] = [];
    const attributeDefaults = new Map<string, Attribute>();
    if (this.#isSign('<')) {
      for (const _ of this.#list('<', '>')) {
        const attribute = this.#word();
        const stated = this.#takeSign(':') ? this.#word() : undefined;
        if (this.#takeSign('=')) attributeDefaults.set(attribute, this.#attribute(stated));
        else attributeNames.push(attribute);
      }
    }
    const initializers = new Map<string, Tensor>();
    const inputs = this.#values(initializers);
    this.#sign('=>');
    const outputs = this.#values(initializers);
    const values = this.#isSign('<') ? this.#each('<', '>', () => this.#value(initializers)) : [];
    return {
      name,
      domain: header.texts.get('domain') ?? '',
      overload: header.texts.get('overload') ?? '',
      inputs: inputs.map((value) => value.name),
      outputs: outputs.map((value) => value.name),
      attributeNames,
      attributeDefaults,
      opsets: header.opsets,
      nodes: this.#nodes(name),
      values: new Map(values.map((value) => [value.name, value])),
      docString: header.texts.get('doc_string'),
      metadata: header.metadata.size === 0 ? undefined : header.metadata,
    };
  }

  #each<T>(open: string, close: string, item: () => T): T[] {
    const items: T[] = [];
    for (const _ of this.#list(open, close)) items.push(item());
    return items;
  }

  /** Goes through a list in brackets; whoever iterates reads one item each time. */
  *#list(open: string, close: string): Generator<void> {
    this.#sign(open);
    if (this.#takeSign(close)) return;
    do {
      yield;
    } while (this.#takeSign(','));
    this.#sign(close);
  }

  #nameOrNothing(): string {
    const token = this.#peek();
    return token.kind === 'word' || token.kind === 'string' ? this.#name() : '';
  }

  #name(): string {
    const token = this.#next();
    if (token.kind === 'word' || token.kind === 'string') return token.text;
    throw this.#error(`expected a name, found "${token.text}"`);
  }

  #word(): string {
    const token = this.#next();
    if (token.kind === 'word') return token.text;
    throw this.#error(`expected a word, found "${token.text}"`);
  }

  #string(): string {
    const token = this.#next();
    if (token.kind === 'string') return token.text;
    throw this.#error(`expected a text in quotes, found "${token.text}"`);
  }

  #number(): Extract<Token, { kind: 'number' }> {
    const token = this.#next();
    if (token.kind === 'number') return token;
    throw this.#error(`expected a number, found "${token.text}"`);
  }

  #sign(text: string): void {
    if (!this.#takeSign(text)) throw this.#error(`expected "${text}", found "${this.#peek().text}"`);
  }

  #takeSign(text: string): boolean {
    if (!this.#isSign(text)) return false;
    this.#at++;
    return true;
  }

  #isSign(text: string, ahead = 0): boolean {
    const token = this.#tokens[this.#at + ahead];
    return token?.kind === 'sign' && token.text === text;
  }

  #peek(): Token {
    return this.#tokens[Math.min(this.#at, this.#tokens.length - 1)] as Token;
  }

  #next(): Token {
    const token = this.#peek();
    this.#at++;
    return token;
  }

  #error(what: string) {
    return textError(this.#peek().line, what);
  }
}
