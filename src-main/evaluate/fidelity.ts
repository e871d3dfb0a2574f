/** How near a model's outputs are to the baseline's, on the same samples, without keeping them. */

import type { Fidelity } from '../contract';
import { LatheError } from '../contract';
import { wilsonInterval } from '../kernels/wilson';
import type { NdArray } from '../onnx/ir';
import { asFloats } from './as-floats';
import type { Share } from './figures';

/** Adds up differences row by row: cosine of each row, signal-to-noise over all, greatest difference. */
export class FidelityMeter {
  #rows = 0;
  #cosineSum = 0;
  #cosineMin = Infinity;
  #signal = 0;
  #noise = 0;
  #maxAbs = 0;
  #broken = 0;
  #scored = 0;
  #sameTop = 0;

  /** Rows compared so far. */
  get rows(): number {
    return this.#rows;
  }

  /** Rows where only the model, not the baseline, gives NaN or infinity. */
  get brokenRows(): number {
    return this.#broken;
  }

  /**
   * @param reference rows of the baseline, one a sample; `own` the same rows of the model
   * @throws LatheError where the shapes differ
   */
  add(reference: NdArray, own: NdArray): void {
    if (reference.shape.join() !== own.shape.join()) {
      throw new LatheError({
        who: 'output',
        what: `the baseline gives shape [${reference.shape.join(', ')}], this model [${own.shape.join(', ')}]`,
        next: 'compare models that answer the same question',
      });
    }
    const rows = reference.shape[0] ?? 1;
    const scores = reference.shape.length === 2 && reference.dtype.startsWith('float');
    const a = asFloats(reference);
    const b = asFloats(own);
    const width = rows === 0 ? 0 : a.length / rows;
    for (let row = 0; row < rows; row++) {
      this.#addRow(a, b, row * width, width);
      if (scores && width > 1) this.#addDecision(a, b, row * width, width);
    }
  }

  #addRow(a: ArrayLike<number>, b: ArrayLike<number>, start: number, width: number): void {
    let product = 0;
    let normA = 0;
    let normB = 0;
    let noise = 0;
    let greatest = 0;
    for (let at = start; at < start + width; at++) {
      const x = a[at] as number;
      const y = b[at] as number;
      // Equal infinities (masked scores) do not differ, and carry no signal.
      if (x === y && !Number.isFinite(x)) continue;
      const difference = x - y;
      product += x * y;
      normA += x * x;
      normB += y * y;
      noise += difference * difference;
      if (Math.abs(difference) > greatest) greatest = Math.abs(difference);
    }
    this.#rows++;
    if (!Number.isFinite(noise)) {
      this.#broken++;
      this.#cosineMin = Math.min(this.#cosineMin, 0);
      return;
    }
    // As the reference evaluator: two rows of zeros are not alike.
    const cosine = product / (Math.sqrt(normA) * Math.sqrt(normB) + 1e-30);
    this.#cosineSum += cosine;
    this.#cosineMin = Math.min(this.#cosineMin, cosine);
    this.#signal += normA;
    this.#noise += noise;
    this.#maxAbs = Math.max(this.#maxAbs, greatest);
  }

  #addDecision(a: ArrayLike<number>, b: ArrayLike<number>, start: number, width: number): void {
    this.#scored++;
    if (greatestAt(a, start, width) === greatestAt(b, start, width)) this.#sameTop++;
  }

  /** Share of rows whose greatest score stands in the same place; null where the output is no row of scores. */
  get sameTop(): Share | null {
    if (this.#scored === 0) return null;
    return { value: this.#sameTop / this.#scored, ci95: wilsonInterval(this.#sameTop, this.#scored) };
  }

  /** null before any row was added. `sqnrDb` is null where there is no difference at all. */
  result(agreement: Share | null): Fidelity | null {
    if (this.#rows === 0) return null;
    const finite = this.#noise > 0 && this.#signal > 0;
    return {
      agreement: agreement?.value ?? null,
      agreementCi95: agreement?.ci95 ?? null,
      cosineMean: this.#cosineSum / this.#rows,
      cosineMin: this.#cosineMin,
      sqnrDb: finite ? 10 * Math.log10(this.#signal / this.#noise) : null,
      maxAbs: this.#maxAbs,
    };
  }
}

/** Place of the first greatest value. */
function greatestAt(values: ArrayLike<number>, start: number, width: number): number {
  let best = start;
  for (let at = start + 1; at < start + width; at++) if ((values[at] as number) > (values[best] as number)) best = at;
  return best - start;
}
