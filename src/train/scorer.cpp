#include "train/scorer.hpp"

#include <utility>

#include "pg/report.hpp"
#include "base/tensor.hpp"

namespace train {

Scorer::Scorer(const std::vector<engine::Model*>& models, const data::BufferSource& source, std::shared_ptr<engine::KernelMemory> workspace)
    : source_(source) {
  if (!models.empty()) models_ = std::make_unique<engine::ModelGroup>(models, 0, std::move(workspace));
}

void Scorer::ScorePartition(int partition, double* sums) const {
  if (models_ == nullptr) return;
  source_.ForEach(partition, [&](const base::Buffer& buffer) { models_->Evaluate(buffer, sums, pg::CheckInterrupts); });
}

}  // namespace train
