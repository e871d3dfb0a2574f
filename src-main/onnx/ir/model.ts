/**
 * The model in memory: ONNX's own terms and spellings, and nothing of protobuf, disk or runtime.
 * A Model is a value: never changed, only replaced. Copies share tensors. Change a Graph by a Patch.
 */

import type { DType } from './dtype';

/** A dimension: a number, the name of a symbolic one, or null where nothing is known. */
export type Dim = number | string | null;

export type TypeInfo =
  | { readonly kind: 'tensor' | 'sparse-tensor'; readonly dtype: DType; readonly shape: readonly Dim[] | null }
  | { readonly kind: 'sequence' | 'optional'; readonly element: TypeInfo }
  | { readonly kind: 'map'; readonly key: DType; readonly value: TypeInfo };

/** An edge with a name and, where it is stated, a type. Edges are named; '' = an optional input that is absent. */
export interface Value {
  readonly name: string;
  readonly type: TypeInfo | null;
  readonly docString?: string | undefined;
  /** What the reader did not understand or need; the writer puts it back. */
  readonly extra?: Opaque | undefined;
}

/** Kept for a loss-free round trip; only `onnx/file` looks inside. */
export type Opaque = { readonly __opaque: unknown };

/** Size and time of a file when it was read: a reference into a file that has changed since is refused. */
export interface FileStamp {
  readonly bytes: number;
  readonly modifiedMs: number;
}

/** Where the bytes of a tensor are: little-endian, packed as in `raw_data`. */
export type TensorData =
  | { readonly kind: 'inline'; readonly bytes: Uint8Array }
  /** Bytes of a file that the user owns (the model itself or its external data), read when asked for. */
  | {
      readonly kind: 'file';
      readonly file: string;
      readonly stamp: FileStamp;
      readonly offset: number;
      readonly length: number;
    }
  /**
   * Made when asked for, part by part, always the same: a quantized weight that is not held. `read` gives bytes
   * [start, end) of the packed data.
   */
  | { readonly kind: 'derived'; readonly length: number; readonly read: (start: number, end: number) => Uint8Array }
  /** dtype `string` only. */
  | { readonly kind: 'strings'; readonly strings: readonly Uint8Array[] };

/** Data with dtype and shape. */
export interface Tensor {
  readonly name: string;
  readonly dtype: DType;
  readonly shape: readonly number[];
  readonly data: TensorData;
  readonly docString?: string | undefined;
  readonly extra?: Opaque | undefined;
}

export interface SparseTensor {
  readonly values: Tensor;
  readonly indices: Tensor;
  readonly shape: readonly number[];
  readonly extra?: Opaque | undefined;
}

/** AttributeProto. Integers are bigint so that INT64_MAX survives; read them with {@link attributes}' helpers. */
export type Attribute =
  | { readonly type: 'float'; readonly value: number }
  | { readonly type: 'int'; readonly value: bigint }
  | { readonly type: 'string'; readonly value: Uint8Array }
  | { readonly type: 'tensor'; readonly value: Tensor }
  | { readonly type: 'sparse-tensor'; readonly value: SparseTensor }
  | { readonly type: 'graph'; readonly value: Graph }
  | { readonly type: 'type'; readonly value: TypeInfo }
  | { readonly type: 'floats'; readonly value: readonly number[] }
  | { readonly type: 'ints'; readonly value: readonly bigint[] }
  | { readonly type: 'strings'; readonly value: readonly Uint8Array[] }
  | { readonly type: 'tensors'; readonly value: readonly Tensor[] }
  | { readonly type: 'graphs'; readonly value: readonly Graph[] }
  /** An attribute of a function that takes its value from the caller; and whatever has no name here. */
  | { readonly type: 'reference'; readonly name: string; readonly attributeType: number }
  | { readonly type: 'opaque'; readonly value: Opaque };

export interface Node {
  /** Unique in its graph: the reader names nameless nodes `<opType>_<index>`. */
  readonly name: string;
  readonly opType: string;
  /** '' is ai.onnx. */
  readonly domain: string;
  /** Edge names; '' = absent optional input. */
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributes: ReadonlyMap<string, Attribute>;
  readonly overload?: string | undefined;
  readonly docString?: string | undefined;
  readonly metadata?: ReadonlyMap<string, string> | undefined;
  readonly extra?: Opaque | undefined;
}

export interface Graph {
  readonly name: string;
  /** In topological order. */
  readonly nodes: readonly Node[];
  readonly inputs: readonly Value[];
  readonly outputs: readonly Value[];
  readonly initializers: ReadonlyMap<string, Tensor>;
  readonly sparseInitializers: readonly SparseTensor[];
  /** Types stated for values between nodes (`value_info`). */
  readonly values: ReadonlyMap<string, Value>;
  readonly docString?: string | undefined;
  readonly metadata?: ReadonlyMap<string, string> | undefined;
  readonly extra?: Opaque | undefined;
}

export interface ModelFunction {
  readonly name: string;
  readonly domain: string;
  readonly overload: string;
  readonly inputs: readonly string[];
  readonly outputs: readonly string[];
  readonly attributeNames: readonly string[];
  readonly attributeDefaults: ReadonlyMap<string, Attribute>;
  readonly opsets: ReadonlyMap<string, number>;
  readonly nodes: readonly Node[];
  readonly values: ReadonlyMap<string, Value>;
  readonly docString?: string | undefined;
  readonly metadata?: ReadonlyMap<string, string> | undefined;
  readonly extra?: Opaque | undefined;
}

export interface Model {
  readonly irVersion: number;
  /** Domain → version; '' is ai.onnx. */
  readonly opsets: ReadonlyMap<string, number>;
  readonly producerName: string;
  readonly producerVersion: string;
  readonly domain: string;
  readonly modelVersion: bigint;
  readonly docString: string;
  readonly metadata: ReadonlyMap<string, string>;
  readonly graph: Graph;
  readonly functions: readonly ModelFunction[];
  /** Folder against which external data was resolved; sessions map weights from here. null: made in memory. */
  readonly folder: string | null;
  readonly extra?: Opaque | undefined;
}
