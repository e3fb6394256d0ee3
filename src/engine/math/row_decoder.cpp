#include "engine/math/row_decoder.hpp"

#include <algorithm>
#include <string>
#include <type_traits>

#include "base/error.hpp"
#include "engine/math/simd/clones.hpp"

namespace engine::math {

namespace {

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "packed tables are little-endian");

// A packed element as memory has it: at any address, and no other type's memory for the compiler.
template <typename P>
struct Packed {
  typedef P Type __attribute__((aligned(1), may_alias));
};

template <typename T>
struct Job {
  const uint8_t* packed;
  const int64_t* rows;
  int64_t n;
  int64_t row_bytes;
  int64_t elements;
  T scale;
  const T* mean;
  const T* std;
  double exact_scale;
  const double* exact_mean;
  const double* exact_std;
};

template <typename P, typename T>
CEREBRO_INLINE void ReadRow(const uint8_t* row, int64_t elements, T scale, T* __restrict out) {
  const auto* in = reinterpret_cast<const typename Packed<P>::Type*>(row);
  for (int64_t j = 0; j < elements; j++) out[j] = static_cast<T>(in[j]) * scale;
}

template <typename P, typename T>
CEREBRO_INLINE void StandardiseRow(const uint8_t* row, int64_t elements, T scale, const T* __restrict mean, const T* __restrict std,
                                   T* __restrict out) {
  const auto* in = reinterpret_cast<const typename Packed<P>::Type*>(row);
  for (int64_t j = 0; j < elements; j++) out[j] = (static_cast<T>(in[j]) * scale - mean[j]) / std[j];
}

template <typename P, typename T>
CEREBRO_INLINE void StandardiseRowExactly(const uint8_t* row, int64_t elements, double scale, const double* __restrict mean,
                                          const double* __restrict std, T* __restrict out) {
  const auto* in = reinterpret_cast<const typename Packed<P>::Type*>(row);
  for (int64_t j = 0; j < elements; j++) out[j] = static_cast<T>((static_cast<double>(in[j]) * scale - mean[j]) / std[j]);
}

// Rows in a shuffled order come from all over the buffer, and the processor cannot guess which is next.
constexpr int64_t kRowsAhead = 8;
constexpr int64_t kLine = 64;
constexpr int64_t kMostLines = 16;  // of a row: the rest follows by itself

CEREBRO_INLINE void FetchAhead(const uint8_t* row, int64_t row_bytes) {
  for (int64_t at = 0; at < row_bytes && at < kMostLines * kLine; at += kLine) __builtin_prefetch(row + at);
}

// A scalar column is small enough to be near, whatever the order: fetching ahead costs more than it saves.
template <typename P, typename T>
CEREBRO_INLINE void ReadScalars(const Job<T>& job, T* __restrict out) {
  const uint8_t* const packed = job.packed;
  const int64_t row_bytes = job.row_bytes;
  const T scale = job.scale;
  for (int64_t i = 0; i < job.n; i++) {
    out[i] = static_cast<T>(*reinterpret_cast<const typename Packed<P>::Type*>(packed + job.rows[i] * row_bytes)) * scale;
  }
}

template <typename P, typename T>
CEREBRO_INLINE void ReadRows(const Job<T>& job, T* out) {
  const int64_t row_bytes = job.row_bytes;
  const int64_t read_bytes = job.elements * static_cast<int64_t>(sizeof(P));
  const bool plain = job.mean == nullptr && job.exact_mean == nullptr;
  if (job.rows == nullptr && plain && read_bytes == row_bytes) {  // one long row
    ReadRow<P>(job.packed, job.n * job.elements, job.scale, out);
    return;
  }
  if (job.elements == 1 && plain && job.rows != nullptr) return ReadScalars<P>(job, out);
  const int64_t ahead = job.rows == nullptr ? job.n : std::min(kRowsAhead, job.n);
  for (int64_t i = 0; i < ahead && job.rows != nullptr; i++) FetchAhead(job.packed + job.rows[i] * row_bytes, read_bytes);
  for (int64_t i = 0; i < job.n; i++) {
    if (i + ahead < job.n) FetchAhead(job.packed + job.rows[i + ahead] * row_bytes, read_bytes);
    const uint8_t* row = job.packed + (job.rows == nullptr ? i : job.rows[i]) * row_bytes;
    if (plain) {
      ReadRow<P>(row, job.elements, job.scale, out + i * job.elements);
    } else if (job.exact_mean != nullptr) {
      StandardiseRowExactly<P>(row, job.elements, job.exact_scale, job.exact_mean, job.exact_std, out + i * job.elements);
    } else {
      StandardiseRow<P>(row, job.elements, job.scale, job.mean, job.std, out + i * job.elements);
    }
  }
}

#define CEREBRO_DEFINE(P, name)                                                                \
  CEREBRO_CLONES void name(const Job<float>& job, float* out) { ReadRows<P>(job, out); }       \
  CEREBRO_CLONES void name(const Job<double>& job, double* out) { ReadRows<P>(job, out); }

CEREBRO_DEFINE(uint8_t, ReadUInt8)
CEREBRO_DEFINE(int8_t, ReadInt8)
CEREBRO_DEFINE(int16_t, ReadInt16)
CEREBRO_DEFINE(int32_t, ReadInt32)
CEREBRO_DEFINE(float, ReadFloat32)
CEREBRO_DEFINE(double, ReadFloat64)

template <typename P>
int64_t ToIndex(P value) {
  if constexpr (std::is_floating_point_v<P>) {
    constexpr P kLimit = static_cast<P>(int64_t{1} << 62);
    return value > -kLimit && value < kLimit ? static_cast<int64_t>(value) : -1;  // NaN fails both
  } else {
    return static_cast<int64_t>(value);
  }
}

template <typename P>
void ReadIndexes(const uint8_t* packed, const int64_t* rows, int64_t n, int64_t row_bytes, int64_t elements, int64_t* out) {
  for (int64_t i = 0; i < n; i++) {
    const int64_t row = rows == nullptr ? i : rows[i];
    const auto* in = reinterpret_cast<const typename Packed<P>::Type*>(packed + row * row_bytes);
    for (int64_t j = 0; j < elements; j++) out[i * elements + j] = ToIndex<P>(in[j]);
  }
}

[[noreturn]] void ThrowType(base::DType dtype) {
  throw base::Error(base::ErrorCode::kInternal, "packed element type " + std::to_string(static_cast<int>(dtype)) + " cannot be read");
}

/// A constant for each position of the last dimension -> one an element that is read.
template <typename T>
std::vector<T> Spread(const std::vector<double>& constants, int64_t last, int64_t first, int64_t elements, const base::ColumnSpec& column) {
  if (constants.empty()) return {};
  if (static_cast<int64_t>(constants.size()) != last) {
    throw base::Error(base::ErrorCode::kInternal, "column \"" + column.name + "\" has " + std::to_string(constants.size()) +
                                                      " standardisation constants for a last dimension of " + std::to_string(last));
  }
  std::vector<T> spread(static_cast<size_t>(elements));
  for (int64_t j = 0; j < elements; j++) spread[static_cast<size_t>(j)] = static_cast<T>(constants[static_cast<size_t>((first + j) % last)]);
  return spread;
}

}  // namespace

