// What is known of each packed buffer where it is made (in the session, or on a segment of a cluster), and how the digests become the digest
// and the summary. The same code on every platform, in the order of (partition, buffer): same rows, same digest, same constants.
//
// Digest: base::Hash (seed 0) over, for each buffer in that order, partition_id, buffer_id, rows and both halves of the buffer's own hash,
// as little-endian 64-bit words; a buffer's hash is that of its columns' bytes one after another.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "base/hash.hpp"
#include "base/tensor.hpp"
#include "pack/buffer_plan.hpp"
#include "pack/partition_ranks.hpp"

namespace pack {

struct BufferDigest {
  int64_t rows = 0;
  base::Hash128 hash;
  std::vector<std::optional<Moments>> moments;  // an input: its sums, if it is to be standardised
  std::vector<std::vector<int64_t>> class_rows;  // a target: rows of each of its num_classes classes; empty where it is no label

  std::string Write() const;
};

/// standardized: an input each. columns: the buffer's bytes, in the order of the description. Errors: kInvalidParameter when
/// the columns are not the description's.
BufferDigest DigestBuffer(const base::DataSpec& spec, const std::vector<bool>& standardized, const std::vector<base::Bytes>& columns);

/// What a statement that digests buffers needs of a description: its words and classes are of no use there.
base::DataSpec BareSpec(const base::DataSpec& spec);

/// Errors: kDataCorrupted.
BufferDigest ReadBufferDigest(const base::DataSpec& spec, const std::vector<bool>& standardized, base::Bytes bytes);

/// What a packing leaves behind besides the table.
struct Packed {
  base::DataSpec spec;  // with rows, partitions, rows of the classes, and the constants of standardisation
  std::vector<int64_t> partition_rows, partition_buffers;
  int64_t max_buffer_rows = 0;
  std::string digest;
};

class PackTally {
 public:
  PackTally(const base::DataSpec& spec, const PartitionRanks& ranks);
  /// In the order of (partition, buffer). Errors: kInternal when a buffer or a row is missing.
  void Add(int64_t partition, int64_t buffer, const BufferDigest& digest);
  Packed Finish();

 private:
  Packed packed_;
  base::Hasher digest_;
  std::vector<std::optional<Moments>> moments_;
  std::vector<std::vector<int64_t>> class_rows_;  // a target
  std::vector<int64_t> rows_;  // a partition: noted so far
};

}  // namespace pack
