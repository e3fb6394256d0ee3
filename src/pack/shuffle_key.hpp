// Where a row goes: the shuffle by content. A format: the same rows and seed give the same packed table for ever, on every server.
//
// h = base::Hash(packed bytes of the row, seed). The first of equal rows has the key h.hi; the n-th repetition (n = 1, 2, ...) has the
// first half of the hash of (h.hi, h.lo, n) as three little-endian 64-bit words, same seed. Rows are ordered by key (as an unsigned
// number), rows of equal key by their packed bytes. With N rows and P partitions, partition p holds the rows of ranks floor(p N / P) to
// floor((p + 1) N / P) - 1. Buffers are consecutive runs of a partition's rows. Equal rows have equal bytes, so it does not matter which
// of them is called the first.
//
// Of a table with k folds the first bits of a key, as many as k - 1 has, are the number of the row's fold; the others are the first bits of the
// key that it would have without folds. So the folds follow each other in the order of the keys. Partitions are cut fold by fold
// (pack/partition_ranks.hpp).
#pragma once

#include <cstdint>

#include "base/bytes.hpp"
#include "base/hash.hpp"

namespace pack {

/// The key as a bigint: its sign bit is flipped, so that signed comparison gives the unsigned order.
inline int64_t RowKey(base::Bytes row, uint64_t seed, int64_t repetition) {
  base::Hash128 h = base::Hash(row.data, row.size, seed);
  if (repetition > 0) {
    base::Hasher hasher(seed);
    hasher.UpdateU64(h.hi);
    hasher.UpdateU64(h.lo);
    hasher.UpdateU64(static_cast<uint64_t>(repetition));
    h = hasher.Finish();
  }
  return static_cast<int64_t>(h.hi ^ (uint64_t{1} << 63));
}

/// Bits that hold the number of a fold. folds >= 1.
inline int FoldBits(int64_t folds) {
  int bits = 0;
  while (bits < 62 && (int64_t{1} << bits) < folds) ++bits;
  return bits;
}

/// The key of a row of fold `fold` (from 0) whose key would be `key`.
inline int64_t FoldKey(int64_t key, int64_t fold, int64_t folds) {
  const int bits = FoldBits(folds);
  if (bits == 0) return key;
  const uint64_t rest = (static_cast<uint64_t>(key) ^ (uint64_t{1} << 63)) >> bits;
  return static_cast<int64_t>((static_cast<uint64_t>(fold) << (64 - bits) | rest) ^ (uint64_t{1} << 63));
}

/// The fold of a key that FoldKey made.
inline int64_t FoldOfKey(int64_t key, int64_t folds) {
  const int bits = FoldBits(folds);
  return bits == 0 ? 0 : static_cast<int64_t>((static_cast<uint64_t>(key) ^ (uint64_t{1} << 63)) >> (64 - bits));
}

/// The first rank of partition p of `partitions` over `rows` rows; p = partitions gives `rows`. (No overflow up to 2^63 rows.)
inline int64_t FirstRank(int64_t p, int64_t partitions, int64_t rows) {
  return static_cast<int64_t>(static_cast<__int128>(p) * rows / partitions);
}

}  // namespace pack
