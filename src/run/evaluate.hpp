// Scoring: any number of models over one packed table in one shared scan.
#pragma once

#include <cstddef>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.hpp"
#include "engine/kernel_memory.hpp"
#include "engine/model.hpp"
#include "engine/model_group.hpp"
#include "pg/sql.hpp"
#include "run/packed_table.hpp"

namespace run {

/// Reads a packed table's partitions buffer by buffer, in buffer order, each buffer once. Read-only statements only: works in parallel
/// workers.
class PartitionScan {
 public:
  explicit PartitionScan(const PackedTable& table);
  /// Calls `use` for every buffer of the partition. The buffer is valid during the call.
  void ForEach(int partition, const std::function<void(const base::Buffer&)>& use) const;
  /// The same for the partition's first buffer.
  void First(int partition, const std::function<void(const base::Buffer&)>& use) const;

 private:
  void Scan(const std::string& sql, int partition, const std::function<void(const base::Buffer&)>& use) const;

  std::string sql_;
  base::DataSpec spec_;
};

/// Feeds every buffer of a partition to all models. The models must have their states attached and outlive the scorer.
class Scorer {
 public:
  /// workspace: that the models work in; nullptr: one of the scorer's own.
  Scorer(const std::vector<engine::Model*>& models, const PackedTable& table, std::shared_ptr<engine::KernelMemory> workspace = nullptr);

  /// Adds the partition's sums to `sums`: each model's sums_size() doubles, one model after another. Partitions may be scored anywhere; who
  /// adds their arrays in the order of partitions and then asks Model::Finish gets the same values whoever scored what. Serves interrupts
  /// once a mini-batch.
  void ScorePartition(int partition, double* sums) const;

 private:
  std::unique_ptr<engine::ModelGroup> models_;  // nullptr: none
  PartitionScan scan_;
};

/// cerebro.evaluate: scores the models of a model table (all, or one) over a packed test table and writes a row a model into output_table.
void Evaluate(std::string_view model_table, std::string_view test_table, std::string_view output_table, bool use_gpus,
              std::optional<int> mst_key);

}  // namespace run
