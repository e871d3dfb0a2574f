// Grids for blocks of weights, and codes on them: src-main/kernels/block-grids.ts. Eight outputs at once, a lane each.
#pragma once

#include "lanes.h"

namespace {

constexpr size_t kDoubleLanes = 8;
// Adding and taking away 1.5 · 2^52 rounds a double to the nearest whole number, ties to even.
constexpr double kRoundDouble = 6755399441055744.0;
constexpr int kTrials = 21;

inline Doubles allDoubles(double value) { return Doubles{} + value; }
inline Doubles smaller(Doubles a, Doubles b) { return a < b ? a : b; }
inline Doubles larger(Doubles a, Doubles b) { return a > b ? a : b; }
inline Doubles magnitudes(Doubles value) { return value < 0 ? -value : value; }

inline Doubles rootOf(Doubles value) {
  for (size_t lane = 0; lane < kDoubleLanes; lane++) value[lane] = __builtin_sqrt(value[lane]);
  return value;
}

inline Doubles narrowed(Doubles value) {
  return __builtin_convertvector(__builtin_convertvector(value, HalfFloats), Doubles);
}

inline Doubles nearestCode(Doubles steps, double most) {
  const Doubles clamped = steps > 0 ? smaller(steps, allDoubles(most)) : allDoubles(0);
  return (clamped + kRoundDouble) - kRoundDouble;
}

struct DoubleGrid {
  Doubles scale;
  Doubles zero;
};

inline DoubleGrid spanningGrid(Doubles low, Doubles high, double most) {
  const Doubles size = magnitudes(high);
  const Doubles scale = narrowed(high == low ? (size == 0 ? allDoubles(1) : size) : (high - low) / most);
  return {scale, -low / scale};
}

// Codes on the given grid, then the grid that fits those codes best; taken into `best` where its error is less.
inline void fit(const Doubles* values, size_t count, double most, DoubleGrid tried, Doubles spread, bool moves,
                DoubleGrid* best, Doubles* least) {
  const Doubles inverse = 1 / tried.scale;
  Doubles u = {}, uc = {}, ucc = {}, ux = {}, ucx = {};
  for (size_t i = 0; i < count; i++) {
    const Doubles x = values[i];
    const Doubles weight = spread + magnitudes(x);
    const Doubles code = nearestCode(x * inverse + tried.zero, most) - tried.zero;
    u += weight;
    uc += weight * code;
    ucc += weight * code * code;
    ux += weight * x;
    ucx += weight * code * x;
  }
  const Doubles still = ucc > 0 ? ucx / ucc : tried.scale;
  DoubleGrid fitted = {narrowed(still), tried.zero};
  if (moves) {
    const Doubles determinant = u * ucc - uc * uc;
    const auto moved = determinant > 1e-12 * u * ucc;
    fitted.scale = moved ? narrowed((u * ucx - uc * ux) / determinant) : fitted.scale;
    fitted.zero = moved ? tried.zero - (ux - fitted.scale * uc) / (u * fitted.scale) : fitted.zero;
  }
  const Doubles fitInverse = 1 / fitted.scale;
  Doubles error = {};
  for (size_t i = 0; i < count; i++) {
    const Doubles x = values[i];
    const Doubles difference = fitted.scale * (nearestCode(x * fitInverse + fitted.zero, most) - fitted.zero) - x;
    error += (spread + magnitudes(x)) * difference * difference;
  }
  const auto better = error < *least;
  *least = better ? error : *least;
  best->scale = better ? fitted.scale : best->scale;
  best->zero = better ? fitted.zero : best->zero;
}

inline DoubleGrid fittedGrid(const Doubles* values, size_t count, double most, int zeroKind) {
  const double half = (most + 1) / 2;
  const bool isSymmetric = zeroKind == 0;
  const bool isFloat = zeroKind == 2;
  Doubles low = allDoubles(isFloat ? __builtin_inf() : 0);
  Doubles high = allDoubles(isFloat ? -__builtin_inf() : 0);
  Doubles power = {};
  for (size_t i = 0; i < count; i++) {
    low = smaller(low, values[i]);
    high = larger(high, values[i]);
    power += values[i] * values[i];
  }
  const Doubles spread = rootOf(power / (double)count);
  const double parts = isSymmetric ? half : most;
  const Doubles span = isSymmetric ? (-low >= high ? low * -1 : high * -1) : high - low;
  DoubleGrid best = {span / parts, isFloat ? (-low * parts) / span : allDoubles(half)};
  Doubles least = allDoubles(__builtin_inf());
  for (int trial = 0; trial < kTrials; trial++) {
    const Doubles scale = span / (parts - 1 + trial / 10.0);
    const Doubles zero = isSymmetric ? allDoubles(half) : isFloat ? -low / scale : nearestCode(-low / scale, most);
    fit(values, count, most, {scale, zero}, spread, isFloat, &best, &least);
  }
  const auto flat = high == low;
  const DoubleGrid plain = isFloat ? spanningGrid(low, high, most) : DoubleGrid{allDoubles(0), allDoubles(half)};
  return {flat ? plain.scale : best.scale, flat ? plain.zero : best.zero};
}

bool gridsOf(const float* x, size_t inputs, size_t outputs, size_t from, size_t to, size_t block, int levelBits,
             int zeroKind, bool isFitted, float* scales, float* zeros) {
  const size_t blocks = (inputs + block - 1) / block;
  const double most = (double)((1 << levelBits) - 1);
  Scratch<Doubles> values(block);
  if (values.data == nullptr) return false;
  for (size_t output = from; output < to; output += kDoubleLanes) {
    const size_t lanes = to - output < kDoubleLanes ? to - output : kDoubleLanes;
    for (size_t at = 0; at < blocks; at++) {
      const size_t count = inputs - at * block < block ? inputs - at * block : block;
      Doubles low = allDoubles(__builtin_inf());
      Doubles high = allDoubles(-__builtin_inf());
      for (size_t i = 0; i < count; i++) {
        HalfFloats part = {};
        memcpy(&part, x + (at * block + i) * outputs + output, lanes * sizeof(float));
        values.data[i] = __builtin_convertvector(part, Doubles);
        low = smaller(low, values.data[i]);
        high = larger(high, values.data[i]);
      }
      const DoubleGrid grid = isFitted ? fittedGrid(values.data, count, most, zeroKind) : spanningGrid(low, high, most);
      for (size_t lane = 0; lane < lanes; lane++) {
        scales[(output + lane) * blocks + at] = (float)grid.scale[lane];
        zeros[(output + lane) * blocks + at] = (float)grid.zero[lane];
      }
    }
  }
  return true;
}

void codesOnGrids(const float* x, size_t inputs, size_t outputs, size_t from, size_t to, size_t block, int levelBits,
                  const float* scales, const float* zeros, uint8_t* codes) {
  const size_t blocks = (inputs + block - 1) / block;
  const double most = (double)((1 << levelBits) - 1);
  for (size_t output = from; output < to; output += kDoubleLanes) {
    const size_t lanes = to - output < kDoubleLanes ? to - output : kDoubleLanes;
    for (size_t at = 0; at < blocks; at++) {
      Doubles scale = allDoubles(1);
      Doubles zero = {};
      for (size_t lane = 0; lane < lanes; lane++) {
        scale[lane] = scales[(output + lane) * blocks + at];
        zero[lane] = zeros[(output + lane) * blocks + at];
      }
      const size_t end = (at + 1) * block < inputs ? (at + 1) * block : inputs;
      for (size_t i = at * block; i < end; i++) {
        HalfFloats part = {};
        memcpy(&part, x + i * outputs + output, lanes * sizeof(float));
        const Doubles steps = __builtin_convertvector(part, Doubles) / scale + zero;
        const Doubles code = nearestCode(scale == 0 ? zero : steps, most);
        for (size_t lane = 0; lane < lanes; lane++) codes[i * outputs + output + lane] = (uint8_t)code[lane];
      }
    }
  }
}

}  // namespace
