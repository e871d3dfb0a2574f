/**
 * onnxruntime's forms of attention and of rotary positions.
 * Source: https://github.com/microsoft/onnxruntime/blob/main/docs/ContribOperators.md.
 */

import { attributes } from '../../onnx/ir';
import { unsupported } from '../gradient';
import { attend, joinHeads, never, placesOf, rotate, splitHeads, unlessSeen, widthOfTables } from './attention';
import { concat, countTo, type PlainForm, type Site } from './plain-form';

const { floatOf, int, intOf, intsOf } = attributes;

/** Inputs X [B, S, D], weights [D, 3H], bias [3H], mask, keys and values of the past [2, B, heads, P, H/heads]. */
export const Attention: PlainForm = (site) => {
  const { emit, node, input, shape } = site;
  if (input(6) !== '') throw unsupported(node, 'a buffer that past and present share');
  if (intOf(node, 'do_rotary', 0) !== 0) throw unsupported(node, 'rotary positions inside the node');
  const width = shape(input(1))[1];
  if (typeof width !== 'number') throw unsupported(node, 'the width of its weights is not known');
  const sizes = intsOf(node, 'qkv_hidden_sizes', [width / 3, width / 3, width / 3]);
  const projected = emit.matmul(input(0), input(1));
  const biased = input(2) === '' ? projected : emit.add(projected, input(2));
  const heads = intOf(node, 'num_heads', 1);
  const [q, k, v] = emit
    .ops('Split', [biased, emit.integers(sizes)], 3, { axis: int(-1) })
    .map((value) => splitHeads(emit, value, heads)) as [string, string, string];
  if (input(4) === '') return [seenBy(site, { q, k, v, width: sizes[0] as number, mask: 3, bias: 5 }), null];
  const pasts = emit.ops('Split', [input(4)], 2, { axis: int(0), num_outputs: int(2) });
  const [keys, values] = pasts.map((past, at) => concat(emit, [emit.squeeze(past, [0]), at === 0 ? k : v], 2)) as [
    string,
    string,
  ];
  const present = concat(
    emit,
    [keys, values].map((value) => emit.unsqueeze(value, [0])),
    0,
  );
  return [seenBy(site, { q, k: keys, v: values, width: sizes[0] as number, mask: 3, bias: 5 }), present];
};

/**
 * Inputs query [B, S, H], key [B, T, H] and value [B, T, V], or both by heads [B, heads, T, ..], bias [2H + V], padding mask of
 * keys, bias of the scores, keys and values of the past [B, heads, P, ..].
 */
export const MultiHeadAttention: PlainForm = (site) => {
  const { emit, node, input, shape } = site;
  if (input(8) !== '' || input(9) !== '') throw unsupported(node, 'a buffer that past and present share');
  const heads = intOf(node, 'num_heads', 1);
  const width = shape(input(0))[2];
  if (shape(input(0)).length !== 3 || input(1) === '' || input(2) === '' || typeof width !== 'number')
    throw unsupported(node, 'queries, keys and values packed together, or of unknown width');
  const isByHeads = shape(input(1)).length === 4;
  const [queries, given] = [shape(input(0))[1], isByHeads ? shape(input(1))[2] : shape(input(1))[1]];
  // Nothing is known by which the runtime's kernel then chooses keys.
  if (intOf(node, 'unidirectional', 0) !== 0 && Number(given) > Number(queries))
    throw unsupported(node, 'causal attention over more keys than queries');
  const biases = input(3) === '' ? null : biasesOf(site, width);
  const [q, k, v] = [0, 1, 2].map((at) => {
    const biased = biases === null || (isByHeads && at > 0) ? input(at) : emit.add(input(at), biases[at] as string);
    return isByHeads && at > 0 ? biased : splitHeads(emit, biased, heads);
  }) as [string, string, string];
  const behind = (past: string, value: string) => (past === '' ? value : concat(emit, [past, value], 2));
  const [keys, values] = [behind(input(6), k), behind(input(7), v)];
  return [seenBy(site, { q, k: keys, v: values, width, mask: 4, bias: 5 }), keys, values];
};

/** [H], [H] and [V]. */
function biasesOf({ emit, node, input, shape }: Site, width: number): string[] {
  const total = shape(input(3))[0];
  if (typeof total !== 'number') throw unsupported(node, 'the width of its bias is not known');
  return emit.ops('Split', [input(3), emit.integers([width, width, total - 2 * width])], 3, { axis: int(0) });
}

