// Where a row goes: the shuffle by content. A format: the same rows and seed give the same packed table for ever, on every server.
//
// h = base::Hash(packed bytes of the row, seed). The first of equal rows has the key h.hi; the n-th repetition (n = 1, 2, ...) has the
// first half of the hash of (h.hi, h.lo, n) as three little-endian 64-bit words, same seed. Rows are ordered by key (as an unsigned
// number), rows of equal key by their packed bytes. With N rows and P partitions, partition p holds the rows of ranks floor(p N / P) to
// floor((p + 1) N / P) - 1. Buffers are consecutive runs of a partition's rows. Equal rows have equal bytes, so it does not matter which
// of them is called the first.
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

/// The first rank of partition p of `partitions` over `rows` rows; p = partitions gives `rows`. (No overflow up to 2^63 rows.)
inline int64_t FirstRank(int64_t p, int64_t partitions, int64_t rows) {
  return static_cast<int64_t>(static_cast<__int128>(p) * rows / partitions);
}

}  // namespace pack
