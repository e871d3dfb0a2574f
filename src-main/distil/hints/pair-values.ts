/** Values of student and teacher that a hint sets against each other: found, held against each other, projected. */

import { LatheError } from '../../contract';
import { Random } from '../../kernels/random';
import { elementCount, type Feeds, type Graph, type Model, type NdArray, tensorFromArray, zeros } from '../../onnx/ir';
import { openSession } from '../../onnx/session';
import { type Hint, widthAxis } from './hint';

/** `name` for the same value in both, `student=teacher` for two. */
export interface NamedPair {
  readonly student: string;
  readonly teacher: string;
}

export interface HintPair extends NamedPair {
  readonly hint: Hint;
  readonly weight: number;
  /** Of one row of the teacher's value. */
  readonly teacherShape: readonly number[];
  /** Name of the weight that projects; '' where there is none. */
  readonly projection: string;
}

export function parsePairs(texts: readonly string[]): NamedPair[] {
  return texts.map((text) => {
    const [student = '', teacher = student] = text.split('=');
    return { student, teacher };
  });
}

/**
 * @param student in the form that is trained; comes back with the weights that project
 * @param sample feeds of one row
 * @throws LatheError where a value is not there, is no float32, or its shape does not fit the other's
 */
export async function pairValues(
  named: readonly NamedPair[],
  hint: Hint,
  weight: number,
  student: Model,
  teacher: Model,
  sample: Feeds,
  seed: number,
): Promise<{ model: Model; pairs: readonly HintPair[] }> {
  const ours = await shapesOf(
    student,
    named.map((pair) => pair.student),
    sample,
    'the student',
  );
  const theirs = await shapesOf(
    teacher,
    named.map((pair) => pair.teacher),
    sample,
    'the teacher',
  );
  const initializers = new Map(student.graph.initializers);
  const random = new Random(seed * 15_485_863 + 1);
  const pairs = named.map((pair) => {
    const from = ours.get(pair.student) as readonly number[];
    const to = theirs.get(pair.teacher) as readonly number[];
    checkShapes(pair, hint, from, to);
    const projection =
      hint.projects && from[widthAxis(from.length)] !== to[widthAxis(to.length)] ? `hint ${pair.student}` : '';
    if (projection !== '') initializers.set(projection, tensorFromArray(projection, drawn(from, to, random)));
    return { ...pair, hint, weight, teacherShape: to.slice(1), projection };
  });
  return { model: { ...student, graph: { ...student.graph, initializers } }, pairs };
}

function drawn(from: readonly number[], to: readonly number[], random: Random): NdArray<'float32'> {
  const axis = widthAxis(from.length);
  const [inputs, outputs] = [from[axis] as number, to[axis] as number];
  const array = zeros('float32', from.length === 4 ? [outputs, inputs, 1, 1] : [inputs, outputs]);
  return { ...array, data: array.data.map(() => random.normal() / Math.sqrt(inputs)) };
}

async function shapesOf(model: Model, names: readonly string[], sample: Feeds, who: string) {
  for (const name of names) if (!isMade(model.graph, name)) throw noValue(model.graph, name, who);
  const extraOutputs = names.filter((name) => !model.graph.outputs.some((value) => value.name === name));
  const session = await openSession(model, { optimization: 'disabled', extraOutputs });
  try {
    const read = Object.fromEntries(session.inputs.flatMap(({ name }) => (sample[name] ? [[name, sample[name]]] : [])));
    const found = await session.run(read, names);
    return new Map(
      names.map((name) => {
        const array = found[name] as NdArray;
        if (array.dtype !== 'float32' || elementCount(array.shape) === 0)
          throw new LatheError({
            who: `hint "${name}"`,
            what: `in ${who} it is ${array.dtype}[${array.shape.join(', ')}]`,
            next: 'name a value of floats',
          });
        return [name, array.shape] as const;
      }),
    );
  } finally {
    await session.release();
  }
}

function isMade(graph: Graph, name: string): boolean {
  return graph.nodes.some((node) => node.outputs.includes(name));
}

function noValue(graph: Graph, name: string, who: string): LatheError {
  const made = graph.nodes.flatMap((node) => node.outputs);
  const alike = made.filter((each) => each.toLowerCase().includes(name.toLowerCase())).slice(0, 5);
  const some = alike.length > 0 ? alike : made.slice(0, 5);
  return new LatheError({
    who: `hint "${name}"`,
    what: `${who} makes no value of this name`,
    next: `it makes ${some.map((each) => `"${each}"`).join(', ')} and ${made.length - some.length} more`,
  });
}

function checkShapes(
  { student, teacher }: NamedPair,
  hint: Hint,
  from: readonly number[],
  to: readonly number[],
): void {
  const free = hint.mayDiffer(from.length);
  const fits =
    from.length === to.length && from.length >= 2 && from.every((dim, axis) => axis === free || dim === to[axis]);
  if (fits) return;
  throw new LatheError({
    who: `hint "${student}=${teacher}"`,
    what: `the student gives [${from.join(', ')}] for a sample and the teacher [${to.join(', ')}]`,
    next: `only axis ${free} may differ for ${hint.name}; name values of the same place`,
  });
}
