// What a user sees of a run while it goes on: INFO lines, warnings, the progress view.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <vector>

#include "pg/names.hpp"
#include "pg/progress.hpp"
#include "train/coordinator.hpp"
#include "train/run_text.hpp"

namespace train {

/// Of a search: a trial that cannot be made, whose error the table of trials has.
void WarnOfTrial(int64_t mst_key, const std::string& error);

class RunLog : public RunObserver {
 public:
  /// The request outlives the log. model_table: as stat_progress shows it.
  RunLog(const RunRequest& request, const std::string& model_table);

  /// Before the run: features of buffers are stored, so many of so many.
  void StoringFeatures(int64_t done, int64_t all);

  void Show(const RunResult& so_far, RunPhase phase, int64_t rows_trained) override;
  void TrainingBegins(const RunResult& so_far) override;
  void TrainingEnds(const RunResult& so_far) override;
  void VisitDone(const RunResult& so_far, const VisitRecord& record, bool first_divergence) override;
  void IterationDone(const RunResult& so_far, int64_t iteration) override;
  void Evaluated(const RunResult& so_far, int64_t iteration, int64_t trained, const std::vector<int>& stopped) override;
  void RoundDone(const RunResult& so_far, int64_t round, int64_t trained) override;
  void TrialFailed(const RunResult& so_far, int model, const std::string& error) override;
  void TrialUnmade(int64_t mst_key, const std::string& error) override { WarnOfTrial(mst_key, error); }
  void Ended(const RunResult& so_far) override;

 private:
  struct LossSum {
    double loss = 0, rows = 0;
  };
  /// Bundles may be ahead of what is reported; losses of iterations beyond this are not shown.
  static constexpr int64_t kMostIterationsAhead = 10000;

  void Say(std::string line, bool in_any_case);
  void BeginNext();
  std::string Stops(const RunResult& so_far, const std::vector<int>& stopped) const;
  std::string IterationLine(const RunResult& so_far, int64_t iteration, int64_t trained) const;
  void ShowTrials(const RunResult& so_far, pg::ProgressRow* row) const;
  double SecondsLeft(const RunResult& so_far) const;
  double ShareAfterHalving(const RunResult& so_far) const;

  const RunRequest& request_;
  const std::string model_table_;
  pg::Progress progress_;
  int64_t iterations_reported_ = 0;  // that an INFO line was made of
  std::string unsaid_;               // the last line, where it was left out
  double iteration_started_ = 0;
  TimeLeft time_left_;
  double trained_seconds_ = 0;        // wall time of the training phases that have ended
  double training_since_ = 0;         // start of the phase under way; 0 = none
  std::vector<int64_t> visits_done_;  // a model
  std::map<int64_t, LossSum> losses_;  // of iterations that are not reported yet, from 1
};

/// NOTIFY cerebro_run, with the next commit: one JSON object that says which run, its state, the iterations (of a living run:
/// rounds) that are over, how many models it has and how many of them train.
void NotifyOfRun(const pg::TableName& run, const std::string& state, int64_t iteration, const RunResult& result);

}  // namespace train
