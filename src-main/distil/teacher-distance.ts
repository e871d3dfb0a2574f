/** How far answers are from the teacher's: the terms of the loss that read a teacher, on logits alone. */

import { type Model, makeGraph, makeModel, makeValue, type NdArray } from '../onnx/ir';
import { openSession } from '../onnx/session';
import { Emitter } from './emitter';
import { lossNamed } from './losses';
import type { LossTerm } from './training-graph';

export interface TeacherDistance {
  /** The weighted sum of the terms, the mean over rows. Both [rows, classes]. */
  between(student: NdArray<'float32'>, teacher: NdArray<'float32'>): Promise<number>;
  release(): Promise<void>;
}

/** @returns null where no term reads a teacher */
export async function openTeacherDistance(
  loss: readonly LossTerm[],
  temperature: number,
  classes: number,
): Promise<TeacherDistance | null> {
  const terms = loss.filter(({ name }) => lossNamed(name).needs === 'teacher');
  if (terms.length === 0) return null;
  const [student, teacher] = ['student', 'teacher'];
  const emit = new Emitter([student, teacher]);
  const parts = terms.map(({ name, weight }) =>
    emit.scale(lossNamed(name).build({ emit, student, teacher, labels: '', classes, temperature }), weight),
  );
  const distance = emit.op('Sum', parts);
  const session = await openSession(lossModel(emit, [student, teacher], classes, distance));
  return {
    between: async (ours, theirs) => {
      const found = await session.run({ [student]: ours, [teacher]: theirs });
      return (found[distance] as NdArray<'float32'>).data[0] as number;
    },
    release: () => session.release(),
  };
}

function lossModel(emit: Emitter, inputs: readonly string[], classes: number, output: string): Model {
  const graph = makeGraph({
    name: 'teacher-distance',
    nodes: emit.nodes,
    inputs: inputs.map((name) => makeValue(name, 'float32', ['rows', classes])),
    outputs: [makeValue(output, 'float32', [])],
    initializers: emit.initializers,
  });
  return makeModel(graph, new Map([['', 18]]), 9);
}
