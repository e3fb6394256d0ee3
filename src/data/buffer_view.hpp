// A packed table's row seen as a buffer of typed rows: the one function where stored lengths are checked.
#pragma once

#include <cstddef>
#include <vector>

#include "base/bytes.hpp"
#include "base/tensor.hpp"

namespace data {

/// Data columns of a packed row in DataSpec's order (independent, dependent, then sample_weight where the table has one) -> a buffer that
/// points into them. An input without data (nullptr) is not there, and is nullptr in the buffer. Errors: kInvalidParameter for a wrong number
/// of columns, and for a column whose bytes are no whole number of rows or not as many rows as the columns before it; the message names column,
/// partition and buffer.
base::Buffer ViewBuffer(const base::DataSpec& data, int partition_id, int buffer_id, const std::vector<base::Bytes>& columns);

/// Bytes of a packed row, its weight included.
size_t RowBytes(const base::DataSpec& data);

}  // namespace data
