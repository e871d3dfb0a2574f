// The kernels as one table, which is compiled for several instruction sets; binding.cpp picks one when it is loaded and
// spreads each call over threads. All work on ranges, so that the split is the caller's.
#pragma once

#include <stddef.h>
#include <stdint.h>

// How the grid of a block is found: gridSearches of src-main/kernels/block-grids.ts.
enum class GridSearch { nearest, mse, kQuant, halfQuadratic };

// A convolution over three axes: src-main/kernels/patch-products.ts.
struct PatchGeometry {
  size_t input[3], output[3], kernel[3], strides[3], dilations[3], pads[3];
};

struct KernelTable {
  const char* name;

  // channels.h. `n` elements that start at place `first` of the tensor; see src-main/kernels/channels.ts.
  void (*absMaxRuns)(const float* x, size_t n, size_t channels, size_t inner, size_t first, float* largest);
  void (*absMaxColumns)(const float* x, size_t n, size_t channels, size_t first, size_t from, size_t to, float* largest);
  void (*rangeRuns)(const float* x, size_t n, size_t channels, size_t inner, size_t first, float* min, float* max);
  void (*rangeColumns)(const float* x, size_t n, size_t channels, size_t first, size_t from, size_t to, float* min,
                       float* max);
  size_t (*nonFinite)(const float* x, size_t n);
  // `codeBytes` 1 or 2; the sign of the codes is in low…high.
  void (*quantizeRuns)(const float* x, size_t n, size_t channels, size_t inner, size_t first, const float* scales,
                       const int32_t* zeroPoints, int32_t low, int32_t high, int codeBytes, void* codes,
                       double* errors);
  void (*quantizeColumns)(const float* x, size_t n, size_t channels, size_t first, size_t from, size_t to,
                          const float* scales, const int32_t* zeroPoints, int32_t low, int32_t high, int codeBytes,
                          void* codes, double* errors);

  // half.h
  size_t (*toFloat16)(const float* source, uint16_t* target, size_t n);
  void (*fromFloat16)(const uint16_t* source, float* target, size_t n);
  void (*toBfloat16)(const float* source, uint16_t* target, size_t n);
  void (*fromBfloat16)(const uint16_t* source, float* target, size_t n);

  // counts.h. Counts go to `counts`, which the caller merges. `tables` [8 * side] holds zeros before and after; `few` elements are counted without them.
  size_t (*gridHistogram)(const float* x, size_t samples, size_t each, double* scalars, double* counts, size_t side,
                          bool few, float* extremes, uint32_t* tables);
  void (*countUpper)(const float* x, size_t n, uint32_t* counts);
  void (*countLower)(const float* x, size_t n, uint32_t upper, uint32_t* counts);

  // masks.h
  void (*maskBelow)(const float* x, size_t n, float threshold, size_t tieEnd, uint8_t* mask);
  void (*maskGroups)(const float* x, size_t slices, size_t size, size_t inner, size_t keep, size_t group,
                     uint8_t* mask);

  // blocks.h. Outputs from…to. False: no memory.
  bool (*quantizeBlocks)(const float* x, size_t inputs, size_t outputs, size_t from, size_t to, size_t block, int bits,
                         int clipSteps, uint8_t* codes, float* scales, uint8_t* zeroPoints);

  // grids.h. Outputs from…to. False: no memory.
  bool (*blockGrids)(const float* x, size_t inputs, size_t outputs, size_t from, size_t to, size_t block, int levelBits,
                     int zeroKind, GridSearch search, float* scales, float* zeros, int bits, int shift, uint8_t* codes);

  // gptq.h. Outputs from…to. False: no memory.
  bool (*gptq)(float* w, const double* upper, size_t inputs, size_t outputs, size_t from, size_t to, size_t group,
               int bits, int clipSteps, uint8_t* codes, float* scales, uint8_t* zeroPoints);
  bool (*gptqOnGrids)(float* w, const double* upper, size_t inputs, size_t outputs, size_t from, size_t to,
                      size_t blocks, const int32_t* blockOf, int levelBits, const float* scales, const float* zeros,
                      uint8_t* codes);
  bool (*pruneInputs)(float* w, const double* upper, size_t inputs, size_t outputs, size_t from, size_t to,
                      size_t firstInput, size_t lastInput, const uint8_t* mask);

  // cholesky.h: the stages of inverseUpperCholesky, block by block.
  size_t choleskyBlock;
  ptrdiff_t (*factorDiagonal)(double* h, size_t n, size_t left, size_t right);
  void (*solveRows)(double* h, size_t n, size_t left, size_t right, size_t from, size_t to, double* panel);
  void (*updateRows)(double* h, size_t n, size_t left, size_t right, size_t from, size_t to, const double* panel);
  void (*invertStrip)(const double* h, size_t n, size_t top, size_t bottom, size_t from, size_t to, double* rows);

  // magnitudes.h. `n` elements that start `within` a row of `inner`.
  void (*rowMagnitudes)(const float* x, size_t n, size_t inner, size_t within, const int32_t* channels, double* largest,
                        double* squares);
  void (*widestPlaces)(const float* x, size_t n, size_t inner, size_t within, const int32_t* channels, size_t choices,
                       const double* factors, size_t channelCount, double* widest, size_t outputs, size_t from,
                       size_t to);
  void (*widestRows)(const float* x, size_t n, size_t inner, size_t within, const int32_t* channels,
                     const int32_t* rowOutputs, size_t from, size_t to, const double* factors, size_t channelCount,
                     double* widest, size_t outputs);

  // rounding.h: one output. `scratch` [2, inputs] and `nearest` [inputs] are for its own use.
  void (*feedbackRow)(double* w, const double* upper, size_t inputs, double scale, double limit, int8_t* codes);
  void (*settleRow)(const double* w, const double* h, size_t inputs, double scale, double limit, bool upOrDown,
                    int8_t* codes, double* scratch, int8_t* nearest);

  // patches.h: where patches lie [taps, partPlaces], those of one group [partPlaces, patchWidth(size)], and what they add
  // to a matrix. `gates` [partPlaces] is for its own use.
  size_t partPlaces;
  size_t (*patchWidth)(size_t size);
  void (*patchOffsets)(const PatchGeometry& geometry, size_t from, size_t count, int32_t* offsets);
  void (*patchRows)(const float* x, size_t area, size_t taps, size_t channels, const int32_t* offsets, size_t count,
                    double* patches);
  void (*patchProducts)(const double* patches, size_t size, size_t count, const float* values, double low, double high,
                        double closed, double* gates, double* sums);
};

const KernelTable* kernelsBaseline();
#if defined(__x86_64__)
const KernelTable* kernelsAvx2();
const KernelTable* kernelsAvx512();
#endif
