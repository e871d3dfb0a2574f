// What is exported: the kernels of src-main/kernels under the same names, with the same arguments and results.
//
// Each call checks its arrays, splits the work over threads and returns when all are done. Kernels write into arrays
// that JavaScript made: no external buffers, which Electron does not allow.
#include <napi.h>

#include <atomic>
#include <cmath>
#include <cstring>
#include <string>
#include <vector>

#include "copy-pages.h"
#include "kernels/table.h"
#include "parallel.h"

namespace {

// What this CPU can run, the best first.
std::vector<const KernelTable*> supportedTables() {
  std::vector<const KernelTable*> tables;
#if defined(__x86_64__)
  __builtin_cpu_init();
  if (__builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vl") &&
      __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512cd"))
    tables.push_back(kernelsAvx512());
  // Every CPU with AVX2 has F16C as well, which older compilers cannot ask for.
  if (__builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma") && __builtin_cpu_supports("bmi2"))
    tables.push_back(kernelsAvx2());
#endif
  tables.push_back(kernelsBaseline());
  return tables;
}

const std::vector<const KernelTable*> tables = supportedTables();
const KernelTable* table = tables.front();
size_t threads = std::max(1u, std::thread::hardware_concurrency());

// Elements below which one thread is faster than two.
constexpr size_t kGrain = size_t{1} << 16;
// The same where elements are only looked at.
constexpr size_t kReadGrain = size_t{1} << 18;

struct Fault {
  std::string text;
};

void require(bool holds, const char* what) {
  if (!holds) throw Fault{what};
}

// One call's arguments, read in order.
class Arguments {
 public:
  explicit Arguments(const Napi::CallbackInfo& info) : info_(info) {}

  size_t size() {
    const double value = number();
    require(value >= 0 && value <= 9007199254740991.0 && value == std::floor(value), "a count is not a whole number");
    return static_cast<size_t>(value);
  }

  int32_t integer() {
    const double value = number();
    require(value >= -2147483648.0 && value <= 2147483647.0 && value == std::floor(value), "not a 32-bit integer");
    return static_cast<int32_t>(value);
  }

  double number() {
    const Napi::Value value = info_[next_++];
    require(value.IsNumber(), "expects a number");
    return value.As<Napi::Number>().DoubleValue();
  }

  bool boolean() {
    const Napi::Value value = info_[next_++];
    require(value.IsBoolean(), "expects true or false");
    return value.As<Napi::Boolean>().Value();
  }

  Napi::Object object() {
    const Napi::Value value = info_[next_++];
    require(value.IsObject(), "expects an object");
    return value.As<Napi::Object>();
  }

  bool isNull() {
    const Napi::Value value = info_[next_];
    if (!value.IsNull() && !value.IsUndefined()) return false;
    next_++;
    return true;
  }

  Napi::TypedArray typedArray() {
    const Napi::Value value = info_[next_++];
    require(value.IsTypedArray(), "expects a typed array");
    return value.As<Napi::TypedArray>();
  }

  template <class T>
  T* array(napi_typedarray_type type, size_t* length) {
    const Napi::TypedArray array = typedArray();
    require(array.TypedArrayType() == type, "expects a typed array of another type");
    *length = array.ElementLength();
    return reinterpret_cast<T*>(static_cast<char*>(array.ArrayBuffer().Data()) + array.ByteOffset());
  }

  const float* floats(size_t* length) { return array<float>(napi_float32_array, length); }

  template <class T>
  T* arrayOf(napi_typedarray_type type, size_t least, const char* what) {
    size_t length = 0;
    T* data = array<T>(type, &length);
    require(length >= least, what);
    return data;
  }

  template <class T>
  T* arrayOrNull(napi_typedarray_type type, size_t least, const char* what) {
    return isNull() ? nullptr : arrayOf<T>(type, least, what);
  }

 private:
  const Napi::CallbackInfo& info_;
  size_t next_ = 0;
};

template <Napi::Value (*kernel)(Napi::Env, Arguments&)>
Napi::Value guarded(const Napi::CallbackInfo& info) {
  try {
    Arguments arguments(info);
    return kernel(info.Env(), arguments);
  } catch (const Fault& fault) {
    throw Napi::TypeError::New(info.Env(), fault.text);
  } catch (const std::bad_alloc&) {
    throw Napi::Error::New(info.Env(), "no memory left for the kernel's own use");
  }
}

// Shares the outputs of a matrix out; each part says whether it had the memory that it needed.
template <class Part>
void overOutputs(size_t outputs, size_t grain, Part part) {
  std::atomic<bool> had{true};
  parallelFor(outputs, grain, threads, 64, [&](size_t from, size_t to) {
    if (!part(from, to)) had = false;
  });
  if (!had) throw std::bad_alloc();
}

// A matrix [inputs, outputs] of which each output is cut into blocks along the inputs.
struct BlockedMatrix {
  const float* x;
  size_t inputs, outputs, block, blocks;
  explicit BlockedMatrix(Arguments& arguments) {
    size_t length;
    x = arguments.floats(&length);
    inputs = arguments.size();
    outputs = arguments.size();
    block = arguments.size();
    require(inputs > 0 && outputs > 0 && block > 0, "sizes must be above 0");
    require(length / inputs >= outputs, "x is too short");
    blocks = (inputs + block - 1) / block;
  }
  size_t grain() const { return kGrain / 8 / inputs + 1; }
};

// Weights [inputs, outputs] and the upper Cholesky factor [inputs, inputs] by which they are changed in place.
struct FactoredMatrix {
  float* w;
  const double* upper;
  size_t inputs, outputs;
  explicit FactoredMatrix(Arguments& arguments) {
    size_t length, upperLength;
    w = arguments.array<float>(napi_float32_array, &length);
    upper = arguments.array<double>(napi_float64_array, &upperLength);
    inputs = arguments.size();
    outputs = arguments.size();
    require(inputs > 0 && outputs > 0, "sizes must be above 0");
    require(length / inputs >= outputs && upperLength / inputs >= inputs, "w or upper is too short");
  }
};

struct ChannelLayout {
  size_t channels, inner, first;
  explicit ChannelLayout(Arguments& arguments)
      : channels(arguments.size()), inner(arguments.size()), first(arguments.size()) {
    require(channels > 0 && inner > 0, "channels and inner must be above 0");
  }
  bool interleaved() const { return inner == 1 && channels > 1; }
};

// Raises or widens per-channel results; order does not matter, so each thread keeps its own and they are merged.
template <class OnRuns, class OnColumns, class Merge>
void overChannels(size_t n, const ChannelLayout& layout, size_t results, OnRuns onRuns, OnColumns onColumns,
                  Merge merge) {
  if (layout.interleaved()) {
    const size_t rows = n / layout.channels + 1;
    parallelFor(layout.channels, std::max<size_t>(16, kGrain / rows), threads, 16, onColumns);
    return;
  }
  std::vector<std::vector<float>> parts;
  std::atomic<size_t> taken{0};
  parts.resize(threads);
  parallelFor(n, kReadGrain, threads, 16, [&](size_t begin, size_t end) {
    std::vector<float>& own = parts[taken++];
    own.resize(results);
    merge(own.data(), nullptr);
    onRuns(begin, end, own.data());
  });
  for (size_t part = 0; part < taken; part++) merge(nullptr, parts[part].data());
}

Napi::Value channelAbsMax(Napi::Env env, Arguments& arguments) {
  size_t n;
  const float* x = arguments.floats(&n);
  const ChannelLayout layout(arguments);
  float* largest = arguments.arrayOf<float>(napi_float32_array, layout.channels, "largest is too short");
  overChannels(
      n, layout, layout.channels,
      [&](size_t begin, size_t end, float* own) {
        table->absMaxRuns(x + begin, end - begin, layout.channels, layout.inner, layout.first + begin, own);
      },
      [&](size_t from, size_t to) { table->absMaxColumns(x, n, layout.channels, layout.first, from, to, largest); },
      [&](float* fresh, const float* from) {
        if (fresh != nullptr) return (void)std::copy(largest, largest + layout.channels, fresh);
        for (size_t c = 0; c < layout.channels; c++)
          if (from[c] > largest[c]) largest[c] = from[c];
      });
  return env.Undefined();
}

Napi::Value channelRange(Napi::Env env, Arguments& arguments) {
  size_t n;
  const float* x = arguments.floats(&n);
  const ChannelLayout layout(arguments);
  const size_t channels = layout.channels;
  float* min = arguments.arrayOf<float>(napi_float32_array, channels, "min is too short");
  float* max = arguments.arrayOf<float>(napi_float32_array, channels, "max is too short");
  overChannels(
      n, layout, 2 * channels,
      [&](size_t begin, size_t end, float* own) {
        table->rangeRuns(x + begin, end - begin, channels, layout.inner, layout.first + begin, own, own + channels);
      },
      [&](size_t from, size_t to) { table->rangeColumns(x, n, channels, layout.first, from, to, min, max); },
      [&](float* fresh, const float* from) {
        if (fresh != nullptr) {
          std::copy(min, min + channels, fresh);
          std::copy(max, max + channels, fresh + channels);
          return;
        }
        for (size_t c = 0; c < channels; c++) {
          if (from[c] < min[c]) min[c] = from[c];
          if (from[channels + c] > max[c]) max[c] = from[channels + c];
        }
      });
  return env.Undefined();
}

Napi::Value countNonFinite(Napi::Env env, Arguments& arguments) {
  size_t n;
  const float* x = arguments.floats(&n);
  std::atomic<size_t> count{0};
  parallelFor(n, kReadGrain, threads, 16,
              [&](size_t begin, size_t end) { count += table->nonFinite(x + begin, end - begin); });
  return Napi::Number::New(env, static_cast<double>(count.load()));
}

Napi::Value quantizeChannels(Napi::Env env, Arguments& arguments) {
  size_t n;
  const float* x = arguments.floats(&n);
  const ChannelLayout layout(arguments);
  const size_t channels = layout.channels;
  const float* scales = arguments.arrayOf<float>(napi_float32_array, channels, "scales are too few");
  const int32_t* zeroPoints = arguments.arrayOrNull<int32_t>(napi_int32_array, channels, "zero points are too few");
  const int32_t low = arguments.integer();
  const int32_t high = arguments.integer();
  char* codes = nullptr;
  int codeBytes = 1;
  if (!arguments.isNull()) {
    const Napi::TypedArray array = arguments.typedArray();
    require(array.ElementLength() >= n, "codes are too few");
    require(array.TypedArrayType() != napi_float32_array && array.ElementSize() <= 2, "codes have 8 or 16 bits");
    codeBytes = static_cast<int>(array.ElementSize());
    codes = static_cast<char*>(array.ArrayBuffer().Data()) + array.ByteOffset();
  }
  double* errors = arguments.arrayOrNull<double>(napi_float64_array, channels, "errors are too few");
  if (codes == nullptr && errors == nullptr) return env.Undefined();
  if (layout.interleaved()) {
    const size_t rows = n / channels + 1;
    parallelFor(channels, std::max<size_t>(16, kGrain / rows), threads, 16, [&](size_t from, size_t to) {
      table->quantizeColumns(x, n, channels, layout.first, from, to, scales, zeroPoints, low, high, codeBytes, codes,
                             errors);
    });
    return env.Undefined();
  }
  // An error sum belongs to a whole run; so parts begin where runs do, and a channel must not be in two of them.
  const bool whole = errors != nullptr;
  const size_t within = layout.first % layout.inner;
  const bool once = channels > 1 && within + n <= channels * layout.inner;
  const size_t unit = whole ? layout.inner : 16;
  const size_t shift = whole ? within : 0;
  const size_t parts = whole && !once ? 1 : threads;
  parallelFor(n + shift, kGrain, parts, unit, [&](size_t begin, size_t end) {
    const size_t from = begin == 0 ? 0 : begin - shift;
    table->quantizeRuns(x + from, end - shift - from, channels, layout.inner, layout.first + from, scales, zeroPoints,
                        low, high, codeBytes, codes == nullptr ? nullptr : codes + from * codeBytes, errors);
  });
  return env.Undefined();
}

Napi::Value float32ToFloat16(Napi::Env env, Arguments& arguments) {
  size_t n;
  const float* source = arguments.floats(&n);
  uint16_t* target = arguments.arrayOf<uint16_t>(napi_uint16_array, n, "target is too short");
  std::atomic<size_t> overflows{0};
  parallelFor(n, kGrain, threads, 16, [&](size_t begin, size_t end) {
    overflows += table->toFloat16(source + begin, target + begin, end - begin);
  });
  return Napi::Number::New(env, static_cast<double>(overflows.load()));
}

Napi::Value float32ToBfloat16(Napi::Env env, Arguments& arguments) {
  size_t n;
  const float* source = arguments.floats(&n);
  uint16_t* target = arguments.arrayOf<uint16_t>(napi_uint16_array, n, "target is too short");
  parallelFor(n, kGrain, threads, 16,
              [&](size_t begin, size_t end) { table->toBfloat16(source + begin, target + begin, end - begin); });
  return env.Undefined();
}

template <void (*KernelTable::*widen)(const uint16_t*, float*, size_t)>
Napi::Value toFloat32(Napi::Env env, Arguments& arguments) {
  size_t n;
  const uint16_t* source = arguments.array<uint16_t>(napi_uint16_array, &n);
  float* target = arguments.arrayOf<float>(napi_float32_array, n, "target is too short");
  parallelFor(n, kGrain, threads, 16,
              [&](size_t begin, size_t end) { (table->*widen)(source + begin, target + begin, end - begin); });
  return env.Undefined();
}

// Counts of each thread, added to `counts` when all are done.
template <class Count>
void addCounts(size_t n, size_t bins, double* counts, Count count) {
  std::vector<std::vector<uint32_t>> parts(threads);
  std::atomic<size_t> taken{0};
  parallelFor(n, kGrain, threads, 16, [&](size_t begin, size_t end) {
    std::vector<uint32_t>& own = parts[taken++];
    own.resize(bins);
    count(begin, end, own.data());
  });
  for (size_t part = 0; part < taken; part++)
    for (size_t at = 0; at < bins; at++) counts[at] += parts[part][at];
}

// Values below which clearing and adding up tables takes longer than counting without them.
constexpr size_t kSmallHistogram = size_t{1} << 14;

// The elements of a property that holds a typed array.
template <class T>
T* arrayIn(const Napi::Object& object, const char* name, napi_typedarray_type type, size_t* length) {
  const Napi::Value value = object.Get(name);
  require(value.IsTypedArray(), "expects a typed array");
  const Napi::TypedArray array = value.As<Napi::TypedArray>();
  require(array.TypedArrayType() == type, "expects a typed array of another type");
  *length = array.ElementLength();
  return reinterpret_cast<T*>(static_cast<char*>(array.ArrayBuffer().Data()) + array.ByteOffset());
}

// What one histogram sees: src-main/kernels/grid-histogram.ts.
struct HistogramInput {
  const float* x;
  double *scalars, *counts;
  float* extremes;
  size_t n, bins, samples;

  explicit HistogramInput(const Napi::Value& given) {
    require(given.IsObject(), "expects an object");
    const Napi::Object input = given.As<Napi::Object>();
    const Napi::Value histogram = input.Get("histogram");
    require(histogram.IsObject(), "expects an object");
    size_t scalarCount, extremeCount;
    x = arrayIn<float>(input, "x", napi_float32_array, &n);
    extremes = arrayIn<float>(input, "extremes", napi_float32_array, &extremeCount);
    scalars = arrayIn<double>(histogram.As<Napi::Object>(), "scalars", napi_float64_array, &scalarCount);
    counts = arrayIn<double>(histogram.As<Napi::Object>(), "counts", napi_float64_array, &bins);
    samples = extremeCount / 2;
    require(scalarCount >= 5, "scalars are too few");
    require(bins >= 4 && bins % 4 == 0 && bins < (size_t{1} << 24), "a histogram has as many bins on either side of 0");
    require(extremeCount % 2 == 0 && (samples == 0 ? n == 0 : n % samples == 0), "extremes do not fit the samples");
  }
};

Napi::Value addToHistograms(Napi::Env env, Arguments& arguments) {
  const Napi::Object given = arguments.object();
  require(given.IsArray(), "expects an array");
  const uint32_t count = given.As<Napi::Array>().Length();
  std::vector<HistogramInput> inputs;
  size_t elements = 0, mostBins = 0;
  for (uint32_t at = 0; at < count; at++) {
    inputs.emplace_back(given.Get(at));
    elements += inputs.back().n;
    mostBins = std::max(mostBins, inputs.back().bins);
  }
  Napi::Float64Array broken = Napi::Float64Array::New(env, count);
  double* const found = broken.Data();
  const size_t parts = std::max<size_t>(1, std::min({threads, size_t{count}, elements / kGrain}));
  std::vector<uint32_t> tables(parts * 4 * mostBins);
  std::atomic<size_t> next{0};
  parallelFor(parts, 1, parts, 1, [&](size_t part, size_t) {
    for (size_t at = next++; at < inputs.size(); at = next++) {
      const HistogramInput& input = inputs[at];
      found[at] = static_cast<double>(table->gridHistogram(
          input.x, input.samples, input.samples == 0 ? 0 : input.n / input.samples, input.scalars, input.counts,
          input.bins / 2, input.n < kSmallHistogram, input.extremes, tables.data() + part * 4 * mostBins));
    }
  });
  return broken;
}

Napi::Value countMagnitudes(Napi::Env env, Arguments& arguments) {
  size_t n;
  const float* x = arguments.floats(&n);
  constexpr size_t bins = 1 << 15;
  double* counts = arguments.arrayOf<double>(napi_float64_array, bins, "counts are too few");
  addCounts(n, bins, counts, [&](size_t begin, size_t end, uint32_t* own) {
    table->countUpper(x + begin, end - begin, own);
  });
  return env.Undefined();
}

Napi::Value countMagnitudesWithin(Napi::Env env, Arguments& arguments) {
  size_t n;
  const float* x = arguments.floats(&n);
  const uint32_t upper = static_cast<uint32_t>(arguments.size());
  constexpr size_t bins = 1 << 16;
  double* counts = arguments.arrayOf<double>(napi_float64_array, bins, "counts are too few");
  addCounts(n, bins, counts, [&](size_t begin, size_t end, uint32_t* own) {
    table->countLower(x + begin, end - begin, upper, own);
  });
  return env.Undefined();
}

Napi::Value maskBelow(Napi::Env env, Arguments& arguments) {
  size_t n;
  const float* x = arguments.floats(&n);
  const float threshold = static_cast<float>(arguments.number());
  const double tieEnd = arguments.number();
  uint8_t* mask = arguments.arrayOf<uint8_t>(napi_uint8_array, n, "mask is too short");
  const size_t middle = tieEnd <= 0 ? 0 : tieEnd >= static_cast<double>(n) ? n : static_cast<size_t>(tieEnd);
  parallelFor(n, kGrain, threads, 16, [&](size_t begin, size_t end) {
    table->maskBelow(x + begin, end - begin, threshold, middle > begin ? middle - begin : 0, mask + begin);
  });
  return env.Undefined();
}

Napi::Value maskNOfM(Napi::Env env, Arguments& arguments) {
  size_t total;
  const float* x = arguments.floats(&total);
  const size_t size = arguments.size();
  const size_t inner = arguments.size();
  const size_t n = arguments.size();
  const size_t m = arguments.size();
  uint8_t* mask = arguments.arrayOf<uint8_t>(napi_uint8_array, total, "mask is too short");
  require(size > 0 && inner > 0 && m > 0, "size, inner and m must be above 0");
  require(total % (size * inner) == 0, "expects whole slices of the axis");
  // Where m divides the axis, its groups are slices of their own, and even one large slice can be split.
  const size_t slice = (size % m == 0 ? m : size) * inner;
  parallelFor(total / slice, kGrain / slice + 1, threads, 1, [&](size_t begin, size_t end) {
    if (inner == 1 && size % m == 0)
      table->maskGroups(x + begin * slice, 1, (end - begin) * m, 1, n, m, mask + begin * slice);
    else
      table->maskGroups(x + begin * slice, end - begin, slice / inner, inner, n, m, mask + begin * slice);
  });
  return env.Undefined();
}

void requireBits(int bits) { require(bits == 2 || bits == 4 || bits == 8, "bits must be 2, 4 or 8"); }

Napi::Value quantizeBlocks(Napi::Env env, Arguments& arguments) {
  const BlockedMatrix matrix(arguments);
  const int bits = arguments.integer();
  const int clipSteps = arguments.integer();
  requireBits(bits);
  require(matrix.block * bits % 8 == 0, "block and bits do not fit");
  const size_t zeroBytes = (matrix.blocks * bits + 7) / 8;
  uint8_t* codes =
      arguments.arrayOf<uint8_t>(napi_uint8_array, matrix.outputs * matrix.blocks * matrix.block * bits / 8,
                                 "codes are too few");
  float* scales = arguments.arrayOf<float>(napi_float32_array, matrix.outputs * matrix.blocks, "scales are too few");
  uint8_t* zeroPoints =
      arguments.arrayOrNull<uint8_t>(napi_uint8_array, matrix.outputs * zeroBytes, "zero points are too few");
  if (zeroPoints != nullptr)
    std::memset(zeroPoints, bits == 2 ? 0xaa : bits == 4 ? 0x88 : 0x80, matrix.outputs * zeroBytes);
  overOutputs(matrix.outputs, matrix.grain(), [&](size_t from, size_t to) {
    return table->quantizeBlocks(matrix.x, matrix.inputs, matrix.outputs, from, to, matrix.block, bits, clipSteps,
                                 codes, scales, zeroPoints);
  });
  return env.Undefined();
}

Napi::Value blockGrids(Napi::Env env, Arguments& arguments) {
  const BlockedMatrix matrix(arguments);
  const int levelBits = arguments.integer();
  const int zeroKind = arguments.integer();
  const int search = arguments.integer();
  require(levelBits >= 2 && levelBits <= 8, "levelBits must be 2 to 8");
  require(zeroKind >= 0 && zeroKind <= 2, "no such kind of zero point");
  require(search >= 0 && search <= 3, "no such search");
  const size_t grids = matrix.outputs * matrix.blocks;
  float* scales = arguments.arrayOf<float>(napi_float32_array, grids, "scales are too few");
  float* zeros = arguments.arrayOf<float>(napi_float32_array, grids, "zeros are too few");
  const int bits = arguments.integer();
  const int shift = arguments.integer();
  requireBits(bits);
  require(matrix.block * bits % 8 == 0, "block and bits do not fit");
  uint8_t* codes =
      arguments.arrayOrNull<uint8_t>(napi_uint8_array, grids * matrix.block * bits / 8, "codes are too few");
  require(codes == nullptr || (levelBits <= bits && shift >= 0 && shift + (1 << levelBits) <= 1 << bits),
          "codes moved by shift do not fit into bits");
  overOutputs(matrix.outputs, matrix.grain(), [&](size_t from, size_t to) {
    return table->blockGrids(matrix.x, matrix.inputs, matrix.outputs, from, to, matrix.block, levelBits, zeroKind,
                             static_cast<GridSearch>(search), scales, zeros, bits, shift, codes);
  });
  return env.Undefined();
}

Napi::Value gptq(Napi::Env env, Arguments& arguments) {
  const FactoredMatrix matrix(arguments);
  const size_t group = arguments.size();
  const int bits = arguments.integer();
  const int clipSteps = arguments.integer();
  requireBits(bits);
  require(group > 0, "sizes must be above 0");
  const size_t groups = (matrix.inputs + group - 1) / group;
  uint8_t* codes = arguments.arrayOf<uint8_t>(napi_uint8_array, matrix.inputs * matrix.outputs, "codes are too few");
  float* scales = arguments.arrayOf<float>(napi_float32_array, groups * matrix.outputs, "scales are too few");
  uint8_t* zeroPoints =
      arguments.arrayOrNull<uint8_t>(napi_uint8_array, groups * matrix.outputs, "zero points are too few");
  overOutputs(matrix.outputs, 64, [&](size_t from, size_t to) {
    return table->gptq(matrix.w, matrix.upper, matrix.inputs, matrix.outputs, from, to, group, bits, clipSteps, codes,
                       scales, zeroPoints);
  });
  return env.Undefined();
}

Napi::Value gptqOnGrids(Napi::Env env, Arguments& arguments) {
  size_t scalesLength;
  const FactoredMatrix matrix(arguments);
  const int32_t* blockOf = arguments.arrayOf<int32_t>(napi_int32_array, matrix.inputs, "blockOf is too short");
  const int levelBits = arguments.integer();
  require(levelBits >= 2 && levelBits <= 8, "levelBits must be 2 to 8");
  const float* scales = arguments.floats(&scalesLength);
  const size_t blocks = scalesLength / matrix.outputs;
  for (size_t i = 0; i < matrix.inputs; i++)
    require(blockOf[i] >= 0 && static_cast<size_t>(blockOf[i]) < blocks, "blockOf names a block without a scale");
  const float* zeros = arguments.arrayOf<float>(napi_float32_array, scalesLength, "zeros are too few");
  uint8_t* codes = arguments.arrayOf<uint8_t>(napi_uint8_array, matrix.inputs * matrix.outputs, "codes are too few");
  overOutputs(matrix.outputs, 64, [&](size_t from, size_t to) {
    return table->gptqOnGrids(matrix.w, matrix.upper, matrix.inputs, matrix.outputs, from, to, blocks, blockOf,
                              levelBits, scales, zeros, codes);
  });
  return env.Undefined();
}

Napi::Value pruneInputs(Napi::Env env, Arguments& arguments) {
  const FactoredMatrix matrix(arguments);
  const size_t first = arguments.size();
  const size_t last = arguments.size();
  require(first <= last && last <= matrix.inputs, "the inputs do not fit");
  const uint8_t* mask =
      arguments.arrayOf<uint8_t>(napi_uint8_array, (last - first) * matrix.outputs, "mask is too short");
  overOutputs(matrix.outputs, 64, [&](size_t from, size_t to) {
    return table->pruneInputs(matrix.w, matrix.upper, matrix.inputs, matrix.outputs, from, to, first, last, mask);
  });
  return env.Undefined();
}

ptrdiff_t factor(double* h, size_t n) {
  const size_t block = table->choleskyBlock;
  std::vector<double> panel(block * n);
  for (size_t right = n; right > 0;) {
    const size_t left = right > block ? (right - 1) / block * block : 0;
    const ptrdiff_t failed = table->factorDiagonal(h, n, left, right);
    if (failed >= 0) return failed;
    parallelFor(left, 64, threads, 4,
                [&](size_t from, size_t to) { table->solveRows(h, n, left, right, from, to, panel.data()); });
    // The rows above have more to the right of the diagonal: small parts, so that threads end together.
    std::atomic<size_t> next{0};
    parallelFor(threads, left < 256 ? threads : 1, threads, 1, [&](size_t, size_t) {
      for (size_t from; (from = next.fetch_add(16)) < left;)
        table->updateRows(h, n, left, right, from, std::min(left, from + 16), panel.data());
    });
    right = left;
  }
  return -1;
}

void invert(double* h, size_t n) {
  const size_t block = table->choleskyBlock;
  for (size_t i = 1; i < n; i++) std::fill(h + i * n, h + i * n + i, 0.0);
  std::vector<double> rows(block * n);
  for (size_t bottom = n; bottom > 0;) {
    const size_t top = bottom > block ? (bottom - 1) / block * block : 0;
    const size_t width = n - top;
    parallelFor(width, 128, threads, 8, [&](size_t from, size_t to) {
      table->invertStrip(h, n, top, bottom, top + from, top + to, rows.data());
    });
    for (size_t i = top; i < bottom; i++)
      std::copy(rows.data() + (i - top) * n + i, rows.data() + (i - top + 1) * n, h + i * n + i);
    bottom = top;
  }
}

Napi::Value inverseUpperCholesky(Napi::Env env, Arguments& arguments) {
  size_t length;
  double* h = arguments.array<double>(napi_float64_array, &length);
  const size_t n = arguments.size();
  require(length >= n * n, "h is too short");
  const ptrdiff_t failed = factor(h, n);
  if (failed < 0) invert(h, n);
  return Napi::Number::New(env, static_cast<double>(failed));
}

double numberOf(const Napi::Object& object, const char* name) {
  const Napi::Value value = object.Get(name);
  require(value.IsNumber(), "expects a number");
  return value.As<Napi::Number>().DoubleValue();
}

void sizesOf(const Napi::Object& object, const char* name, double least, size_t (&sizes)[3]) {
  const Napi::Value list = object.Get(name);
  require(list.IsArray() && list.As<Napi::Array>().Length() == 3, "a geometry has three axes");
  for (uint32_t axis = 0; axis < 3; axis++) {
    const Napi::Value value = list.As<Napi::Array>().Get(axis);
    require(value.IsNumber(), "expects a number");
    const double size = value.As<Napi::Number>().DoubleValue();
    require(size >= least && size <= 1e9 && size == std::floor(size), "a size of the geometry is out of range");
    sizes[axis] = static_cast<size_t>(size);
  }
}

size_t areaOf(const size_t (&sizes)[3]) { return sizes[0] * sizes[1] * sizes[2]; }

Napi::Value addPatchProducts(Napi::Env env, Arguments& arguments) {
  size_t n, sumsLength, valuesLength = 0;
  const float* x = arguments.floats(&n);
  const size_t samples = arguments.size();
  const Napi::Object given = arguments.object();
  PatchGeometry geometry;
  sizesOf(given, "input", 1, geometry.input);
  sizesOf(given, "output", 1, geometry.output);
  sizesOf(given, "kernel", 1, geometry.kernel);
  sizesOf(given, "strides", 1, geometry.strides);
  sizesOf(given, "dilations", 1, geometry.dilations);
  sizesOf(given, "pads", 0, geometry.pads);
  const size_t groups = arguments.size();
  const float* values = arguments.isNull() ? nullptr : arguments.floats(&valuesLength);
  const Napi::Object gate = arguments.object();
  const double low = numberOf(gate, "low"), high = numberOf(gate, "high"), closed = numberOf(gate, "closed");
  double* sums = arguments.array<double>(napi_float64_array, &sumsLength);
  const size_t area = areaOf(geometry.input), places = areaOf(geometry.output);
  require(groups > 0 && samples > 0 && n > 0 && n % (area * groups * samples) == 0, "x does not fit the geometry");
  const size_t channels = n / area / groups / samples;
  const size_t size = channels * areaOf(geometry.kernel) + 1;
  const size_t matrices = sumsLength / (size * size);
  const size_t perGroup = matrices / groups;
  require(sumsLength == groups * perGroup * size * size, "sums do not fit the geometry");
  require(values == nullptr || valuesLength == samples * matrices * places, "values do not fit the geometry");
  require(area < (size_t{1} << 31), "x is too large");
  const size_t taps = areaOf(geometry.kernel);
  const size_t part = table->partPlaces;
  // Threads share out the matrices; those of one group, which need the same patches, stay together where they can.
  const size_t grain = kGrain / (samples * places * size) + 1;
  parallelFor(matrices, grain, threads, 1, [&](size_t begin, size_t end) {
    std::vector<double> patches(part * table->patchWidth(size)), gates(part);
    std::vector<int32_t> offsets(taps * part);
    for (size_t sample = 0; sample < samples; sample++)
      for (size_t from = 0; from < places; from += part) {
        const size_t count = std::min(part, places - from);
        if (sample == 0 || places > part) table->patchOffsets(geometry, from, count, offsets.data());
        for (size_t group = begin / perGroup; group * perGroup < end; group++) {
          table->patchRows(x + (sample * groups + group) * channels * area, area, taps, channels, offsets.data(), count,
                           patches.data());
          for (size_t m = std::max(begin, group * perGroup); m < std::min(end, (group + 1) * perGroup); m++)
            table->patchProducts(patches.data(), size, count,
                                 values == nullptr ? nullptr : values + (sample * matrices + m) * places + from, low,
                                 high, closed, gates.data(), sums + m * size * size);
        }
      }
  });
  return env.Undefined();
}

// The rows that a slice of `n` elements touches, each with its channel and, unless outputs are places, its output.
struct WeightRows {
  size_t inner, within;
  const int32_t* channels;
  const int32_t* outputs;
  WeightRows(const Napi::Object& given, size_t n, size_t channelCount, size_t outputCount) {
    inner = wholeOf(given, "inner");
    within = wholeOf(given, "within");
    require(inner > 0 && within < inner, "the slice does not start within a row");
    const size_t rows = (within + n + inner - 1) / inner;
    channels = indices(given.Get("channels"), rows, channelCount);
    outputs = given.Get("outputs").IsNull() ? nullptr : indices(given.Get("outputs"), rows, outputCount);
    require(outputs != nullptr || inner <= outputCount, "an output is missing");
  }

 private:
  static size_t wholeOf(const Napi::Object& given, const char* name) {
    const double value = numberOf(given, name);
    require(value >= 0 && value <= 9007199254740991.0 && value == std::floor(value), "a count is not a whole number");
    return static_cast<size_t>(value);
  }
  static const int32_t* indices(const Napi::Value& value, size_t rows, size_t limit) {
    require(value.IsTypedArray(), "expects a typed array");
    const Napi::TypedArray array = value.As<Napi::TypedArray>();
    require(array.TypedArrayType() == napi_int32_array && array.ElementLength() >= rows, "a row is missing");
    const int32_t* data =
        reinterpret_cast<const int32_t*>(static_cast<char*>(array.ArrayBuffer().Data()) + array.ByteOffset());
    for (size_t row = 0; row < rows; row++)
      require(data[row] >= 0 && static_cast<size_t>(data[row]) < limit, "a row names what is not there");
    return data;
  }
};

Napi::Value addRowMagnitudes(Napi::Env env, Arguments& arguments) {
  size_t n, channels;
  const float* x = arguments.floats(&n);
  const Napi::Object given = arguments.object();
  double* largest = arguments.array<double>(napi_float64_array, &channels);
  double* squares = arguments.arrayOf<double>(napi_float64_array, channels, "squares are too few");
  const WeightRows rows(given, n, channels, SIZE_MAX);
  table->rowMagnitudes(x, n, rows.inner, rows.within, rows.channels, largest, squares);
  return env.Undefined();
}

Napi::Value raiseWidest(Napi::Env env, Arguments& arguments) {
  size_t n, factorCount, widestCount;
  const float* x = arguments.floats(&n);
  const Napi::Object given = arguments.object();
  const size_t choices = arguments.size();
  const double* factors = arguments.array<double>(napi_float64_array, &factorCount);
  double* widest = arguments.array<double>(napi_float64_array, &widestCount);
  require(choices > 0, "choices must be above 0");
  const size_t channels = factorCount / choices, outputs = widestCount / choices;
  const WeightRows rows(given, n, channels, outputs);
  if (rows.outputs == nullptr)
    parallelFor(outputs, std::max<size_t>(64, kGrain / (n / rows.inner + 1)), threads, 16, [&](size_t from, size_t to) {
      table->widestPlaces(x, n, rows.inner, rows.within, rows.channels, choices, factors, channels, widest, outputs,
                          from, to);
    });
  else
    parallelFor(choices, kGrain / (n + 1) + 1, threads, 1, [&](size_t from, size_t to) {
      table->widestRows(x, n, rows.inner, rows.within, rows.channels, rows.outputs, from, to, factors, channels, widest,
                        outputs);
    });
  return env.Undefined();
}

// U with (H + λ·I)⁻¹ = Uᵀ·U; false where H is not finite.
bool inverseFactor(const double* h, size_t n, double* damped) {
  double trace = 0;
  for (size_t i = 0; i < n; i++) trace += h[i * n + i];
  const double mean = trace == 0 ? 1 : trace / static_cast<double>(n);
  for (double share = 1e-3; share < 1e6; share *= 10) {
    std::copy(h, h + n * n, damped);
    for (size_t i = 0; i < n; i++) damped[i * n + i] += share * mean;
    if (factor(damped, n) >= 0) continue;
    invert(damped, n);
    return true;
  }
  return false;
}

Napi::Value roundOutputs(Napi::Env env, Arguments& arguments) {
  size_t length, sumsLength, outputs;
  const double* weights = arguments.array<double>(napi_float64_array, &length);
  const double* h = arguments.array<double>(napi_float64_array, &sumsLength);
  const size_t groups = arguments.size();
  const float* scales = arguments.floats(&outputs);
  const double limit = arguments.integer();
  const bool upOrDown = arguments.boolean();
  int8_t* codes = arguments.arrayOf<int8_t>(napi_int8_array, length, "codes are too few");
  require(limit >= 0 && limit <= 127, "limit must be 0 to 127");
  require(groups > 0 && outputs > 0 && outputs % groups == 0 && length % outputs == 0, "outputs do not fit");
  const size_t inputs = length / outputs;
  const size_t perGroup = outputs / groups;
  require(sumsLength >= groups * inputs * inputs, "h is too short");
  const auto roundAll = [&](size_t from, size_t to, const double* own, const double* upper) {
    std::vector<double> scratch(3 * inputs);
    std::vector<int8_t> nearest(inputs);
    for (size_t output = from; output < to; output++) {
      const double* w = weights + output * inputs;
      int8_t* out = codes + output * inputs;
      if (!upOrDown) {
        std::copy(w, w + inputs, scratch.data());
        table->feedbackRow(scratch.data(), upper, inputs, scales[output], limit, out);
      }
      table->settleRow(w, own, inputs, scales[output], limit, upOrDown, out, scratch.data(), nearest.data());
    }
  };
  const size_t grain = kGrain / 8 / (inputs * inputs) + 1;
  if (groups == 1) {
    std::vector<double> upper(upOrDown ? 0 : inputs * inputs);
    if (!upOrDown && !inverseFactor(h, inputs, upper.data())) return Napi::Number::New(env, 0);
    parallelFor(outputs, grain, threads, 1, [&](size_t from, size_t to) { roundAll(from, to, h, upper.data()); });
    return Napi::Number::New(env, -1);
  }
  std::atomic<size_t> failed{groups};
  parallelFor(groups, grain, threads, 1, [&](size_t begin, size_t end) {
    std::vector<double> upper(inputs * inputs);
    for (size_t group = begin; group < end; group++) {
      const double* own = h + group * inputs * inputs;
      if (!upOrDown && !inverseFactor(own, inputs, upper.data())) {
        for (size_t least = failed; group < least && !failed.compare_exchange_weak(least, group);) {
        }
        return;
      }
      roundAll(group * perGroup, (group + 1) * perGroup, own, upper.data());
    }
  });
  return Napi::Number::New(env, failed == groups ? -1.0 : static_cast<double>(failed.load()));
}

Napi::Value copyInKernel(Napi::Env env, Arguments& arguments) {
  const int32_t source = arguments.integer();
  const size_t from = arguments.size();
  const int32_t target = arguments.integer();
  const size_t to = arguments.size();
  const size_t length = arguments.size();
  const size_t copied =
      copyPages(source, static_cast<int64_t>(from), target, static_cast<int64_t>(to), length);
  return Napi::Number::New(env, static_cast<double>(copied));
}

Napi::Value setThreads(Napi::Env env, Arguments& arguments) {
  threads = std::max<size_t>(1, std::min<size_t>(arguments.size(), 256));
  return env.Undefined();
}

Napi::Value instructionSets(Napi::Env env, Arguments&) {
  Napi::Array names = Napi::Array::New(env);
  for (size_t i = 0; i < tables.size(); i++) names.Set(static_cast<uint32_t>(i), tables[i]->name);
  return names;
}

Napi::Value setInstructionSet(Napi::Env env, Arguments& arguments) {
  const size_t at = arguments.size();
  require(at < tables.size(), "this CPU has no such instruction set");
  table = tables[at];
  return env.Undefined();
}

template <Napi::Value (*kernel)(Napi::Env, Arguments&)>
void add(Napi::Object exports, const char* name) {
  exports.Set(name, Napi::Function::New(exports.Env(), guarded<kernel>, name));
}

Napi::Object initialize(Napi::Env, Napi::Object exports) {
  add<channelAbsMax>(exports, "channelAbsMax");
  add<channelRange>(exports, "channelRange");
  add<countNonFinite>(exports, "countNonFinite");
  add<quantizeChannels>(exports, "quantizeChannels");
  add<float32ToFloat16>(exports, "float32ToFloat16");
  add<toFloat32<&KernelTable::fromFloat16>>(exports, "float16ToFloat32");
  add<float32ToBfloat16>(exports, "float32ToBfloat16");
  add<toFloat32<&KernelTable::fromBfloat16>>(exports, "bfloat16ToFloat32");
  add<addToHistograms>(exports, "addToHistograms");
  add<countMagnitudes>(exports, "countMagnitudes");
  add<countMagnitudesWithin>(exports, "countMagnitudesWithin");
  add<maskBelow>(exports, "maskBelow");
  add<maskNOfM>(exports, "maskNOfM");
  add<quantizeBlocks>(exports, "quantizeBlocks");
  add<blockGrids>(exports, "blockGrids");
  add<gptq>(exports, "gptq");
  add<gptqOnGrids>(exports, "gptqOnGrids");
  add<pruneInputs>(exports, "pruneInputs");
  add<inverseUpperCholesky>(exports, "inverseUpperCholesky");
  add<roundOutputs>(exports, "roundOutputs");
  add<addRowMagnitudes>(exports, "addRowMagnitudes");
  add<raiseWidest>(exports, "raiseWidest");
  add<addPatchProducts>(exports, "addPatchProducts");
  add<copyInKernel>(exports, "copyInKernel");
  add<setThreads>(exports, "setThreads");
  add<instructionSets>(exports, "instructionSets");
  add<setInstructionSet>(exports, "setInstructionSet");
  return exports;
}

}  // namespace

NODE_API_MODULE(kernels, initialize)
