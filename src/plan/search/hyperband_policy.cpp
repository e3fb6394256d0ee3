// Hyperband (Li et al., "Hyperband: a novel bandit-based approach to hyperparameter optimization", JMLR 2018) and BOHB
// (Falkner et al., 2018), which is Hyperband with configurations of a Parzen estimator.
//
// A bracket begins with n configurations that train for r iterations; of each rung the best 1/eta go on to the next,
// with eta times as many iterations, until the last rung, which has all iterations. Bracket 0 begins with the most
// configurations and the fewest iterations, the last one trains all of its own in full. Difference to the paper:
// brackets do not wait for each other. Configurations that go on come first, then new ones in the order of brackets, as
// far as there is room. A decision about a rung is made from the values at its iteration alone, so that it is found
// again unchanged by every later call; trials that a person has stopped or paused are not waited for. BOHB learns from
// all trials, those of lower rungs as well, in the order of OrderOf; the paper has a model of the values at one rung.
#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "plan/search/configurations.hpp"

namespace plan {
namespace {

constexpr int64_t kMostLines = 100;  // of brackets, in EXPLAIN
constexpr double kBohbRandomPart = 1.0 / 3;  // of its configurations, as the paper has it

struct Bracket {
  std::vector<int64_t> levels;  // iterations of the rungs, the last is all
  std::vector<int64_t> sizes;   // configurations of the rungs
};

class HyperbandPolicy : public ConfigurationPolicy {
 public:
  explicit HyperbandPolicy(const SearchDescription& description)
      : ConfigurationPolicy(description, description.policy == "bohb" ? "tpe" : description.sampler,
                            description.policy == "bohb" ? kBohbRandomPart : 0) {
    MakeBrackets();
  }

  TrialDecision Decide(const std::vector<Trial>& trials) const override {
    TrialDecision decision;
    if (GaveUp(trials, &decision)) return decision;
    View view = Look(trials);
    const bool exhausted = Exhausted(&view);
    std::map<int64_t, std::vector<const Configuration*>> in;  // of brackets that have begun
    for (const Configuration& configuration : view.own) {
      if (configuration.bracket < count_) in[configuration.bracket].push_back(&configuration);
    }
    bool waits = false;
    for (const auto& [b, all] : in) waits = Promote(b, all, exhausted, &view, &decision) || waits;
    bool added = true;
    for (int64_t b = 0; b < count_ && added && HasRoom(view); ++b) {
      const auto begun = in.find(b);
      const int64_t missing = At(b).sizes[0] - (begun == in.end() ? 0 : static_cast<int64_t>(begun->second.size()));
      for (int64_t i = 0; i < missing && added && HasRoom(view); ++i) {
        added = Add(At(b).levels[0], b, RungText(b, 0), &view, &decision);
      }
    }
    decision.done = view.training == 0 && !waits;
    return decision;
  }

  int64_t MostTrials() const override { return configurations_ * d_.seeds_per_config; }

  int64_t ExpectedWork() const override { return work_ * d_.seeds_per_config; }

  bool NeverHalves() const override {
    for (int64_t b = 0; b < std::min(count_, static_cast<int64_t>(kinds_.size())); ++b) {
      if (At(b).levels.size() > 1) return false;
    }
    return true;
  }

  int64_t RungOf(const Trial& trial) const override {
    if (trial.bracket < 0 || trial.bracket >= count_) return 0;
    const std::vector<int64_t>& levels = At(trial.bracket).levels;
    return std::lower_bound(levels.begin(), levels.end() - 1, trial.target) - levels.begin() + 1;
  }

  int64_t Rungs(int64_t bracket) const override {
    return bracket < 0 || bracket >= count_ ? 0 : static_cast<int64_t>(At(bracket).levels.size());
  }

  std::vector<std::string> Describe() const override {
    std::vector<std::string> lines = {SamplerText()};
    for (int64_t b = 0; b < std::min(count_, kMostLines); ++b) {
      const Bracket& bracket = At(b);
      std::string text = "bracket " + std::to_string(b) + ":";
      for (size_t i = 0; i < bracket.levels.size(); ++i) {
        text += (i == 0 ? " " : ", ") + std::to_string(bracket.sizes[i]) + " to iteration " +
                std::to_string(bracket.levels[i]);
      }
      lines.push_back(std::move(text));
    }
    if (count_ > kMostLines) lines.push_back("and " + Counted(count_ - kMostLines, "more bracket"));
    if (d_.seeds_per_config > 1) lines.push_back(Counted(d_.seeds_per_config, "seed") + " of each configuration");
    lines.push_back(Counted(ExpectedWork(), "model-iteration") + " of " + Counted(MostTrials(), "trial") + "; " +
                    GridText());
    return lines;
  }

