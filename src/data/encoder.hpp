// A row of cells -> numbers and indexes, by a description of preprocessing (base/preprocessing.hpp). Arrays and images
// are the row converter's (data/row_codec.hpp), which also calls this. Pure: no server. All arithmetic is in double
// precision; a number is rounded once, to float32.
//
// Calendar: with s seconds since 1970-01-01, the angles are 2 pi (s mod 86400) / 86400 (the hour, with its fraction), 2
// pi d / 7 (d = 0 on Sundays) and 2 pi m / 12 (m = 0 in January); each gives its sine and its cosine, and two zeros
// where the value was missing.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string_view>

#include "base/preprocessing.hpp"
#include "base/tensor.hpp"
#include "data/row_codec.hpp"

namespace data {

using base::kTargetFolds;

/// The fold of a row of target encoding: a hash of the contents of its cells (the sources' and the targets', without
/// the weight), so that equal rows are in one fold, whatever their order. A format: the same rows have the same folds
/// on every server.
int FoldOf(const Cell* cells, size_t count);

/// The bin of a text, from 0. A format.
int64_t BinOf(std::string_view text, int64_t bins);

/// A finite number, an infinity, or NaN for NULL. REQUIRES a cell without array.
double NumberOf(const Cell& cell);

/// A number after clipping, and after the logarithm where the scaling is kLog: sign(v) ln(1 + |v|). What center and
/// spread are learned of.
double ClippedNumber(const base::SourceInput& source, double v);
double TransformedNumber(const base::SourceInput& source, double v);

/// Thread-compatible; const after construction.
class Encoder {
 public:
  /// REQUIRES spec.preprocessing, whose description the encoder shares.
  explicit Encoder(const base::DataSpec& spec);
  ~Encoder();

  /// Cells of a row.
  size_t columns() const;
  /// Whether Encode asks for the row's fold.
  bool needs_fold() const;
  /// Writes the numbers and the indexes of a packed row; `out` is its beginning. fold: FoldOf, or -1 where it is not
  /// needed. A value that cannot be used throws base::Error: kNullValue where NULL is refused, kInvalidData for
  /// infinities that no clip bounds and for what float32 does not hold.
  void Encode(const Cell* cells, int fold, uint8_t* out) const;

 private:
  struct Impl;
  std::unique_ptr<Impl> impl_;
};

}  // namespace data
