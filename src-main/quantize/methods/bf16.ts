/**
 * bf16: weights are stored as bfloat16 and cast to float32 where they are read, in bodies as well. onnxruntime's CPU
 * provider has no bfloat16 kernels but Cast, so that a graph that computes in bfloat16 would not load; it folds the Casts
 * when it loads the model and computes as before.
 */

import type { OptionSpecs, OptionValues, StepOutcome, Targets } from '../../contract';
import { targetFilter } from '../../contract';
import { float32ToBfloat16 } from '../../kernels';
import {
  attributes,
  dtypeCode,
  elementCount,
  type Graph,
  type Model,
  makeNode,
  Patch,
  type Tensor,
} from '../../onnx/ir';
import { editGraphs, type Scope } from '../bodies';
import { type QuantizeContext, quantizeMethod, Tally } from '../method';
import { prepare } from '../prepare';
import { floats, partsOf } from '../weights';

const options = {
  keepOps: {
    kind: 'list',
    title: 'Operators kept in float32',
    help: 'ONNX operator types whose weights stay float32, such as LayerNormalization.',
    default: [],
  },
  smallest: {
    kind: 'integer',
    title: 'Smallest tensor',
    help: 'Weights with fewer elements stay float32: biases and norms cost little and are read by sensitive operators.',
    default: 1024,
    min: 1,
    max: 1_000_000_000,
    unit: 'elements',
    advanced: true,
  },
} as const satisfies OptionSpecs;

/** The largest finite bfloat16; what lies above, up to the largest float32, would become infinite. */
const largestBfloat = 3.3895313892515355e38;

export const bf16 = quantizeMethod({
  name: 'bf16',
  title: 'bfloat16 weights',
  help: 'Half of the size with the range of float32: nothing overflows, but a number keeps 8 significant bits where half precision keeps 11. Saves size, not time: on a CPU onnxruntime computes in float32 all the same.',
  source: 'Kalamkar et al. 2019, arXiv:1905.12322; ONNX TensorProto.BFLOAT16',
  data: 'none',
  options,
  run: toBfloat,
});

async function toBfloat(
  given: Model,
  { keepOps, smallest }: OptionValues<typeof options>,
  targets: Targets,
  _context: QuantizeContext,
): Promise<StepOutcome<Model>> {
  const tally = new Tally();
  const model = await prepare(given, tally);
  const admits = targetFilter(targets);
  const kept = new Set(keepOps);
  const clamped: string[] = [];
  const graph = editGraphs(model.graph, ({ index, outer }: Scope): Graph => {
    const patch = new Patch(index.graph);
    for (const tensor of index.graph.initializers.values()) {
      if (tensor.dtype !== 'float32' || index.isInput(tensor.name)) continue;
      const readers = index.consumers(tensor.name);
      const node = readers[0] ?? { name: tensor.name };
      tally.eligible++;
      if (elementCount(tensor.shape) < smallest)
        tally.skip(node, `${tensor.name} has fewer than ${smallest} elements (option smallest)`);
      else if (index.isOutput(tensor.name)) tally.skip(node, `${tensor.name} is an output`);
      else if (!readers.every(admits)) tally.skip(node, 'not among the targets');
      else if (readers.some(({ opType }) => kept.has(opType))) tally.skip(node, 'its operator is kept in float32');
      else {
        if (holdsBeyond(tensor)) clamped.push(`${tensor.name}${outer === null ? '' : ` in ${index.graph.name}`}`);
        store(patch, tensor);
        tally.changed++;
      }
    }
    return patch.isEmpty ? index.graph : patch.apply();
  });
  if (clamped.length > 0)
    tally.note(`Numbers beyond ±${largestBfloat.toExponential(3)} now hold that: ${clamped.slice(0, 5).join(', ')}.`);
  tally.note(
    'Weights alone are bfloat16, each cast back to float32: onnxruntime has no CPU kernels that compute in bfloat16.',
  );
  return tally.outcome({ ...model, graph }, 'bf16');
}

/** The tensor as bfloat16 under another name, and a Cast that gives its own name to what is read. */
function store(patch: Patch, tensor: Tensor): void {
  const name = patch.freshName(`${tensor.name}_bfloat16`);
  const read = (start: number, end: number): Uint8Array => {
    const first = Math.floor(start / 2);
    const part = floats(tensor, first, Math.ceil(end / 2)).map((value) =>
      Number.isFinite(value) ? Math.min(largestBfloat, Math.max(-largestBfloat, value)) : value,
    );
    const codes = new Uint16Array(part.length);
    float32ToBfloat16(part, codes);
    return new Uint8Array(codes.buffer).subarray(start - first * 2, end - first * 2);
  };
  const length = elementCount(tensor.shape) * 2;
  patch.removeInitializer(tensor.name);
  patch.setInitializer({ ...tensor, name, dtype: 'bfloat16', data: { kind: 'derived', length, read } });
  const to = { to: attributes.int(dtypeCode('float32')) };
  patch.addNode(makeNode('Cast', patch.freshName(`${name}_Cast`), [name], [tensor.name], to));
}

function holdsBeyond(tensor: Tensor): boolean {
  for (const { part } of partsOf(tensor))
    if (part.some((value) => Math.abs(value) > largestBfloat && Number.isFinite(value))) return true;
  return false;
}
