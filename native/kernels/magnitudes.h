// Sizes of a weight's elements by channel and output: src-main/kernels/scaled-magnitudes.ts.
#pragma once

#include "lanes.h"
#include "channels.h"

namespace {

void rowMagnitudes(const float* x, size_t n, size_t inner, size_t within, const int32_t* channels, double* largest,
                   double* squares) {
  for (size_t start = 0, row = 0; start < n; row++, within = 0) {
    const size_t end = n - start > inner - within ? start + inner - within : n;
    const double magnitude = (double)absMaxRun(x + start, end - start, 0.0f);
    if (magnitude > largest[channels[row]]) largest[channels[row]] = magnitude;
    ErrorLanes lanes;
    size_t i = start;
    for (; i + 8 <= end; i += 8) {
      HalfFloats value;
      memcpy(&value, x + i, sizeof value);
      lanes.add(value, HalfFloats{});
    }
    for (; i < end; i++) lanes.sums[(i - start) & 7] += (double)x[i] * (double)x[i];
    squares[channels[row]] += lanes.total();
    start = end;
  }
}

// Outputs from…to of all choices, where the outputs are the places within a row.
void widestPlaces(const float* x, size_t n, size_t inner, size_t within, const int32_t* channels, size_t choices,
                  const double* factors, size_t channelCount, double* widest, size_t outputs, size_t from, size_t to) {
  for (size_t start = 0, row = 0; start < n; row++, within = 0) {
    const size_t end = n - start > inner - within ? start + inner - within : n;
    const size_t left = within > from ? within : from;
    const size_t right = within + (end - start) < to ? within + (end - start) : to;
    const float* part = x + start - within;
    for (size_t choice = 0; left < right && choice < choices; choice++) {
      const double factor = factors[choice * channelCount + (size_t)channels[row]];
      double* out = widest + choice * outputs;
      for (size_t o = left; o < right; o++) {
        const double width = (double)__builtin_fabsf(part[o]) * factor;
        out[o] = width > out[o] ? width : out[o];
      }
    }
    start = end;
  }
}

// Choices from…to, where each row belongs to one output.
void widestRows(const float* x, size_t n, size_t inner, size_t within, const int32_t* channels, const int32_t* rowOutputs,
                size_t from, size_t to, const double* factors, size_t channelCount, double* widest, size_t outputs) {
  for (size_t start = 0, row = 0; start < n; row++, within = 0) {
    const size_t end = n - start > inner - within ? start + inner - within : n;
    // A factor that is not below 0 keeps the order, so the largest product is that of the largest element.
    const double magnitude = (double)absMaxRun(x + start, end - start, 0.0f);
    for (size_t choice = from; choice < to; choice++) {
      const double width = magnitude * factors[choice * channelCount + (size_t)channels[row]];
      double* out = widest + choice * outputs + rowOutputs[row];
      *out = width > *out ? width : *out;
    }
    start = end;
  }
}

}  // namespace