template <typename T>
RowDecoder<T>::RowDecoder(const base::ColumnSpec& column, int64_t first, int64_t count)
    : dtype_(column.dtype),
      row_bytes_(static_cast<int64_t>(column.row_bytes())),
      first_bytes_(first * static_cast<int64_t>(base::DTypeSize(column.dtype))),
      elements_(count < 0 ? base::ElementCount(column.shape) - first : count),
      scale_(static_cast<T>(column.scale)),
      exact_scale_(column.scale) {
  const int64_t last = column.shape.empty() ? 1 : column.shape.back();
  if (column.exact_standardisation) {
    exact_mean_ = Spread<double>(column.mean, last, first, elements_, column);
    exact_std_ = Spread<double>(column.std, last, first, elements_, column);
  } else {
    mean_ = Spread<T>(column.mean, last, first, elements_, column);
    std_ = Spread<T>(column.std, last, first, elements_, column);
  }
  if (column.mean.size() != column.std.size()) {
    throw base::Error(base::ErrorCode::kInternal, "column \"" + column.name + "\" has only one half of its standardisation constants");
  }
}

template <typename T>
void RowDecoder<T>::Decode(const uint8_t* packed, const int64_t* rows, int64_t n, T* out) const {
  const auto constants = [](const auto& values) { return values.empty() ? nullptr : values.data(); };
  const Job<T> job{packed + first_bytes_, rows, n, row_bytes_, elements_, scale_, constants(mean_), constants(std_), exact_scale_,
                   constants(exact_mean_), constants(exact_std_)};
  switch (dtype_) {
    case base::DType::kUInt8: return ReadUInt8(job, out);
    case base::DType::kInt8: return ReadInt8(job, out);
    case base::DType::kInt16: return ReadInt16(job, out);
    case base::DType::kInt32: return ReadInt32(job, out);
    case base::DType::kFloat32: return ReadFloat32(job, out);
    case base::DType::kFloat64: return ReadFloat64(job, out);
  }
  ThrowType(dtype_);
}

void DecodeIndexes(const base::ColumnSpec& column, const uint8_t* packed, const int64_t* rows, int64_t n, int64_t* out, int64_t first,
                   int64_t count) {
  const int64_t elements = count < 0 ? base::ElementCount(column.shape) - first : count;
  const auto row_bytes = static_cast<int64_t>(column.row_bytes());
  packed += first * static_cast<int64_t>(base::DTypeSize(column.dtype));
  switch (column.dtype) {
    case base::DType::kUInt8: return ReadIndexes<uint8_t>(packed, rows, n, row_bytes, elements, out);
    case base::DType::kInt8: return ReadIndexes<int8_t>(packed, rows, n, row_bytes, elements, out);
    case base::DType::kInt16: return ReadIndexes<int16_t>(packed, rows, n, row_bytes, elements, out);
    case base::DType::kInt32: return ReadIndexes<int32_t>(packed, rows, n, row_bytes, elements, out);
    case base::DType::kFloat32: return ReadIndexes<float>(packed, rows, n, row_bytes, elements, out);
    case base::DType::kFloat64: return ReadIndexes<double>(packed, rows, n, row_bytes, elements, out);
  }
  ThrowType(column.dtype);
}

template class RowDecoder<float>;
template class RowDecoder<double>;

}  // namespace engine::math
