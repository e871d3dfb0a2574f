/** @file Splits, batches, preprocessing; readers a file each. */

export * from './batches';
export * from './dataset';
export { hashFiles } from './file-bytes';
export { openDataset } from './open-dataset';
export { randomFeeds } from './random-feeds';
export { readers } from './readers';
