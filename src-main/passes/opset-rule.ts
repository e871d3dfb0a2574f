/** What a rule is that brings a node from one opset to the next, and what such rules are written with. */

import { LatheError } from '../contract';
import { type Attribute, attributes, type Dim, int64Tensor, type Node, type Patch, type Tensor } from '../onnx/ir';
import { floatsTensor } from './float-tensor';
import { addConstant, constantOf, type Scope } from './pass';
import type { ScopeTypes } from './scope-types';

const { intsOf } = attributes;

/** One node that is brought to a version, with what may be planned beside it. */
export class Rewriting {
  readonly #node: Node;
  readonly #version: number;
  readonly #scope: Scope;
  readonly #patch: Patch;
  readonly #types: ScopeTypes;

  constructor(node: Node, version: number, scope: Scope, patch: Patch, types: ScopeTypes) {
    this.#node = node;
    this.#version = version;
    this.#scope = scope;
    this.#patch = patch;
    this.#types = types;
  }

  /** Name of a new constant. */
  constant(suffix: string, make: (name: string) => Tensor): string {
    return addConstant(this.#patch, this.#scope, make(`${this.#node.outputs[0]}/${suffix}`));
  }

  int64s(suffix: string, values: readonly (number | bigint)[]): string {
    return this.constant(suffix, (name) => int64Tensor(name, [values.length], values));
  }

  /** A scalar of the same dtype as `like`. */
  scalar(suffix: string, value: number, like: string): string {
    const type = this.#types.of(this.#scope, like);
    return this.constant(suffix, (name) =>
      floatsTensor(name, type?.kind === 'tensor' ? type.dtype : 'float32', [], [value]),
    );
  }

  shapeOf(value: string): readonly Dim[] | null {
    return this.constantOf(value)?.shape ?? this.#types.shapeOf(this.#scope, value);
  }

  rankOf(value: string): number | undefined {
    return this.shapeOf(value)?.length;
  }

  value(suffix: string): string {
    return this.#patch.freshName(`${this.#node.outputs[0]}/${suffix}`);
  }

  constantOf(value: string | undefined): Tensor | undefined {
    return value === undefined ? undefined : constantOf(this.#scope, value);
  }

  refuse(what: string): never {
    throw new LatheError({
      who: `${this.#node.opType} "${this.#node.name}"`,
      what,
      where: `raising to opset ${this.#version}`,
      next: 'export the model with a newer opset',
    });
  }
}

/** One of the nodes given back bears the name of the old one. */
export type Rule = (node: Node, at: Rewriting) => readonly Node[];

/** Version → operator → what its nodes become. */
export type Rules = Readonly<Record<number, Readonly<Record<string, Rule>>>>;

/** The node with other operator, inputs or attributes. */
export function changed(
  node: Node,
  changes: { opType?: string; inputs?: readonly string[]; drop?: readonly string[]; set?: Record<string, Attribute> },
): Node {
  const kept = new Map([...node.attributes].filter(([name]) => !changes.drop?.includes(name)));
  for (const [name, attribute] of Object.entries(changes.set ?? {})) kept.set(name, attribute);
  return {
    ...node,
    opType: changes.opType ?? node.opType,
    inputs: changes.inputs ?? node.inputs,
    attributes: kept,
  };
}

/** An attribute of integers becomes the input after the data. */
export const intsToInput =
  (attribute: string): Rule =>
  (node, at) => {
    const values = intsOf(node, attribute, undefined);
    if (values === undefined) return [node];
    const inputs = [node.inputs[0] as string, at.int64s(attribute, values)];
    return [changed(node, { inputs, drop: [attribute] })];
  };
