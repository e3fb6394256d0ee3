#include "plan/stopping.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "plan/metric_order.hpp"
#include "plan/ranking.hpp"

namespace plan {
namespace {

constexpr std::string_view kValidationPrefix = "val_";

/// Where a monitored value stands in a model's history.
struct Monitored {
  bool validation = false;
  size_t metric = 0;
};

std::optional<Monitored> FindMonitor(const std::string& monitor, const std::vector<std::string>& metric_names) {
  // an output may be called "val": a whole name comes first
  for (size_t k = 0; k < metric_names.size(); ++k) {
    if (monitor == metric_names[k]) return Monitored{false, k};
  }
  for (size_t k = 0; k < metric_names.size(); ++k) {
    if (monitor == std::string(kValidationPrefix) + metric_names[k]) return Monitored{true, k};
  }
  return std::nullopt;
}

const std::vector<double>& Values(const Evaluation& evaluation, bool validation) {
  return validation ? evaluation.validation : evaluation.training;
}

bool MonitorGoesUp(const EarlyStopping& rule) {
  return rule.mode == EarlyStopping::Mode::kAuto ? GoesUp(rule.monitor) : rule.mode == EarlyStopping::Mode::kMax;
}

bool RanOutOfPatience(const EarlyStopping& rule, const ModelHistory& model) {
  const std::optional<Monitored> monitored = FindMonitor(rule.monitor, *model.metric_names);
  if (!monitored) throw base::Error(base::ErrorCode::kInternal, "a monitored metric is not there");
  const bool up = MonitorGoesUp(rule);
  double best = std::numeric_limits<double>::quiet_NaN();
  int64_t waited = 0;
  for (const Evaluation& evaluation : *model.evaluations) {
    const std::vector<double>& values = Values(evaluation, monitored->validation);
    if (values.empty()) continue;
    const double value = values[monitored->metric];
    const bool improved = !std::isnan(value) && (std::isnan(best) || (up ? value > best + rule.min_delta : value < best - rule.min_delta));
    if (improved) best = value;
    waited = improved ? 0 : waited + 1;
  }
  return waited >= rule.patience;
}

/// What a model is ranked by at the last evaluation.
struct Rank {
  int model = 0;
  Standing standing;
};

void HalveModels(const Halving& rule, const std::vector<ModelHistory>& models, const std::vector<int>& training, std::vector<Stop>* stops) {
  const auto kept = static_cast<size_t>(ModelsKept(static_cast<int64_t>(training.size()), rule.eta));
  if (kept >= training.size()) return;
  std::vector<const std::vector<std::string>*> names;
  for (const int m : training) names.push_back(models[static_cast<size_t>(m)].metric_names);
  const std::string common = CommonMetric(names);
  std::vector<Rank> ranks;
  std::string metric;
  for (const int m : training) {
    const ModelHistory& model = models[static_cast<size_t>(m)];
    std::optional<Monitored> monitored = FindMonitor(!rule.monitor.empty() ? rule.monitor : common.empty() ? "loss" : common, *model.metric_names);
    if (!monitored) throw base::Error(base::ErrorCode::kInternal, "a monitored metric is not there");
    const Evaluation& last = model.evaluations->back();
    if (rule.monitor.empty()) monitored->validation = true;
    const std::vector<double>& values = Values(last, monitored->validation && !last.validation.empty());
    Standing standing;
    standing.metric = values[monitored->metric];
    standing.loss = values[0];
    standing.mst_key = model.mst_key;
    ranks.push_back({m, standing});
    metric = (*model.metric_names)[monitored->metric];
  }
  std::sort(ranks.begin(), ranks.end(), [&metric](const Rank& a, const Rank& b) { return StandsBefore(metric, a.standing, b.standing); });
  for (size_t r = kept; r < ranks.size(); ++r) stops->push_back(Stop{ranks[r].model, "halving"});
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

}  // namespace

void CheckMonitors(const StoppingPolicy& policy, const std::vector<std::pair<int, std::vector<std::string>>>& mst_keys_and_metric_names,
                   bool validated) {
  const auto check = [&](const char* argument, const std::string& monitor) {
    for (const auto& [mst_key, names] : mst_keys_and_metric_names) {
      const std::optional<Monitored> monitored = FindMonitor(monitor, names);
      if (!monitored) {
        std::vector<std::string> known = names;
        for (const std::string& name : names) {
          if (validated) known.push_back(std::string(kValidationPrefix) + name);
        }
        throw base::Error(base::ErrorCode::kInvalidParameter,
                          "monitor \"" + monitor + "\" of " + argument + " is no value of mst_key " + std::to_string(mst_key), {},
                          "Its values are " + Joined(known) + ".");
      }
      if (monitored->validation && !validated) {
        throw base::Error(base::ErrorCode::kInvalidParameter, "monitor \"" + monitor + "\" of " + argument + " needs a validation table",
                          {}, "Give validation_table, or monitor \"" + monitor.substr(kValidationPrefix.size()) + "\".");
      }
    }
  };
  if (policy.early_stopping) check("early_stopping", policy.early_stopping->monitor);
  if (policy.halving && !policy.halving->monitor.empty()) check("halving", policy.halving->monitor);
}

std::vector<Stop> DecideStops(const StoppingPolicy& policy, int64_t iteration, const std::vector<ModelHistory>& models) {
  std::vector<Stop> stops;
  std::vector<int> training;  // that go on so far
  for (size_t m = 0; m < models.size(); ++m) {
    if (!models[m].trains) continue;
    if (policy.early_stopping && RanOutOfPatience(*policy.early_stopping, models[m])) {
      stops.push_back(Stop{static_cast<int>(m), "early_stopping"});
    } else {
      training.push_back(static_cast<int>(m));
    }
  }
  if (policy.halving && std::binary_search(policy.halving->iterations.begin(), policy.halving->iterations.end(), iteration)) {
    HalveModels(*policy.halving, models, training, &stops);
  }
  std::sort(stops.begin(), stops.end(), [](const Stop& a, const Stop& b) { return a.model < b.model; });
  return stops;
}

bool IsBetterEvaluation(const StoppingPolicy& policy, const std::vector<std::string>& metric_names, const Evaluation& a, const Evaluation& b) {
  std::string monitor;
  if (policy.halving) monitor = policy.halving->monitor;
  if (policy.early_stopping) monitor = policy.early_stopping->monitor;
  if (monitor.empty()) {
    const std::string metric = CommonMetric({&metric_names});
    return IsBetter(metric, StandingOf(a.scores(), !metric.empty()), StandingOf(b.scores(), !metric.empty()));
  }
  const std::optional<Monitored> monitored = FindMonitor(monitor, metric_names);
  if (!monitored) throw base::Error(base::ErrorCode::kInternal, "a monitored metric is not there");
  const bool up = policy.early_stopping ? MonitorGoesUp(*policy.early_stopping) : GoesUp(monitor);
  const bool validation = monitored->validation && !a.validation.empty() && !b.validation.empty();
  const auto standing = [&](const Evaluation& evaluation) {
    const std::vector<double>& values = Values(evaluation, validation);
    Standing of;
    of.metric = up ? -values[monitored->metric] : values[monitored->metric];  // as a loss
    of.loss = values[0];
    return of;
  };
  return IsBetter("loss", standing(a), standing(b));
}

int64_t ModelsKept(int64_t models, double eta) {
  constexpr double kRounding = 1e-9;  // 3 models at eta 3 are 1, whatever the division's last bit
  return std::min(models, std::max<int64_t>(1, static_cast<int64_t>(std::ceil(static_cast<double>(models) / eta - kRounding))));
}

int64_t HalvingWork(const Halving& halving, int64_t models, int64_t num_iterations) {
  int64_t work = 0, done = 0;
  for (const int64_t iteration : halving.iterations) {
    work += models * (iteration - done);
    done = iteration;
    models = ModelsKept(models, halving.eta);
  }
  return work + models * (num_iterations - done);
}

double ExpectedPart(const StoppingPolicy& policy, int64_t first_stop, int64_t models, int64_t num_iterations) {
  const auto iterations = static_cast<double>(num_iterations);
  double part = 1;
  if (policy.halving) {
    const auto all = static_cast<double>(std::max<int64_t>(1, models)) * iterations;
    part = static_cast<double>(HalvingWork(*policy.halving, models, num_iterations)) / all;
  }
  if (policy.early_stopping && first_stop > 0) part = std::min(part, (static_cast<double>(first_stop) + iterations) / 2 / iterations);
  return part;
}

std::vector<std::string> DescribeStopping(const StoppingPolicy& policy, int64_t models, int64_t num_iterations) {
  std::vector<std::string> lines;
  if (policy.early_stopping) {
    const EarlyStopping& rule = *policy.early_stopping;
    lines.push_back("Early stopping: after " + std::to_string(rule.patience) + " evaluation" + (rule.patience == 1 ? "" : "s") +
                    " in a row without a better " + rule.monitor +
                    (rule.min_delta > 0 ? " (by more than " + base::FormatNumber(rule.min_delta, true) + ")" : ""));
  }
  if (policy.halving) {
    const Halving& rule = *policy.halving;
    std::vector<std::string> stages;
    int64_t left = models;
    for (const int64_t iteration : rule.iterations) {
      left = ModelsKept(left, rule.eta);
      stages.push_back(std::to_string(left) + " after iteration " + std::to_string(iteration));
    }
    const auto share = 100.0 * static_cast<double>(HalvingWork(rule, models, num_iterations)) /
                       static_cast<double>(std::max<int64_t>(1, models) * num_iterations);
    lines.push_back("Halving: of " + std::to_string(models) + " models the best go on, " + Joined(stages) + " (" +
                    std::to_string(static_cast<int64_t>(std::llround(share))) + " % of the model-iterations)");
  }
  return lines;
}

}  // namespace plan
