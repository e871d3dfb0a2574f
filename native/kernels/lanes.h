// Sixteen floats, or eight doubles, worked on at once. The compiler lowers them to whatever the target has; together
// with -ffp-contract=off every lane gets the operations, in the order, of the TypeScript kernels.
#pragma once

#include <stddef.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>

namespace {

constexpr size_t kLanes = 16;

typedef float Floats __attribute__((vector_size(64)));
typedef int32_t Ints __attribute__((vector_size(64)));
typedef uint32_t Words __attribute__((vector_size(64)));
typedef double Doubles __attribute__((vector_size(64)));
typedef float HalfFloats __attribute__((vector_size(32)));

inline Floats load(const float* from) {
  Floats value;
  memcpy(&value, from, sizeof value);
  return value;
}

inline void store(float* to, Floats value) { memcpy(to, &value, sizeof value); }

inline Doubles load(const double* from) {
  Doubles value;
  memcpy(&value, from, sizeof value);
  return value;
}

inline void store(double* to, Doubles value) { memcpy(to, &value, sizeof value); }

inline Floats all(float value) { return Floats{} + value; }

inline Floats magnitudes(Floats value) { return (Floats)((Ints)value & 0x7fffffff); }

// Comparisons choose as the TypeScript kernels do: where one side is NaN the second is taken.
inline Floats larger(Floats a, Floats b) { return a > b ? a : b; }
inline Floats smaller(Floats a, Floats b) { return a < b ? a : b; }

// Adding and taking away 1.5 · 2^23 rounds to the nearest whole number, ties to even, below 2^22.
constexpr float kRound = 12582912.0f;

// The nearest whole number inside least…most; NaN gives `least`.
inline Floats wholeOf(Floats value, Floats least, Floats most) {
  return (smaller(larger(value, least), most) + kRound) - kRound;
}

inline float wholeOf(float value, float least, float most) {
  float clamped = value > least ? value : least;
  clamped = clamped < most ? clamped : most;
  return (clamped + kRound) - kRound;
}

// Memory for a kernel's own use, aligned for vectors; `data` is null where there is none left.
template <class T>
struct Scratch {
  T* data;
  explicit Scratch(size_t count) : data(static_cast<T*>(aligned_alloc(64, (count * sizeof(T) + 63) / 64 * 64 + 64))) {}
  ~Scratch() { free(data); }
  Scratch(const Scratch&) = delete;
  Scratch& operator=(const Scratch&) = delete;
};

}  // namespace
