/** y[j, i] = x[i, j]. @param x [rows, columns] @param y [columns, rows], written */
export function transpose(x: Float32Array, rows: number, columns: number, y: Float32Array): void {
  const tile = 32;
  for (let top = 0; top < rows; top += tile) {
    const bottom = Math.min(rows, top + tile);
    for (let left = 0; left < columns; left += tile) {
      const right = Math.min(columns, left + tile);
      for (let i = top; i < bottom; i++) for (let j = left; j < right; j++) y[j * rows + i] = x[i * columns + j]!;
    }
  }
}

/** The same in an array of its own: [columns, rows]. @param x [rows, columns] */
export function transposed(x: Float32Array, rows: number, columns: number): Float32Array {
  const y = new Float32Array(x.length);
  transpose(x, rows, columns, y);
  return y;
}
