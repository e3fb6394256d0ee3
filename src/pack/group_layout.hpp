// Where the rows of a group lie, and what is known of it from the digests of its buffers. A group's rows are cut into
// partitions and buffers as those of a packed table that has them alone. Pure; no SQL.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <utility>
#include <vector>

#include "base/bytes.hpp"
#include "base/tensor.hpp"
#include "pack/buffer_plan.hpp"

namespace pack {

/// Partition and buffer of the row of rank `rank` (from 0) in the shuffle of a group of `rows` rows. Errors: kInternal
/// for a rank that the group does not have.
std::pair<int32_t, int32_t> GroupPosition(const BufferPlan& plan, int64_t rows, int32_t partitions, int64_t rank);

/// Counts of classes in the digest of a buffer: num_classes of each label column.
size_t ClassCounts(const base::DataSpec& spec);

/// A buffer's entry in a group's digests: partition and buffer as two little-endian 64-bit words, then the buffer's
/// digest without sums (pack/buffer_digest.hpp).
std::string BufferEntry(int64_t partition, int64_t buffer, base::Bytes digest);

/// What a group's entries say, in the order of (partition, buffer). classes: ClassCounts. Errors: kDataCorrupted for
/// bytes that are no whole number of entries.
struct GroupContents {
  std::string digest;  // that of a packed table which has the group's rows alone
  int64_t rows = 0;
  std::vector<int64_t> class_rows;  // rows of each class, label column after label column
};
GroupContents ReadEntries(base::Bytes entries, size_t classes);

}  // namespace pack
