/** A skeleton's messages → the model in memory. */

import { isFieldSet } from '@bufbuild/protobuf';
import { LatheError } from '../../contract';
import {
  type Attribute,
  type Dim,
  dtypeBytes,
  dtypeFromCode,
  type Graph,
  type Model,
  type ModelFunction,
  type Node,
  type SparseTensor,
  sortTopologically,
  type Tensor,
  type TensorData,
  type TypeInfo,
  type Value,
} from '../ir';
import { type ByteSource, whenDamaged } from './byte-source';
import type { ExternalFolder } from './external-data';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type FunctionProto,
  type GraphProto,
  type ModelProto,
  type NodeProto,
  type OperatorSetIdProto,
  type SparseTensorProto,
  type StringStringEntryProto,
  type TensorProto,
  TensorProto_DataLocation,
  type TypeProto,
  type TypeProto_SparseTensor,
  type TypeProto_Tensor,
  type ValueInfoProto,
} from './generated/onnx_pb';
import { markerField, payloadField } from './message-shape';
import { isSorted, uniqueNames } from './node-order';
import { type AttributeRemnants, type Remnants, seal, type UnknownFields } from './remnant';
import type { Payload } from './scan';
import { typedData } from './typed-payload';

export interface ProtoContext {
  readonly source: ByteSource;
  readonly payloads: readonly Payload[];
  /** null: a model from memory, which can have no external data. */
  readonly external: ExternalFolder | null;
}

/**
 * The model of a decoded skeleton.
 * @throws LatheError that names the tensor, node or graph that is broken
 */
export function modelFromProto(proto: ModelProto, context: ProtoContext): Model {
  return new ProtoReader(context).model(proto);
}

class ProtoReader {
  readonly #context: ProtoContext;

  constructor(context: ProtoContext) {
    this.#context = context;
  }

  model(proto: ModelProto): Model {
    if (proto.graph === undefined) {
      throw new LatheError({
        who: this.#context.source.name,
        what: 'not an ONNX model: it has no graph',
        next: 'choose a file that was exported as ONNX',
      });
    }
    const remnant: Remnants['model'] = {
      unknown: unknownOf(proto),
      configuration: proto.configuration,
      training: proto.trainingInfo.map((training) => ({
        initialization: training.initialization === undefined ? null : this.graph(training.initialization),
        algorithm: training.algorithm === undefined ? null : this.graph(training.algorithm),
        initializationBinding: training.initializationBinding,
        updateBinding: training.updateBinding,
        unknown: unknownOf(training),
      })),
    };
    const isEmpty = nothingIn(remnant.unknown, remnant.configuration, remnant.training);
    return {
      irVersion: this.#version('its IR version', proto.irVersion),
      opsets: this.#opsets(proto.opsetImport),
      producerName: proto.producerName,
      producerVersion: proto.producerVersion,
      domain: proto.domain,
      modelVersion: proto.modelVersion,
      docString: proto.docString,
      metadata: metadataOf(proto.metadataProps) ?? new Map(),
      graph: this.graph(proto.graph),
      functions: proto.functions.map((it) => this.function(it)),
      folder: this.#context.external?.folder ?? null,
      extra: isEmpty ? undefined : seal('model', remnant),
    };
  }

  graph(proto: GraphProto): Graph {
    const initializers = new Map<string, Tensor>();
    for (const tensor of proto.initializer) initializers.set(tensor.name, this.tensor(tensor));
    const nodes = uniqueNames(proto.node.map((node) => this.node(node)));
    const remnant = { unknown: unknownOf(proto), quantizationAnnotation: proto.quantizationAnnotation };
    return {
      name: proto.name,
      nodes: this.#sorted(proto.name, nodes),
      inputs: proto.input.map(valueFromProto),
      outputs: proto.output.map(valueFromProto),
      initializers,
      sparseInitializers: proto.sparseInitializer.map((sparse) => this.sparseTensor(sparse)),
      values: valuesByName(proto.valueInfo),
      docString: textOf(proto.docString),
      metadata: metadataOf(proto.metadataProps),
      extra: nothingIn(remnant.unknown, remnant.quantizationAnnotation) ? undefined : seal('graph', remnant),
    };
  }

  #sorted(graph: string, nodes: readonly Node[]): readonly Node[] {
    const origin = { where: this.#context.source.name, next: whenDamaged };
    return isSorted(nodes) ? nodes : sortTopologically(graph, nodes, origin);
  }

