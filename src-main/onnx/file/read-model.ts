/** Opening a model: the structure is read, weights stay in their files. */

import { realpathSync } from 'node:fs';
import { dirname, resolve } from 'node:path';
import { fromBinary } from '@bufbuild/protobuf';
import { LatheError, messageOf } from '../../contract';
import type { Model } from '../ir';
import { type ByteSource, memorySource, whenDamaged, withFileSource } from './byte-source';
import { ExternalFolder } from './external-data';
import { modelFromProto } from './from-proto';
import { checkFunctionCalls } from './function-calls';
import { type ModelProto, ModelProtoSchema } from './generated/onnx_pb';
import { refuseOtherFormats } from './other-formats';
import { scanLimits, scanModel } from './scan';

/**
 * The model of an .onnx file. Tensors above 1 KB are references into the file or its external data, so the files must
 * stay as they are while the model is in use; a change is noticed when they are next read.
 * @throws LatheError that names the file and the byte, tensor or node that is wrong
 */
export async function readModel(path: string, options: ReadOptions = {}): Promise<Model> {
  return openModel(path, options).model;
}

export interface ReadOptions {
  /** Where external data lies when it is not beside the model: onnxruntime writes models that refer to another's. */
  readonly dataFolder?: string | undefined;
}

/** A model and the names, relative to its folder, of the external data files that it refers to. */
export interface OpenedModel {
  readonly model: Model;
  readonly externalData: readonly string[];
}

/** {@link readModel} with what else is known once the file has been read. */
export function openModel(path: string, options: ReadOptions = {}): OpenedModel {
  const given = resolve(path);
  return withFileSource(given, (source) => {
    // External data lies beside what was opened, even where that is a link to the model itself.
    const external = new ExternalFolder(realpathSync(options.dataFolder ?? dirname(given)));
    return { model: decode(source, external), externalData: external.names() };
  });
}

/**
 * The model of bytes in memory; its tensors are views of them.
 * @param name how messages call it
 * @throws LatheError as {@link readModel}, and where a tensor has external data
 */
export function modelFromBytes(bytes: Uint8Array, name = 'model'): Model {
  return decode(memorySource(name, bytes), null);
}

function decode(source: ByteSource, external: ExternalFolder | null): Model {
  refuseOtherFormats(source);
  const { skeleton, payloads } = scanModel(source);
  let proto: ModelProto;
  try {
    proto = fromBinary(ModelProtoSchema, skeleton, { recursionLimit: scanLimits.depth + 1 });
  } catch (error) {
    throw new LatheError({
      who: source.name,
      what: `not a readable ONNX model: ${messageOf(error)}`,
      next: whenDamaged,
      cause: error,
    });
  }
  const model = modelFromProto(proto, { source, payloads, external });
  checkFunctionCalls(model, source.name);
  return model;
}
