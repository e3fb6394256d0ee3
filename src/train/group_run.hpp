// A run over the groups of a packed table, as the processes that train it see it: what all groups have in common, and
// what comes of one group. Plain values.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "engine/core/model_pool.hpp"
#include "plan/fusion.hpp"
#include "train/coordinator.hpp"
#include "train/run.hpp"

namespace train {

/// What groups have in common. Its run has no plan and no fusion: those are a group's own.
struct GroupRun {
  RunSpec spec;               // training and validation: the grouped tables
  std::vector<int> mst_keys;  // a model
  int64_t iterations = 1;
  std::optional<int64_t> metrics_frequency;
  std::optional<std::string> early_stopping, halving;  // as given
  bool keep_best = false;
  bool validated = false;    // there is a validation table
  std::vector<bool> balanced;  // a model: its class_weight is 'balanced', over the rows of each group
  size_t classes = 0;          // of the label, where any of them is balanced
  int compared_model = -1;   // whose global weights are scored over each group, too; -1: none
  plan::FusionData typical;  // of an average group
  plan::FusionSwitches switches;
};

/// What the coordinator is asked for, of any group. pool: of this process.
RunRequest RequestOf(const GroupRun& run, const std::shared_ptr<engine::ModelPool>& pool);

/// What a group begins with that is its own. It views the memory in which the group is trained.
struct GroupStart {
  std::vector<const float*> weights;        // a model: in the place of those of its first state; empty: none
  std::vector<bool> balanced;               // as GroupRun has them
  const int64_t* class_rows = nullptr;      // of the label; nullptr: no model is balanced
  size_t classes = 0;
};

/// What came of a group. It views the memory in which the group was trained.
struct GroupOutcome {
  int64_t group_id = 0;
  std::string error;              // why the group failed; empty: it was trained
  double started = 0, ended = 0;  // seconds since the epoch
  int worker = -1;                // -1: the session, or all processes together
  std::vector<ModelResult> models;
  std::vector<std::string_view> weights;  // a model: raw float32, of its best evaluation where those are kept
  std::vector<double> compared;           // the metric values of the compared global model; empty: none
};

/// Groups say nothing while they train: what there is to say is said of windows of groups.
class SilentObserver : public RunObserver {
 public:
  void Show(const RunResult&, RunPhase, int64_t) override {}
  void TrainingBegins(const RunResult&) override {}
  void TrainingEnds(const RunResult&) override {}
  void VisitDone(const RunResult&, const VisitRecord&, bool) override {}
  void IterationDone(const RunResult&, int64_t) override {}
  void Evaluated(const RunResult&, int64_t, int64_t, const std::vector<int>&) override {}
  void RoundDone(const RunResult&, int64_t, int64_t) override {}
  void TrialFailed(const RunResult&, int, const std::string&) override {}
  void TrialUnmade(int64_t, const std::string&) override {}
  void Ended(const RunResult&) override {}
};

}  // namespace train
