/** @file .onnx bytes and external data ⇄ ir, lazily; ONNX text ⇄ ir. */

export { hashModel } from './hash-model';
export { hashModelFile } from './hash-model-file';
export { equalModels } from './model-bytes';
export { modelFromBytes, readModel } from './read-model';
export { readTensor, readTensorBytes, tensorChunks } from './read-tensor';
export { skeletonBytes } from './skeleton-bytes';
export { spill } from './spill';
export { type ModelTextOptions, modelText } from './text/model-text';
export { parseModelText } from './text/parse-model-text';
export { removeAbandoned, unfinishedName } from './unfinished';
export { type SavedModel, type WriteOptions, writeHashedModel, writeModel } from './write-model';
