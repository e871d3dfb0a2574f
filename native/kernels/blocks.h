// Weights of few bits with a scale a block: src-main/kernels/blocks.ts. Sixteen outputs at once, a lane each.
#pragma once

#include "lanes.h"

namespace {

struct Grid {
  Floats scale;
  Floats zeroPoint;
};

inline Grid tryGrid(Floats low, Floats high, int bits, bool symmetric) {
  const float half = (float)(1 << (bits - 1));
  const float most = (float)((1 << bits) - 1);
  if (symmetric) return {(-low >= high ? low : high) / -half, all(half)};
  const Floats scale = (high - low) / most;
  const Floats zeroPoint = smaller((-low / scale + kRound) - kRound, all(most));
  return {scale, scale == 0 ? all(half) : zeroPoint};
}

inline Floats inverseOf(Floats scale) { return scale == 0 ? all(0) : all(1) / scale; }

// Σ (scale · whole − x)² of each lane, summed in order. Four rows are in flight at a time.
inline Floats gridError(const float* x, size_t stride, size_t count, int bits, Grid grid) {
  const Floats inverse = inverseOf(grid.scale);
  const Floats least = -grid.zeroPoint;
  const Floats most = (float)((1 << bits) - 1) - grid.zeroPoint;
  Floats sum = {};
  for (size_t i = 0; i < count; i++) {
    const Floats value = load(x + i * stride);
    const Floats difference = wholeOf(value * inverse, least, most) * grid.scale - value;
    sum += difference * difference;
  }
  return sum;
}

// blockGrid of the sixteen columns of x [count, stride]; all sixteen must be readable.
inline Grid blockGrid(const float* x, size_t stride, size_t count, int bits, bool symmetric, int clipSteps) {
  Floats low = {};
  Floats high = {};
  for (size_t i = 0; i < count; i++) {
    const Floats value = load(x + i * stride);
    low = smaller(value, low);
    high = larger(value, high);
  }
  if (clipSteps <= 1) return tryGrid(low, high, bits, symmetric);
  Floats best = all(__builtin_inff());
  Grid chosen = {all(0), all((float)(1 << (bits - 1)))};
  for (int step = 0; step < clipSteps; step++) {
    const float shrink = (float)(1.0 - (double)step / (2.0 * clipSteps));
    const Grid tried = tryGrid(low * shrink, high * shrink, bits, symmetric);
    const Floats error = gridError(x, stride, count, bits, tried);
    const Ints better = error < best;
    best = better ? error : best;
    chosen.scale = better ? tried.scale : chosen.scale;
    chosen.zeroPoint = better ? tried.zeroPoint : chosen.zeroPoint;
  }
  return chosen;
}

// Writes the index-th value of `bits` bits.
inline void putBits(uint8_t* bytes, size_t index, int bits, uint32_t value) {
  const size_t bit = index * bits;
  const uint32_t mask = ((1u << bits) - 1) << (bit & 7);
  bytes[bit >> 3] = (uint8_t)((bytes[bit >> 3] & ~mask) | (value << (bit & 7)));
}

typedef uint8_t Bytes __attribute__((vector_size(16)));

// Codes of a block of sixteen columns of x [count, stride], packed: packed [bytes, 16].
inline void packLanes(const float* x, size_t stride, size_t count, int bits, Grid grid, size_t bytes,
                      uint8_t* packed) {
  const Floats inverse = inverseOf(grid.scale);
  const Floats least = -grid.zeroPoint;
  const Floats most = (float)((1 << bits) - 1) - grid.zeroPoint;
  const Ints zeroPoint = __builtin_convertvector(grid.zeroPoint, Ints);
  const size_t perByte = 8 / bits;
  for (size_t byte = 0, i = 0; byte < bytes; byte++) {
    Ints word = {};
    for (size_t part = 0; part < perByte && i < count; part++, i++) {
      const Floats whole = wholeOf(load(x + i * stride) * inverse, least, most);
      word |= (__builtin_convertvector(whole, Ints) + zeroPoint) << (int)(part * bits);
    }
    const Bytes narrow = __builtin_convertvector(word, Bytes);
    memcpy(packed + byte * kLanes, &narrow, sizeof narrow);
  }
}

// Columns whose rows are copied together: whole cache lines, and few pages at a time.
constexpr size_t kStrip = 64;

bool quantizeBlocks(const float* x, size_t inputs, size_t outputs, size_t from, size_t to, size_t block, int bits,
                    int clipSteps, uint8_t* codes, float* scales, uint8_t* zeroPoints) {
  const size_t blocks = (inputs + block - 1) / block;
  const size_t bytes = block * bits / 8;
  const size_t zeroBytes = (blocks * bits + 7) / 8;
  Scratch<float> values(block * kStrip);
  Scratch<uint8_t> packed(bytes * kLanes);
  if (values.data == nullptr || packed.data == nullptr) return false;
  memset(values.data, 0, block * kStrip * sizeof(float));
  for (size_t left = from; left < to; left += kStrip) {
    const size_t width = to - left < kStrip ? to - left : kStrip;
    for (size_t at = 0; at < blocks; at++) {
      const size_t count = inputs - at * block < block ? inputs - at * block : block;
      for (size_t i = 0; i < count; i++)
        memcpy(values.data + i * kStrip, x + (at * block + i) * outputs + left, width * sizeof(float));
      for (size_t part = 0; part < width; part += kLanes) {
        const size_t lanes = width - part < kLanes ? width - part : kLanes;
        const float* column = values.data + part;
        const Grid grid = blockGrid(column, kStrip, count, bits, zeroPoints == nullptr, clipSteps);
        packLanes(column, kStrip, count, bits, grid, bytes, packed.data);
        for (size_t lane = 0; lane < lanes; lane++) {
          const size_t output = left + part + lane;
          const size_t place = output * blocks + at;
          scales[place] = grid.scale[lane];
          if (zeroPoints != nullptr)
            putBits(zeroPoints + output * zeroBytes, at, bits, (uint32_t)grid.zeroPoint[lane]);
          uint8_t* out = codes + place * bytes;
          for (size_t byte = 0; byte < bytes; byte++) out[byte] = packed.data[byte * kLanes + lane];
        }
      }
    }
  }
  return true;
}

}  // namespace
