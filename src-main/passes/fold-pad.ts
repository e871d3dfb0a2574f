/**
 * A Pad with zeros before a Conv is the Conv's own padding.
 * Source: ONNX Conv, https://onnx.ai/onnx/operators/onnx__Conv.html (pads: begin of all axes, then end of all).
 */

import { readTensor } from '../onnx/file';
import { attributes, type Model, type Node } from '../onnx/ir';
import { readFloats } from './float-tensor';
import { constantOf, definePass, isStandard, type PassResult, type Scope, Tally } from './pass';
import { rewriteNodes } from './rewrite';

const { floatOf, intsOf, stringOf } = attributes;

export function foldPad(model: Model, isTarget: (node: Node) => boolean = () => true): PassResult {
  const tally = new Tally();
  const after = rewriteNodes(
    model,
    tally,
    (pad, site) => {
      if (pad.opType !== 'Pad' || !isStandard(pad)) return false;
      const [input] = pad.inputs as [string];
      const [output] = pad.outputs as [string];
      const readers = site.index.consumers(output);
      if (!readers.some(({ opType }) => opType === 'Conv')) return false;
      if (site.index.isOutput(output)) return 'what it gives is an output of the graph';
      if (readers.some((reader) => reader.opType !== 'Conv' || !isStandard(reader) || reader.inputs[0] !== output))
        return 'what it gives is used by others than Conv';
      const pads = constantPads(pad, site);
      if (pads === undefined) return 'it does not pad with a constant number of zeros';
      const padded = readers.map((conv) => withPads(conv, input, pads));
      const odd = padded.find((conv) => typeof conv === 'string');
      if (typeof odd === 'string') return odd;
      for (const conv of padded as Node[]) site.patch.replaceNode(conv.name, conv);
      site.patch.removeNode(pad.name);
      if (site.graph.values.has(output)) site.patch.setValue(output, null);
      return true;
    },
    { isTarget },
  );
  return tally.result(after, tally.changed === 0 ? [] : [`folded ${tally.changed} Pad into Conv`]);
}

/** Begins of all axes, then ends; undefined where they are computed, negative, or the filling is not zero. */
function constantPads(pad: Node, scope: Scope): number[] | undefined {
  if (stringOf(pad, 'mode', 'constant') !== 'constant' || (pad.inputs[3] ?? '') !== '') return undefined;
  const filling = constantOf(scope, pad.inputs[2] ?? '');
  const value = (pad.inputs[2] ?? '') === '' ? floatOf(pad, 'value', 0) : filling && readFloats(filling)?.[0];
  const tensor = constantOf(scope, pad.inputs[1] ?? '');
  const pads =
    intsOf(pad, 'pads', undefined) ?? (tensor && Array.from(readTensor(tensor).data as BigInt64Array, Number));
  return value === 0 && pads?.every((count) => count >= 0) === true ? pads : undefined;
}

function withPads(conv: Node, input: string, pads: readonly number[]): Node | string {
  const rank = pads.length / 2;
  if (pads.some((count, at) => at % rank < 2 && count !== 0)) return 'it pads batch or channels';
  const auto = stringOf(conv, 'auto_pad', 'NOTSET');
  if (auto !== 'NOTSET' && auto !== 'VALID') return `Conv "${conv.name}" pads by itself (${auto})`;
  const spatial = [...pads.slice(2, rank), ...pads.slice(rank + 2)];
  const own = intsOf(conv, 'pads', new Array<number>(spatial.length).fill(0));
  const next = new Map(conv.attributes);
  next.delete('auto_pad');
  next.set('pads', attributes.ints(spatial.map((count, at) => count + (own[at] as number))));
  return { ...conv, inputs: [input, ...conv.inputs.slice(1)], attributes: next };
}

export const foldPadPass = definePass({
  name: 'fold-pad',
  title: 'Fold padding',
  help: 'Makes a Pad with zeros the own padding of the convolutions behind it.',
  source: 'https://onnx.ai/onnx/operators/onnx__Conv.html',
  options: {},
  tolerance: 1e-6,
  run: (model, { isTarget }) => foldPad(model, isTarget),
});
