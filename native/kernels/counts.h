// Histograms and the counts of radix select: src-main/kernels/histogram.ts and magnitude.ts.
#pragma once

#include "lanes.h"

namespace {

// Four tables in turn, so that equal neighbours do not wait for each other; NaN goes to a bin of its own, the last.
size_t histogram(const float* x, size_t n, double low, double high, size_t bins, uint32_t* counts) {
  const double perUnit = (double)bins / (high - low);
  const double last = (double)(bins - 1);
  const size_t table = bins + 1;
  size_t outside = 0;
  int32_t places[256];
  for (size_t start = 0; start < n; start += 256) {
    const size_t count = n - start < 256 ? n - start : 256;
    uint32_t out = 0;
    for (size_t i = 0; i < count; i++) {
      const double value = (double)x[start + i];
      double place = (value - low) * perUnit;
      place = place > 0 ? place : 0;
      place = place < last ? place : last;
      out += (value < low) + (value > high);
      places[i] = value == value ? (int32_t)place : (int32_t)bins;
    }
    outside += out;
    size_t i = 0;
    for (; i + 4 <= count; i += 4) {
      counts[places[i]]++;
      counts[table + places[i + 1]]++;
      counts[2 * table + places[i + 2]]++;
      counts[3 * table + places[i + 3]]++;
    }
    for (; i < count; i++) counts[places[i]]++;
  }
  return outside;
}

void countUpper(const float* x, size_t n, uint32_t* counts) {
  for (size_t i = 0; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, 4);
    counts[(bits >> 16) & 0x7fff]++;
  }
}

void countLower(const float* x, size_t n, uint32_t upper, uint32_t* counts) {
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    Words bits;
    memcpy(&bits, x + i, sizeof bits);
    const Ints same = (((bits >> 16) & 0x7fff) == upper);
    bool any = false;
    for (size_t lane = 0; lane < kLanes; lane++) any |= same[lane] != 0;
    if (!any) continue;
    for (size_t lane = 0; lane < kLanes; lane++)
      if (same[lane] != 0) counts[bits[lane] & 0xffff]++;
  }
  for (; i < n; i++) {
    uint32_t bits;
    memcpy(&bits, x + i, 4);
    if (((bits >> 16) & 0x7fff) == upper) counts[bits & 0xffff]++;
  }
}

}  // namespace
