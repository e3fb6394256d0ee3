// The coordinator's side of a run on the segments: what it knows of each model between two rounds. Rounds, scoring and
// results are in segment_driver.cpp, the models of a living run that come and go in segment_trials.cpp.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <set>
#include <string>
#include <vector>

#include "data/segment_map.hpp"
#include "plan/rounds.hpp"
#include "segments/messages.hpp"
#include "segments/segment_models.hpp"
#include "segments/segment_scoring.hpp"
#include "segments/state_tables.hpp"
#include "train/arguments.hpp"
#include "train/driver.hpp"
#include "train/prepare.hpp"

namespace segments {

// States of models that train: more than two, so that models may rest in some.
constexpr const char* kStateTables[] = {"a", "b", "c", "d"};
constexpr const char* kRetired = "rest";
constexpr const char* kEntering = "enter";  // models that join a living run, until their first round
constexpr const char* kScored = "score";

/// The coordinator's side of a run on the segments.
class SegmentDriver : public train::Driver {
 public:
  SegmentDriver(const train::FitArguments& arguments, const train::PreparedFit& fit, const train::RunRequest& request);

  std::vector<uint64_t> Enter() override;
  int workers() const override { return training_.data_segments; }
  std::string states_location() const override { return train::StatesLocationName(train::StatesLocation::kSegments); }
  int64_t Train(int64_t iteration, train::VisitSink* sink) override;
  std::vector<std::vector<double>> Score(train::ScoredTable table, const std::vector<int>& models, train::VisitSink* sink) override;
  void KeepBest(const std::vector<int>& models) override;
  void Retire(const std::vector<int>& models) override;
  std::vector<uint64_t> Add(const std::vector<int>& models) override;
  void Resume(const std::vector<int>& models) override;
  void Collect(train::RunResult* result) override;

 private:
  void Lay(int64_t target, train::VisitSink* sink);
  bool Round(const plan::RoundSpan& span, const std::map<int, plan::RoundLeg>& legs, bool last, train::VisitSink* sink);
  int64_t IterationsDone(const plan::RoundSpan& span) const;
  std::vector<int32_t> ProcessKeys() const;
  std::vector<int> ProcessSegments() const;
  std::string EmptyTable();
  void TakeReply(const ModelReply& record, const plan::RoundSpan& span, const plan::RoundLeg& leg, train::VisitSink* sink);
  void CheckVisits(const ModelReply& record, const plan::RoundSpan& span, const plan::RoundLeg& leg) const;
  void MoveToRest(std::vector<int> models);
  // of a living run
  void Fuse(const plan::Fusion& fusion);
  void Join(const std::vector<int>& models);
  void Wake(const std::vector<int>& models);
  void MakeRaw(const std::vector<int>& models);
  void EndProcesses();
  StateLocations LocationsOf(const std::vector<int>& models) const;
  std::vector<int> Training() const;
  SumsByPartition SumsOf(train::ScoredTable table, const std::vector<int>& models);

  const train::FitArguments& arguments_;
  const train::PreparedFit& fit_;
  const train::RunRequest& request_;
  data::SegmentMap training_;
  std::optional<data::SegmentMap> validation_;
  std::optional<StateTables> tables_;
  std::vector<plan::Sequence> sequences_;  // a model
  std::vector<int64_t> visits_;           // a model: made of the span of iterations that is being trained
  SumsByPartition training_sums_;  // of the training table, as it was scored last
  RoundRequest round_request_;            // what does not change from round to round
  std::vector<std::string> table_of_;     // a model: where its current state is
  std::vector<int32_t> key_of_;           // a model: under which key it is there
  std::vector<bool> trains_;              // a model: neither diverged nor retired
  std::vector<bool> enters_;              // a model: what lies there is its entry, until its first round
  std::set<int> rested_;                  // models of which older rows may lie in kRetired
  std::vector<int64_t> iterations_done_;  // a model: over all runs
  std::string best_ = "best_a", next_best_ = "best_b";
  std::vector<bool> has_best_;     // a model
  std::vector<int32_t> best_key_;  // a model: under which key its best weights lie
  int64_t iteration_ = 0;          // of this run, done
  int64_t rows_trained_ = 0;
  int64_t rounds_ = 0;  // of this run
};

}  // namespace segments
