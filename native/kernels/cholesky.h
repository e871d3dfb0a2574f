// The stages of inverseUpperCholesky, in blocks: src-main/kernels/cholesky.ts. Each element takes its products in
// descending order, one multiplication and one subtraction at a time, as the plain loops do.
#pragma once

#include "lanes.h"

namespace {

constexpr size_t kCholeskyBlock = 64;
constexpr size_t kWide = 8;  // doubles of a vector

// R of the block left…right of the diagonal, in place. The row of the first pivot not above zero, or −1.
ptrdiff_t factorDiagonal(double* h, size_t n, size_t left, size_t right) {
  for (size_t k = right; k-- > left;) {
    const double pivot = h[k * n + k];
    if (!(pivot > 0) || pivot == __builtin_inf()) return (ptrdiff_t)k;
    const double root = __builtin_sqrt(pivot);
    h[k * n + k] = root;
    for (size_t i = left; i < k; i++) h[i * n + k] /= root;
    for (size_t i = left; i < k; i++)
      for (size_t j = i; j < k; j++) h[i * n + j] -= h[i * n + k] * h[j * n + k];
  }
  return -1;
}

// Columns left…right of R for the rows from…to above the block; panel [right − left, n] gets them as rows.
void solveRows(double* h, size_t n, size_t left, size_t right, size_t from, size_t to, double* panel) {
  double block[kCholeskyBlock][kCholeskyBlock];  // [k, j]: R_jk
  for (size_t k = left; k < right; k++)
    for (size_t j = left; j <= k; j++) block[k - left][j - left] = h[j * n + k];
  for (size_t i = from; i < to; i++) {
    double* row = h + i * n + left;
    for (size_t k = right - left; k-- > 0;) {
      const double factor = row[k] / block[k][k];
      row[k] = factor;
      for (size_t j = 0; j < k; j++) row[j] -= factor * block[k][j];
    }
    for (size_t k = 0; k < right - left; k++) panel[k * n + i] = row[k];
  }
}

// c [rows, width] −= a [rows, depth] · b [depth, width], the depth in descending order.
template <size_t rows, size_t vectors>
inline void multiplyTile(double* c, size_t cStride, const double* a, size_t aStride, const double* b, size_t bStride,
                         size_t depth) {
  Doubles sums[rows][vectors];
  for (size_t row = 0; row < rows; row++)
    for (size_t part = 0; part < vectors; part++) sums[row][part] = load(c + row * cStride + part * kWide);
  for (size_t k = depth; k-- > 0;)
    for (size_t part = 0; part < vectors; part++) {
      const Doubles factor = load(b + k * bStride + part * kWide);
      for (size_t row = 0; row < rows; row++) sums[row][part] -= a[row * aStride + k] * factor;
    }
  for (size_t row = 0; row < rows; row++)
    for (size_t part = 0; part < vectors; part++) store(c + row * cStride + part * kWide, sums[row][part]);
}

template <size_t rows>
inline void multiplyRows(double* c, size_t cStride, const double* a, size_t aStride, const double* b, size_t bStride,
                         size_t depth, size_t width) {
  size_t j = 0;
#if defined(__AVX512F__)
  for (; j + 4 * kWide <= width; j += 4 * kWide) multiplyTile<rows, 4>(c + j, cStride, a, aStride, b + j, bStride, depth);
#endif
  for (; j + kWide <= width; j += kWide) multiplyTile<rows, 1>(c + j, cStride, a, aStride, b + j, bStride, depth);
  for (; j < width; j++)
    for (size_t row = 0; row < rows; row++)
      for (size_t k = depth; k-- > 0;) c[row * cStride + j] -= a[row * aStride + k] * b[k * bStride + j];
}

// What the columns left…right take from the rows from…to; elements below the diagonal get values that nobody reads.
void updateRows(double* h, size_t n, size_t left, size_t right, size_t from, size_t to, const double* panel) {
  size_t i = from;
  for (; i + 4 <= to; i += 4)
    multiplyRows<4>(h + i * n + i, n, h + i * n + left, n, panel + i, n, right - left, left - i);
  for (; i < to; i++)
    multiplyRows<1>(h + i * n + i, n, h + i * n + left, n, panel + i, n, right - left, left - i);
}

// Rows top…bottom of R⁻¹ for the columns from…to, where the rows below are inverted already: rows [bottom − top, n].
void invertStrip(const double* h, size_t n, size_t top, size_t bottom, size_t from, size_t to, double* rows) {
  const size_t height = bottom - top;
  for (size_t row = 0; row < height; row++) memset(rows + row * n + from, 0, (to - from) * sizeof(double));
  for (size_t end = n; end > bottom;) {
    const size_t start = end - bottom > kCholeskyBlock ? end - kCholeskyBlock : bottom;
    const size_t left = start > from ? start : from;
    if (left < to) {
      size_t row = 0;
      for (; row + 4 <= height; row += 4)
        multiplyRows<4>(rows + row * n + left, n, h + (top + row) * n + start, n, h + start * n + left, n, end - start,
                        to - left);
      for (; row < height; row++)
        multiplyRows<1>(rows + row * n + left, n, h + (top + row) * n + start, n, h + start * n + left, n, end - start,
                        to - left);
    }
    end = start;
  }
  for (size_t i = bottom; i-- > top;) {
    double* row = rows + (i - top) * n;
    for (size_t k = bottom; k-- > i + 1;) {
      const double factor = h[i * n + k];
      const double* below = rows + (k - top) * n;
      for (size_t j = k > from ? k : from; j < to; j++) row[j] -= factor * below[j];
    }
    const double pivot = h[i * n + i];
    for (size_t j = i + 1 > from ? i + 1 : from; j < to; j++) row[j] /= pivot;
    if (i >= from && i < to) row[i] = 1 / pivot;
  }
}

}  // namespace
