/** The model in memory → ONNX's textual syntax. */

import { createHash } from 'node:crypto';
import {
  type Attribute,
  type Dim,
  elementCount,
  expectedByteLength,
  type Graph,
  type Model,
  type ModelFunction,
  type Node,
  type Tensor,
  type TypeInfo,
  tensorByteLength,
  type Value,
} from '../../ir';
import { dataChunks } from '../tensor-data';
import { float32Text, literalsOfTensor, quoted } from './tensor-text';
import { textOfDType } from './type-names';

export interface ModelTextOptions {
  /** Larger tensors appear as `{… 4096 elements, sha256 1a2b3c4d5e6f}`, which can be compared but not parsed. Default 64. */
  readonly maxElements?: number | undefined;
}

/** The model as text: a picture for tests and for people, one node a line. */
export function modelText(model: Model, options: ModelTextOptions = {}): string {
  return new Printer(options.maxElements ?? 64).model(model);
}

class Printer {
  readonly #maxElements: number;

  constructor(maxElements: number) {
    this.#maxElements = maxElements;
  }

  model(model: Model): string {
    const header = [
      `ir_version: ${model.irVersion}`,
      `opset_import: ${pairs(model.opsets, String)}`,
      ...stated('producer_name', model.producerName),
      ...stated('producer_version', model.producerVersion),
      ...stated('domain', model.domain),
      ...(model.modelVersion === 0n ? [] : [`model_version: ${model.modelVersion}`]),
      ...stated('doc_string', model.docString),
      ...(model.metadata.size === 0 ? [] : [`metadata_props: ${pairs(model.metadata, quoted)}`]),
    ];
    const parts = [
      `<${header.join(', ')}>`,
      this.graph(model.graph, ''),
      ...model.functions.map((it) => this.function(it)),
    ];
    return `${parts.join('\n')}\n`;
  }

  graph(graph: Graph, indent: string): string {
    const inside = `${indent}  `;
    const declared = [
      ...[...graph.initializers.values()].map(
        (tensor) => `${this.tensorHead(tensor)} ${nameText(tensor.name)} = ${this.elements(tensor)}`,
      ),
      ...[...graph.values.values()].map(valueText),
    ];
    const head = `${nameText(graph.name)} (${graph.inputs.map(valueText).join(', ')}) => (${graph.outputs.map(valueText).join(', ')})`;
    const lines = declared.length === 0 ? [head] : [head, `${indent}<${declared.join(`,\n${indent} `)}>`];
    return [...lines, `${indent}{`, ...graph.nodes.map((node) => inside + this.node(node, inside)), `${indent}}`].join(
      '\n',
    );
  }

  function(it: ModelFunction): string {
    const header = [
      `domain: ${quoted(it.domain)}`,
      ...stated('overload', it.overload),
      `opset_import: ${pairs(it.opsets, String)}`,
      ...stated('doc_string', it.docString ?? ''),
    ];
    const attributes = [
      ...it.attributeNames,
      ...[...it.attributeDefaults].map(([name, attribute]) => this.attribute(name, attribute, '')),
    ];
    const values = it.values.size === 0 ? '' : ` <${[...it.values.values()].map(valueText).join(', ')}>`;
    const head = [
      nameText(it.name),
      ...(attributes.length === 0 ? [] : [`<${attributes.join(', ')}>`]),
      `(${it.inputs.map(nameText).join(', ')}) => (${it.outputs.map(nameText).join(', ')})${values}`,
    ].join(' ');
    return [`<${header.join(', ')}>`, head, '{', ...it.nodes.map((node) => `  ${this.node(node, '  ')}`), '}'].join(
      '\n',
    );
  }

  node(node: Node, indent: string): string {
    const operator = node.domain === '' ? node.opType : `${node.domain}.${node.opType}`;
    const overload = node.overload === undefined ? '' : `:${nameText(node.overload)}`;
    const attributes = [...node.attributes].map(([name, attribute]) => this.attribute(name, attribute, indent));
    const list = attributes.length === 0 ? '' : ` <${attributes.join(', ')}>`;
    const inputs = node.inputs.map((name) => (name === '' ? '""' : nameText(name))).join(', ');
    const outputs = node.outputs.map((name) => (name === '' ? '""' : nameText(name))).join(', ');
    return `[${nameText(node.name)}] ${outputs} = ${operator}${overload}${list} (${inputs})`;
  }

