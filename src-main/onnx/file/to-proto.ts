/** The model in memory → a skeleton's messages: payloads of tensors are left out, with a marker in their place. */

import { create, toBinary } from '@bufbuild/protobuf';
import { BinaryWriter } from '@bufbuild/protobuf/wire';
import {
  type Attribute,
  dtypeCode,
  type Graph,
  type Model,
  type ModelFunction,
  type Node,
  type SparseTensor,
  type Tensor,
  type TensorData,
  type TypeInfo,
  type Value,
} from '../ir';
import {
  type AttributeProto,
  AttributeProtoSchema,
  AttributeProto_AttributeType as AttributeType,
  type FunctionProto,
  FunctionProtoSchema,
  type GraphProto,
  GraphProtoSchema,
  ModelProtoSchema,
  type NodeProto,
  NodeProtoSchema,
  OperatorSetIdProtoSchema,
  type SparseTensorProto,
  SparseTensorProtoSchema,
  type StringStringEntryProto,
  StringStringEntryProtoSchema,
  type TensorProto,
  TensorProto_DataLocation,
  TensorProtoSchema,
  TensorShapeProtoSchema,
  TrainingInfoProtoSchema,
  type TypeProto,
  TypeProtoSchema,
  type ValueInfoProto,
  ValueInfoProtoSchema,
} from './generated/onnx_pb';
import { markerField, wire } from './message-shape';
import { type AttributeRemnants, type UnknownFields, unseal } from './remnant';
import { smallBytes } from './scan';
import { dataLength } from './tensor-data';

/** Data that has bytes side by side. */
export type PackedData = Exclude<TensorData, { kind: 'strings' }>;

/** Where a tensor is in the model. onnxruntime takes external data for the first two, and maps only initializers. */
export type TensorRole = 'initializer' | 'constant' | 'other';

export interface ExternalPlace {
  readonly location: string;
  readonly offset: number;
  readonly length: number;
}

export interface Skeleton {
  readonly bytes: Uint8Array;
  /** What the markers stand for. */
  readonly payloads: readonly PackedData[];
}

/**
 * The model without the bytes of its larger tensors.
 * @param place decides for each tensor above 1 KB whether its bytes lie in another file; null = they become `raw_data`
 */
export function modelToSkeleton(
  model: Model,
  place: (data: PackedData, role: TensorRole) => ExternalPlace | null,
): Skeleton {
  const writer = new ProtoWriter(place);
  return { bytes: writer.model(model), payloads: writer.payloads };
}

class ProtoWriter {
  readonly payloads: PackedData[] = [];
  readonly #place: (data: PackedData, role: TensorRole) => ExternalPlace | null;

  constructor(place: (data: PackedData, role: TensorRole) => ExternalPlace | null) {
    this.#place = place;
  }

  model(model: Model): Uint8Array {
    const remnant = model.extra === undefined ? undefined : unseal('model', model.extra);
    const proto = create(ModelProtoSchema, {
      irVersion: BigInt(model.irVersion),
      opsetImport: opsetProtos(model.opsets),
      ...texts({
        producerName: model.producerName,
        producerVersion: model.producerVersion,
        domain: model.domain,
        docString: model.docString,
      }),
      ...(model.modelVersion === 0n ? {} : { modelVersion: model.modelVersion }),
      graph: this.graph(model.graph),
      metadataProps: entries(model.metadata),
      functions: model.functions.map((it) => this.function(it)),
      configuration: remnant?.configuration ?? [],
      trainingInfo: (remnant?.training ?? []).map((training) =>
        withUnknown(
          create(TrainingInfoProtoSchema, {
            ...(training.initialization === null ? {} : { initialization: this.graph(training.initialization) }),
            ...(training.algorithm === null ? {} : { algorithm: this.graph(training.algorithm) }),
            initializationBinding: training.initializationBinding,
            updateBinding: training.updateBinding,
          }),
          training.unknown,
        ),
      ),
    });
    return toBinary(ModelProtoSchema, withUnknown(proto, remnant?.unknown));
  }

  graph(graph: Graph): GraphProto {
    const remnant = graph.extra === undefined ? undefined : unseal('graph', graph.extra);
    const proto = create(GraphProtoSchema, {
      ...texts({ name: graph.name, docString: graph.docString }),
      node: graph.nodes.map((node) => this.node(node)),
      initializer: [...graph.initializers].map(([name, tensor]) => this.tensor({ ...tensor, name }, 'initializer')),
      sparseInitializer: graph.sparseInitializers.map((sparse) => this.sparseTensor(sparse)),
      input: graph.inputs.map(valueToProto),
      output: graph.outputs.map(valueToProto),
      valueInfo: [...graph.values.values()].map(valueToProto),
      quantizationAnnotation: remnant?.quantizationAnnotation ?? [],
      metadataProps: entries(graph.metadata),
    });
    return withUnknown(proto, remnant?.unknown);
  }

