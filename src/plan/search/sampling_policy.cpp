// Policies that train every configuration for all iterations: grid, random, TPE, Gaussian process. With median stopping
// (Golovin et al., "Google Vizier", 2017) a trial stops whose best value so far is worse than the median of the others'
// running means at the same iteration.
#include <algorithm>
#include <cmath>

#include "base/error.hpp"
#include "plan/search/configurations.hpp"

namespace plan {
namespace {

constexpr int64_t kConfigurations = 64;  // where max_models is not given
constexpr size_t kLeastOthers = 4;       // trials that a median is taken of

class SamplingPolicy : public ConfigurationPolicy {
 public:
  explicit SamplingPolicy(const SearchDescription& description)
      : ConfigurationPolicy(description, description.policy, 0),
        most_(
            MostConfigurations(description.policy == "grid" ? static_cast<int64_t>(space_.Size()) : kConfigurations)) {}

  TrialDecision Decide(const std::vector<Trial>& trials) const override {
    TrialDecision decision;
    if (GaveUp(trials, &decision)) return decision;
    View view = Look(trials);
    if (d_.median_stopping) StopByMedian(trials, &view, &decision);
    while (view.configurations < most_ && HasRoom(view)) {
      if (!Add(d_.iterations, 0, d_.policy, &view, &decision)) break;
    }
    decision.done = view.training == 0;
    return decision;
  }

  int64_t MostTrials() const override { return most_ * d_.seeds_per_config; }
  int64_t ExpectedWork() const override { return MostTrials() * d_.iterations; }
  bool LooksEachRound() const override { return d_.median_stopping; }

  std::vector<std::string> Describe() const override {
    std::vector<std::string> lines = {SamplerText()};
    lines.push_back(Counted(most_, "configuration") +
                    (d_.seeds_per_config > 1 ? " of " + Counted(d_.seeds_per_config, "seed") : "") + ", " +
                    std::to_string(d_.concurrency) + " trials at once");
    if (d_.median_stopping)
      lines.push_back("a trial worse than the median of the others stops, from iteration " +
                      std::to_string(d_.min_iterations));
    lines.push_back((d_.median_stopping ? "at most " : "") + Counted(ExpectedWork(), "model-iteration") + "; " +
                    GridText());
    return lines;
  }

 private:
  void StopByMedian(const std::vector<Trial>& trials, View* view, TrialDecision* decision) const {
    for (const Configuration& configuration : view->own) {
      for (const Trial* trial : configuration.trials) {
        if (trial->state != TrialState::kTrains || trial->points.empty() || trial->iterations < d_.min_iterations)
          continue;
        const int64_t iteration = trial->points.back().iteration;
        double best = trial->points.front().value;
        for (const TrialPoint& point : trial->points) best = std::min(best, point.value);
        std::vector<double> means;
        for (const Trial& other : trials) {
          if (&other == trial || other.parent != 0 || other.points.empty() || other.points.back().iteration < iteration)
            continue;
          means.push_back(MeanUntil(other, iteration));
        }
        if (means.size() < kLeastOthers) continue;
        const auto middle = means.begin() + static_cast<std::ptrdiff_t>(means.size() / 2);
        std::nth_element(means.begin(), middle, means.end());
        if (!(best > *middle)) continue;
        decision->stop.push_back({trial->key, "worse than the median of " + std::to_string(means.size()) + " trials"});
        --view->training;
      }
    }
  }

  static double MeanUntil(const Trial& trial, int64_t iteration) {
    double sum = 0;
    int64_t count = 0;
    for (const TrialPoint& point : trial.points) {
      if (point.iteration > iteration) break;
      sum += std::isnan(point.value) ? HUGE_VAL : point.value;
      ++count;
    }
    return sum / static_cast<double>(std::max<int64_t>(count, 1));
  }

  const int64_t most_;
};

// A sampler outside adds trials (cerebro.tell). The run begins with the configurations that it was given, or with one
// draw from its grids.
class ExternalPolicy : public TrialPolicy {
 public:
  explicit ExternalPolicy(const SearchDescription& description) : d_(description) {
    begin_ = d_.first;
    if (begin_.empty() && !d_.compile_grid.empty()) {
      const PointSpace space(d_);
      begin_.push_back(space.Write(space.Sample(0)));
    }
    if (begin_.empty()) {
      throw base::Error(base::ErrorCode::kInvalidParameter, "the policy external needs a configuration to begin with", {},
                        "Give a model selection table, or compile_params_grid and fit_params_grid in search.");
    }
    if (static_cast<int64_t>(begin_.size()) > d_.max_models) begin_.resize(static_cast<size_t>(d_.max_models));
  }

  TrialDecision Decide(const std::vector<Trial>& trials) const override {
    TrialDecision decision;
    bool begun = false, trains = false;
    for (const Trial& trial : trials) {
      begun = begun || trial.bracket != kNoBracket;
      trains = trains || trial.state == TrialState::kTrains;
    }
    for (size_t i = 0; !begun && i < begin_.size(); ++i) {
      TrialDecision::Addition addition;
      addition.candidate = begin_[i];
      addition.target = d_.iterations;
      addition.bracket = 0;
      addition.remark = "to begin with";
      decision.add.push_back(std::move(addition));
    }
    decision.done = !trains && decision.add.empty() && static_cast<int64_t>(trials.size()) >= d_.max_models;
    return decision;
  }

  int64_t MostTrials() const override { return d_.max_models; }
  int64_t ExpectedWork() const override { return d_.max_models * d_.iterations; }

  std::vector<std::string> Describe() const override {
    return {"configurations come from outside, by cerebro.tell", "at most " + Counted(d_.max_models, "model")};
  }

 private:
  const SearchDescription d_;
  std::vector<Candidate> begin_;
};

}  // namespace

std::unique_ptr<TrialPolicy> MakeSamplingPolicy(const SearchDescription& description) {
  return std::make_unique<SamplingPolicy>(description);
}

std::unique_ptr<TrialPolicy> MakeExternalPolicy(const SearchDescription& description) {
  return std::make_unique<ExternalPolicy>(description);
}

}  // namespace plan
