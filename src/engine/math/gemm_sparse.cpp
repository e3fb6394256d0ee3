#include "engine/math/gemm_sparse.hpp"

#include <algorithm>

#include "engine/math/gemm_tiles.hpp"
#include "engine/math/simd/clones.hpp"

namespace engine::math {

namespace {

constexpr int64_t kHeadWords = 8;  // a cache line: whether the sparse product is worthwhile, and how many values are not zero
// A matrix without zeros is known by its first rows.
constexpr int64_t kFirstRows = 8;
constexpr double kFullDensity = 0.95;

int64_t WordsFor(int64_t bits) { return (bits + ZeroMap::kWordBits - 1) / ZeroMap::kWordBits; }

CEREBRO_CLONES int64_t CountBits(const uint64_t* words, int64_t n) {
  int64_t count = 0;
  for (int64_t i = 0; i < n; i++) count += __builtin_popcountll(words[i]);
  return count;
}

// The transpose of 64 x 64 bits: blocks beside the diagonal change places, in halves of halves. Row i is at from[i * stride].
CEREBRO_CLONES void Transpose(const uint64_t* from, int64_t stride, uint64_t* to) {
  constexpr int kBits = static_cast<int>(ZeroMap::kWordBits);
  for (int i = 0; i < kBits; i++) to[i] = from[i * stride];
  uint64_t mask = 0x00000000FFFFFFFF;
  for (int half = kBits / 2; half > 0; half /= 2, mask ^= mask << half) {
    for (int block = 0; block < kBits; block += 2 * half) {
      uint64_t* upper = to + block;
      uint64_t* lower = upper + half;
      for (int i = 0; i < half; i++) {
        const uint64_t swapped = (upper[i] >> half ^ lower[i]) & mask;
        upper[i] ^= swapped << half;
        lower[i] ^= swapped;
      }
    }
  }
}

}  // namespace

int64_t ZeroMap::Words(int64_t rows, int64_t columns) { return kHeadWords + 2 * WordsFor(rows) * kWordBits * WordsFor(columns); }

ZeroMap::ZeroMap(uint64_t* memory, int64_t rows, int64_t columns)
    : memory_(memory),
      rows_(rows),
      columns_(columns),
      row_words_(WordsFor(columns)),
      column_words_(WordsFor(rows)),
      by_row_(memory + kHeadWords),
      by_column_(by_row_ + column_words_ * kWordBits * row_words_) {}

template <typename T>
void ZeroMap::Fill(const T* x, double most, bool by_columns) const {
  memory_[0] = 0;
  memory_[1] = static_cast<uint64_t>(rows_ * columns_);
  int64_t set = 0;
  for (int64_t row = 0; row < rows_; ++row) {
    uint64_t* words = by_row_ + row * row_words_;
    TheGemmKernels<T>().non_zeros(x + row * columns_, columns_, words);
    set += CountBits(words, row_words_);
    if (row + 1 == kFirstRows && static_cast<double>(set) > kFullDensity * static_cast<double>(kFirstRows * columns_)) return;
  }
  memory_[1] = static_cast<uint64_t>(set);
  if (density() > most) return;
  memory_[0] = 1;
  if (!by_columns) return;
  std::fill(by_row_ + rows_ * row_words_, by_column_, 0);
  for (int64_t i = 0; i < column_words_; ++i) {
    for (int64_t j = 0; j < row_words_; ++j) {
      Transpose(by_row_ + i * kWordBits * row_words_ + j, row_words_, by_column_ + (i * row_words_ + j) * kWordBits);
    }
  }
}

double ZeroMap::density() const { return static_cast<double>(memory_[1]) / static_cast<double>(rows_ * columns_); }

template void ZeroMap::Fill(const float*, double, bool) const;
template void ZeroMap::Fill(const double*, double, bool) const;

}  // namespace engine::math