 private:
  // Without max_models one of each kind; with it as many as it takes, the last one cut short.
  void MakeBrackets() {
    const double r = static_cast<double>(d_.iterations) / static_cast<double>(d_.min_iterations);
    const auto most = static_cast<int64_t>(std::floor(std::log(r) / std::log(d_.eta) + 1e-9));
    if (d_.brackets > most + 1) {
      throw base::Error(base::ErrorCode::kInvalidParameter,
                        "brackets of search is " + std::to_string(d_.brackets) + ", but there are only " +
                            std::to_string(most + 1),
                        "A bracket begins with " + base::FormatNumber(d_.eta, true) +
                            " times as many iterations as the one before it, from min_iterations to num_iterations.",
                        "Lower brackets or eta, or raise num_iterations.");
    }
    const int64_t kinds = d_.brackets > 0 ? d_.brackets : most + 1;
    std::vector<Bracket> all;
    int64_t sum = 0;
    for (int64_t s = most; s > most - kinds; --s) {
      Bracket bracket;
      const double n = std::ceil(
          static_cast<double>(most + 1) / static_cast<double>(s + 1) * std::pow(d_.eta, static_cast<double>(s)) - 1e-9);
      for (int64_t i = 0; i <= s; ++i) {
        const auto level = std::max<int64_t>(
            1, std::llround(static_cast<double>(d_.iterations) * std::pow(d_.eta, static_cast<double>(i - s))));
        if (!bracket.levels.empty() && level <= bracket.levels.back()) continue;
        bracket.levels.push_back(level);
      }
      SetSizes(static_cast<int64_t>(n), &bracket);
      sum += bracket.sizes[0];
      all.push_back(std::move(bracket));
    }
    kinds_ = std::move(all);
    int64_t left = MostConfigurations(sum);
    for (; left > 0; ++count_) {
      last_ = kinds_[static_cast<size_t>(count_) % kinds_.size()];
      if (last_.sizes[0] > left) SetSizes(left, &last_);
      left -= last_.sizes[0];
      configurations_ += last_.sizes[0];
      for (size_t i = 0; i < last_.levels.size(); ++i)
        work_ += last_.sizes[i] * (last_.levels[i] - (i == 0 ? 0 : last_.levels[i - 1]));
    }
  }

  const Bracket& At(int64_t b) const { return b + 1 == count_ ? last_ : kinds_[static_cast<size_t>(b) % kinds_.size()]; }

  void SetSizes(int64_t n, Bracket* bracket) const {
    bracket->sizes.clear();
    for (size_t i = 0; i < bracket->levels.size(); ++i) {
      bracket->sizes.push_back(std::max<int64_t>(
          1,
          static_cast<int64_t>(std::floor(static_cast<double>(n) * std::pow(d_.eta, -static_cast<double>(i)) + 1e-9))));
    }
  }

  std::string RungText(int64_t b, size_t i) const {
    return "bracket " + std::to_string(b) + ", rung " + std::to_string(i + 1) + " of " +
           std::to_string(At(b).levels.size());
  }

  // Sets going what goes on in a bracket and stops what does not. Whether something waits for room.
  bool Promote(int64_t b, const std::vector<const Configuration*>& all, bool exhausted, View* view,
               TrialDecision* decision) const {
    const Bracket& bracket = At(b);
    std::vector<const Configuration*> rung = all;
    bool complete = exhausted || static_cast<int64_t>(all.size()) >= bracket.sizes[0];
    bool waits = false;
    for (size_t i = 0; i < bracket.levels.size(); ++i) {
      for (const Configuration* configuration : rung) {
        if (configuration->ValueAt(bracket.levels[i]) || !configuration->open()) continue;
        complete = false;
        if (configuration->AnyIn(TrialState::kTrains)) continue;
        if (!HasRoom(*view)) {
          waits = true;
        } else {
          GoOn(*configuration, bracket.levels[i], RungText(b, i), view, decision);
        }
      }
      if (!complete || i + 1 == bracket.levels.size()) break;
      rung = BestOf(rung, bracket.levels[i], bracket.sizes[i + 1], RungText(b, i), view, decision);
    }
    return waits;
  }

  static std::vector<const Configuration*> BestOf(const std::vector<const Configuration*>& rung, int64_t level,
                                                  int64_t kept, const std::string& text, View* view,
                                                  TrialDecision* decision) {
    std::vector<std::pair<double, const Configuration*>> ranked;
    for (const Configuration* configuration : rung) {
      const std::optional<double> value = configuration->ValueAt(level);
      if (value) ranked.emplace_back(*value, configuration);
    }
    std::sort(ranked.begin(), ranked.end(),
              [](const auto& a, const auto& b) { return Better(*a.second, a.first, *b.second, b.first); });
    std::vector<const Configuration*> best;
    for (size_t i = 0; i < ranked.size(); ++i) {
      if (static_cast<int64_t>(i) < kept && std::isfinite(ranked[i].first)) {
        best.push_back(ranked[i].second);
      } else if (ranked[i].second->waits()) {
        Stop(*ranked[i].second, text + ": " + std::to_string(i + 1) + " of " + std::to_string(ranked.size()), view,
             decision);
      }
    }
    return best;
  }

  // With many trials there are as many brackets: they are kinds, one after another and again, and the last one.
  std::vector<Bracket> kinds_;
  Bracket last_;
  int64_t count_ = 0;
  int64_t configurations_ = 0, work_ = 0;  // of all brackets; work of one seed
};

}  // namespace

std::unique_ptr<TrialPolicy> MakeHyperbandPolicy(const SearchDescription& description) {
  return std::make_unique<HyperbandPolicy>(description);
}

}  // namespace plan
