/** What the model in memory has no word for, kept beside it so that a saved file has it again. */

import type { Graph, Opaque, SparseTensor, TypeInfo } from '../ir';
import type {
  DeviceConfigurationProto,
  NodeDeviceConfigurationProto,
  StringStringEntryProto,
  TensorAnnotation,
  TensorProto_Segment,
  TypeProto,
} from './generated/onnx_pb';

/** Fields of a later onnx.proto, as protobuf-es keeps them. */
export type UnknownFields = readonly { readonly no: number; readonly wireType: number; readonly data: Uint8Array }[];

export interface Remnants {
  model: {
    readonly unknown: UnknownFields;
    readonly configuration: DeviceConfigurationProto[];
    readonly training: readonly {
      readonly initialization: Graph | null;
      readonly algorithm: Graph | null;
      readonly initializationBinding: StringStringEntryProto[];
      readonly updateBinding: StringStringEntryProto[];
      readonly unknown: UnknownFields;
    }[];
  };
  graph: { readonly unknown: UnknownFields; readonly quantizationAnnotation: TensorAnnotation[] };
  function: { readonly unknown: UnknownFields; readonly attributes: AttributeRemnants };
  node: {
    readonly unknown: UnknownFields;
    readonly deviceConfigurations: NodeDeviceConfigurationProto[];
    readonly attributes: AttributeRemnants;
  };
  value: {
    readonly unknown: UnknownFields;
    readonly metadata: StringStringEntryProto[];
    /** The type as it was read and its exact message; written only where the value still has that type. */
    readonly type: { readonly read: TypeInfo | null; readonly message: TypeProto } | null;
  };
  tensor: {
    readonly unknown: UnknownFields;
    readonly metadata: StringStringEntryProto[];
    readonly segment: TensorProto_Segment | undefined;
  };
  sparseTensor: { readonly unknown: UnknownFields };
  /** An attribute whose type has no place in the model in memory. */
  attribute:
    | { readonly kind: 'sparse-tensors'; readonly value: readonly SparseTensor[] }
    | { readonly kind: 'type'; readonly value: TypeProto | undefined }
    | { readonly kind: 'types'; readonly value: TypeProto[] }
    | { readonly kind: 'none'; readonly type: number };
}

/** By name of the attribute. */
export type AttributeRemnants = ReadonlyMap<string, { readonly docString: string; readonly unknown: UnknownFields }>;

/** Hides a remnant from every other room. */
export function seal<K extends keyof Remnants>(_kind: K, value: Remnants[K]): Opaque {
  return { __opaque: value };
}

export function unseal<K extends keyof Remnants>(_kind: K, opaque: Opaque): Remnants[K] {
  return opaque.__opaque as Remnants[K];
}
