// Packing on the segments of a cluster: the same table as run/pack_stage and run/pack_write make in a session, buffer for buffer, without a
// row of data on the coordinator.
//
//   stage   converted rows with their keys, distributed by key: rows of equal bytes meet on one segment, where repetitions are numbered
//   cuts    the key between each two data segments: a histogram of the keys' first bits tells in which bin a cut lies, and the keys of that
//           bin are numbered on the segments; the coordinator sees bins and cuts only
//   build   one INSERT ... SELECT: each row goes to its segment, is numbered there in the order of the shuffle, and the rows of a buffer
//   are
//           put together and stored. Sorts are the server's own, within statement_mem; a segment holds one buffer at a time
//   digests hash and sums of each buffer, worked out where it lies; the coordinator puts them together (pack/buffer_digest.hpp)
//
// Every stage is one statement over all segments. OFFSET 0 and ordering without PARTITION BY would gather rows in one process: here a
// function is kept from being evaluated twice by its volatility.
#pragma once

#include <cstdint>
#include <vector>

#include "base/tensor.hpp"
#include "pg/names.hpp"
#include "pack/buffer_digest.hpp"
#include "pack/buffer_plan.hpp"
#include "pack/source.hpp"

namespace pack {

struct ClusterPackRequest {
  pg::TableName output;
  bool temporary = false;
  base::DataSpec spec;             // of the packed table
  base::DataSpec source_spec;      // by which rows are converted
  std::vector<bool> standardized;  // an input each
  int partitions = 0;
  BufferPlan plan;
  uint64_t seed = 0;
  std::vector<int32_t> contents;  // of the chosen segments, ascending; partitions is a multiple of their number, or smaller
};

/// Errors: kInvalidData when the source has too few rows by now for its partitions.
Packed PackOnCluster(const Source& source, const ClusterPackRequest& request);

}  // namespace pack
