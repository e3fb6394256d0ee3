// ASHA, asynchronous successive halving (Li et al., "A system for massively parallel hyperparameter tuning", MLSys
// 2020).
//
// Rungs are at min_iterations, eta times as many, ... and at all iterations. Whenever there is room, the uppermost
// configuration goes on that is among the best 1/eta of all that have come to its rung so far; where there is none, a
// new one begins. Nothing waits for a rung to be full. Time is virtual: room comes at the end of a round, never when a
// worker is free. Difference to the paper, for runs with few configurations: when no new one is left and none has all
// iterations behind or before it, the best of the uppermost rung goes on.
#include <algorithm>
#include <cmath>

#include "plan/search/configurations.hpp"

namespace plan {
namespace {

constexpr int64_t kConfigurations = 64;  // where max_models is not given

class AshaPolicy : public ConfigurationPolicy {
 public:
  explicit AshaPolicy(const SearchDescription& description)
      : ConfigurationPolicy(description, description.sampler, 0), most_(MostConfigurations(kConfigurations)) {
    for (double level = static_cast<double>(d_.min_iterations); level < static_cast<double>(d_.iterations) - 0.5;
         level *= d_.eta) {
      const int64_t rounded = std::llround(level);
      if (levels_.empty() || rounded > levels_.back()) levels_.push_back(rounded);
    }
    levels_.push_back(d_.iterations);
  }

  TrialDecision Decide(const std::vector<Trial>& trials) const override {
    TrialDecision decision;
    if (GaveUp(trials, &decision)) return decision;
    View view = Look(trials);
    bool waits = false;
    for (size_t rung = levels_.size() - 1; rung-- > 0;) waits = Promote(view.own, rung, &view, &decision) || waits;
    bool added = true;
    while (added && view.configurations < most_ && HasRoom(view))
      added = Add(levels_[0], 0, RungText(0), &view, &decision);
    if (view.training == 0 && !waits) Finish(&view, &decision);
    decision.done = view.training == 0 && !waits;
    return decision;
  }

  int64_t MostTrials() const override { return most_ * d_.seeds_per_config; }
  // As if every rung had been full.
  int64_t ExpectedWork() const override {
    double work = 0, count = static_cast<double>(most_);
    for (size_t i = 0; i < levels_.size(); ++i, count /= d_.eta) {
      work += std::max(1.0, std::floor(count)) * static_cast<double>(levels_[i] - (i == 0 ? 0 : levels_[i - 1]));
    }
    return static_cast<int64_t>(work) * d_.seeds_per_config;
  }

  bool NeverHalves() const override { return levels_.size() == 1; }

  int64_t RungOf(const Trial& trial) const override {
    return trial.bracket == 0 ? static_cast<int64_t>(Rung(trial.target)) + 1 : 0;
  }
  int64_t Rungs(int64_t bracket) const override { return bracket == 0 ? static_cast<int64_t>(levels_.size()) : 0; }

  std::vector<std::string> Describe() const override {
    std::vector<std::string> lines = {SamplerText()};
    std::string rungs = "rungs:";
    double count = static_cast<double>(most_);
    for (size_t i = 0; i < levels_.size(); ++i) {
      rungs += (i == 0 ? " " : ", ") + std::string(i == 0 ? "" : "about ") +
               std::to_string(std::max<int64_t>(1, static_cast<int64_t>(count))) + " to iteration " +
               std::to_string(levels_[i]);
      count /= d_.eta;
    }
    lines.push_back(std::move(rungs));
    if (d_.seeds_per_config > 1) lines.push_back(Counted(d_.seeds_per_config, "seed") + " of each configuration");
    lines.push_back("about " + Counted(ExpectedWork(), "model-iteration") + " of " + Counted(MostTrials(), "trial") +
                    ", " + std::to_string(d_.concurrency) + " at once; " + GridText());
    return lines;
  }

 private:
  size_t Rung(int64_t target) const {
    return static_cast<size_t>(std::lower_bound(levels_.begin(), levels_.end() - 1, target) - levels_.begin());
  }

  std::string RungText(size_t rung) const {
    return "rung " + std::to_string(rung + 1) + " of " + std::to_string(levels_.size());
  }

  // All that have come to the rung, best first; infinity for those that did not survive it.
  std::vector<std::pair<double, const Configuration*>> Ranked(const std::vector<Configuration>& all,
                                                              size_t rung) const {
    std::vector<std::pair<double, const Configuration*>> ranked;
    for (const Configuration& configuration : all) {
      const std::optional<double> value = configuration.ValueAt(levels_[rung]);
      if (value && Rung(configuration.target()) >= rung) ranked.emplace_back(*value, &configuration);
    }
    std::sort(ranked.begin(), ranked.end(),
              [](const auto& a, const auto& b) { return Better(*a.second, a.first, *b.second, b.first); });
    return ranked;
  }

  // Whether something waits for room.
  bool Promote(const std::vector<Configuration>& all, size_t rung, View* view, TrialDecision* decision) const {
    const auto ranked = Ranked(all, rung);
    const auto best = static_cast<size_t>(std::floor(static_cast<double>(ranked.size()) / d_.eta + 1e-9));
    for (size_t i = 0; i < best; ++i) {
      const Configuration& configuration = *ranked[i].second;
      if (!std::isfinite(ranked[i].first) || !configuration.waits() || Rung(configuration.target()) != rung) continue;
      if (!HasRoom(*view)) return true;
      GoOn(configuration, levels_[rung + 1], RungText(rung + 1), view, decision);
    }
    return false;
  }

  // Nothing trains, and nothing more can be said by the rule.
  void Finish(View* view, TrialDecision* decision) const {
    for (size_t rung = levels_.size(); rung-- > 0;) {
      for (const auto& [value, configuration] : Ranked(view->own, rung)) {
        if (!std::isfinite(value)) break;
        if (rung + 1 == levels_.size()) return StopAll(view, decision);
        if (!configuration->waits() || Rung(configuration->target()) != rung) continue;
        return GoOn(*configuration, levels_[rung + 1], RungText(rung + 1), view, decision);
      }
    }
    StopAll(view, decision);
  }

  void StopAll(View* view, TrialDecision* decision) const {
    for (const Configuration& configuration : view->own) {
      if (configuration.waits())
        Stop(configuration, "not among the best of " + RungText(Rung(configuration.target())), view, decision);
    }
  }

  std::vector<int64_t> levels_;
  const int64_t most_;
};

}  // namespace

std::unique_ptr<TrialPolicy> MakeAshaPolicy(const SearchDescription& description) {
  return std::make_unique<AshaPolicy>(description);
}

}  // namespace plan
