// A searching run without models: rounds of one iteration for every trial that trains, losses by a function.
#pragma once

#include <algorithm>
#include <cmath>
#include <functional>
#include <limits>
#include <map>
#include <string>
#include <vector>

#include "base/literal.hpp"
#include "plan/flat_params.hpp"
#include "plan/trials.hpp"

namespace simulated {

/// Of a candidate the value of a number, by its name; `missing` where it is not there.
inline double Number(const plan::Candidate& candidate, const std::string& name, double missing = 0) {
  for (const auto& [key, value] : plan::FlatParams(candidate.params.compile_params, candidate.params.fit_params)) {
    if (key == name) return std::stod(value);
  }
  return missing;
}

inline std::string Text(const plan::Candidate& candidate, const std::string& name) {
  for (const auto& [key, value] : plan::FlatParams(candidate.params.compile_params, candidate.params.fit_params)) {
    if (key == name) return value;
  }
  return "";
}

/// The loss of a trial after an iteration. NaN: it diverges. Infinity: it fails.
using Objective = std::function<double(const plan::Trial&, int64_t iteration)>;

struct SearchRun {
  std::vector<plan::Trial> trials;
  int64_t rounds = 0, model_iterations = 0, most_at_once = 0;
  bool ended = false;
  std::vector<double> best_after;  // by model-iterations done: the best last value of a trial with all iterations

