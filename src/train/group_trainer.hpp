// All models of one group, trained for the whole run in this process: the driver of runs over groups.
//
// A run over groups has many small tables, one a group, and the same models for each. Everything that groups have in
// common is made once: programs, models, the blocks in which they train, who trains beside whom. What is left for a
// group is to copy the first states, to train, and to score. No statement and no plan is made for a group.
//
// A model's bits are those of the ordinary run (workers/worker_driver.hpp) over a table of the group's rows alone. It
// visits the group's partitions in the order of plan::SequenceOf, through the same engine::ModelGroup; metrics are
// summed partition by partition; the coordinator is the same.
//
// No server is called but through `poll`. Used by one thread.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "base/tensor.hpp"
#include "engine/api/workspace.hpp"
#include "engine/core/model_group.hpp"
#include "engine/core/model_pool.hpp"
#include "engine/core/state_scorer.hpp"
#include "plan/fusion.hpp"
#include "plan/schedule.hpp"
#include "store/model_spec.hpp"
#include "train/coordinator.hpp"
#include "train/driver.hpp"
#include "train/group_run.hpp"
#include "train/run.hpp"

namespace train {

/// A group's packed rows: its buffers by partition, in their order. Who makes it owns the bytes.
struct GroupRows {
  std::vector<std::vector<base::Buffer>> partitions;
  int64_t rows = 0;
  bool in_order = true;  // partitions are numbered from 0 without gaps
};

/// Adds a buffer of a stored table. REQUIRES the buffers of a group in the order of (partition, buffer). A number of a
/// partition that cannot follow is only noted in the group, for whose rows no other group is to blame.
void AddBuffer(base::Buffer buffer, GroupRows* group);

/// Errors: kDataCorrupted for a group whose partitions are not numbered from 0 without gaps, or are more than `most`.
/// table: of its rows, for people.
void RequirePartitions(const GroupRows& group, const std::string& table, size_t most = SIZE_MAX);

/// What the planner of fusions knows of a run's models.
std::vector<plan::FusionModel> FusionModelsOf(const RunRequest& request, int64_t most_rows);

class GroupTrainer : private Driver {
 public:
  /// request: what groups have in common, with the programs of `pool`, whose models have no feature columns. Its plan
  /// and its tables' rows are not looked at. first_states: a model, laid out as its program says; who may go behind
  /// the constructor. typical: the data of an average group, for the choice of fusions. The pool outlives the trainer.
  GroupTrainer(RunRequest request, engine::ModelPool* pool, const std::vector<const void*>& first_states,
               const plan::FusionData& typical, const plan::FusionSwitches& switches, engine::Poll poll,
               std::function<double()> now);
  ~GroupTrainer() override;

  /// Trains and scores all models. validation: nullptr for a group without such rows. All are needed during the call
  /// only. Errors: base::Error of the engine; what `poll` throws. The trainer can be used for the next group after a
  /// base::Error.
  RunResult Train(const GroupRows& training, const GroupRows* validation, const GroupStart& start = {});

  /// Writes the weights of a model that are kept, raw float32 in Keras's order, until the next Train.
  void StoreWeights(size_t model, std::string* out) const;
  /// A model's last state, likewise.
  const void* State(size_t model) const { return blocks_[model].data(); }
  /// The raw float32 weights of its best evaluation, or nullptr where its last weights are kept; until the next Train.
  const std::string* Best(size_t model) const { return has_best_[model] ? &best_[model] : nullptr; }

  /// The metric values of another state of one of the programs over a group's rows, as Program::Finish gives them.
  std::vector<double> ScoreState(size_t model, void* block, const GroupRows& rows);

 private:
  /// Models that visit the same partitions in the same order, and who of them trains side by side.
  struct Bundle {
    plan::Sequence sequence;
    std::vector<std::vector<int>> members;  // of each group of models
    std::vector<int> batches_per_switch;
    std::vector<std::unique_ptr<engine::ModelGroup>> models;
  };
  /// Of the models in one Train.
  struct Sum {
    int64_t rows = 0;
    double loss = 0, seconds = 0;
    uint64_t diverged_step = 0;
  };

  std::vector<uint64_t> Enter() override;
  int workers() const override { return 0; }
  std::string states_location() const override { return StatesLocationName(StatesLocation::kSession); }
  int64_t Train(int64_t iteration, VisitSink* sink) override;
  std::vector<std::vector<double>> Score(ScoredTable table, const std::vector<int>& models, VisitSink* sink) override;
  void KeepBest(const std::vector<int>& models) override;
  void Retire(const std::vector<int>& models) override;
  // the models of a group do not change
  std::vector<uint64_t> Add(const std::vector<int>& models) override { return std::vector<uint64_t>(models.size(), 0); }
  void Resume(const std::vector<int>&) override {}
  void Collect(RunResult* result) override;

  void Begin(size_t model);
  void PlanBundles();
  void Visit(Bundle* bundle, int64_t iteration, int visit, std::vector<Sum>* sums);
  void Add(const std::vector<int>& members, const std::vector<engine::TrainResult>& parts,
           std::vector<Sum>* sums) const;
  void DropDiverged(std::vector<Sum>* sums);
  engine::StateCounters* CountersOf(size_t model) const {
    return static_cast<engine::StateCounters*>(blocks_[model].data());
  }
  static void SumRows(const GroupRows& rows, engine::StateScorer* scorer, const engine::Poll& poll,
                      std::vector<double>* sums);

  RunRequest request_;
  const plan::FusionData typical_;
  const plan::FusionSwitches switches_;
  const engine::Poll poll_;
  const std::function<double()> now_;
  std::vector<plan::FusionModel> fusion_models_;
  std::vector<store::Block> first_, blocks_;  // a model
  std::vector<engine::LentModel> models_;     // laid over the blocks while they train
  std::shared_ptr<engine::Workspace> workspace_;

  std::vector<Bundle> bundles_;  // of planned_ models and partitions
  std::vector<bool> planned_;
  int planned_partitions_ = 0;
  std::unique_ptr<engine::StateScorer> scorer_;  // of scored_
  std::vector<int> scored_;

  // of the group
  const GroupRows* training_ = nullptr;
  const GroupRows* validation_ = nullptr;
  const GroupStart* start_ = nullptr;
  std::vector<bool> reweighted_;  // a model: its classes have weights of a group
  int partitions_ = 0;
  int64_t iterations_done_ = 0;
  int64_t rows_trained_ = 0;
  std::vector<bool> trains_;
  std::vector<std::string> best_;
  std::vector<bool> has_best_;
};

}  // namespace train