  function(it: ModelFunction): FunctionProto {
    const remnant = it.extra === undefined ? undefined : unseal('function', it.extra);
    const proto = create(FunctionProtoSchema, {
      ...texts({ name: it.name, domain: it.domain, overload: it.overload, docString: it.docString }),
      input: [...it.inputs],
      output: [...it.outputs],
      attribute: [...it.attributeNames],
      attributeProto: this.#attributes(it.attributeDefaults, remnant?.attributes, 'other'),
      node: it.nodes.map((node) => this.node(node)),
      opsetImport: opsetProtos(it.opsets),
      valueInfo: [...it.values.values()].map(valueToProto),
      metadataProps: entries(it.metadata),
    });
    return withUnknown(proto, remnant?.unknown);
  }

  node(node: Node): NodeProto {
    const remnant = node.extra === undefined ? undefined : unseal('node', node.extra);
    const proto = create(NodeProtoSchema, {
      input: [...node.inputs],
      output: [...node.outputs],
      ...texts({
        name: node.name,
        opType: node.opType,
        domain: node.domain,
        overload: node.overload,
        docString: node.docString,
      }),
      attribute: this.#attributes(node.attributes, remnant?.attributes, isConstant(node) ? 'constant' : 'other'),
      metadataProps: entries(node.metadata),
      deviceConfigurations: remnant?.deviceConfigurations ?? [],
    });
    return withUnknown(proto, remnant?.unknown);
  }

  #attributes(
    attributes: ReadonlyMap<string, Attribute>,
    remnants: AttributeRemnants | undefined,
    role: TensorRole,
  ): AttributeProto[] {
    return [...attributes].map(([name, attribute]) => {
      const proto = this.#attribute(name, attribute, role);
      const remnant = remnants?.get(name);
      if (remnant === undefined) return proto;
      if (remnant.docString !== '') proto.docString = remnant.docString;
      return withUnknown(proto, remnant.unknown);
    });
  }

  #attribute(name: string, attribute: Attribute, role: TensorRole): AttributeProto {
    return create(AttributeProtoSchema, { name, ...this.#attributeValue(attribute, role) });
  }

  #attributeValue(attribute: Attribute, role: TensorRole): Partial<Omit<AttributeProto, '$typeName' | '$unknown'>> {
    switch (attribute.type) {
      case 'float':
        return { type: AttributeType.FLOAT, f: attribute.value };
      case 'int':
        return { type: AttributeType.INT, i: attribute.value };
      case 'string':
        return { type: AttributeType.STRING, s: attribute.value };
      case 'tensor':
        return { type: AttributeType.TENSOR, t: this.tensor(attribute.value, role) };
      case 'sparse-tensor':
        return { type: AttributeType.SPARSE_TENSOR, sparseTensor: this.sparseTensor(attribute.value) };
      case 'graph':
        return { type: AttributeType.GRAPH, g: this.graph(attribute.value) };
      case 'type':
        return { type: AttributeType.TYPE_PROTO, tp: typeToProto(attribute.value) };
      case 'floats':
        return { type: AttributeType.FLOATS, floats: [...attribute.value] };
      case 'ints':
        return { type: AttributeType.INTS, ints: [...attribute.value] };
      case 'strings':
        return { type: AttributeType.STRINGS, strings: [...attribute.value] };
      case 'tensors':
        return { type: AttributeType.TENSORS, tensors: attribute.value.map((it) => this.tensor(it, 'other')) };
      case 'graphs':
        return { type: AttributeType.GRAPHS, graphs: attribute.value.map((it) => this.graph(it)) };
      case 'reference':
        return { type: attribute.attributeType, refAttrName: attribute.name };
      case 'opaque':
        return this.#opaqueValue(attribute);
    }
  }

  #opaqueValue(
    attribute: Extract<Attribute, { type: 'opaque' }>,
  ): Partial<Omit<AttributeProto, '$typeName' | '$unknown'>> {
    const remnant = unseal('attribute', attribute.value);
    switch (remnant.kind) {
      case 'sparse-tensors':
        return { type: AttributeType.SPARSE_TENSORS, sparseTensors: remnant.value.map((it) => this.sparseTensor(it)) };
      case 'type':
        return { type: AttributeType.TYPE_PROTO, ...(remnant.value === undefined ? {} : { tp: remnant.value }) };
      case 'types':
        return { type: AttributeType.TYPE_PROTOS, typeProtos: remnant.value };
      case 'none':
        return remnant.type === AttributeType.UNDEFINED ? {} : { type: remnant.type };
    }
  }

  sparseTensor(sparse: SparseTensor): SparseTensorProto {
    const proto = create(SparseTensorProtoSchema, {
      values: this.tensor(sparse.values, 'other'),
      indices: this.tensor(sparse.indices, 'other'),
      dims: sparse.shape.map(BigInt),
    });
    return withUnknown(proto, sparse.extra === undefined ? undefined : unseal('sparseTensor', sparse.extra).unknown);
  }

  tensor(tensor: Tensor, role: TensorRole): TensorProto {
    const remnant = tensor.extra === undefined ? undefined : unseal('tensor', tensor.extra);
    const proto = create(TensorProtoSchema, {
      dims: tensor.shape.map(BigInt),
      dataType: dtypeCode(tensor.dtype),
      ...texts({ name: tensor.name, docString: tensor.docString }),
      metadataProps: remnant?.metadata ?? [],
      ...(remnant?.segment === undefined ? {} : { segment: remnant.segment }),
    });
    withUnknown(proto, remnant?.unknown);
    if (tensor.data.kind === 'strings') proto.stringData = [...tensor.data.strings];
    else this.#fill(proto, tensor.data, role);
    return proto;
  }

  #fill(proto: TensorProto, data: PackedData, role: TensorRole): void {
    if (data.kind === 'inline' && data.bytes.byteLength <= smallBytes) {
      proto.rawData = data.bytes;
      return;
    }
    const place = dataLength(data) > smallBytes ? this.#place(data, role) : null;
    if (place === null) {
      const marker = new BinaryWriter().uint32(this.payloads.length).finish();
      proto.$unknown = [...(proto.$unknown ?? []), { no: markerField, wireType: wire.varint, data: marker }];
      this.payloads.push(data);
      return;
    }
    proto.dataLocation = TensorProto_DataLocation.EXTERNAL;
    proto.externalData = entries(
      new Map([
        ['location', place.location],
        ['offset', String(place.offset)],
        ['length', String(place.length)],
      ]),
    );
  }
}

