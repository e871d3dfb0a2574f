// The column loop of GPTQ and SparseGPT: src-main/kernels/gptq.ts. A panel of outputs is copied so that its rows lie
// side by side; inputs are settled in blocks, and the inputs after a block take up its errors in one sweep. Each weight
// still takes them one by one in the order of the inputs, so the result is that of the plain loop.
#pragma once

#include "blocks.h"
#include "lanes.h"

namespace {

constexpr size_t kPanel = 64;
constexpr size_t kBlock = 128;
#if defined(__AVX512F__)
constexpr size_t kRows = 4;
#else
constexpr size_t kRows = 1;
#endif

// A block ends where a group does, so that a group's grid is always taken from weights that are up to date.
inline size_t blockEnd(size_t start, size_t to, size_t group) {
  const size_t limit = start + kBlock;
  const size_t boundary = limit / group * group;
  const size_t end = boundary > start ? boundary : limit;
  return end < to ? end : to;
}

template <size_t rows>
void passOn(float* w, const float* errors, const float* factors, size_t stride, size_t settled) {
  Floats sums[rows][kPanel / kLanes];
  for (size_t row = 0; row < rows; row++)
    for (size_t part = 0; part < kPanel / kLanes; part++) sums[row][part] = load(w + row * kPanel + part * kLanes);
  for (size_t j = 0; j < settled; j++)
    for (size_t part = 0; part < kPanel / kLanes; part++) {
      const Floats error = load(errors + j * kPanel + part * kLanes);
      for (size_t row = 0; row < rows; row++) sums[row][part] -= factors[j * stride + row] * error;
    }
  for (size_t row = 0; row < rows; row++)
    for (size_t part = 0; part < kPanel / kLanes; part++) store(w + row * kPanel + part * kLanes, sums[row][part]);
}

struct Panel {
  Scratch<float> weights;  // [inputs, kPanel]
  Scratch<float> errors;   // [kBlock, kPanel]
  Scratch<float> factors;  // [kBlock, inputs]
  explicit Panel(size_t inputs) : weights(inputs * kPanel), errors(kBlock * kPanel), factors(kBlock * inputs) {}
  bool ready() const { return weights.data != nullptr && errors.data != nullptr && factors.data != nullptr; }

  void take(const float* w, size_t inputs, size_t outputs, size_t from, size_t lanes) {
    if (lanes < kPanel) memset(weights.data, 0, inputs * kPanel * sizeof(float));
    for (size_t i = 0; i < inputs; i++) memcpy(weights.data + i * kPanel, w + i * outputs + from, lanes * sizeof(float));
  }

  void give(float* w, size_t inputs, size_t outputs, size_t from, size_t lanes) const {
    for (size_t i = 0; i < inputs; i++) memcpy(w + i * outputs + from, weights.data + i * kPanel, lanes * sizeof(float));
  }

