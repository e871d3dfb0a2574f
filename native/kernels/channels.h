// Ranges and integer codes, channel by channel: src-main/kernels/channels.ts.
#pragma once

#include "lanes.h"

namespace {

// Calls visit(channel, start, end) for each run of elements of one channel.
template <class Visit>
void eachRun(size_t n, size_t channels, size_t inner, size_t first, Visit visit) {
  if (channels == 1) return visit(0, 0, n);
  size_t within = first % inner;
  size_t channel = first / inner % channels;
  for (size_t start = 0; start < n;) {
    size_t end = start + inner - within;
    if (end > n) end = n;
    visit(channel, start, end);
    start = end;
    within = 0;
    if (++channel == channels) channel = 0;
  }
}

// Calls visit(start, column, count) for the part of each row that lies in columns from…to; inner is 1.
template <class Visit>
void eachRowPart(size_t n, size_t channels, size_t first, size_t from, size_t to, Visit visit) {
  size_t column = first % channels;
  for (size_t start = 0; start < n;) {
    const size_t rowEnd = start + channels - column;
    const size_t left = column > from ? column : from;
    size_t right = to;
    if (rowEnd > n && right > column + (n - start)) right = column + (n - start);
    if (left < right) visit(start + (left - column), left, right - left);
    start = rowEnd;
    column = 0;
  }
}

float absMaxRun(const float* x, size_t n, float start) {
  Floats largest[4] = {all(start), all(start), all(start), all(start)};
  size_t i = 0;
  for (; i + 64 <= n; i += 64)
    for (size_t part = 0; part < 4; part++)
      largest[part] = larger(magnitudes(load(x + i + 16 * part)), largest[part]);
  const Floats merged = larger(larger(largest[0], largest[1]), larger(largest[2], largest[3]));
  float result = start;
  for (size_t lane = 0; lane < kLanes; lane++)
    if (merged[lane] > result) result = merged[lane];
  for (; i < n; i++) {
    const float magnitude = __builtin_fabsf(x[i]);
    if (magnitude > result) result = magnitude;
  }
  return result;
}

void absMaxRuns(const float* x, size_t n, size_t channels, size_t inner, size_t first, float* largest) {
  eachRun(n, channels, inner, first, [&](size_t channel, size_t start, size_t end) {
    largest[channel] = absMaxRun(x + start, end - start, largest[channel]);
  });
}

void absMaxColumns(const float* x, size_t n, size_t channels, size_t first, size_t from, size_t to, float* largest) {
  eachRowPart(n, channels, first, from, to, [&](size_t start, size_t column, size_t count) {
    const float* row = x + start;
    float* out = largest + column;
    for (size_t i = 0; i < count; i++) {
      const float magnitude = __builtin_fabsf(row[i]);
      out[i] = magnitude > out[i] ? magnitude : out[i];
    }
  });
}

void rangeRun(const float* x, size_t n, float* min, float* max) {
  Floats low[2] = {all(*min), all(*min)};
  Floats high[2] = {all(*max), all(*max)};
  size_t i = 0;
  for (; i + 32 <= n; i += 32)
    for (size_t part = 0; part < 2; part++) {
      const Floats value = load(x + i + 16 * part);
      low[part] = smaller(value, low[part]);
      high[part] = larger(value, high[part]);
    }
  const Floats least = smaller(low[0], low[1]);
  const Floats most = larger(high[0], high[1]);
  for (size_t lane = 0; lane < kLanes; lane++) {
    if (least[lane] < *min) *min = least[lane];
    if (most[lane] > *max) *max = most[lane];
  }
  for (; i < n; i++) {
    if (x[i] < *min) *min = x[i];
    if (x[i] > *max) *max = x[i];
  }
}

void rangeRuns(const float* x, size_t n, size_t channels, size_t inner, size_t first, float* min, float* max) {
  eachRun(n, channels, inner, first, [&](size_t channel, size_t start, size_t end) {
    rangeRun(x + start, end - start, min + channel, max + channel);
  });
}

void rangeColumns(const float* x, size_t n, size_t channels, size_t first, size_t from, size_t to, float* min,
                  float* max) {
  eachRowPart(n, channels, first, from, to, [&](size_t start, size_t column, size_t count) {
    const float* row = x + start;
    float* low = min + column;
    float* high = max + column;
    for (size_t i = 0; i < count; i++) {
      low[i] = row[i] < low[i] ? row[i] : low[i];
      high[i] = row[i] > high[i] ? row[i] : high[i];
    }
  });
}

size_t nonFinite(const float* x, size_t n) {
  size_t total = 0;
  for (size_t start = 0; start < n; start += 1u << 20) {
    const size_t end = n - start > (1u << 20) ? start + (1u << 20) : n;
    uint32_t count = 0;
    for (size_t i = start; i < end; i++) {
      uint32_t bits;
      memcpy(&bits, x + i, 4);
      count += (bits & 0x7f800000u) == 0x7f800000u;
    }
    total += count;
  }
  return total;
}

// Sum of squares in eight interleaved lanes, as quantizeChannels states it.
struct ErrorLanes {
  Doubles sums = {};
  void add(HalfFloats difference8A, HalfFloats x8A) {
    const Doubles d = __builtin_convertvector(difference8A, Doubles) - __builtin_convertvector(x8A, Doubles);
    sums += d * d;
  }
  double total() const {
    return ((sums[0] + sums[4]) + (sums[2] + sums[6])) + ((sums[1] + sums[5]) + (sums[3] + sums[7]));
  }
};

template <class Code>
void storeCodes(Code* codes, Ints value) {
  Code narrow[kLanes];
  for (size_t lane = 0; lane < kLanes; lane++) narrow[lane] = (Code)value[lane];
  memcpy(codes, narrow, sizeof narrow);
}

inline HalfFloats lowerHalf(Floats value) {
  HalfFloats half;
  memcpy(&half, &value, sizeof half);
  return half;
}

inline HalfFloats upperHalf(Floats value) {
  HalfFloats half;
  memcpy(&half, reinterpret_cast<const char*>(&value) + sizeof half, sizeof half);
  return half;
}

template <class Code, bool withCodes, bool withErrors>
void quantizeRun(const float* x, size_t n, float scale, int32_t zeroPoint, int32_t low, int32_t high, Code* codes,
                 double* error) {
  const float least = (float)(low - zeroPoint);
  const float most = (float)(high - zeroPoint);
  ErrorLanes lanes;
  size_t i = 0;
  for (; i + kLanes <= n; i += kLanes) {
    const Floats value = load(x + i);
    const Floats whole = wholeOf(value / scale, all(least), all(most));
    if (withCodes) storeCodes(codes + i, __builtin_convertvector(whole, Ints) + zeroPoint);
    if (withErrors) {
      const Floats back = whole * scale;
      lanes.add(lowerHalf(back), lowerHalf(value));
      lanes.add(upperHalf(back), upperHalf(value));
    }
  }
  for (; i < n; i++) {
    const float whole = wholeOf(x[i] / scale, least, most);
    if (withCodes) codes[i] = (Code)((int32_t)whole + zeroPoint);
    if (withErrors) {
      const double d = (double)(whole * scale) - (double)x[i];
      lanes.sums[i & 7] += d * d;
    }
  }
  if (withErrors) *error += lanes.total();
}

template <class Code, bool withCodes, bool withErrors>
void quantizeRow(const float* x, size_t n, const float* scales, const int32_t* zeroPoints, int32_t low, int32_t high,
                 Code* codes, double* errors) {
  for (size_t i = 0; i < n; i++) {
    const int32_t zeroPoint = zeroPoints == nullptr ? 0 : zeroPoints[i];
    const float whole = wholeOf(x[i] / scales[i], (float)(low - zeroPoint), (float)(high - zeroPoint));
    if (withCodes) codes[i] = (Code)((int32_t)whole + zeroPoint);
    if (withErrors) {
      const double d = (double)(whole * scales[i]) - (double)x[i];
      errors[i] += d * d;
    }
  }
}

// Picks the instance for the width of a code and for what is asked for.
template <class Run>
void withForm(int codeBytes, void* codes, double* errors, Run run) {
  if (codes == nullptr) return run.template operator()<uint8_t, false, true>();
  if (codeBytes == 1) {
    if (errors == nullptr) return run.template operator()<uint8_t, true, false>();
    return run.template operator()<uint8_t, true, true>();
  }
  if (errors == nullptr) return run.template operator()<uint16_t, true, false>();
  return run.template operator()<uint16_t, true, true>();
}

struct QuantizeArguments {
  const float* x;
  size_t n, channels, inner, first, from, to;
  const float* scales;
  const int32_t* zeroPoints;
  int32_t low, high;
  void* codes;
  double* errors;
};

struct RunsForm {
  QuantizeArguments a;
  template <class Code, bool withCodes, bool withErrors>
  void operator()() const {
    eachRun(a.n, a.channels, a.inner, a.first, [&](size_t channel, size_t start, size_t end) {
      quantizeRun<Code, withCodes, withErrors>(
          a.x + start, end - start, a.scales[channel], a.zeroPoints == nullptr ? 0 : a.zeroPoints[channel], a.low,
          a.high, static_cast<Code*>(a.codes) + (withCodes ? start : 0), withErrors ? a.errors + channel : nullptr);
    });
  }
};

struct ColumnsForm {
  QuantizeArguments a;
  template <class Code, bool withCodes, bool withErrors>
  void operator()() const {
    eachRowPart(a.n, a.channels, a.first, a.from, a.to, [&](size_t start, size_t column, size_t count) {
      quantizeRow<Code, withCodes, withErrors>(
          a.x + start, count, a.scales + column, a.zeroPoints == nullptr ? nullptr : a.zeroPoints + column, a.low,
          a.high, static_cast<Code*>(a.codes) + (withCodes ? start : 0), withErrors ? a.errors + column : nullptr);
    });
  }
};

void quantizeRuns(const float* x, size_t n, size_t channels, size_t inner, size_t first, const float* scales,
                  const int32_t* zeroPoints, int32_t low, int32_t high, int codeBytes, void* codes, double* errors) {
  withForm(codeBytes, codes, errors,
           RunsForm{{x, n, channels, inner, first, 0, channels, scales, zeroPoints, low, high, codes, errors}});
}

void quantizeColumns(const float* x, size_t n, size_t channels, size_t first, size_t from, size_t to,
                     const float* scales, const int32_t* zeroPoints, int32_t low, int32_t high, int codeBytes,
                     void* codes, double* errors) {
  withForm(codeBytes, codes, errors,
           ColumnsForm{{x, n, channels, 1, first, from, to, scales, zeroPoints, low, high, codes, errors}});
}

}  // namespace
