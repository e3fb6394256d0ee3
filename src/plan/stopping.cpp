#include "plan/stopping.hpp"

#include <algorithm>
#include <cmath>
#include <limits>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "plan/metric_order.hpp"

namespace plan {
namespace {

constexpr std::string_view kValidationPrefix = "val_";

/// Where a monitored value stands in a model's history.
struct Place {
  bool validation = false;
  size_t metric = 0;
};

std::optional<Place> FindMonitor(const std::string& monitor, const std::vector<std::string>& metric_names) {
  // an output may be called "val": a whole name comes first
  for (size_t k = 0; k < metric_names.size(); ++k) {
    if (monitor == metric_names[k]) return Place{false, k};
  }
  for (size_t k = 0; k < metric_names.size(); ++k) {
    if (monitor == std::string(kValidationPrefix) + metric_names[k]) return Place{true, k};
  }
  return std::nullopt;
}

const std::vector<std::vector<double>>& Values(const ModelHistory& model, bool validation) {
  return validation ? *model.validation : *model.training;
}

bool RanOutOfPatience(const EarlyStopping& rule, const ModelHistory& model) {
  const std::optional<Place> place = FindMonitor(rule.monitor, *model.metric_names);
  if (!place) throw base::Error(base::ErrorCode::kInternal, "a monitored metric is not there");
  const bool up = rule.mode == EarlyStopping::Mode::kAuto ? GoesUp(rule.monitor) : rule.mode == EarlyStopping::Mode::kMax;
  double best = std::numeric_limits<double>::quiet_NaN();
  int64_t waited = 0;
  for (const std::vector<double>& values : Values(model, place->validation)) {
    const double value = values[place->metric];
    const bool improved = !std::isnan(value) && (std::isnan(best) || (up ? value > best + rule.min_delta : value < best - rule.min_delta));
    if (improved) best = value;
    waited = improved ? 0 : waited + 1;
  }
  return waited >= rule.patience;
}

/// What a model is ranked by at the last evaluation.
struct Rank {
  int model = 0;
  int mst_key = 0;
  double value = 0;
  double loss = 0;
};

// The first metric of all models, if it is the same; else the loss.
std::string LeadMetric(const std::vector<ModelHistory>& models, const std::vector<int>& which) {
  std::string lead;
  for (const int m : which) {
    const std::vector<std::string>& names = *models[static_cast<size_t>(m)].metric_names;
    const std::string own = names.size() > 1 ? names[1] : std::string();
    if (own.empty() || (!lead.empty() && own != lead)) return "loss";
    lead = own;
  }
  return lead;
}

void HalveModels(const Halving& rule, const std::vector<ModelHistory>& models, const std::vector<int>& training, std::vector<Stop>* stops) {
  const auto kept = static_cast<size_t>(ModelsKept(static_cast<int64_t>(training.size()), rule.eta));
  if (kept >= training.size()) return;
  const std::string lead = LeadMetric(models, training);
  std::vector<Rank> ranks;
  std::string metric;
  for (const int m : training) {
    const ModelHistory& model = models[static_cast<size_t>(m)];
    std::optional<Place> place = FindMonitor(rule.monitor.empty() ? lead : rule.monitor, *model.metric_names);
    if (!place) throw base::Error(base::ErrorCode::kInternal, "a monitored metric is not there");
    if (rule.monitor.empty()) place->validation = !model.validation->empty();
    const std::vector<double>& values = Values(model, place->validation).back();
    ranks.push_back(Rank{m, model.mst_key, values[place->metric], values[0]});
    metric = (*model.metric_names)[place->metric];
  }
  std::sort(ranks.begin(), ranks.end(), [&metric](const Rank& a, const Rank& b) {
    if (BetterMetric(metric, a.value, b.value)) return true;
    if (BetterMetric(metric, b.value, a.value)) return false;
    if (BetterMetric("loss", a.loss, b.loss)) return true;
    if (BetterMetric("loss", b.loss, a.loss)) return false;
    return a.mst_key < b.mst_key;
  });
  for (size_t r = kept; r < ranks.size(); ++r) stops->push_back(Stop{ranks[r].model, "halving"});
}

std::string Joined(const std::vector<std::string>& parts) {
  std::string text;
  for (const std::string& part : parts) text += (text.empty() ? "" : ", ") + part;
  return text;
}

}  // namespace

std::vector<int64_t> DueIterations(int64_t num_iterations, std::optional<int64_t> frequency, const StoppingPolicy& policy) {
  const int64_t every = frequency.value_or(policy.early_stopping ? 1 : num_iterations);
  std::vector<int64_t> due;
  for (int64_t i = every; i < num_iterations; i += every) due.push_back(i);
  if (policy.halving) due.insert(due.end(), policy.halving->iterations.begin(), policy.halving->iterations.end());
  due.push_back(num_iterations);
  std::sort(due.begin(), due.end());
  due.erase(std::unique(due.begin(), due.end()), due.end());
  return due;
}

void CheckMonitors(const StoppingPolicy& policy, const std::vector<std::pair<int, std::vector<std::string>>>& mst_keys_and_metric_names,
                   bool validated) {
  const auto check = [&](const char* argument, const std::string& monitor) {
    for (const auto& [mst_key, names] : mst_keys_and_metric_names) {
      const std::optional<Place> place = FindMonitor(monitor, names);
      if (!place) {
        std::vector<std::string> known = names;
        for (const std::string& name : names) {
          if (validated) known.push_back(std::string(kValidationPrefix) + name);
        }
        throw base::Error(base::ErrorCode::kInvalidParameter,
                          "monitor \"" + monitor + "\" of " + argument + " is no value of mst_key " + std::to_string(mst_key), {},
                          "Its values are " + Joined(known) + ".");
      }
      if (place->validation && !validated) {
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
    std::vector<std::string> steps;
    int64_t left = models;
    for (const int64_t iteration : rule.iterations) {
      left = ModelsKept(left, rule.eta);
      steps.push_back(std::to_string(left) + " after iteration " + std::to_string(iteration));
    }
    const auto share = 100.0 * static_cast<double>(HalvingWork(rule, models, num_iterations)) /
                       static_cast<double>(std::max<int64_t>(1, models) * num_iterations);
    lines.push_back("Halving: of " + std::to_string(models) + " models the best go on, " + Joined(steps) + " (" +
                    std::to_string(static_cast<int64_t>(std::llround(share))) + " % of the model-iterations)");
  }
  return lines;
}

}  // namespace plan