  function(proto: FunctionProto): ModelFunction {
    const attributes = attributeRemnants(proto.attributeProto);
    const unknown = unknownOf(proto);
    const nodes = uniqueNames(proto.node.map((node) => this.node(node)));
    return {
      name: proto.name,
      domain: plainDomain(proto.domain),
      overload: proto.overload,
      inputs: proto.input,
      outputs: proto.output,
      attributeNames: proto.attribute,
      attributeDefaults: this.#attributes(proto.attributeProto),
      opsets: this.#opsets(proto.opsetImport),
      nodes: this.#sorted(proto.name, nodes),
      values: valuesByName(proto.valueInfo),
      docString: textOf(proto.docString),
      metadata: metadataOf(proto.metadataProps),
      extra: unknown.length === 0 && attributes.size === 0 ? undefined : seal('function', { unknown, attributes }),
    };
  }

  node(proto: NodeProto): Node {
    const remnant = {
      unknown: unknownOf(proto),
      deviceConfigurations: proto.deviceConfigurations,
      attributes: attributeRemnants(proto.attribute),
    };
    const isEmpty = nothingIn(remnant.unknown, remnant.deviceConfigurations) && remnant.attributes.size === 0;
    return {
      name: proto.name,
      opType: proto.opType,
      domain: plainDomain(proto.domain),
      inputs: proto.input,
      outputs: proto.output,
      attributes: this.#attributes(proto.attribute),
      overload: textOf(proto.overload),
      docString: textOf(proto.docString),
      metadata: metadataOf(proto.metadataProps),
      extra: isEmpty ? undefined : seal('node', remnant),
    };
  }

  #attributes(protos: readonly AttributeProto[]): Map<string, Attribute> {
    return new Map(protos.map((proto) => [proto.name, this.attribute(proto)]));
  }

  attribute(proto: AttributeProto): Attribute {
    const type = attributeTypeOf(proto);
    if (proto.refAttrName !== '') return { type: 'reference', name: proto.refAttrName, attributeType: type };
    switch (type) {
      case AttributeType.FLOAT:
        return { type: 'float', value: proto.f };
      case AttributeType.INT:
        return { type: 'int', value: proto.i };
      case AttributeType.STRING:
        return { type: 'string', value: proto.s };
      case AttributeType.TENSOR:
        if (proto.t === undefined) break;
        return { type: 'tensor', value: this.tensor(proto.t) };
      case AttributeType.SPARSE_TENSOR:
        if (proto.sparseTensor === undefined) break;
        return { type: 'sparse-tensor', value: this.sparseTensor(proto.sparseTensor) };
      case AttributeType.GRAPH:
        if (proto.g === undefined) break;
        return { type: 'graph', value: this.graph(proto.g) };
      case AttributeType.TYPE_PROTO: {
        const found = proto.tp === undefined ? null : typeFromProto(proto.tp);
        if (found?.isExact === true && found.type !== null) return { type: 'type', value: found.type };
        return { type: 'opaque', value: seal('attribute', { kind: 'type', value: proto.tp }) };
      }
      case AttributeType.FLOATS:
        return { type: 'floats', value: proto.floats };
      case AttributeType.INTS:
        return { type: 'ints', value: proto.ints };
      case AttributeType.STRINGS:
        return { type: 'strings', value: proto.strings };
      case AttributeType.TENSORS:
        return { type: 'tensors', value: proto.tensors.map((tensor) => this.tensor(tensor)) };
      case AttributeType.GRAPHS:
        return { type: 'graphs', value: proto.graphs.map((graph) => this.graph(graph)) };
      case AttributeType.SPARSE_TENSORS: {
        const value = proto.sparseTensors.map((sparse) => this.sparseTensor(sparse));
        return { type: 'opaque', value: seal('attribute', { kind: 'sparse-tensors', value }) };
      }
      case AttributeType.TYPE_PROTOS:
        return { type: 'opaque', value: seal('attribute', { kind: 'types', value: proto.typeProtos }) };
      case AttributeType.UNDEFINED:
        break;
    }
    return { type: 'opaque', value: seal('attribute', { kind: 'none', type }) };
  }

  sparseTensor(proto: SparseTensorProto): SparseTensor {
    if (proto.values === undefined || proto.indices === undefined) {
      throw new LatheError({
        who: 'sparse tensor',
        what: 'lacks its values or its indices',
        where: this.#context.source.name,
        next: whenDamaged,
      });
    }
    const unknown = unknownOf(proto);
    return {
      values: this.tensor(proto.values),
      indices: this.tensor(proto.indices),
      shape: proto.dims.map((dim) => this.#tensorDim(`sparse tensor "${proto.values?.name}"`, dim)),
      extra: unknown.length === 0 ? undefined : seal('sparseTensor', { unknown }),
    };
  }

  tensor(proto: TensorProto): Tensor {
    const who = `tensor "${proto.name}"`;
    const dtype = dtypeFromCode(proto.dataType);
    if (dtype === undefined) {
      throw new LatheError({
        who,
        what: `its element type ${proto.dataType} is unknown`,
        where: this.#context.source.name,
        next: proto.dataType === 0 ? 'the file may be damaged' : 'it may come from a later version of ONNX',
      });
    }
    const shape = proto.dims.map((dim) => this.#tensorDim(who, dim));
    const { markers, unknown } = splitMarkers(proto.$unknown ?? []);
    const remnant = { unknown, metadata: proto.metadataProps, segment: proto.segment };
    return {
      name: proto.name,
      dtype,
      shape,
      data: this.#tensorData(who, proto, dtype, shape, markers),
      docString: textOf(proto.docString),
      extra:
        nothingIn(unknown, remnant.metadata) && remnant.segment === undefined ? undefined : seal('tensor', remnant),
    };
  }

  #opsets(protos: readonly OperatorSetIdProto[]): Map<string, number> {
    return new Map(
      protos.map(({ domain, version }) => [
        plainDomain(domain),
        this.#version(`the version of operators "${plainDomain(domain) || 'ai.onnx'}"`, version),
      ]),
    );
  }

  /** Beyond what a number holds exactly there is no version, and it could not be written again. */
  #version(what: string, version: bigint): number {
    const value = Number(version);
    if (Number.isSafeInteger(value)) return value;
    throw new LatheError({ who: this.#context.source.name, what: `${what} is ${version}`, next: whenDamaged });
  }

  #tensorDim(who: string, dim: bigint): number {
    const value = Number(dim);
    if (value >= 0 && Number.isSafeInteger(value)) return value;
    throw new LatheError({
      who,
      what: `one of its dims is ${dim}`,
      where: this.#context.source.name,
      next: whenDamaged,
    });
  }

  #tensorData(
    who: string,
    proto: TensorProto,
    dtype: Tensor['dtype'],
    shape: readonly number[],
    markers: readonly number[],
  ): TensorData {
    const { source, payloads, external } = this.#context;
    const elements = shape.reduce((product, dim) => product * dim, 1);
    if (!Number.isSafeInteger(elements)) {
      throw new LatheError({
        who,
        what: `its shape [${shape.join(', ')}] has too many elements`,
        where: source.name,
        next: whenDamaged,
      });
    }
    if (dtype === 'string') return { kind: 'strings', strings: proto.stringData };
    if (proto.dataLocation === TensorProto_DataLocation.EXTERNAL) {
      if (external === null)
        throw new LatheError({
          who,
          what: 'has external data, but the model is not in a folder',
          where: source.name,
          next: 'open the model from its file',
        });
      return external.resolve(who, metadataOf(proto.externalData) ?? new Map(), dtypeBytes(dtype, elements));
    }
    const parts = markers.map((place) => payloads[place] as Payload);
    const raw = parts.findLast((payload) => payload.field === payloadField.raw);
    if (raw === undefined) return typedData(who, dtype, elements, parts, source);
    if (raw.bytes !== null) return { kind: 'inline', bytes: raw.bytes };
    return source.refer(raw.offset, raw.length);
  }
}

