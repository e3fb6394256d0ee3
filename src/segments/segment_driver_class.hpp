// The coordinator's side of a run on the segments: rounds (segment_driver.cpp), the verbs of a living run (segment_driver_living.cpp), and what a round's
// states say of metrics (segment_driver_scores.cpp). Only these files see it.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "data/segment_map.hpp"
#include "plan/rounds.hpp"
#include "segments/messages.hpp"
#include "segments/segment_driver.hpp"
#include "segments/segment_models.hpp"
#include "segments/segment_scoring.hpp"
#include "segments/state_tables.hpp"

namespace segments {

// States of models that train: more than two, so that models may rest in some.
constexpr const char* kStateTables[] = {"a", "b", "c", "d"};
constexpr const char* kRetired = "rest";

/// What the table of weights for scoring holds.
struct Spread {
  int64_t rounds = -1;  // of the run that were done; -1: nothing
  StateLocations states;
  std::vector<int32_t> keys;
  bool operator==(const Spread& other) const { return rounds == other.rounds && states == other.states && keys == other.keys; }
};

/// Where a round stands in the run. Rounds that move states run in one process of a segment, the last one and scoring in another.
enum class RoundPosition {
  kAmong,   // others that move states follow
  kMoves,   // the last one that moves states; the run's last one follows
  kStays,   // the run's last one: states stay where they are
};

/// For a round in which nobody trains: keeps the failures of models that enter.
class EntrySink : public train::VisitSink {
 public:
  void Visit(const train::VisitRecord&) override {}
  void IterationDone(int64_t) override {}
  void Progress(int64_t) override {}
  void Failed(int model, const std::string& error) override { failures_[model] = error; }
  const std::map<int, std::string>& failures() const { return failures_; }
  /// Tells of them, and forgets them.
  void TellTo(train::VisitSink* sink) {
    for (const auto& [model, error] : std::exchange(failures_, {})) sink->Failed(model, error);
  }

 private:
  std::map<int, std::string> failures_;
};

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
  void SetFusion(const plan::Fusion& fusion);
  void FuseRound();
  void MakeRaw(std::vector<int> models);
  std::string TableInUse() const;
  int32_t FirstKey(int model) const;
  void Release();
  void Lay(int64_t target, train::VisitSink* sink);
  RoundPosition PositionOf(const plan::Rounds& rounds, int64_t target) const;
  bool Round(const plan::RoundSpan& span, const std::map<int, plan::RoundLeg>& legs, RoundPosition position, train::VisitSink* sink);
  int64_t IterationsDone(const plan::RoundSpan& span) const;
  std::vector<int32_t> ProcessKeys() const;
  std::vector<int> ProcessSegments() const;
  std::string EmptyTable();
  void TakeReply(const ModelReply& record, const plan::RoundSpan& span, const plan::RoundLeg& leg, train::VisitSink* sink);
  void CheckVisits(const ModelReply& record, const plan::RoundSpan& span, const plan::RoundLeg& leg) const;
  void MoveToRest(std::vector<int> models);
  StateLocations LocationsOf(const std::vector<int>& models) const;
  std::vector<int> Training() const;
  SumsByPartition SumsOf(train::ScoredTable table, const std::vector<int>& models, std::map<int, std::string>* errors);

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
  std::vector<bool> raw_;                 // a model: its state is in raw form; else it waits to enter the run, or is in kStored
  std::vector<int64_t> iterations_done_;  // a model: over all runs
  std::string best_ = "best_a", next_best_ = "best_b";
  std::vector<bool> has_best_;     // a model
  std::vector<int32_t> best_key_;  // a model: under which key its best weights lie
  int64_t iteration_ = 0;          // of this run, done
  int64_t rows_trained_ = 0;
  int64_t rounds_ = 0;  // of this run
  Spread spread_;
  EntrySink entries_;
};

}  // namespace segments
