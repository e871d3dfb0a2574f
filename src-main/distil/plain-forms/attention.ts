/**
 * Attention and the positions turned into it, in plain operators; onnxruntime's own forms of both are written with the same
 * functions.
 * Sources: Vaswani et al. 2017 (arXiv:1706.03762), section 3.2; Su et al. 2021 (arXiv:2104.09864); the operators' definitions in
 * ONNX (Attention-23 and -24, RotaryEmbedding-23).
 */

import { attributes } from '../../onnx/ir';
import type { Emitter } from '../emitter';
import { unsupported } from '../gradient';
import { concat, countTo, type PlainForm, type Site, sumOf } from './plain-form';

const { floatOf, int, intOf } = attributes;

export interface Heads {
  /** [B, heads, S, D]. */
  readonly q: string;
  /** [B, key heads, T, D]; each serves as many heads of queries, in order. */
  readonly k: string;
  /** [B, key heads, T, V]. */
  readonly v: string;
  readonly heads: number;
  readonly keyHeads: number;
  readonly scale: number;
  /** Added to the scores [B, heads, S, T]; '' = nothing. */
  readonly added: readonly string[];
  /** c·tanh(scores/c) in the place of the scores; 0 = not. */
  readonly softcap?: number;
  /** Scores [1, heads, 1, 1] of a key without a value. */
  readonly sink?: string;
}

/** softmax(scale·q·kᵀ + …)·v, head by head: [B, heads, S, V]. */
export function attend(emit: Emitter, given: Heads): string {
  const { q, k, v, heads, keyHeads, scale, added, softcap = 0, sink = '' } = given;
  const reshaped = (value: string, count: number) =>
    heads === keyHeads ? value : emit.reshape(value, [0, count, -1, 0]);
  const products = emit.matmul(reshaped(q, keyHeads), emit.transpose(k, [0, 1, 3, 2]));
  const scores = emit.scale(reshaped(products, heads), scale);
  const capped = softcap === 0 ? scores : emit.scale(emit.op('Tanh', [emit.scale(scores, 1 / softcap)]), softcap);
  const whole = sumOf(emit, [capped, ...added]);
  const weights = sink === '' ? emit.op('Softmax', [whole], { axis: int(-1) }) : besideSink(emit, whole, sink);
  return reshaped(emit.matmul(reshaped(weights, keyHeads), v), heads);
}

/** The softmax over keys of which the last, the sink, is left out again. */
function besideSink(emit: Emitter, scores: string, sink: string): string {
  const one = emit.integers([1]);
  const column = emit.op('Expand', [sink, concat(emit, [emit.dimOf(scores, 0), one, emit.dimOf(scores, 2), one], 0)]);
  const weights = emit.op('Softmax', [concat(emit, [scores, column], 3)], { axis: int(-1) });
  return emit.slice(weights, [0], [-1], [3]);
}

/** [B, S, heads·D] → [B, heads, S, D]. */
export function splitHeads(emit: Emitter, value: string, heads: number): string {
  return emit.transpose(emit.reshape(value, [0, 0, heads, -1]), [0, 2, 1, 3]);
}

/** [B, heads, S, D] → [B, S, heads·D]. */
export function joinHeads(emit: Emitter, value: string): string {
  return emit.reshape(emit.transpose(value, [0, 2, 1, 3]), [0, 0, -1]);
}

/** 0 where `allowed` (bool) holds, `far` elsewhere. */
export function unlessSeen(emit: Emitter, allowed: string, far: number): string {
  return emit.scale(emit.sub(emit.scalar(1), emit.mask(allowed)), far);
}

/** Far below all scores, and no infinity, of which sums make NaN. */
export const never = -1e30;

/** int64 [S, 1] and [1, T], or [B, 1, S, 1] where queries begin at `past` [B]: the places of queries and keys. */
export function placesOf(emit: Emitter, q: string, k: string, past: string): { ofQueries: string; ofKeys: string } {
  const own = emit.unsqueeze(countTo(emit, emit.dimOf(q, 2)), [1]);
  const ofQueries = past === '' ? own : emit.add(own, past);
  return { ofQueries, ofKeys: emit.unsqueeze(countTo(emit, emit.dimOf(k, 2)), [0]) };
}

/**
 * Q, K and V [B, S, heads·D] or [B, heads, S, D]; a mask that is added, or true where a key may be seen; keys and values of the
 * past; numbers of keys that are no padding.
 */