/** Places in the payload list, and the fields that are truly unknown. */
function splitMarkers(fields: UnknownFields): { markers: number[]; unknown: UnknownFields } {
  const markers = fields.filter((field) => field.no === markerField).map((field) => varintOf(field.data));
  return {
    markers,
    unknown: markers.length === fields.length ? [] : fields.filter((field) => field.no !== markerField),
  };
}

function varintOf(bytes: Uint8Array): number {
  return bytes.reduceRight((value, byte) => value * 128 + (byte & 0x7f), 0);
}

/** Files of IR version 1 and some writers leave the type out: it follows from the field that is filled. */
function attributeTypeOf(proto: AttributeProto): AttributeType {
  if (proto.type !== AttributeType.UNDEFINED) return proto.type;
  if (proto.t !== undefined) return AttributeType.TENSOR;
  if (proto.g !== undefined) return AttributeType.GRAPH;
  if (proto.sparseTensor !== undefined) return AttributeType.SPARSE_TENSOR;
  if (proto.tp !== undefined) return AttributeType.TYPE_PROTO;
  if (proto.floats.length > 0) return AttributeType.FLOATS;
  if (proto.ints.length > 0) return AttributeType.INTS;
  if (proto.strings.length > 0) return AttributeType.STRINGS;
  if (proto.tensors.length > 0) return AttributeType.TENSORS;
  if (proto.graphs.length > 0) return AttributeType.GRAPHS;
  if (proto.sparseTensors.length > 0) return AttributeType.SPARSE_TENSORS;
  if (proto.typeProtos.length > 0) return AttributeType.TYPE_PROTOS;
  if (isFieldSet(proto, AttributeProtoSchema.field.f)) return AttributeType.FLOAT;
  if (isFieldSet(proto, AttributeProtoSchema.field.i)) return AttributeType.INT;
  if (isFieldSet(proto, AttributeProtoSchema.field.s)) return AttributeType.STRING;
  return AttributeType.UNDEFINED;
}

