#include "train/scorer.hpp"

#include <utility>

#include "pg/report.hpp"
#include "data/packed_table.hpp"

namespace train {

Scorer::Scorer(const std::vector<engine::Model*>& models, const data::PackedTable& table, std::shared_ptr<engine::KernelMemory> workspace)
    : scan_(table) {
  if (!models.empty()) models_ = std::make_unique<engine::ModelGroup>(models, 0, std::move(workspace));
}

void Scorer::ScorePartition(int partition, double* sums) const {
  if (models_ == nullptr) return;
  scan_.ForEach(partition, [&](const base::Buffer& buffer) { models_->Evaluate(buffer, sums, pg::CheckInterrupts); });
}

}  // namespace train
