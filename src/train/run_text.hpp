// What a run's INFO lines say besides the facts: who leads, and how long it will take. No clock and no server here.
#pragma once

#include <string>

#include "train/coordinator.hpp"
#include "train/run.hpp"

namespace train {

/// "; best by validation accuracy: mst_key=3 with 0.97 (loss 0.12)" of the last evaluation, or "" when no model has a
/// number: all have diverged, or their values are NaN.
std::string LeaderText(const RunRequest& request, const RunResult& so_far);

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