/** A node whose tensor is as good as an initializer. */
function isConstant(node: Node): boolean {
  return node.opType === 'Constant' && node.domain === '';
}

function valueToProto(value: Value): ValueInfoProto {
  const remnant = value.extra === undefined ? undefined : unseal('value', value.extra);
  const isAsRead = remnant?.type !== null && remnant?.type !== undefined && remnant.type.read === value.type;
  const type = isAsRead ? remnant.type?.message : value.type === null ? undefined : typeToProto(value.type);
  const proto = create(ValueInfoProtoSchema, {
    ...texts({ name: value.name, docString: value.docString }),
    ...(type === undefined ? {} : { type }),
    metadataProps: remnant?.metadata ?? [],
  });
  return withUnknown(proto, remnant?.unknown);
}

function typeToProto(type: TypeInfo): TypeProto {
  switch (type.kind) {
    case 'tensor':
    case 'sparse-tensor': {
      const shape = type.shape === null ? {} : { shape: shapeToProto(type.shape) };
      const value = { elemType: dtypeCode(type.dtype), ...shape };
      return create(TypeProtoSchema, {
        value: type.kind === 'tensor' ? { case: 'tensorType', value } : { case: 'sparseTensorType', value },
      });
    }
    case 'sequence':
      return create(TypeProtoSchema, {
        value: { case: 'sequenceType', value: { elemType: typeToProto(type.element) } },
      });
    case 'optional':
      return create(TypeProtoSchema, {
        value: { case: 'optionalType', value: { elemType: typeToProto(type.element) } },
      });
    case 'map': {
      const value = { keyType: dtypeCode(type.key), valueType: typeToProto(type.value) };
      return create(TypeProtoSchema, { value: { case: 'mapType', value } });
    }
  }
}

function shapeToProto(shape: readonly (number | string | null)[]) {
  return create(TensorShapeProtoSchema, {
    dim: shape.map((dim) => {
      if (dim === null) return {};
      return typeof dim === 'string'
        ? { value: { case: 'dimParam' as const, value: dim } }
        : { value: { case: 'dimValue' as const, value: BigInt(dim) } };
    }),
  });
}

function opsetProtos(opsets: ReadonlyMap<string, number>) {
  return [...opsets].map(([domain, version]) => create(OperatorSetIdProtoSchema, { domain, version: BigInt(version) }));
}

function entries(map: ReadonlyMap<string, string> | undefined): StringStringEntryProto[] {
  return [...(map ?? [])].map(([key, value]) => create(StringStringEntryProtoSchema, { key, value }));
}

/** Only the texts that say something: an absent field is smaller than an empty one. */
function texts<K extends string>(fields: Readonly<Record<K, string | undefined>>): Partial<Record<K, string>> {
  const filled = Object.entries<string | undefined>(fields).filter(([, text]) => text !== undefined && text !== '');
  return Object.fromEntries(filled) as Partial<Record<K, string>>;
}

function withUnknown<T extends { $unknown?: unknown }>(message: T, unknown: UnknownFields | undefined): T {
  if (unknown !== undefined && unknown.length > 0) message.$unknown = [...unknown];
  return message;
}
