// Histograms and the counts of radix select: src-main/kernels/histogram.ts and magnitude.ts.
#pragma once

#include "lanes.h"

namespace {

// The bins of `count` values, at most kHistogramPart; a bin that is not there, the one after the last, for NaN.
constexpr size_t kHistogramPart = 256;

inline uint32_t placesOf(const float* x, size_t count, double low, double high, size_t bins, int32_t* places) {
  const double perUnit = (double)bins / (high - low);
  const double last = (double)(bins - 1);
  uint32_t outside = 0;
  for (size_t i = 0; i < count; i++) {
    const double value = (double)x[i];
    double place = (value - low) * perUnit;
    place = place > 0 ? place : 0;
    place = place < last ? place : last;
    outside += (value < low) + (value > high);
    places[i] = value == value ? (int32_t)place : (int32_t)bins;
  }
  return outside;
}

// Four tables in turn, so that equal neighbours do not wait for each other.
size_t histogram(const float* x, size_t n, double low, double high, size_t bins, uint32_t* counts) {
  const size_t table = bins + 1;
  size_t outside = 0;
  int32_t places[kHistogramPart];
  for (size_t start = 0; start < n; start += kHistogramPart) {
    const size_t count = n - start < kHistogramPart ? n - start : kHistogramPart;
    outside += placesOf(x + start, count, low, high, bins, places);
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

void mergeHistogram(const uint32_t* counts, size_t bins, double* sums) {
  const size_t table = bins + 1;
  for (size_t i = 0; i < bins; i++)
    sums[i] += (double)(counts[i] + counts[table + i] + counts[2 * table + i] + counts[3 * table + i]);
}

// Without tables, for few values.
size_t smallHistogram(const float* x, size_t n, double low, double high, size_t bins, double* sums) {
  size_t outside = 0;
  int32_t places[kHistogramPart];
  for (size_t start = 0; start < n; start += kHistogramPart) {
    const size_t count = n - start < kHistogramPart ? n - start : kHistogramPart;
    outside += placesOf(x + start, count, low, high, bins, places);
    for (size_t i = 0; i < count; i++)
      if ((size_t)places[i] < bins) sums[places[i]]++;
  }
  return outside;
}

size_t zeros(const float* x, size_t n) {
  size_t total = 0;
  for (size_t start = 0; start < n; start += 1u << 20) {
    const size_t end = n - start > (1u << 20) ? start + (1u << 20) : n;
    uint32_t count = 0;
    for (size_t i = start; i < end; i++) count += x[i] == 0.0f;
    total += count;
  }
  return total;
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
