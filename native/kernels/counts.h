// Histograms and the counts of radix select: src-main/kernels/grid-histogram.ts and magnitude.ts.
#pragma once

#include "lanes.h"

namespace {

// A histogram on a grid around 0.
struct GridHistogram {
  double *counts, *scalars;
  size_t side;
  // Four tables [2 * side] in turn, so that equal neighbours do not wait for each other; zero between two inputs.
  uint32_t* tables;
  size_t from, to;  // the bins in use of the tables

  double& width() const { return scalars[0]; }

  void flush() {
    const size_t bins = 2 * side;
    for (size_t bin = from; bin < to; bin++)
      counts[bin] += (double)tables[bin] + (double)tables[bins + bin] + (double)tables[2 * bins + bin] +
                     (double)tables[3 * bins + bin];
    for (size_t table = 0; from < to && table < 4; table++)
      memset(tables + table * bins + from, 0, (to - from) * sizeof *tables);
    from = bins;
    to = 0;
  }

  // Neighbours are merged until `magnitude`, above 0, lies inside.
  void reach(double magnitude) {
    const double wanted = __builtin_ldexp(1.0, __builtin_ilogb(magnitude) + 1) / (double)side;
    if (width() >= wanted) return;
    flush();
    if (width() == 0) width() = wanted;
    for (; width() < wanted; width() *= 2)
      for (size_t bin = 0; bin < side; bin++) {
        const bool isInside = 2 * bin < side;
        counts[side + bin] = isInside ? counts[side + 2 * bin] + counts[side + 2 * bin + 1] : 0;
        counts[side - 1 - bin] = isInside ? counts[side - 1 - 2 * bin] + counts[side - 2 - 2 * bin] : 0;
      }
  }

  size_t binOf(double value) const { return (size_t)((double)side + __builtin_floor(value / width())); }

  // Elements that lie inside, the least and the largest of which are given; `places` is for its own use.
  void add(const float* x, size_t n, float least, float largest, bool few, int32_t* places) {
    if (width() == 0) {
      counts[side] += (double)n;
      return;
    }
    // 2^-126 is the least normal float: from there on x / width and what it is rounded to are exact.
    if (width() < 0x1p-126) {
      for (size_t i = 0; i < n; i++) counts[binOf(x[i])]++;
      return;
    }
    const float step = (float)width(), perStep = (float)(1 / width());
    size_t i = 0;
    for (; i + kLanes <= n; i += kLanes) {
      const Floats value = load(x + i);
      Ints place = __builtin_convertvector(value * perStep, Ints);
      place += (Ints)(value < __builtin_convertvector(place, Floats) * step);  // towards minus infinity
      place += (int32_t)side;
      memcpy(places + i, &place, sizeof place);
    }
    for (; i < n; i++) places[i] = (int32_t)binOf(x[i]);
    if (few) {
      for (i = 0; i < n; i++) counts[places[i]]++;
      return;
    }
    const size_t bins = 2 * side, first = binOf(least), last = binOf(largest);
    from = first < from ? first : from;
    to = last + 1 > to ? last + 1 : to;
    for (i = 0; i + 4 <= n; i += 4) {
      tables[places[i]]++;
      tables[bins + places[i + 1]]++;
      tables[2 * bins + places[i + 2]]++;
      tables[3 * bins + places[i + 3]]++;
    }
    for (; i < n; i++) tables[places[i]]++;
  }
};

struct Seen {
  float least, largest;
  size_t zeros, broken;
};

// Extremes are those of all elements where none is broken.
inline Seen look(const float* x, size_t n) {
  Floats least = all(__builtin_inff()), largest = all(-__builtin_inff());
  Ints zeros = {}, broken = {};
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Floats value = load(x + i);
    const Ints magnitude = (Ints)value & 0x7fffffff;
    zeros -= (Ints)(magnitude == 0);
    broken -= (Ints)(magnitude >= 0x7f800000);
    least = smaller(value, least);
    largest = larger(value, largest);
  }
  Seen seen = {__builtin_inff(), -__builtin_inff(), 0, 0};
  for (size_t lane = 0; lane < kLanes; lane++) {
    seen.least = least[lane] < seen.least ? least[lane] : seen.least;
    seen.largest = largest[lane] > seen.largest ? largest[lane] : seen.largest;
    seen.zeros += zeros[lane];
    seen.broken += broken[lane];
  }
  for (; i < n; i++) {
    seen.least = x[i] < seen.least ? x[i] : seen.least;
    seen.largest = x[i] > seen.largest ? x[i] : seen.largest;
    seen.zeros += x[i] == 0.0f;
    seen.broken += !(__builtin_fabsf(x[i]) <= __FLT_MAX__);
  }
  return seen;
}

constexpr size_t kGridPart = 2048;

// Returns how many of x [samples, each] are NaN or infinite. `tables` holds zeros, and does so again.
size_t gridHistogram(const float* x, size_t samples, size_t each, double* scalars, double* counts, size_t side,
                     bool few, float* extremes, uint32_t* tables) {
  GridHistogram histogram = {counts, scalars, side, tables, 2 * side, 0};
  double &min = scalars[1], &max = scalars[2];
  size_t broken = 0;
  int32_t places[kGridPart];
  float finite[kGridPart];
  for (size_t sample = 0; sample < samples; sample++) {
    float least = __builtin_inff(), largest = -__builtin_inff();
    for (size_t start = 0; start < each; start += kGridPart) {
      const float* part = x + sample * each + start;
      size_t n = each - start < kGridPart ? each - start : kGridPart;
      Seen seen = look(part, n);
      if (seen.broken > 0) {
        broken += seen.broken;
        size_t kept = 0;
        for (size_t i = 0; i < n; i++)
          if (__builtin_fabsf(part[i]) <= __FLT_MAX__) finite[kept++] = part[i];
        part = finite;
        n = kept;
        seen = look(part, n);
      }
      if (n == 0) continue;
      least = seen.least < least ? seen.least : least;
      largest = seen.largest > largest ? seen.largest : largest;
      scalars[3] += (double)n;
      scalars[4] += (double)seen.zeros;
      min = (double)least < min ? (double)least + 0.0 : min;
      max = (double)largest > max ? (double)largest + 0.0 : max;
      const double magnitude = -min > max ? -min : max;
      if (magnitude > 0) histogram.reach(magnitude);
      histogram.add(part, n, seen.least, seen.largest, few, places);
    }
    extremes[sample] = least + 0.0f;
    extremes[samples + sample] = largest + 0.0f;
  }
  histogram.flush();
  return broken;
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