interface Queries {
  /** [B, heads, S, H/heads], keys and values [B, heads, T, ..]. */
  readonly q: string;
  readonly k: string;
  readonly v: string;
  /** H. */
  readonly width: number;
  /** Inputs: 1 where a key may be seen, [B, T], [B, S, T], or lengths [B]; what is added to the scores. */
  readonly mask: number;
  readonly bias: number;
}

/** [B, S, V]. */
function seenBy(site: Site, { q, k, v, width, mask, bias }: Queries): string {
  const { emit, node, input } = site;
  const heads = intOf(node, 'num_heads', 1);
  const isOneWay = intOf(node, 'unidirectional', 0) !== 0;
  const added = [input(bias), hidden(site, input(mask), k), isOneWay ? causal(site, q, k) : ''];
  const scale = floatOf(node, 'scale', 0) || 1 / Math.sqrt(width / heads);
  return joinHeads(emit, attend(emit, { q, k, v, heads, keyHeads: heads, scale, added }));
}

/** What is added to the scores [B, heads, S, T] where a key must not be seen. */
function hidden({ emit, node, shape }: Site, mask: string, k: string): string {
  if (mask === '') return '';
  const rank = shape(mask).length;
  const filter = floatOf(node, 'mask_filter_value', -10_000);
  const asScores = (allowed: string, axes: readonly number[]) =>
    emit.unsqueeze(emit.scale(emit.sub(emit.scalar(1), emit.cast(allowed, 'float32')), filter), axes);
  if (rank === 2) return asScores(mask, [1, 2]);
  if (rank === 3) return asScores(mask, [1]);
  if (rank !== 1 || node.opType === 'MultiHeadAttention') throw unsupported(node, `a mask of rank ${rank}`);
  const places = countTo(emit, emit.dimOf(k, 2));
  return asScores(emit.op('Less', [places, emit.unsqueeze(emit.cast(mask, 'int64'), [1])]), [1, 2]);
}

/** [S, T]: no key behind the query's own place. */
function causal({ emit, node, input }: Site, q: string, k: string): string {
  // [2, B, heads, P, ..] or [B, heads, P, ..]
  const isPair = node.opType === 'Attention';
  const past = input(isPair ? 4 : 6);
  const { ofQueries, ofKeys } = placesOf(emit, q, k, past === '' ? '' : emit.dimOf(past, isPair ? 3 : 2));
  const allowed = emit.op('LessOrEqual', [ofKeys, ofQueries]);
  return unlessSeen(emit, allowed, floatOf(node, 'mask_filter_value', -10_000));
}

/**
 * Inputs query [B, S, heads·D], key and value [B, S, key heads·D], or all in the first; keys and values of the past
 * [B, key heads, P, D], of which a row may use less; number of keys of each row less one [B]; tables of cosines and sines, places;
 * bias of the scores; scores of a sink for each head. A query sees itself, what is before it, and of that the last
 * `local_window_size` where there is such.
 */
export const GroupQueryAttention: PlainForm = (site) => {
  const { emit, node, input, shape } = site;
  if (node.inputs.length > 12 && node.inputs.slice(12).some((name) => name !== ''))
    throw unsupported(node, 'a past of few bits');
  const [heads, keyHeads] = [intOf(node, 'num_heads', 1), intOf(node, 'kv_num_heads', 1)];
  const width = shape(input(0))[2];
  if (typeof width !== 'number') throw unsupported(node, 'the width of its queries is not known');
  const isPacked = input(1) === '';
  const size = width / (isPacked ? heads + 2 * keyHeads : heads);
  const parts = isPacked
    ? emit.ops('Split', [input(0), emit.integers([heads, keyHeads, keyHeads].map((count) => count * size))], 3, {
        axis: int(-1),
      })
    : [input(0), input(1), input(2)];
  // [B]: what each row has of the past.
  const own = emit.add(
    emit.cast(emit.reshape(input(5), [-1]), 'int64'),
    emit.sub(emit.integers([1]), emit.dimOf(input(0), 1)),
  );
  const past = emit.op('Max', [own, emit.integers([0])]);
  const counts = [heads, keyHeads, keyHeads];
  const [q, k, v] = parts.map((value, at) => {
    const split = splitHeads(emit, value, counts[at] as number);
    return at < 2 && intOf(node, 'do_rotary', 0) === 1 ? turned(site, split, past) : split;
  }) as [string, string, string];
  const behind = (at: number, value: string) => (input(at) === '' ? value : concat(emit, [input(at), value], 2));
  const [keys, values] = [behind(3, k), behind(4, v)];
  const seen = attend(emit, {
    ...{ q, k: keys, v: values, heads, keyHeads },
    scale: floatOf(node, 'scale', 0) || 1 / Math.sqrt(size),
    softcap: floatOf(node, 'softcap', 0),
    added: [input(10), window(site, q, input(3), past)],
    sink: sinkOf(site, heads),
  });
  return [joinHeads(emit, seen), keys, values];
};