function attributeRemnants(protos: readonly AttributeProto[]): AttributeRemnants {
  const remnants = new Map<string, { docString: string; unknown: UnknownFields }>();
  for (const proto of protos) {
    const unknown = unknownOf(proto);
    if (proto.docString !== '' || unknown.length > 0) remnants.set(proto.name, { docString: proto.docString, unknown });
  }
  return remnants;
}

function valuesByName(protos: readonly ValueInfoProto[]): Map<string, Value> {
  return new Map(protos.map((proto) => [proto.name, valueFromProto(proto)]));
}

function valueFromProto(proto: ValueInfoProto): Value {
  const found = proto.type === undefined ? { type: null, isExact: true } : typeFromProto(proto.type);
  const unknown = unknownOf(proto);
  const isEmpty = found.isExact && nothingIn(unknown, proto.metadataProps);
  const type = found.isExact || proto.type === undefined ? null : { read: found.type, message: proto.type };
  return {
    name: proto.name,
    type: found.type,
    docString: textOf(proto.docString),
    extra: isEmpty ? undefined : seal('value', { unknown, metadata: proto.metadataProps, type }),
  };
}

/** The type, null where there is no word for it; `isExact` where writing it again gives an equal message. */
function typeFromProto(proto: TypeProto): { type: TypeInfo | null; isExact: boolean } {
  const isPlain = proto.denotation === '' && unknownOf(proto).length === 0;
  switch (proto.value.case) {
    case 'tensorType':
      return tensorType('tensor', proto.value.value, isPlain);
    case 'sparseTensorType':
      return tensorType('sparse-tensor', proto.value.value, isPlain);
    case 'sequenceType':
    case 'optionalType': {
      const kind = proto.value.case === 'sequenceType' ? 'sequence' : 'optional';
      const element = proto.value.value.elemType === undefined ? null : typeFromProto(proto.value.value.elemType);
      if (element === null || element.type === null) return { type: null, isExact: false };
      return { type: { kind, element: element.type }, isExact: isPlain && element.isExact };
    }
    case 'mapType': {
      const key = dtypeFromCode(proto.value.value.keyType);
      const value = proto.value.value.valueType === undefined ? null : typeFromProto(proto.value.value.valueType);
      if (key === undefined || value === null || value.type === null) return { type: null, isExact: false };
      return { type: { kind: 'map', key, value: value.type }, isExact: isPlain && value.isExact };
    }
    default:
      return { type: null, isExact: false };
  }
}

function tensorType(
  kind: 'tensor' | 'sparse-tensor',
  proto: TypeProto_Tensor | TypeProto_SparseTensor,
  isPlain: boolean,
): { type: TypeInfo | null; isExact: boolean } {
  const dtype = dtypeFromCode(proto.elemType);
  if (dtype === undefined) return { type: null, isExact: false };
  if (proto.shape === undefined) return { type: { kind, dtype, shape: null }, isExact: isPlain };
  const dims = proto.shape.dim;
  const isExact =
    isPlain &&
    dims.every(
      (dim) =>
        dim.denotation === '' && unknownOf(dim).length === 0 && dim.value.value !== '' && !isNoSize(dim.value.value),
    );
  const shape = dims.map(({ value }): Dim => {
    if (value.case === 'dimParam') return value.value === '' ? null : value.value;
    // Some exporters write -1 for "unknown".
    return value.case === 'dimValue' && !isNoSize(value.value) ? Number(value.value) : null;
  });
  return { type: { kind, dtype, shape }, isExact };
}

/** Below 0, or more than a number holds exactly. */
function isNoSize(value: bigint | string | undefined): boolean {
  return typeof value === 'bigint' && (value < 0n || value > BigInt(Number.MAX_SAFE_INTEGER));
}

/** `ai.onnx` and the empty name are the same domain. */
function plainDomain(domain: string): string {
  return domain === 'ai.onnx' ? '' : domain;
}

function metadataOf(entries: readonly StringStringEntryProto[]): Map<string, string> | undefined {
  return entries.length === 0 ? undefined : new Map(entries.map((entry) => [entry.key, entry.value]));
}

function textOf(text: string): string | undefined {
  return text === '' ? undefined : text;
}

function unknownOf(message: { $unknown?: UnknownFields | undefined }): UnknownFields {
  return message.$unknown ?? [];
}

function nothingIn(...lists: readonly (readonly unknown[])[]): boolean {
  return lists.every((list) => list.length === 0);
}