  double Best() const {
    double best = HUGE_VAL;
    for (const auto& trial : trials) {
      for (const auto& point : trial.points) best = std::min(best, std::isnan(point.value) ? HUGE_VAL : point.value);
    }
    return best;
  }
  double BestFinished(int64_t iterations) const {
    double best = HUGE_VAL;
    for (const auto& trial : trials) {
      if (trial.iterations == iterations && !trial.points.empty() && !std::isnan(trial.points.back().value)) {
        best = std::min(best, trial.points.back().value);
      }
    }
    return best;
  }
  std::string Print() const {
    std::string text;
    for (const auto& t : trials) {
      text += std::to_string(t.key) + " " + std::to_string(t.candidate.model_id) + " " +
              t.candidate.params.compile_params + " " + t.candidate.params.fit_params + " parent " +
              std::to_string(t.parent) + " bracket " + std::to_string(t.bracket) + " " + plan::TrialStateName(t.state) +
              " " + std::to_string(t.iterations) + "/" + std::to_string(t.target) + " " + t.remark + "\n";
    }
    return text;
  }
};

inline plan::Trial& Find(SearchRun* run, int64_t key) { return run->trials[static_cast<size_t>(key - 1)]; }

inline void Apply(const plan::TrialDecision& decision, SearchRun* run) {
  for (const auto& order : decision.stop) {
    Find(run, order.key).state = plan::TrialState::kStopped;
    Find(run, order.key).remark = order.remark;
  }
  for (const auto& order : decision.pause) Find(run, order.key).state = plan::TrialState::kPaused;
  for (const auto& order : decision.go_on) {
    plan::Trial& trial = Find(run, order.key);
    trial.state = plan::TrialState::kTrains;
    trial.target = order.target;
    trial.remark = order.remark;
  }
  for (const auto& addition : decision.add) {
    plan::Trial trial;
    trial.key = static_cast<int64_t>(run->trials.size()) + 1;
    trial.candidate = addition.candidate;
    trial.parent = addition.parent;
    trial.began = addition.parent == 0 ? 0 : Find(run, addition.parent).iterations;
    trial.iterations = trial.began;
    trial.bracket = addition.bracket;
    trial.target = addition.target;
    trial.remark = addition.remark;
    run->trials.push_back(std::move(trial));
  }
}

inline void TrainRound(const plan::SearchDescription& description, const Objective& objective, SearchRun* run) {
  int64_t at_once = 0;
  for (plan::Trial& trial : run->trials) {
    if (trial.state != plan::TrialState::kTrains) continue;
    ++at_once;
    ++run->model_iterations;
    const double loss = objective(trial, trial.iterations + 1);
    if (std::isinf(loss)) {
      trial.state = plan::TrialState::kFailed;
      continue;
    }
    ++trial.iterations;
    trial.points.push_back({trial.iterations, loss});
    if (std::isnan(loss)) {
      trial.state = plan::TrialState::kDiverged;
    } else if (trial.iterations >= description.iterations) {
      trial.state = plan::TrialState::kFinished;
    } else if (trial.iterations >= trial.target) {
      trial.state = plan::TrialState::kWaiting;
    }
  }
  run->most_at_once = std::max(run->most_at_once, at_once);
  ++run->rounds;
}

/// meddle: what a person does after a round. fresh: a new policy for every decision, as after a crash.
inline SearchRun Simulate(const plan::SearchDescription& description, const Objective& objective, bool fresh = false,
                          const std::function<void(SearchRun*)>& meddle = {}) {
  SearchRun run;
  std::unique_ptr<plan::TrialPolicy> policy = plan::MakePolicy(description);
  for (int64_t round = 0; round < 100000; ++round) {
    if (fresh) policy = plan::MakePolicy(description);
    const plan::TrialDecision decision = policy->Decide(run.trials);
    Apply(decision, &run);
    const bool trains = std::any_of(run.trials.begin(), run.trials.end(),
                                    [](const auto& t) { return t.state == plan::TrialState::kTrains; });
    run.ended = decision.done;
    if (decision.done || !trains) break;
    TrainRound(description, objective, &run);
    run.best_after.resize(static_cast<size_t>(run.model_iterations) + 1,
                          run.best_after.empty() ? HUGE_VAL : run.best_after.back());
    run.best_after.back() = run.BestFinished(description.iterations);
    if (meddle) meddle(&run);
  }
  return run;
}

/// Seven parameters, some of which hang on another: learning rate, momentum, batch size, ... in the form of a
/// network's.
inline const char* CompileGrid() {
  return "{'loss': ['categorical_crossentropy'], 'optimizer_params_list': ["
         "{'optimizer': ['SGD'], 'lr': [0.0001, 1.0, 'log'], 'momentum': [0.0, 0.99, 'linear']}, "
         "{'optimizer': ['Adam'], 'lr': [0.00001, 0.1, 'log'], 'beta_1': [0.5, 0.999, 'log_near_one']}]}";
}
inline const char* FitGrid() {
  return "{'batch_size': {'low': 8, 'high': 256, 'distribution': 'log', 'integer': True}, 'epochs': [1, 2, 4]}";
}

inline plan::SearchDescription Description(const std::string& search, int64_t iterations, uint64_t seed = 0) {
  plan::SearchDescription d = plan::ReadSearch(search, iterations);
  if (d.compile_grid.empty()) d.compile_grid = CompileGrid();
  if (d.fit_grid.empty()) d.fit_grid = FitGrid();
  if (d.model_ids.empty()) d.model_ids = {1, 2, 3};
  d.seed = seed;
  return d;
}

/// How far a configuration is from the best one, in [0, about 3]: smooth, with the best learning rate hanging on the
/// batch size.
inline double Distance(const plan::Candidate& c) {
  const bool sgd = Text(c, "optimizer") == "SGD";
  const double rate = std::log10(Number(c, "learning_rate")), batch = std::log2(Number(c, "batch_size"));
  const double best_rate = (sgd ? -1.2 : -3.0) + 0.1 * (batch - 5);
  double sum = std::pow((rate - best_rate) / 1.5, 2) + std::pow((batch - 5) / 6, 2);
  if (sgd) sum += 0.1 + std::pow(Number(c, "momentum") - 0.9, 2);
  if (!sgd) sum += 0.2 * std::fabs(std::log10(1 - Number(c, "beta_1", 0.9)) + 1);
  sum += 0.05 * std::fabs(Number(c, "epochs") - 2) + (c.model_id == 2 ? 0 : 0.15);
  return sum;
}

/// A learning curve that falls to it.
inline double Curve(const plan::Trial& trial, int64_t iteration) {
  const double end = Distance(trial.candidate);
  return end + (2.5 - std::min(end, 2.0)) * std::exp(-static_cast<double>(iteration) / 4.0) +
         0.01 * std::sin(static_cast<double>(trial.key) + static_cast<double>(iteration));
}

}  // namespace simulated