  attribute(name: string, attribute: Attribute, indent: string): string {
    switch (attribute.type) {
      case 'float':
        return `${name} = ${floatText(attribute.value)}`;
      case 'int':
        return `${name} = ${attribute.value}`;
      case 'string':
        return `${name} = ${bytesText(attribute.value)}`;
      case 'tensor':
        return `${name} = ${this.tensor(attribute.value)}`;
      case 'graph':
        return `${name} = ${this.graph(attribute.value, indent)}`;
      case 'type':
        return `${name} = ${typeText(attribute.value)}`;
      case 'floats':
        return `${name}: floats = [${attribute.value.map(floatText).join(', ')}]`;
      case 'ints':
        return `${name}: ints = [${attribute.value.join(', ')}]`;
      case 'strings':
        return `${name}: strings = [${attribute.value.map(bytesText).join(', ')}]`;
      case 'tensors':
        return `${name}: tensors = [${attribute.value.map((it) => this.tensor(it)).join(', ')}]`;
      case 'graphs':
        return `${name}: graphs = [${attribute.value.map((it) => this.graph(it, indent)).join(', ')}]`;
      case 'reference':
        return `${name}: ${attributeTypeNames[attribute.attributeType] ?? 'undefined'} = @${attribute.name}`;
      case 'sparse-tensor': {
        const { values, indices, shape } = attribute.value;
        return `${name} = sparse [${shape.join(', ')}] ${this.tensor(values)} at ${this.tensor(indices)}`;
      }
      case 'opaque':
        return `${name} = …`;
    }
  }

  tensor(tensor: Tensor): string {
    const name = tensor.name === '' ? '' : ` ${nameText(tensor.name)} =`;
    return `${this.tensorHead(tensor)}${name} ${this.elements(tensor)}`;
  }

  tensorHead(tensor: Tensor): string {
    return tensorTypeText(textOfDType(tensor.dtype), tensor.shape);
  }

  elements(tensor: Tensor): string {
    const [stored, expected] = [tensorByteLength(tensor), expectedByteLength(tensor)];
    if (stored !== expected) return `{… ${stored} bytes instead of ${expected}}`;
    const count = elementCount(tensor.shape);
    if (count <= this.#maxElements) return `{${literalsOfTensor(tensor).join(', ')}}`;
    const hash = createHash('sha256');
    if (tensor.data.kind === 'strings') for (const text of tensor.data.strings) hash.update(text).update('\0');
    else for (const part of dataChunks(tensor.data)) hash.update(part);
    return `{… ${count} elements, sha256 ${hash.digest('hex').slice(0, 12)}}`;
  }
}

/** By AttributeProto.AttributeType code. */
const attributeTypeNames = [
  'undefined',
  'float',
  'int',
  'string',
  'tensor',
  'graph',
  'floats',
  'ints',
  'strings',
  'tensors',
  'graphs',
  'sparse_tensor',
  'sparse_tensors',
  'type_proto',
];

function stated(key: string, text: string): string[] {
  return text === '' ? [] : [`${key}: ${quoted(text)}`];
}

function pairs<T>(map: ReadonlyMap<string, T>, text: (value: T) => string): string {
  return `[${[...map].map(([key, value]) => `${quoted(key)}: ${text(value)}`).join(', ')}]`;
}

function nameText(name: string): string {
  return /^[A-Za-z_][A-Za-z0-9_]*$/.test(name) && name !== 'inf' && name !== 'nan' ? name : quoted(name);
}

function valueText(value: Value): string {
  return value.type === null ? nameText(value.name) : `${typeText(value.type)} ${nameText(value.name)}`;
}

function typeText(type: TypeInfo): string {
  switch (type.kind) {
    case 'tensor':
      return tensorTypeText(textOfDType(type.dtype), type.shape);
    case 'sparse-tensor':
      return `sparse_tensor(${tensorTypeText(textOfDType(type.dtype), type.shape)})`;
    case 'sequence':
      return `seq(${typeText(type.element)})`;
    case 'optional':
      return `optional(${typeText(type.element)})`;
    case 'map':
      return `map(${textOfDType(type.key)}, ${typeText(type.value)})`;
  }
}

function tensorTypeText(name: string, shape: readonly Dim[] | null): string {
  if (shape === null) return `${name}[]`;
  return shape.length === 0 ? name : `${name}[${shape.map(dimText).join(',')}]`;
}

function dimText(dim: Dim): string {
  if (dim === null) return '?';
  return typeof dim === 'number' ? String(dim) : nameText(dim);
}

/** With a point, so that it is read as a float again. */
function floatText(value: number): string {
  const text = float32Text(value);
  return /^-?\d+$/.test(text) ? `${text}.0` : text;
}

function bytesText(bytes: Uint8Array): string {
  return quoted(new TextDecoder().decode(bytes));
}
