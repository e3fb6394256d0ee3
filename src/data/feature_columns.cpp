#include "data/feature_columns.hpp"

#include <cstdint>

#include "base/error.hpp"
#include "data/feature_codec.hpp"

namespace data {

int64_t RowsOf(const base::DataSpec& spec, const std::vector<base::Bytes>& columns) {
  for (size_t i = 0; i < columns.size(); ++i) {
    const bool input = i < spec.inputs.size();
    if (columns[i].data == nullptr || (input && spec.inputs[i].feature)) continue;
    const size_t target = i - spec.inputs.size();
    const size_t bytes = input                          ? spec.inputs[i].row_bytes()
                         : target < spec.targets.size() ? spec.targets[target].row_bytes()
                                                        : sizeof(float);
    if (bytes > 0) return static_cast<int64_t>(columns[i].size / bytes);
  }
  return -1;
}

void DecodeFeatureColumns(const PackedTable& table, int partition_id, int buffer_id, std::vector<base::Bytes>* columns,
                          std::vector<std::vector<float>>* memory) {
  size_t used = 0;  // of memory
  const int64_t rows = RowsOf(table.spec, *columns);
  for (const FeatureColumn& feature : table.features) {
    if (feature.input >= columns->size()) continue;
    base::Bytes& bytes = (*columns)[feature.input];
    const FeatureEncoding encoding = FeatureEncodingFromName(feature.encoding);
    if (bytes.data == nullptr || encoding == FeatureEncoding::kFloat32) continue;
    const base::ColumnSpec& column = table.spec.inputs[feature.input];
    if (used == memory->size()) memory->emplace_back();
    std::vector<float>& values = (*memory)[used++];
    try {
      DecodeFeatures(encoding, bytes, rows, base::ElementCount(column.shape), &values);
    } catch (const base::Error& error) {
      throw base::Error(error.code(),
                        "column \"" + column.name + "\" of partition " + std::to_string(partition_id) + ", buffer " +
                            std::to_string(buffer_id) + ": " + error.what(),
                        error.detail(), error.hint());
    }
    bytes = {reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(float)};
  }
}

void PrepareColumns(const PackedTable& table, CachedTable which, int partition_id, int buffer_id, const CompleteColumns& complete,
                    BufferCache* cache, std::vector<base::Bytes>* columns, std::vector<std::vector<float>>* memory) {
  DecodeFeatureColumns(table, partition_id, buffer_id, columns, memory);
  const std::vector<base::Bytes> fetched = *columns;
  if (complete) complete(partition_id, buffer_id, columns);
  if (cache == nullptr) return;
  cache->CountRead();
  const std::vector<bool> features = table.FeatureFlags();
  cache->Keep(which, partition_id, buffer_id, cache->Fits(*columns, features) ? *columns : fetched, features);
}

std::vector<base::Bytes> KeptColumns(const PackedTable& table, CachedTable which, int partition_id, int buffer_id,
                                     const CompleteColumns& complete, BufferCache* cache) {
  const std::vector<base::Bytes>* kept = cache->Find(which, partition_id, buffer_id);
  if (kept == nullptr) return {};
  std::vector<base::Bytes> columns = *kept;
  if (!complete) return columns;
  complete(partition_id, buffer_id, &columns);
  cache->Keep(which, partition_id, buffer_id, columns, table.FeatureFlags());
  return columns;
}

}  // namespace data
