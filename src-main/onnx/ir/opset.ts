/** Which version of the standard operators holds. */

/** Of ai.onnx, whose domain may also be written out; 0 where none is named. */
export function standardOpset(opsets: ReadonlyMap<string, number>): number {
  return opsets.get('') ?? opsets.get('ai.onnx') ?? 0;
}
