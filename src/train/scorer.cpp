#include "train/scorer.hpp"

#include <utility>

#include "base/tensor.hpp"
#include "engine/core/devices.hpp"
#include "pg/report.hpp"

namespace train {

Scorer::Scorer(std::vector<engine::ScoredState> states, const data::BufferSource& source, std::shared_ptr<engine::Workspace> workspace,
               engine::OnError on_error)
    : states_(std::move(states), std::move(workspace), on_error), source_(source) {}

void Scorer::ScorePartition(int partition, double* sums) {
  if (states_.sums_size() == 0) return;
  source_.ForEach(partition, [&](const base::Buffer& buffer) {
    const engine::BufferContent content(source_.Content(buffer));
    states_.Evaluate(buffer, sums, pg::CheckInterrupts);
  });
}

}  // namespace train
