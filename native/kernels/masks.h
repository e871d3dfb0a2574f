// Masks by threshold and by N:M pattern: src-main/kernels/magnitude.ts and n-of-m.ts.
#pragma once

#include "lanes.h"

namespace {

void maskBelow(const float* x, size_t n, float threshold, size_t tieEnd, uint8_t* mask) {
  const size_t middle = tieEnd < n ? tieEnd : n;
  for (size_t i = 0; i < middle; i++) mask[i] = __builtin_fabsf(x[i]) <= threshold ? 0 : 1;
  for (size_t i = middle; i < n; i++) mask[i] = __builtin_fabsf(x[i]) < threshold ? 0 : 1;
}

inline uint32_t magnitudeBits(const float* x) {
  uint32_t bits;
  memcpy(&bits, x, 4);
  return bits & 0x7fffffff;
}

// One group of `members` values `stride` apart in each of `lanes` neighbouring places.
inline void maskLanes(const float* x, size_t stride, size_t step, size_t lanes, size_t members, size_t keep,
                      uint8_t* mask) {
  for (size_t i = 0; i < members; i++) {
    uint32_t larger[64] = {};
    for (size_t j = 0; j < members; j++) {
      if (j == i) continue;
      const uint32_t tie = j < i;
      for (size_t lane = 0; lane < lanes; lane++) {
        const uint32_t own = magnitudeBits(x + lane * step + i * stride);
        const uint32_t other = magnitudeBits(x + lane * step + j * stride);
        larger[lane] += other + tie > own;
      }
    }
    for (size_t lane = 0; lane < lanes; lane++) mask[lane * step + i * stride] = larger[lane] < keep;
  }
}

void maskGroups(const float* x, size_t slices, size_t size, size_t inner, size_t n, size_t m, uint8_t* mask) {
  for (size_t slice = 0; slice < slices; slice++) {
    const size_t base = slice * size * inner;
    const size_t whole = size / m;
    // Whole groups lie side by side where the values of a group do (inner 1), else lanes are neighbouring places.
    if (inner == 1) {
      size_t group = 0;
      for (; group + 64 <= whole; group += 64) maskLanes(x + base + group * m, 1, m, 64, m, n, mask + base + group * m);
      if (group < whole) maskLanes(x + base + group * m, 1, m, whole - group, m, n, mask + base + group * m);
    } else {
      for (size_t group = 0; group < whole; group++)
        for (size_t lane = 0; lane < inner; lane += 64) {
          const size_t at = base + group * m * inner + lane;
          maskLanes(x + at, inner, 1, inner - lane < 64 ? inner - lane : 64, m, n, mask + at);
        }
    }
    const size_t rest = size - whole * m;
    if (rest == 0) continue;
    const size_t keep = (n * rest + m - 1) / m;
    for (size_t lane = 0; lane < inner; lane += 64) {
      const size_t at = base + whole * m * inner + lane;
      maskLanes(x + at, inner, 1, inner - lane < 64 ? inner - lane : 64, rest, keep, mask + at);
    }
  }
}

}  // namespace
