/**
 * @file Packages that go into every bundle: of many small files, which take a process a tenth of a second to load one by
 * one. All others stay where they are installed.
 */

export const bundled = ['zod', '@bufbuild/protobuf'];
