// What happened in a run so far: visits, metric values, the messages that say so, and which models stop. Both drivers keep their run's
// record here, so a run reads the same whoever did the work.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "pg/progress.hpp"
#include "plan/stopping.hpp"
#include "train/run.hpp"

namespace train {

class RunLog {
 public:
  /// metric_names: of each model, the loss first. The request outlives the journal.
  RunLog(const RunRequest& request, std::vector<std::vector<std::string>> metric_names, const std::string& model_table);

  RunResult& result() { return result_; }
  const ModelResult& model(size_t m) const { return result_.models[m]; }
  const std::vector<std::string>& metric_names(size_t m) const { return metric_names_[m]; }
  double started() const { return started_; }
  int64_t iterations_reported() const { return iterations_reported_; }
  int64_t ModelsThatTrain() const;

  void BeginTraining();
  void EndTraining();
  /// A visit is over. Warns when its model has diverged in it. seconds: of work on this model.
  void AddVisit(const VisitRecord& record, double seconds);
  /// The next iteration is over, one at which no metrics are due: its INFO line.
  void ReportIteration();
  /// Values (engine::Model::Finish) of a model that has not stopped, at the iteration that is due. NaN for a diverged one.
  void AddScores(size_t m, bool validation, std::vector<double> values);
  /// All scores of a due iteration are in. Says which models' weights are the best so far (with keep_best) and which models stop here; its
  /// INFO line.
  struct Verdict {
    std::vector<int> best, stopped;
  };
  Verdict Conclude(int64_t iteration);
  void Show(pg::Phase phase, int64_t rows_trained);

 private:
  std::string LeadMetric(size_t model) const;
  bool HaveOneMetric() const;
  const std::vector<std::vector<double>>& Scores(size_t model) const;
  bool IsBest(size_t model);
  std::string Leader() const;
  std::string Stop(int64_t iteration, std::vector<int>* stopped);
  std::string MetricsLine(int64_t trained) const;
  double SecondsLeft() const;
  double ShareAfterHalving() const;

  const RunRequest& request_;
  const std::vector<std::vector<std::string>> metric_names_;
  const std::string model_table_;
  const double started_;
  pg::Progress progress_;
  RunResult result_;
  int64_t iterations_reported_ = 0;  // INFO lines written
  double iteration_started_ = 0;
  double cost_done_ = 0;
  double trained_seconds_ = 0;        // wall time of the training phases that have ended
  double training_since_ = 0;         // start of the phase under way; 0 = none
  std::vector<int64_t> visits_done_;  // a model
  std::vector<double> iteration_loss_sum_, iteration_rows_;
};

}  // namespace train