/** One score a head, or 0 with `smooth_softmax`. */
function sinkOf({ emit, node, input }: Site, heads: number): string {
  if (input(11) !== '') return emit.unsqueeze(input(11), [0, 2, 3]);
  return intOf(node, 'smooth_softmax', 0) === 1 ? emit.constant(Array<number>(heads).fill(0), [1, heads, 1, 1]) : '';
}

/** [B, heads, S, D] with its pairs turned by the places of each row. */
function turned(site: Site, x: string, past: string): string {
  const { emit, node, input } = site;
  const places = input(9) === '' ? emit.add(emit.unsqueeze(past, [1]), countTo(emit, emit.dimOf(x, 2))) : input(9);
  const [cos, sin] = [7, 8].map((at) => emit.op('Gather', [input(at), places])) as [string, string];
  const isInterleaved = intOf(node, 'rotary_interleaved', 0) === 1;
  return rotate(emit, { x, headAxis: 1, cos, sin, half: widthOfTables(site, 7), isInterleaved });
}

/**
 * [B, 1, S, P + S]: the keys of the past that a row has, and its own up to the query, none farther away than the window. Keys of
 * the past come first, so that the place of its own key s is that of the query s.
 */
function window({ emit, node }: Site, q: string, pastKeys: string, past: string): string {
  // [B, 1, 1, 1] and [S, 1]
  const begin = emit.unsqueeze(past, [1, 2, 3]);
  const steps = countTo(emit, emit.dimOf(q, 2));
  const ofQueries = emit.add(begin, emit.unsqueeze(steps, [1]));
  const zeros = emit.mul(begin, emit.integers([0]));
  const stored = pastKeys === '' ? null : countTo(emit, emit.dimOf(pastKeys, 2));
  // [B, 1, 1, P + S]; what a row does not have lies behind all queries.
  const ofStored = (places: string) => {
    const missing = emit.cast(emit.op('GreaterOrEqual', [places, begin]), 'int64');
    return emit.add(places, emit.mul(missing, emit.integers([2 ** 40])));
  };
  const own = emit.add(begin, steps);
  const ofKeys = stored === null ? own : concat(emit, [emit.add(zeros, ofStored(stored)), own], 3);
  const distance = emit.sub(ofQueries, ofKeys);
  const isBefore = emit.op('GreaterOrEqual', [distance, emit.integers([0])]);
  const reach = intOf(node, 'local_window_size', -1);
  const isNear = reach < 0 ? null : emit.op('Less', [distance, emit.integers([reach])]);
  return unlessSeen(emit, isNear === null ? isBefore : emit.op('And', [isBefore, isNear]), never);
}

/** x [B, S, H] or [B, heads, S, d], positions [B, S] or the first one [1], cosines and sines [places, r/2]. */
export const RotaryEmbedding: PlainForm = (site) => {
  const { emit, node, input, shape } = site;
  if (intOf(node, 'is_packed_batching', 0) !== 0) throw unsupported(node, 'sequences packed into one');
  if (floatOf(node, 'scale', 1) !== 1) throw unsupported(node, 'a scale');
  const isFlat = shape(input(0)).length === 3;
  const half = widthOfTables(site, 2);
  const heads = intOf(node, 'num_heads', 0);
  const x = isFlat ? emit.reshape(input(0), heads === 0 ? [0, 0, -1, 2 * half] : [0, 0, heads, -1]) : input(0);
  const isFirst = shape(input(1)).length === 1;
  const places = countTo(emit, emit.dimOf(x, isFlat ? 1 : 2));
  const positions = isFirst ? emit.unsqueeze(emit.add(input(1), places), [0]) : input(1);
  const whole = rotate(emit, {
    x,
    headAxis: isFlat ? 2 : 1,
    cos: emit.op('Gather', [input(2), positions]),
    sin: emit.op('Gather', [input(3), positions]),
    half,
    isInterleaved: intOf(node, 'interleaved', 0) === 1,
  });
  return [isFlat ? emit.reshapeLike(whole, input(0)) : whole];
};
