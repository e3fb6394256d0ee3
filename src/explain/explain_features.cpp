#include "explain/explain_features.hpp"

#include <algorithm>

namespace explain {

ExplainedFeatures ExplainFeatures(const std::vector<plan::FrozenNode>& nodes, const plan::FrozenRates& rates, const plan::FrozenDecision& decision,
                                  const std::string& off_reason) {
  ExplainedFeatures features;
  if (!off_reason.empty()) {
    features.reason = off_reason;
    return features;
  }
  features.applied = decision.applied();
  features.reason = decision.reason;
  features.exact = decision.exact;
  features.seconds_plain = decision.seconds_plain;
  features.seconds_planned = decision.seconds_planned;
  features.store_seconds = decision.store_seconds;
  features.disk = decision.disk_bytes;
  features.disk_budget = rates.disk_budget;
  features.memory = decision.memory_bytes;
  features.memory_budget = rates.memory_budget;
  for (const std::vector<int>& reads : decision.reads) features.models += reads.empty() ? 0 : 1;
  for (const plan::FrozenChoice& choice : decision.choices) {
    const plan::FrozenNode& node = nodes[static_cast<size_t>(choice.node)];
    ExplainedCut cut;
    cut.layer = node.name;
    cut.column = plan::FeatureColumnName(node);
    cut.use = plan::FeatureUseName(choice.use);
    cut.there = node.stored;
    cut.models = choice.candidates;
    cut.bytes = choice.bytes;
    cut.saved_seconds = choice.saved_seconds;
    cut.reason = choice.reason;
    features.cuts.push_back(std::move(cut));
  }
  // what is done comes first
  std::stable_partition(features.cuts.begin(), features.cuts.end(), [](const ExplainedCut& cut) { return cut.use != "recompute"; });
  return features;
}

}  // namespace explain
