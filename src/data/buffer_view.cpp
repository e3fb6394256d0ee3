#include "data/buffer_view.hpp"

#include <string>

#include "base/error.hpp"

namespace data {

base::Buffer ViewBuffer(const base::DataSpec& data, int partition_id, int buffer_id, const std::vector<base::Bytes>& columns) {
  const size_t expected = data.inputs.size() + data.targets.size() + (data.has_weights ? 1 : 0);
  if (columns.size() != expected) {
    throw base::Error(base::ErrorCode::kInvalidParameter,
                      "got " + std::to_string(columns.size()) + " data columns, the model needs " + std::to_string(expected), "",
                      "Pass the packed table's columns in its own order: independent, dependent, then sample_weight if there is one.");
  }
  base::Buffer buffer;
  buffer.partition_id = partition_id;
  buffer.buffer_id = buffer_id;
  buffer.rows = -1;
  const auto take = [&buffer](const base::Bytes& bytes, const std::string& name, size_t row_bytes) {
    const int64_t rows = row_bytes == 0 ? 0 : static_cast<int64_t>(bytes.size / row_bytes);
    if (row_bytes == 0 || bytes.size % row_bytes != 0 || (buffer.rows >= 0 && rows != buffer.rows)) {
      const std::string wanted = buffer.rows >= 0 ? std::to_string(buffer.rows) : std::string("a whole number of");
      throw base::Error(base::ErrorCode::kInvalidParameter,
                        "column \"" + name + "\" of partition " + std::to_string(buffer.partition_id) + ", buffer " +
                            std::to_string(buffer.buffer_id) + " has " + std::to_string(bytes.size) + " bytes, which is not " + wanted +
                            " rows of " + std::to_string(row_bytes) + " bytes",
                        "", "Pass the columns of one packed table, made by training_preprocessor_dl() or validation_preprocessor_dl().");
    }
    buffer.rows = rows;
    return bytes.data;
  };
  size_t next = 0;
  for (const base::ColumnSpec& column : data.inputs) {
    const base::Bytes& bytes = columns[next++];
    buffer.inputs.push_back(bytes.data == nullptr ? nullptr : take(bytes, column.name, column.row_bytes()));
  }
  for (const base::ColumnSpec& column : data.targets) buffer.targets.push_back(take(columns[next++], column.name, column.row_bytes()));
  if (data.has_weights) buffer.weights = take(columns[next], "sample_weight", sizeof(float));
  if (buffer.rows < 0) buffer.rows = 0;
  return buffer;
}

size_t RowBytes(const base::DataSpec& data) {
  size_t bytes = data.has_weights ? sizeof(float) : 0;
  for (const base::ColumnSpec& column : data.inputs) bytes += column.row_bytes();
  for (const base::ColumnSpec& column : data.targets) bytes += column.row_bytes();
  return bytes;
}

}  // namespace data
