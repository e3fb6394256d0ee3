// Which models stop before the end of a run: early stopping on a metric, and successive halving.
//
// A decision is a pure function of the policy and of the metric values that were computed so far, so every driver and
// every number of workers stops the same models at the same iteration. It is made at the end of an iteration only. The
// iterations of a policy are those of the run, from 1.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "plan/evaluation.hpp"

namespace plan {

/// A model stops when `patience` evaluations in a row have not improved the monitored value by more than min_delta. An evaluation is an
/// iteration after which metrics are computed. The rule of Keras's callback EarlyStopping.
struct EarlyStopping {
  enum class Mode { kAuto, kMin, kMax };  // kAuto: by the name of the metric
  std::string monitor;                    // as Keras names it: "loss", "accuracy", "val_loss", ...
  int64_t patience = 1;
  double min_delta = 0;
  Mode mode = Mode::kAuto;
};

/// After each of `iterations` the best ceil(n / eta) of the n models that still train go on.
struct Halving {
  double eta = 3;
  std::vector<int64_t> iterations;  // ascending, before the last iteration
  std::string monitor;              // empty: as the leaderboard ranks, by the first metric if all models have the same, else by the loss
};

struct StoppingPolicy {
  std::optional<EarlyStopping> early_stopping;
  std::optional<Halving> halving;
  bool any() const { return early_stopping.has_value() || halving.has_value(); }
};

/// Reads the two dictionary literals; NULL is none. Without a monitor early stopping takes val_loss, or loss without a validation table.
/// Errors: kSyntax for a text that is no dictionary, kInvalidParameter for unknown keys and values out of range, naming both.
StoppingPolicy ReadStopping(const std::optional<std::string>& early_stopping, const std::optional<std::string>& halving,
                            int64_t num_iterations, bool validated);

/// Throws unless every model has the monitored values. metric_names: of each model, the loss first.
void CheckMonitors(const StoppingPolicy& policy, const std::vector<std::pair<int, std::vector<std::string>>>& mst_keys_and_metric_names,
                   bool validated);

/// One model as far as it got, in this run and in earlier ones.
struct ModelHistory {
  int mst_key = 0;
  bool trains = true;  // neither diverged nor stopped
  const std::vector<std::string>* metric_names = nullptr;
  const std::vector<Evaluation>* evaluations = nullptr;  // ascending; those without the monitored values do not count
};

struct Stop {
  int model = 0;        // index into the models
  const char* by = "";  // "early_stopping" or "halving"
};

/// Models that stop after `iteration` of this run, ascending. Its evaluation is the last one of each model that trains.
/// Early stopping comes first, halving ranks what is left. Equal values are ranked by the loss, then by mst_key; NaN is
/// worst. Halving takes a model without validating rows by its training values. Early stopping passes over evaluations
/// without the monitored value.
std::vector<Stop> DecideStops(const StoppingPolicy& policy, int64_t iteration, const std::vector<ModelHistory>& models);

/// Whether a model is better after evaluation a than after b, for restore_best: by the value that early stopping monitors, in its mode; else
/// by the one that halving monitors; else as the leaderboard ranks, by the model's own first metric or the loss. Equal values are told apart
/// by the loss over the same table, NaN is worst; min_delta does not count. Where an evaluation has no values of validating
/// rows, as that of a group without any, both are compared by training values. REQUIRES evaluations of one run.
bool IsBetterEvaluation(const StoppingPolicy& policy, const std::vector<std::string>& metric_names, const Evaluation& a, const Evaluation& b);

/// How many of n models go on.
int64_t ModelsKept(int64_t models, double eta);
/// Model-iterations of a run in which halving alone stops models.
int64_t HalvingWork(const Halving& halving, int64_t models, int64_t num_iterations);

/// The part of the models' iterations that a plan counts on. With halving it is known. A model with early stopping is taken to stop halfway
/// between first_stop, the first iteration at which it may (that of its evaluation number patience + 1), and the last; 0: it never may. With
/// both rules the smaller part.
double ExpectedPart(const StoppingPolicy& policy, int64_t first_stop, int64_t models, int64_t num_iterations);

/// A line for EXPLAIN for each rule, without indent.
std::vector<std::string> DescribeStopping(const StoppingPolicy& policy, int64_t models, int64_t num_iterations);

}  // namespace plan
