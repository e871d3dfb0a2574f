/** The value of a Constant node in any of its spellings. */

import { type Attribute, type Node, type Tensor, tensorFromArray } from '../onnx/ir';

/** undefined for a sparse value, and for one that a function's caller gives. */
export function constantTensor(node: Node, name: string): Tensor | undefined {
  for (const attribute of node.attributes.values()) {
    const tensor = tensorOfAttribute(name, attribute);
    if (tensor !== undefined) return tensor;
  }
  return undefined;
}

function tensorOfAttribute(name: string, attribute: Attribute): Tensor | undefined {
  switch (attribute.type) {
    case 'tensor':
      return { ...attribute.value, name };
    case 'float':
      return tensorFromArray(name, { dtype: 'float32', shape: [], data: Float32Array.of(attribute.value) });
    case 'floats': {
      const { value } = attribute;
      return tensorFromArray(name, { dtype: 'float32', shape: [value.length], data: Float32Array.from(value) });
    }
    case 'int':
      return tensorFromArray(name, { dtype: 'int64', shape: [], data: BigInt64Array.of(attribute.value) });
    case 'ints': {
      const { value } = attribute;
      return tensorFromArray(name, { dtype: 'int64', shape: [value.length], data: BigInt64Array.from(value) });
    }
    case 'string':
      return { name, dtype: 'string', shape: [], data: { kind: 'strings', strings: [attribute.value] } };
    case 'strings': {
      const { value } = attribute;
      return { name, dtype: 'string', shape: [value.length], data: { kind: 'strings', strings: value } };
    }
    default:
      return undefined;
  }
}
