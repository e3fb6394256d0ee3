// Feature columns in the records that go between a run's processes.
#pragma once

#include <vector>

#include "base/record.hpp"
#include "data/packed_table.hpp"
#include "train/feature_computer.hpp"

namespace train {

/// A table's feature columns and which columns are fetched; its description goes by itself.
void WriteTableFeatures(const data::PackedTable& table, base::RecordWriter* writer);
void ReadTableFeatures(base::RecordReader* reader, data::PackedTable* table);

void WriteSharedFeatures(const std::vector<SharedFeature>& features, const std::vector<bool>& model_reads, base::RecordWriter* writer);
void ReadSharedFeatures(base::RecordReader* reader, std::vector<SharedFeature>* features, std::vector<bool>* model_reads);

}  // namespace train
