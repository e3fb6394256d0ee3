// The sparse product's map: where a matrix is zero, so that products leave those terms out. Images have empty borders, one-hot
// columns one value in many, counts and bags of words long tails; half of what a ReLU gives is zero, or half of its gradient.
#pragma once

#include <cstdint>

namespace engine::math {

/// A bit for each value of a matrix x (rows, columns): it is not zero. It lies in memory of its user's, Words(rows, columns) words, and is
/// found there again by whoever makes a ZeroMap of the same arguments.
///
/// Terms left out are products with zero: they change no sum, but the sign of a zero, and sums with weights that are not finite. What is
/// left out depends on x alone, so results depend on no more than without.
class ZeroMap {
 public:
  static constexpr int64_t kWordBits = 64;

  static int64_t Words(int64_t rows, int64_t columns);

  ZeroMap(uint64_t* memory, int64_t rows, int64_t columns);

  /// Looks at x. most: the density up to which the sparse product is faster. by_columns: for Column() too.
  template <typename T>
  void Fill(const T* x, double most, bool by_columns) const;

  /// After Fill: whether the sparse product is worthwhile, which is when x is no denser than `most`. If it is not, the map may be incomplete.
  bool worthwhile() const { return *memory_ != 0; }
  /// Of x, the part that is not zero; 1 where Fill saw early that it is not worthwhile.
  double density() const;

  int64_t rows() const { return rows_; }
  int64_t columns() const { return columns_; }
  /// Of a row or a column, the words with its bits.
  int64_t row_words() const { return row_words_; }
  int64_t column_words() const { return column_words_; }

  /// Bit j of word: x (row, kWordBits * word + j).
  uint64_t Row(int64_t row, int64_t word) const { return by_row_[row * row_words_ + word]; }
  /// Bit i: x (kWordBits * word + i, column).
  uint64_t Column(int64_t word, int64_t column) const { return by_column_[word * row_words_ * kWordBits + column]; }

 private:
  uint64_t* memory_;
  int64_t rows_, columns_, row_words_, column_words_;
  uint64_t* by_row_;     // rows rounded up to whole words
  uint64_t* by_column_;  // 64 rows after 64 rows
};

}  // namespace engine::math
