// Codes of single outputs by a layer's Gram matrix: src-main/kernels/feedback-rounding.ts and descend-codes.ts.
#pragma once

#include "lanes.h"

namespace {

// Half up, as Math.round.
inline double roundHalfUp(double value) {
  const double whole = __builtin_floor(value);
  return value - whole >= 0.5 ? whole + 1 : whole;
}

// w [inputs] is overwritten.
void feedbackRow(double* w, const double* upper, size_t inputs, double scale, double limit, int8_t* codes) {
  constexpr double kRoundDouble = 6755399441055744.0;
  for (size_t j = 0; j < inputs; j++) {
    const double value = w[j];
    double code = value / scale + kRoundDouble - kRoundDouble;
    code = code > -limit ? code : -limit;
    code = code < limit ? code : limit;
    codes[j] = (int8_t)code;
    const double* row = upper + j * inputs;
    const double error = (value - code * scale) / row[j];
    for (size_t i = j + 1; i < inputs; i++) w[i] -= row[i] * error;
  }
}

// `error` and `gradient` [inputs] are for its own use.
double descendRow(const double* w, const double* h, size_t inputs, double scale, double limit, bool upOrDown,
                  int8_t* codes, double* error, double* gradient) {
  for (size_t j = 0; j < inputs; j++) {
    error[j] = w[j] - scale * (double)codes[j];
    gradient[j] = 0;
  }
  for (size_t j = 0; j < inputs; j++) {
    const double e = error[j];
    if (e == 0) continue;
    for (size_t i = 0; i < inputs; i++) gradient[i] += h[j * inputs + i] * e;
  }
  bool moved = true;
  for (int sweep = 0; moved && sweep < 20; sweep++) {
    moved = false;
    for (size_t j = 0; j < inputs; j++) {
      if (2 * __builtin_fabs(gradient[j]) <= scale * h[j * inputs + j] * (1 + 1e-9)) continue;
      const double step = gradient[j] > 0 ? 1 : gradient[j] < 0 ? -1 : 0;
      const double code = (double)codes[j] + step;
      if (__builtin_fabs(code) > limit || (upOrDown && __builtin_fabs(w[j] / scale - code) >= 1)) continue;
      codes[j] = (int8_t)code;
      const double change = scale * step;
      error[j] -= change;
      for (size_t i = 0; i < inputs; i++) gradient[i] -= h[j * inputs + i] * change;
      moved = true;
    }
  }
  double sum = 0;
  for (size_t j = 0; j < inputs; j++) sum += error[j] * gradient[j];
  return sum;
}

// The better of what descends from the codes as they are and from the nearest; `scratch` [2, inputs], `nearest` [inputs].
void settleRow(const double* w, const double* h, size_t inputs, double scale, double limit, bool upOrDown, int8_t* codes,
               double* scratch, int8_t* nearest) {
  for (size_t j = 0; j < inputs; j++) {
    const double whole = roundHalfUp(w[j] / scale);
    nearest[j] = (int8_t)(whole < -limit ? -limit : whole > limit ? limit : whole);
  }
  double* gradient = scratch + inputs;
  const double error = descendRow(w, h, inputs, scale, limit, upOrDown, nearest, scratch, gradient);
  if (upOrDown || error <= descendRow(w, h, inputs, scale, limit, false, codes, scratch, gradient))
    memcpy(codes, nearest, inputs);
}

}  // namespace
