// Grids for blocks of weights: src-main/kernels/block-grids.ts. Sixteen outputs at once, a lane each.
#pragma once

#include "blocks.h"
#include "table.h"

namespace {

constexpr int kTrials = 21;
constexpr int kClipSteps = 20;

inline Floats rootOf(Floats value) {
  for (size_t lane = 0; lane < kLanes; lane++) value[lane] = __builtin_sqrtf(value[lane]);
  return value;
}

inline Grid spanningGrid(Floats low, Floats high, float most) {
  const Floats size = magnitudes(high);
  const Floats scale = high == low ? (size == 0 ? all(1) : size) : (high - low) / most;
  return {scale, -low / scale};
}

// Blocks as the fits see them, rows of kLanes: x from its origin, weights u = √mean(x²) + |x|, u·x, and sums of both.
struct Weighed {
  float* x;
  float* u;
  float* ux;
  Floats sumOfU;
  Floats sumOfUx;

  void take(const float* column, size_t count, Floats origin) {
    Floats power = {};
    for (size_t i = 0; i < count; i++) {
      const Floats value = load(column + i * kStrip);
      power += value * value;
    }
    const Floats spread = rootOf(power / (float)count);
    sumOfU = sumOfUx = Floats{};
    for (size_t i = 0; i < count; i++) {
      const Floats value = load(column + i * kStrip);
      const Floats moved = value - origin;
      const Floats weight = spread + magnitudes(value);
      const Floats weighted = weight * moved;
      store(x + i * kLanes, moved);
      store(u + i * kLanes, weight);
      store(ux + i * kLanes, weighted);
      sumOfU += weight;
      sumOfUx += weighted;
    }
  }
};

struct Fit {
  Floats scale, origin, gain;
};

// Codes least…most on the given step, then the step (and the origin, where it moves) that fits those codes best.
template <bool moves>
inline Fit fitTo(const Weighed& weighed, size_t count, Floats scale, Floats least, Floats most) {
  const Floats inverse = inverseOf(scale);
  Floats uc = {}, ucc = {}, ucx = {};
  for (size_t i = 0; i < count; i++) {
    const Floats code = wholeOf(load(weighed.x + i * kLanes) * inverse, least, most);
    const Floats weightedCode = load(weighed.u + i * kLanes) * code;
    if (moves) uc += weightedCode;
    ucc += weightedCode * code;
    ucx += load(weighed.ux + i * kLanes) * code;
  }
  if (!moves) {
    const Floats fitted = ucx / ucc;
    return {fitted, Floats{}, ucx * fitted};
  }
  const Floats mean = uc / weighed.sumOfU;
  const Floats spreadOfCodes = ucc - uc * mean;
  const Floats together = ucx - mean * weighed.sumOfUx;
  const Floats fitted = together / spreadOfCodes;
  return {fitted, (weighed.sumOfUx - fitted * uc) / weighed.sumOfU, together * fitted};
}

// The grid of sixteen columns of a tile whose values lie in low…high; `zeroKind` as in block-grids.ts.
template <int zeroKind>
inline Grid fittedGrid(const float* column, size_t count, float most, Floats low, Floats high, Weighed* weighed) {
  constexpr bool isSymmetric = zeroKind == 0;
  constexpr bool isFloat = zeroKind == 2;
  const float half = (most + 1) / 2;
  const float parts = isSymmetric ? half : most;
  const Floats span = isSymmetric ? (-low >= high ? -low : -high) : high - low;
  weighed->take(column, count, isFloat ? low : Floats{});
  Grid best = {span / parts, all(half)};
  if (isFloat) best.zeroPoint = -low / best.scale;
  Floats mostGain = {};
  for (int trial = 0; trial < kTrials; trial++) {
    const Floats scale = span / (float)(parts - 1 + trial / 10.0);
    const Floats zero = isSymmetric ? all(half) : isFloat ? Floats{} : wholeOf(-low / scale, all(0), all(most));
    const Fit fit = fitTo<isFloat>(*weighed, count, scale, -zero, most - zero);
    const Ints better = fit.gain > mostGain;
    mostGain = better ? fit.gain : mostGain;
    best.scale = better ? fit.scale : best.scale;
    best.zeroPoint = better ? (isFloat ? -(low + fit.origin) / fit.scale : zero) : best.zeroPoint;
  }
  const Ints flat = high == low;
  const Grid plain = isFloat ? spanningGrid(low, high, most) : Grid{all(0), all(half)};
  return {flat ? plain.scale : best.scale, flat ? plain.zeroPoint : best.zeroPoint};
}

// x^-0.3: rootedInverse of block-grids.ts.
inline Floats rootedInverse(Floats x) {
  const Floats bits = __builtin_convertvector((Ints)x, Floats);
  const Floats guess = bits * -0.3f + (float)(1.3 * 8388608 * (127 - 0.045));
  Floats y = (Floats)__builtin_convertvector(guess, Ints);
  for (int step = 0; step < 3; step++) {
    const Floats tenth = ((x * y) * y) * y;
    const Floats one = ((tenth * tenth) * tenth) * y;
    y = y * (1.1f - 0.1f * one);
  }
  return y;
}

inline bool any(Ints mask) {
  int32_t seen = 0;
  for (size_t lane = 0; lane < kLanes; lane++) seen |= mask[lane];
  return seen != 0;
}

// HQQ of sixteen columns of a tile, each lane until its error grows.
inline Grid halfQuadraticGrid(const float* column, size_t count, float most, Floats low, Floats high) {
  Grid best = spanningGrid(low, high, most);
  const Floats scale = best.scale;
  const Floats inverse = all(1) / scale;
  const Floats leastSize = all(0x1p-100f);
  Floats zero = best.zeroPoint;
  Floats least = all(__builtin_inff());
  Ints active = Ints{} - 1;
  float beta = 10;
  for (int round = 0; round <= 20 && any(active); round++, beta *= 1.01f) {
    Floats error = {};
    Floats next = {};
    for (size_t i = 0; i < count; i++) {
      const Floats value = load(column + i * kStrip);
      const Floats code = wholeOf(value * inverse + zero, all(0), all(most));
      const Floats rest = value - (code - zero) * scale;
      const Floats size = magnitudes(rest);
      const Floats power = rootedInverse(size < leastSize ? leastSize : size);
      error += size * power;
      const Floats kept = larger(size - power / beta, all(0));
      next += code - (value - (rest < 0 ? -kept : kept)) * inverse;
    }
    active &= error < least;
    least = active ? error : least;
    best.zeroPoint = active ? zero : best.zeroPoint;
    zero = next / (float)count;
  }
  return best;
}

bool blockGrids(const float* x, size_t inputs, size_t outputs, size_t from, size_t to, size_t block, int levelBits,
                int zeroKind, GridSearch search, float* scales, float* zeros, int bits, int shift, uint8_t* codes) {
  const size_t blocks = (inputs + block - 1) / block;
  const float most = (float)((1 << levelBits) - 1);
  const size_t bytes = block * bits / 8;
  const size_t words = (bytes + 3) / 4;
  const bool isFloat = zeroKind == 2;
  Scratch<float> tile(block * kStrip);
  Scratch<float> rows(3 * block * kLanes);
  Scratch<uint32_t> packed(words * kLanes);
  if (tile.data == nullptr || rows.data == nullptr || packed.data == nullptr) return false;
  memset(tile.data, 0, block * kStrip * sizeof(float));
  Weighed weighed = {rows.data, rows.data + block * kLanes, rows.data + 2 * block * kLanes, {}, {}};
  eachTile(x, inputs, outputs, from, to, block, [&](size_t left, size_t width, size_t at, size_t count, const float* next) {
    Ranges ranges = {};
    if (isFloat)
      for (size_t part = 0; part < kStripParts; part++) {
        ranges.low[part] = all(__builtin_inff());
        ranges.high[part] = all(-__builtin_inff());
      }
    takeTile(x + at * block * outputs + left, outputs, count, width, next, tile.data, &ranges);
    for (size_t part = 0; part * kLanes < width; part++) {
      const float* column = tile.data + part * kLanes;
      const size_t first = left + part * kLanes;
      const size_t lanes = to - first < kLanes ? to - first : kLanes;
      const Floats low = ranges.low[part];
      const Floats high = ranges.high[part];
      const auto range = [&] {
        const int clipSteps = search == GridSearch::mse ? kClipSteps : 1;
        return blockGrid(column, kStrip, count, levelBits, zeroKind == 0, clipSteps, low, high);
      };
      const auto fitted = [&] {
        return zeroKind == 0 ? fittedGrid<0>(column, count, most, low, high, &weighed)
               : zeroKind == 1 ? fittedGrid<1>(column, count, most, low, high, &weighed)
                               : fittedGrid<2>(column, count, most, low, high, &weighed);
      };
      const Grid grid = search == GridSearch::kQuant          ? fitted()
                        : search == GridSearch::halfQuadratic ? halfQuadraticGrid(column, count, most, low, high)
                        : isFloat                             ? spanningGrid(low, high, most)
                                                              : range();
      for (size_t lane = 0; lane < lanes; lane++) {
        scales[(first + lane) * blocks + at] = grid.scale[lane];
        zeros[(first + lane) * blocks + at] = grid.zeroPoint[lane];
      }
      if (codes == nullptr) continue;
      const Coding coding = {inverseOf(grid.scale), grid.zeroPoint, all(0), all(most), Ints{} + shift};
      packWords(column, count, bits, words, coding, packed.data);
      storeColumns(packed.data, words, lanes, bytes, codes + (first * blocks + at) * bytes, blocks * bytes);
    }
  });
  return true;
}

}  // namespace