export const Attention: PlainForm = (site) => {
  const { emit, node, input, shape } = site;
  const isFlat = shape(input(0)).length === 3;
  const headsOf = (at: number, name: string) => {
    const count = isFlat ? intOf(node, name, 0) : shape(input(at))[1];
    if (typeof count !== 'number' || count === 0) throw unsupported(node, 'its number of heads is not known');
    return count;
  };
  const [heads, keyHeads] = [headsOf(0, 'q_num_heads'), headsOf(1, 'kv_num_heads')];
  const split = (at: number, count: number) => (isFlat ? splitHeads(emit, input(at), count) : input(at));
  const behind = (past: string, value: string) => (past === '' ? value : concat(emit, [past, value], 2));
  const q = split(0, heads);
  const [k, v] = [behind(input(4), split(1, keyHeads)), behind(input(5), split(2, keyHeads))];
  const size = isFlat ? widthOf(site, 0) / heads : shape(input(0))[3];
  if (typeof size !== 'number') throw unsupported(node, 'the width of its heads is not known');
  const seen = attend(emit, {
    ...{ q, k, v, heads, keyHeads },
    scale: floatOf(node, 'scale', 0) || 1 / Math.sqrt(size),
    softcap: floatOf(node, 'softcap', 0),
    added: [maskOf(site), ...limits(site, q, k)],
  });
  return [isFlat ? joinHeads(emit, seen) : seen, k, v];
};

function widthOf({ node, input, shape }: Site, at: number): number {
  const width = shape(input(at)).at(-1);
  if (typeof width !== 'number') throw unsupported(node, 'the width of its queries is not known');
  return width;
}

function maskOf({ emit, input, dtype }: Site): string {
  const mask = input(3);
  return mask === '' || dtype(mask) !== 'bool' ? mask : unlessSeen(emit, mask, never);
}

/** What causality and the lengths of sequences forbid. */
function limits(site: Site, q: string, k: string): string[] {
  const { emit, node, input } = site;
  const lengths = input(6) === '' ? '' : emit.unsqueeze(emit.cast(input(6), 'int64'), [1, 2, 3]);
  const past = input(4) !== '' ? emit.dimOf(input(4), 2) : lengths === '' ? '' : emit.sub(lengths, emit.dimOf(q, 2));
  const { ofQueries, ofKeys } = placesOf(emit, q, k, past);
  const terms: string[] = [];
  if (intOf(node, 'is_causal', 0) === 1)
    terms.push(unlessSeen(emit, emit.op('LessOrEqual', [ofKeys, ofQueries]), never));
  if (lengths !== '') terms.push(unlessSeen(emit, emit.op('Less', [ofKeys, lengths]), never));
  return terms;
}

export interface Rotation {
  /** [B, S, heads, D] or [B, heads, S, D]. */
  readonly x: string;
  /** Of x. */
  readonly headAxis: 1 | 2;
  /** Each [B or 1, S, r/2]. */
  readonly cos: string;
  readonly sin: string;
  /** r/2: pairs of each head that are turned. */
  readonly half: number;
  /** Whether the two of a pair lie side by side, or half a width apart. */
  readonly isInterleaved: boolean;
}

/** Pairs of the first r elements of each head turned by the angles of their place. */
export function rotate(emit: Emitter, { x, headAxis, half, isInterleaved, ...angles }: Rotation): string {
  const [cos, sin] = [emit.unsqueeze(angles.cos, [headAxis]), emit.unsqueeze(angles.sin, [headAxis])];
  const part = (from: number, to: number, step = 1) => emit.slice(x, [from], [to], [-1], [step]);
  const [a, b] = isInterleaved ? [part(0, 2 * half, 2), part(1, 2 * half, 2)] : [part(0, half), part(half, 2 * half)];
  const turned = [emit.sub(emit.mul(a, cos), emit.mul(b, sin)), emit.add(emit.mul(a, sin), emit.mul(b, cos))];
  const pairs = isInterleaved
    ? emit.reshape(
        concat(
          emit,
          turned.map((value) => emit.unsqueeze(value, [4])),
          4,
        ),
        [0, 0, 0, 2 * half],
      )
    : concat(emit, turned, -1);
  return concat(emit, [pairs, part(2 * half, Number.MAX_SAFE_INTEGER)], -1);
}

/** Tables of all places [places, r/2] with the places [B, S] of the samples, or of the samples themselves [B, S, r/2]. */
export const RotaryEmbedding: PlainForm = (site) => {
  const { emit, node, input, shape } = site;
  const isFlat = shape(input(0)).length === 3;
  const half = widthOfTables(site, 1);
  const at = (table: number) => (input(3) === '' ? input(table) : emit.op('Gather', [input(table), input(3)]));
  const turned = rotate(emit, {
    x: isFlat ? emit.reshape(input(0), [0, 0, intOf(node, 'num_heads', 0), -1]) : input(0),
    headAxis: isFlat ? 2 : 1,
    cos: at(1),
    sin: at(2),
    half,
    isInterleaved: intOf(node, 'interleaved', 0) === 1,
  });
  return [isFlat ? emit.reshapeLike(turned, input(0)) : turned];
};

/** r/2. */
export function widthOfTables({ node, input, shape }: Site, at: number): number {
  const half = shape(input(at)).at(-1);
  if (typeof half !== 'number') throw unsupported(node, 'the width of its tables is not known');
  return half;
}