  // settle(j, weights of input j, where its errors go) for the inputs first…last, and what follows from it.
  template <class Settle>
  void eliminate(const double* upper, size_t inputs, size_t first, size_t last, size_t group, Settle settle) {
    for (size_t start = first; start < last;) {
      const size_t end = blockEnd(start, last, group);
      for (size_t j = start; j < end; j++) {
        float* error = errors.data + (j - start) * kPanel;
        settle(j, weights.data + j * kPanel, error);
        float* factor = factors.data + (j - start) * inputs;
        for (size_t i = j + 1; i < inputs; i++) factor[i] = (float)upper[j * inputs + i];
        for (size_t i = j + 1; i < end; i++) passOn<1>(weights.data + i * kPanel, error, factor + i, 0, 1);
      }
      size_t i = end;
      for (; i + kRows <= inputs; i += kRows)
        passOn<kRows>(weights.data + i * kPanel, errors.data, factors.data + i, inputs, end - start);
      for (; i < inputs; i++) passOn<1>(weights.data + i * kPanel, errors.data, factors.data + i, inputs, end - start);
      start = end;
    }
  }
};

// Sixteen codes of a row, those from `first` on; beyond `lanes` there are none.
inline void storeCodes(uint8_t* row, Floats code, size_t first, size_t lanes) {
  const Bytes narrow = __builtin_convertvector(__builtin_convertvector(code, Ints), Bytes);
  if (first < lanes) memcpy(row + first, &narrow, lanes - first < kLanes ? lanes - first : kLanes);
}

bool gptq(float* w, const double* upper, size_t inputs, size_t outputs, size_t from, size_t to, size_t group, int bits,
          int clipSteps, uint8_t* codes, float* scales, uint8_t* zeroPoints) {
  Panel panel(inputs);
  if (!panel.ready()) return false;
  const float top = (float)((1 << bits) - 1);
  constexpr size_t parts = kPanel / kLanes;
  for (size_t left = from; left < to; left += kPanel) {
    const size_t lanes = to - left < kPanel ? to - left : kPanel;
    panel.take(w, inputs, outputs, left, lanes);
    Grid grids[parts];
    panel.eliminate(upper, inputs, 0, inputs, group, [&](size_t j, float* row, float* error) {
      if (j % group == 0) {
        const size_t count = inputs - j < group ? inputs - j : group;
        const size_t place = j / group * outputs + left;
        for (size_t part = 0; part < parts; part++) {
          grids[part] = blockGrid(row + part * kLanes, kPanel, count, bits, zeroPoints == nullptr, clipSteps);
          for (size_t lane = 0; lane < kLanes && part * kLanes + lane < lanes; lane++) {
            scales[place + part * kLanes + lane] = grids[part].scale[lane];
            if (zeroPoints != nullptr) zeroPoints[place + part * kLanes + lane] = (uint8_t)grids[part].zeroPoint[lane];
          }
        }
      }
      const float pivot = (float)upper[j * inputs + j];
      for (size_t part = 0; part < parts; part++) {
        const Grid grid = grids[part];
        const Floats value = load(row + part * kLanes);
        const Floats whole = wholeOf(value * inverseOf(grid.scale), -grid.zeroPoint, top - grid.zeroPoint);
        const Floats settled = whole * grid.scale;
        store(error + part * kLanes, (value - settled) / pivot);
        store(row + part * kLanes, settled);
        storeCodes(codes + j * outputs + left, whole + grid.zeroPoint, part * kLanes, lanes);
      }
    });
    panel.give(w, inputs, outputs, left, lanes);
  }
  return true;
}

bool gptqOnGrids(float* w, const double* upper, size_t inputs, size_t outputs, size_t from, size_t to, size_t blocks,
                 const int32_t* blockOf, int levelBits, const float* scales, const float* zeros, uint8_t* codes) {
  Panel panel(inputs);
  Scratch<float> grids(blocks * 2 * kPanel);  // [blocks, scale and zero, kPanel]
  if (!panel.ready() || grids.data == nullptr) return false;
  const Floats most = all((float)((1 << levelBits) - 1));
  constexpr size_t parts = kPanel / kLanes;
  for (size_t left = from; left < to; left += kPanel) {
    const size_t lanes = to - left < kPanel ? to - left : kPanel;
    panel.take(w, inputs, outputs, left, lanes);
    memset(grids.data, 0, blocks * 2 * kPanel * sizeof(float));
    for (size_t block = 0; block < blocks; block++)
      for (size_t lane = 0; lane < lanes; lane++) {
        grids.data[block * 2 * kPanel + lane] = scales[(left + lane) * blocks + block];
        grids.data[(block * 2 + 1) * kPanel + lane] = zeros[(left + lane) * blocks + block];
      }
    panel.eliminate(upper, inputs, 0, inputs, SIZE_MAX, [&](size_t j, float* row, float* error) {
      const float pivot = (float)upper[j * inputs + j];
      const float* grid = grids.data + (size_t)blockOf[j] * 2 * kPanel;
      for (size_t part = 0; part < parts; part++) {
        const Floats scale = load(grid + part * kLanes);
        const Floats zero = load(grid + kPanel + part * kLanes);
        const Floats value = load(row + part * kLanes);
        const Floats code = wholeOf(value * inverseOf(scale) + zero, all(0), most);
        const Floats settled = (code - zero) * scale;
        store(error + part * kLanes, (value - settled) / pivot);
        store(row + part * kLanes, settled);
        storeCodes(codes + j * outputs + left, code, part * kLanes, lanes);
      }
    });
    panel.give(w, inputs, outputs, left, lanes);
  }
  return true;
}

bool pruneInputs(float* w, const double* upper, size_t inputs, size_t outputs, size_t from, size_t to,
                 size_t firstInput, size_t lastInput, const uint8_t* mask) {
  Panel panel(inputs);
  if (!panel.ready()) return false;
  for (size_t left = from; left < to; left += kPanel) {
    const size_t lanes = to - left < kPanel ? to - left : kPanel;
    panel.take(w, inputs, outputs, left, lanes);
    panel.eliminate(upper, inputs, firstInput, lastInput, SIZE_MAX, [&](size_t j, float* row, float* error) {
      const float pivot = (float)upper[j * inputs + j];
      for (size_t lane = 0; lane < kPanel; lane++) {
        const bool kept = lane >= lanes || mask[(j - firstInput) * outputs + left + lane] == 1;
        error[lane] = kept ? 0 : row[lane] / pivot;
        row[lane] = kept ? row[lane] : 0;
      }
    });
    panel.give(w, inputs, outputs, left, lanes);
  }
  return true;
}

}  // namespace
