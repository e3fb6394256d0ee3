// What a run's INFO lines say besides the facts: who leads, and how long it will take. No clock and no server here.
#pragma once

#include <string>

#include "train/coordinator.hpp"
#include "train/run.hpp"

namespace train {

/// "; best by validation accuracy: mst_key=3 with 0.97 (loss 0.12)" of the last evaluation, or "" when no model has a
/// number: all have diverged, or their values are NaN.
std::string LeaderText(const RunRequest& request, const RunResult& so_far);

/// How many trials of a living run are in which state: "3 trains, 2 waiting, 1 failed", in the order of the states.
std::string TrialsText(const std::vector<LivingTrial>& trials);
/// The best value that a trial of a living run has had.
struct BestTrial {
  const LivingTrial* trial = nullptr;  // none: no trial has a number
  int64_t iteration = 0;
  std::string metric;
  double value = 0;  // of the metric itself
};
BestTrial FindBestTrial(const RunRequest& request, const std::vector<LivingTrial>& trials);
/// "; best so far: mst_key=12 with val_loss 0.31 after iteration 9" by what the trials of a living run are compared by, or
/// "" when no trial has a number.
std::string BestTrialText(const RunRequest& request, const std::vector<LivingTrial>& trials);

/// "16 models, mean training loss 0.52"; without the loss where no visit had one.
std::string ModelsText(int64_t models, double loss_sum, double rows);

/// Estimates the rest of a run from the speed of the work that is done. Before the first visit processes start, open
/// their libraries and compile: that does not come again, and is left out.
class TimeLeft {
 public:
  /// Seconds since the epoch; the first call counts.
  void TrainingBegins(double now);
  /// cost: of the visit, in the unit of the cost that is left. Visits of other hosts may have other clocks: none begins
  /// before the training.
  void VisitDone(double started, double cost);
  /// Seconds; less than 0 while nothing is known.
  double Seconds(double now, double cost_left) const;

 private:
  double training_began_ = 0;  // 0 = not yet
  double work_began_ = 0;      // the first visit
  double cost_done_ = 0;
};

}  // namespace train
