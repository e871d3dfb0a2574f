// Sums of products of patches: src-main/kernels/patch-products.ts.
#pragma once

#include "lanes.h"
#include "table.h"

namespace {

constexpr size_t kPartPlaces = 256;
constexpr size_t kVector = 8;  // doubles

// Where in a channel the elements of the patches at `count` places lie: offsets [taps, kPartPlaces], −1 in the padding.
void patchOffsets(const PatchGeometry& g, size_t from, size_t count, int32_t* offsets) {
  const size_t taps = g.kernel[0] * g.kernel[1] * g.kernel[2];
  for (size_t p = 0; p < count; p++) {
    const size_t place = from + p;
    const size_t out[3] = {place / g.output[2] / g.output[1], place / g.output[2] % g.output[1], place % g.output[2]};
    for (size_t tap = 0; tap < taps; tap++) {
      const size_t at[3] = {tap / (g.kernel[1] * g.kernel[2]), tap / g.kernel[2] % g.kernel[1], tap % g.kernel[2]};
      int64_t offset = 0;
      for (size_t axis = 0; axis < 3 && offset >= 0; axis++) {
        const int64_t source =
            (int64_t)(out[axis] * g.strides[axis] + at[axis] * g.dilations[axis]) - (int64_t)g.pads[axis];
        const bool isWithin = source >= 0 && source < (int64_t)g.input[axis];
        offset = isWithin ? offset * (int64_t)g.input[axis] + source : -1;
      }
      offsets[tap * kPartPlaces + p] = (int32_t)offset;
    }
  }
}

size_t patchWidth(size_t size) { return (size + kVector - 1) / kVector * kVector; }

// Patches [count, patchWidth] of one group with a 1 behind each, zeros behind that.
void patchRows(const float* x, size_t area, size_t taps, size_t channels, const int32_t* offsets, size_t count,
               double* patches) {
  const size_t size = channels * taps + 1;
  const size_t width = patchWidth(size);
  for (size_t row = 0; row + 1 < size; row++) {
    const float* channel = x + row / taps * area;
    const int32_t* own = offsets + row % taps * kPartPlaces;
    for (size_t p = 0; p < count; p++) patches[p * width + row] = own[p] < 0 ? 0.0 : (double)channel[own[p]];
  }
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
    double made[vectors * kVector];
    memcpy(made, products[row], sizeof made);
    double* out = sums + (i + row) * size + first;
    const size_t end = size - first < vectors * kVector ? size - first : vectors * kVector;
    for (size_t j = i + row > first ? i + row - first : 0; j < end; j++) out[j] += made[j];
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
