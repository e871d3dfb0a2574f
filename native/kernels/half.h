// float16 and bfloat16: src-main/kernels/half.ts.
#pragma once

#include "lanes.h"
#if defined(__F16C__)
#include <immintrin.h>
#endif

namespace {

inline uint32_t bitsOf(float value) {
  uint32_t bits;
  memcpy(&bits, &value, 4);
  return bits;
}

inline float ofBits(uint32_t bits) {
  float value;
  memcpy(&value, &bits, 4);
  return value;
}

inline uint16_t toHalf(float value) {
  const uint32_t bits = bitsOf(value);
  const uint32_t sign = (bits >> 16) & 0x8000;
  const uint32_t magnitude = bits & 0x7fffffff;
  if (magnitude > 0x7f800000) return (uint16_t)(sign | 0x7e00 | ((magnitude >> 13) & 0x3ff));
  if (magnitude >= 0x47800000) return (uint16_t)(sign | 0x7c00);
  if (magnitude >= 0x38800000)
    return (uint16_t)(sign | ((magnitude - 0x38000000 + 0xfff + ((magnitude >> 13) & 1)) >> 13));
  return (uint16_t)(sign | (uint32_t)((ofBits(magnitude) * 16777216.0f + kRound) - kRound));
}

inline float fromHalf(uint16_t half) {
  const uint32_t exponent = (half >> 10) & 31;
  const uint32_t fraction = half & 0x3ff;
  const uint32_t sign = (uint32_t)(half & 0x8000) << 16;
  if (exponent == 0) return ofBits(sign | bitsOf((float)fraction / 16777216.0f));
  if (exponent == 31) return ofBits(sign | 0x7f800000 | (fraction == 0 ? 0 : 0x400000 | (fraction << 13)));
  return ofBits(sign | ((exponent + 112) << 23) | (fraction << 13));
}

inline bool overflows(float value) {
  const uint32_t magnitude = bitsOf(value) & 0x7fffffff;
  return magnitude >= 0x477ff000 && magnitude < 0x7f800000;  // 65520 and more
}

size_t toFloat16(const float* source, uint16_t* target, size_t n) {
  size_t over = 0;
  for (size_t start = 0; start < n; start += 1u << 20) {
    const size_t end = n - start > (1u << 20) ? start + (1u << 20) : n;
    uint32_t count = 0;
    size_t i = start;
#if defined(__F16C__)
    for (; i + 8 <= end; i += 8)
      _mm_storeu_si128(reinterpret_cast<__m128i*>(target + i), _mm256_cvtps_ph(_mm256_loadu_ps(source + i), 0));
#endif
    for (; i < end; i++) target[i] = toHalf(source[i]);
    for (size_t j = start; j < end; j++) count += overflows(source[j]);
    over += count;
  }
  return over;
}

void fromFloat16(const uint16_t* source, float* target, size_t n) {
  size_t i = 0;
#if defined(__F16C__)
  for (; i + 8 <= n; i += 8)
    _mm256_storeu_ps(target + i, _mm256_cvtph_ps(_mm_loadu_si128(reinterpret_cast<const __m128i*>(source + i))));
#endif
  for (; i < n; i++) target[i] = fromHalf(source[i]);
}

void toBfloat16(const float* source, uint16_t* target, size_t n) {
  for (size_t i = 0; i < n; i++) {
    const uint32_t bits = bitsOf(source[i]);
    const uint32_t rounded = (bits + 0x7fff + ((bits >> 16) & 1)) >> 16;
    const uint32_t quiet = (bits >> 16) | 0x40;
    target[i] = (uint16_t)((bits & 0x7fffffff) > 0x7f800000 ? quiet : rounded);
  }
}

void fromBfloat16(const uint16_t* source, float* target, size_t n) {
  for (size_t i = 0; i < n; i++) target[i] = ofBits((uint32_t)source[i] << 16);
}

}  // namespace
