// The staging table of a packing: converted rows with their keys, handed out in the order of the shuffle.
//
// Slices by key: rows go to one of S tables by the top bits of their key (a histogram by construction: keys are hashes, so the slices are
// equal but for chance). Slice after slice, each sorted by the server within work_mem, gives all rows in the order of run/pack_key.hpp; S
// grows with the data, so that every sort has a bounded size and the cost stays linear. Cutting that order by rank gives partitions that
// are equal to within one row. On a cluster the same order is had by splitters and a sort in each segment; only this file and
// run/pack_write would change.
//
// Folds: their numbers are the first bits of the keys, so that they follow each other (pack/shuffle_key.hpp). Fewer slices have rows then.
//
// Repetitions: rows of equal bytes have equal keys. All but the first of each are stored again under the keys of their repetition numbers
// (repeated = true), and their first copies are passed over when the slices are read.
//
// The tables are unlogged (temporary when the packed table is), belong to this call and are dropped by it; an error takes them away with
// the transaction.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "pg/names.hpp"
#include "pack/source.hpp"

namespace pack {

class SortedStaging {
 public:
  /// Makes the tables beside `output`, for about rows * row_bytes bytes.
  SortedStaging(const pg::TableName& output, bool temporary, int64_t rows, size_t row_bytes);

  /// Converts and stores the source's rows by `spec`; returns how many there were, by fold (one entry where the source has none).
  std::vector<int64_t> Fill(const Source& source, const base::DataSpec& spec, uint64_t seed);

  /// Calls `use` with every packed row in the order of the shuffle.
  void ForEach(const std::function<void(std::string_view)>& use) const;

  void Drop();

 private:
  std::string Slice(int i) const;

  pg::TableName name_;
  int slices_ = 1;
  size_t row_bytes_ = 0;
};

}  // namespace pack
