// Sums of products of patches: src-main/kernels/patch-products.ts.
#pragma once

#include "lanes.h"
#include "table.h"

namespace {

constexpr size_t kPartPlaces = 256;
constexpr size_t kVector = 8;  // doubles

// One element of the patches at `count` places from `from` on, `width` apart; 0 where it lies in the padding.
void patchElement(const float* x, const PatchGeometry& g, size_t tap, size_t from, size_t count, size_t width,
                  double* out) {
  const size_t taps[3] = {tap / (g.kernel[1] * g.kernel[2]), tap / g.kernel[2] % g.kernel[1], tap % g.kernel[2]};
  ptrdiff_t at[3];
  for (size_t axis = 0; axis < 3; axis++)
    at[axis] = (ptrdiff_t)(taps[axis] * g.dilations[axis]) - (ptrdiff_t)g.pads[axis];
  const ptrdiff_t stride = (ptrdiff_t)g.strides[2];
  const ptrdiff_t end = (ptrdiff_t)g.input[2];
  for (size_t done = 0; done < count;) {
    const size_t place = from + done;
    const size_t column = place % g.output[2];
    const size_t run = g.output[2] - column < count - done ? g.output[2] - column : count - done;
    const ptrdiff_t row = (ptrdiff_t)(place / g.output[2] % g.output[1] * g.strides[1]) + at[1];
    const ptrdiff_t plane = (ptrdiff_t)(place / g.output[2] / g.output[1] * g.strides[0]) + at[0];
    double* to = out + done * width;
    done += run;
    if (row < 0 || row >= (ptrdiff_t)g.input[1] || plane < 0 || plane >= (ptrdiff_t)g.input[0]) {
      for (size_t p = 0; p < run; p++) to[p * width] = 0;
      continue;
    }
    const float* line = x + (plane * (ptrdiff_t)g.input[1] + row) * end;
    ptrdiff_t source = (ptrdiff_t)column * stride + at[2];
    for (size_t p = 0; p < run; p++, source += stride)
      to[p * width] = source >= 0 && source < end ? (double)line[source] : 0.0;
  }
}

size_t patchWidth(size_t size) { return (size + kVector - 1) / kVector * kVector; }

// Patches [count, patchWidth] of one group with a 1 behind each, zeros behind that.
void patchRows(const float* x, const PatchGeometry& g, size_t channels, size_t from, size_t count, double* patches) {
  const size_t taps = g.kernel[0] * g.kernel[1] * g.kernel[2];
  const size_t area = g.input[0] * g.input[1] * g.input[2];
  const size_t size = channels * taps + 1;
  const size_t width = patchWidth(size);
  for (size_t row = 0; row + 1 < size; row++)
    patchElement(x + row / taps * area, g, row % taps, from, count, width, patches + row);
  for (size_t p = 0; p < count; p++)
    for (size_t row = size - 1; row < width; row++) patches[p * width + row] = row + 1 == size ? 1.0 : 0.0;
}

// Rows i…i + rows of a matrix, `vectors` vectors from column `first` on; what lies below the diagonal is left alone.
template <size_t rows, size_t vectors>
inline void productTile(const double* patches, size_t size, size_t count, const double* gates, size_t i, size_t first,
                        double* sums) {
  const size_t width = patchWidth(size);
  Doubles products[rows][vectors] = {};
  for (size_t p = 0; p < count; p++) {
    const double* patch = patches + p * width;
    for (size_t row = 0; row < rows; row++) {
      const double counted = gates[p] * patch[i + row];
      for (size_t part = 0; part < vectors; part++)
        products[row][part] += counted * load(patch + first + part * kVector);
    }
  }
  for (size_t row = 0; row < rows; row++) {
    double* out = sums + (i + row) * size;
    for (size_t j = i + row > first ? i + row : first; j < first + vectors * kVector && j < size; j++)
      out[j] += products[row][(j - first) / kVector][(j - first) % kVector];
  }
}

template <size_t rows>
inline void productRows(const double* patches, size_t size, size_t count, const double* gates, size_t i, double* sums) {
  size_t first = i / kVector * kVector;
  for (; first + 4 * kVector <= patchWidth(size); first += 4 * kVector)
    productTile<rows, 4>(patches, size, count, gates, i, first, sums);
  switch ((patchWidth(size) - first) / kVector) {
    case 3: return productTile<rows, 3>(patches, size, count, gates, i, first, sums);
    case 2: return productTile<rows, 2>(patches, size, count, gates, i, first, sums);
    case 1: return productTile<rows, 1>(patches, size, count, gates, i, first, sums);
  }
}

// Adds the products of `count` patches to one matrix [size, size]. `gates` has room for kPartPlaces.
void patchProducts(const double* patches, size_t size, size_t count, const float* values, double low, double high,
                   double closed, double* gates, double* sums) {
  for (size_t p = 0; p < count; p++)
    gates[p] = values == nullptr || ((double)values[p] > low && (double)values[p] < high) ? 1.0 : closed;
  size_t i = 0;
  for (; i + 4 <= size; i += 4) productRows<4>(patches, size, count, gates, i, sums);
  for (; i < size; i++) productRows<1>(patches, size, count, gates, i, sums);
}

}  // namespace
