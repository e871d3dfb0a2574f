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

// blockGrid of the sixteen columns of x [count, stride], whose values with zero lie in low…high.
inline Grid blockGrid(const float* x, size_t stride, size_t count, int bits, bool symmetric, int clipSteps, Floats low,
                      Floats high) {
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

// All sixteen columns must be readable.
inline Grid blockGrid(const float* x, size_t stride, size_t count, int bits, bool symmetric, int clipSteps) {
  Floats low = {};
  Floats high = {};
  for (size_t i = 0; i < count; i++) {
    const Floats value = load(x + i * stride);
    low = smaller(value, low);
    high = larger(value, high);
  }
  return blockGrid(x, stride, count, bits, symmetric, clipSteps, low, high);
}

typedef uint8_t Bytes __attribute__((vector_size(16)));

// Outputs that are worked on together: whole cache lines, and few pages at a time.
constexpr size_t kStrip = 64;
constexpr size_t kStripParts = kStrip / kLanes;
// Outputs whose blocks are settled one below the other, so that the bytes of a block share lines with those of the next.
constexpr size_t kBand = 256;

struct Ranges {
  Floats low[kStripParts];
  Floats high[kStripParts];
};

// Copies `count` rows of `width` outputs, `stride` apart, so that they lie side by side, and widens the range of each
// output. The rows of `next` are fetched ahead.
inline void takeTile(const float* x, size_t stride, size_t count, size_t width, const float* next, float* tile,
                     Ranges* ranges) {
  Ranges seen = *ranges;
  for (size_t i = 0; i < count; i++) {
    const float* row = x + i * stride;
    float* to = tile + i * kStrip;
    if (width < kStrip) memcpy(to, row, width * sizeof(float));
    if (next != nullptr)
      for (size_t part = 0; part < kStripParts; part++) __builtin_prefetch(next + i * stride + part * kLanes);
    for (size_t part = 0; part < kStripParts; part++) {
      const Floats value = load((width < kStrip ? to : row) + part * kLanes);
      store(to + part * kLanes, value);
      seen.low[part] = smaller(value, seen.low[part]);
      seen.high[part] = larger(value, seen.high[part]);
    }
  }
  *ranges = seen;
}

// How the sixteen outputs of a part are coded: nearest(x · inverse + zero) inside least…most, + shift.
struct Coding {
  Floats inverse, zero, least, most;
  Ints shift;
};

// The bits of kRound: a whole number n below 2^22 in size has kRoundBits + n when it is added to kRound.
constexpr int32_t kRoundBits = 0x4b400000;

// Codes of `count` rows of a tile, packed as 32-bit words [words, kLanes]; rows beyond `count` are zero bits.
template <int bits>
inline void packWords(const float* tile, size_t count, size_t words, const Coding& coding, uint32_t* packed) {
  constexpr size_t perWord = 32 / bits;
  const Ints offset = coding.shift - kRoundBits;
  for (size_t word = 0; word < words; word++) {
    Ints sum = {};
    const float* from = tile + word * perWord * kStrip;
    const size_t left = count > word * perWord ? count - word * perWord : 0;
    const auto code = [&](size_t row) {
      const Floats steps = load(from + row * kStrip) * coding.inverse + coding.zero;
      const Floats clamped = smaller(larger(steps, coding.least), coding.most);
      return ((Ints)(clamped + kRound) + offset) << (int)(row * bits);
    };
    if (left >= perWord)
      for (size_t row = 0; row < perWord; row++) sum |= code(row);
    else
      for (size_t row = 0; row < left; row++) sum |= code(row);
    memcpy(packed + word * kLanes, &sum, sizeof sum);
  }
}

inline void packWords(const float* tile, size_t count, int bits, size_t words, const Coding& coding,
                      uint32_t* packed) {
  if (bits == 2) return packWords<2>(tile, count, words, coding, packed);
  if (bits == 4) return packWords<4>(tile, count, words, coding, packed);
  packWords<8>(tile, count, words, coding, packed);
}

// Sixteen columns of words [words, kLanes], `bytes` of each to places `stride` bytes apart.
inline void storeColumns(const uint32_t* packed, size_t words, size_t lanes, size_t bytes, uint8_t* codes,
                         size_t stride) {
  for (size_t lane = 0; lane < lanes; lane++) {
    uint8_t* to = codes + lane * stride;
    if (bytes == 16) {
      const uint32_t column[4] = {packed[lane], packed[kLanes + lane], packed[2 * kLanes + lane],
                                  packed[3 * kLanes + lane]};
      memcpy(to, column, sizeof column);
      continue;
    }
    for (size_t word = 0; word < words; word++) {
      const size_t left = bytes - word * 4;
      memcpy(to + word * 4, packed + word * kLanes + lane, left < 4 ? left : 4);
    }
  }
}

// Calls visit(left, width, at, count, next) for each tile of a matrix [inputs, outputs]: `count` inputs of block `at`, `width`
// outputs from `left` on; `next` is where the tile after it starts.
template <class Visit>
void eachTile(const float* x, size_t inputs, size_t outputs, size_t from, size_t to, size_t block, Visit visit) {
  const size_t blocks = (inputs + block - 1) / block;
  for (size_t wide = from; wide < to; wide += kBand) {
    const size_t end = to - wide < kBand ? to : wide + kBand;
    for (size_t at = 0; at < blocks; at++) {
      const size_t count = inputs - at * block < block ? inputs - at * block : block;
      for (size_t left = wide; left < end; left += kStrip) {
        const size_t width = end - left < kStrip ? end - left : kStrip;
        const bool isLast = left + kStrip >= end;
        const size_t nextLeft = isLast ? wide : left + kStrip;
        const size_t nextBlock = isLast ? at + 1 : at;
        // Only whole tiles: what lies beyond must not be touched.
        const bool isWhole = nextLeft + kStrip <= end && (nextBlock + 1) * block <= inputs;
        visit(left, width, at, count, isWhole ? x + nextBlock * block * outputs + nextLeft : nullptr);
      }
    }
  }
}

bool quantizeBlocks(const float* x, size_t inputs, size_t outputs, size_t from, size_t to, size_t block, int bits,
                    int clipSteps, uint8_t* codes, float* scales, uint8_t* zeroPoints) {
  const size_t blocks = (inputs + block - 1) / block;
  const size_t bytes = block * bits / 8;
  const size_t words = (bytes + 3) / 4;
  const size_t zeroBytes = (blocks * bits + 7) / 8;
  const size_t perByte = 8 / bits;
  const float most = (float)((1 << bits) - 1);
  Scratch<float> tile(block * kStrip);
  Scratch<uint32_t> packed(words * kLanes);
  Scratch<uint8_t> zeros(kBand);  // the byte of zero points that is being filled, of each output
  if (tile.data == nullptr || packed.data == nullptr || zeros.data == nullptr) return false;
  memset(tile.data, 0, block * kStrip * sizeof(float));
  eachTile(x, inputs, outputs, from, to, block, [&](size_t left, size_t width, size_t at, size_t count, const float* next) {
    Ranges ranges = {};
    takeTile(x + at * block * outputs + left, outputs, count, width, next, tile.data, &ranges);
    for (size_t part = 0; part * kLanes < width; part++) {
      const float* column = tile.data + part * kLanes;
      const size_t first = left + part * kLanes;
      const size_t lanes = to - first < kLanes ? to - first : kLanes;
      const Grid grid =
          blockGrid(column, kStrip, count, bits, zeroPoints == nullptr, clipSteps, ranges.low[part], ranges.high[part]);
      const Ints zeroPoint = __builtin_convertvector(grid.zeroPoint, Ints);
      const Coding coding = {inverseOf(grid.scale), all(0), -grid.zeroPoint, most - grid.zeroPoint, zeroPoint};
      packWords(column, count, bits, words, coding, packed.data);
      storeColumns(packed.data, words, lanes, bytes, codes + (first * blocks + at) * bytes, blocks * bytes);
      for (size_t lane = 0; lane < lanes; lane++) scales[(first + lane) * blocks + at] = grid.scale[lane];
      if (zeroPoints == nullptr) continue;
      uint8_t* filled = zeros.data + (first - from) % kBand;
      for (size_t lane = 0; lane < lanes; lane++) {
        const uint8_t before = at % perByte == 0 ? 0 : filled[lane];
        filled[lane] = (uint8_t)(before | zeroPoint[lane] << (at % perByte * bits));
      }
      if (at % perByte + 1 < perByte && at + 1 < blocks) continue;
      // Where a row ends inside a byte, what is left of it keeps the middles it came with.
      const uint32_t rest = at % perByte + 1 < perByte ? ~0u << ((at % perByte + 1) * bits) : 0;
      for (size_t lane = 0; lane < lanes; lane++) {
        uint8_t* byte = zeroPoints + (first + lane) * zeroBytes + at / perByte;
        *byte = (uint8_t)((*byte & rest) | filled[lane]);
      }
    }
  });
  return true;
}

}  // namespace
