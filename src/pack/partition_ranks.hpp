// Which ranks of the shuffle each partition holds. Without folds: N rows in P partitions, as even as they can be. With
// k folds, fold f (from 0) is the partitions f P / k to (f + 1) P / k - 1, and its rows, which follow each other in the
// shuffle, are cut evenly among these. Pure; no SQL.
#pragma once

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "pack/shuffle_key.hpp"

namespace pack {

class PartitionRanks {
 public:
  PartitionRanks(int64_t rows, int64_t partitions) : PartitionRanks(std::vector<int64_t>{rows}, partitions) {}
  /// fold_rows: one entry a fold. REQUIRES that partitions is a multiple of their number.
  PartitionRanks(const std::vector<int64_t>& fold_rows, int64_t partitions)
      : partitions_(partitions), each_(partitions / static_cast<int64_t>(fold_rows.size())), starts_{0} {
    for (const int64_t rows : fold_rows) starts_.push_back(starts_.back() + rows);
  }

  int64_t partitions() const { return partitions_; }
  int64_t rows() const { return starts_.back(); }
  /// The first rank of partition p; p = partitions() gives rows().
  int64_t First(int64_t p) const {
    const auto fold = static_cast<size_t>(p / each_);
    if (fold + 1 == starts_.size()) return rows();
    return starts_[fold] + FirstRank(p - static_cast<int64_t>(fold) * each_, each_, starts_[fold + 1] - starts_[fold]);
  }
  int64_t Rows(int64_t p) const { return First(p + 1) - First(p); }
  /// The partition of a rank below rows().
  int64_t PartitionOf(int64_t rank) const {
    const auto fold = static_cast<size_t>(std::upper_bound(starts_.begin(), starts_.end(), rank) - starts_.begin()) - 1;
    const int64_t rows = starts_[fold + 1] - starts_[fold];
    // the last one of the fold whose first rank is not above this one
    const auto within = static_cast<int64_t>((static_cast<__int128>(rank - starts_[fold] + 1) * each_ - 1) / rows);
    return static_cast<int64_t>(fold) * each_ + within;
  }

 private:
  int64_t partitions_;
  int64_t each_;                 // partitions of a fold
  std::vector<int64_t> starts_;  // the first rank of each fold, then the number of rows
};

}  // namespace pack
