/** Types and shapes of every value of the corpus, bodies included: inferred, or seen in runs on its own data. */

import { dirname } from 'node:path';
import { afterAll, describe, expect, it } from 'vitest';
import { randomFeeds } from '../../src-main/data';
import { readModel } from '../../src-main/onnx/file';
import type { Model } from '../../src-main/onnx/ir';
import { graphTypes } from '../../src-main/onnx/session';
import { corpusModels, firstRun } from './models';

/** Model, values, those seen aside, and what is not known of them. */
const table: string[][] = [['model', 'values', 'seen aside', 'without type', 'without shape', 'remarks']];
afterAll(() => console.log(table.map((row) => row.join('  ')).join('\n')));

describe.each(corpusModels)('%s', (name, path) => {
  it('has a type and a shape for every value', async () => {
    const model = await readModel(path);
    const random = (lifted: Model) => randomFeeds(lifted, { dims: {}, batch: 1, seed: 0 });
    const fitting = await firstRun(model, dirname(path));
    const feeds = typeof fitting === 'string' ? random(model) : fitting;
    const types = await (await graphTypes(model)).observedOn(feeds, { random });
    const [untyped, unshaped]: [string[], string[]] = [[], []];
    let [values, aside] = [0, 0];
    for (const graph of types.graphs()) {
      const known = types.of(graph);
      for (const value of graph.nodes.flatMap(({ outputs }) => outputs).filter((output) => output !== '')) {
        values++;
        if (types.isForced(graph)) aside++;
        const type = known.get(value);
        if (type === undefined) untyped.push(`${graph.name}/${value}`);
        else if (type.kind !== 'tensor' || !type.shape?.every((dim) => typeof dim === 'number'))
          unshaped.push(`${graph.name}/${value}`);
      }
    }
    table.push([name, ...[values, aside, untyped.length, unshaped.length].map(String), types.remarks.join(' ')]);
    expect([untyped, unshaped]).toEqual([[], []]);
  });
});
