/**
 * How large the elements of a weight are, channel by channel and output by output. The weight is seen as rows of `inner`
 * elements; a slice of it starts `within` its first row.
 */

/** The rows that a slice touches: its first may be cut in front, its last behind. */
export interface Rows {
  readonly inner: number;
  readonly within: number;
  /** The channel of each. */
  readonly channels: Int32Array;
  /** The output of each; null: the outputs are the places within a row. */
  readonly outputs: Int32Array | null;
}

/**
 * Raises largest[channel] to the largest |x| of its rows, and adds their Σ x² to squares[channel], in eight interleaved
 * lanes for each row.
 * @param largest [channels]
 * @param squares [channels]
 */
export function addRowMagnitudes(x: Float32Array, rows: Rows, largest: Float64Array, squares: Float64Array): void {
  const lanes = new Float64Array(8);
  eachRow(x, rows, (row, start, end) => {
    const channel = rows.channels[row]!;
    lanes.fill(0);
    for (let i = start; i < end; i++) {
      const magnitude = Math.abs(x[i]!);
      if (magnitude > largest[channel]!) largest[channel] = magnitude;
      lanes[(i - start) & 7]! += magnitude * magnitude;
    }
    const [a, b, c, d, e, f, g, h] = lanes as unknown as [
      number,
      number,
      number,
      number,
      number,
      number,
      number,
      number,
    ];
    squares[channel]! += a + e + (c + g) + (b + f + (d + h));
  });
}

/**
 * Raises widest[choice, output] to the largest |factors[choice, channel] · x|.
 * @param factors [choices, channels], none below 0
 * @param widest [choices, outputs]
 */
export function raiseWidest(
  x: Float32Array,
  rows: Rows,
  choices: number,
  factors: Float64Array,
  widest: Float64Array,
): void {
  const channels = factors.length / choices;
  const outputs = widest.length / choices;
  eachRow(x, rows, (row, start, end, place) => {
    for (let choice = 0; choice < choices; choice++) {
      const factor = factors[choice * channels + rows.channels[row]!]!;
      const first = choice * outputs + (rows.outputs === null ? place : rows.outputs[row]!);
      const step = rows.outputs === null ? 1 : 0;
      for (let i = start, at = first; i < end; i++, at += step) {
        const width = Math.abs(x[i]!) * factor;
        if (width > widest[at]!) widest[at] = width;
      }
    }
  });
}

function eachRow(
  x: Float32Array,
  { inner, within }: Rows,
  visit: (row: number, start: number, end: number, place: number) => void,
): void {
  let place = within;
  for (let row = 0, start = 0; start < x.length; row++, place = 0) {
    const end = Math.min(x.length, start + inner - place);
    visit(row, start, end, place);
    start = end;
  }
}
