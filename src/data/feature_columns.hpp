// A buffer's feature columns as the engine knows them: float32.
#pragma once

#include <functional>
#include <string>
#include <vector>

#include "base/bytes.hpp"
#include "data/buffer_cache.hpp"
#include "data/packed_table.hpp"

namespace data {

/// Replaces encoded features among the data columns of a buffer by float32 values in `memory`, which must outlive the columns and is
/// used again for the next buffer. Columns that are float32 already, or not there, stay. Errors: kDataCorrupted, naming column, partition
/// and buffer, for bytes that are not what they should be.
void DecodeFeatureColumns(const PackedTable& table, int partition_id, int buffer_id, std::vector<base::Bytes>* columns,
                          std::vector<std::vector<float>>* memory);

/// Puts in columns that no table has. It may point them to memory of its own, valid until its next call.
using CompleteColumns = std::function<void(int partition_id, int buffer_id, std::vector<base::Bytes>* columns)>;

/// A buffer's columns as they were read, made ready: features decoded, those that are computed put in by `complete` (which may be empty),
/// and the whole kept in the cache (nullptr: none) where it has room; where it has none for what was computed, the rest. `columns` view
/// what was read and `memory`.
void PrepareColumns(const PackedTable& table, CachedTable which, int partition_id, int buffer_id, const CompleteColumns& complete,
                    BufferCache* cache, std::vector<base::Bytes>* columns, std::vector<std::vector<float>>* memory);

/// The columns of a buffer that the cache has, made ready: those that are computed and not kept yet are put in, and kept where there is room.
/// Empty where the cache has no such buffer. REQUIRES: cache != nullptr.
std::vector<base::Bytes> KeptColumns(const PackedTable& table, CachedTable which, int partition_id, int buffer_id,
                                     const CompleteColumns& complete, BufferCache* cache);

/// Rows of a buffer, by the first packed column that is there; -1: by none. columns: in DataSpec's order.
int64_t RowsOf(const base::DataSpec& spec, const std::vector<base::Bytes>& columns);

}  // namespace data
