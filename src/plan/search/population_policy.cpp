// Population-based training (Jaderberg et al., "Population based training of neural networks", 2017).
//
// All members train for `interval` iterations, then they are compared. Each of the worst part (`quantile`) ends, and a
// clone of one of the best part takes over: its weights, its optimizer's state, and its parameters, each changed a
// little or drawn anew. The architecture is never changed. A member that has diverged, failed or been stopped is among
// the worst. Difference to the paper: members wait for each other, so that a decision needs no clock.
//
// A member is the last one of a line of trials, each the clone of another; bracket is the number of the line.
#include <algorithm>
#include <cmath>
#include <map>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/philox.hpp"
#include "plan/search/configurations.hpp"

namespace plan {
namespace {

constexpr double kDrawnAnew = 0.25;         // probability that a parameter is drawn anew instead of changed
constexpr double kLess = 0.8, kMore = 1.2;  // by what a number is changed

class PopulationPolicy : public ConfigurationPolicy {
 public:
  explicit PopulationPolicy(const SearchDescription& description) : ConfigurationPolicy(description, "random", 0) {
    const int64_t members = d_.max_models > 0 ? std::min(d_.population, d_.max_models) : d_.population;
    members_ = std::min(members, MostConfigurations(members));
  }

  TrialDecision Decide(const std::vector<Trial>& trials) const override {
    TrialDecision decision;
    if (GaveUp(trials, &decision)) return decision;
    View view = Look(trials);
    std::map<int64_t, const Trial*> members;  // of each line the last one
    for (const Trial& trial : trials) {
      if (trial.bracket != kNoBracket) members[trial.bracket] = &trial;
    }
    const int64_t first = std::min(d_.interval, d_.iterations);
    for (auto line = static_cast<int64_t>(members.size()); line < members_; ++line) {
      if (!Add(first, line, "member " + std::to_string(line), &view, &decision)) break;
    }
    if (members.empty()) return decision;
    for (const auto& [line, trial] : members) {
      if (trial->state == TrialState::kTrains) return decision;
    }
    Compare(members, MostTrials() - static_cast<int64_t>(view.own.size() + Clones(trials)), &view, &decision);
    decision.done = view.training == 0;
    return decision;
  }

  int64_t MostTrials() const override {
    const int64_t most = members_ + Replaced() * Changes();
    return d_.max_models > 0 ? std::min(d_.max_models, most) : most;
  }

  int64_t ExpectedWork() const override { return members_ * d_.iterations; }

  std::vector<std::string> Describe() const override {
    return {"a population of " + Counted(members_, "member") + ", compared every " + Counted(d_.interval, "iteration"),
            "at each of " + Counted(Changes(), "comparison") + " the worst " + std::to_string(Replaced()) +
                " take over the weights of one of the best " + std::to_string(Replaced()) + ", with changed parameters",
            Counted(ExpectedWork(), "model-iteration") + " of at most " + Counted(MostTrials(), "trial") + "; " +
                GridText()};
  }

 private:
  int64_t Replaced() const {
    return std::min(members_ / 2, static_cast<int64_t>(std::ceil(d_.quantile * static_cast<double>(members_) - 1e-9)));
  }
  int64_t Changes() const { return (d_.iterations - 1) / d_.interval; }

  static double ValueOf(const Trial& trial) {
    const bool waits = trial.state == TrialState::kWaiting && !trial.points.empty();
    return waits && !std::isnan(trial.points.back().value) ? trial.points.back().value : HUGE_VAL;
  }

  static size_t Clones(const std::vector<Trial>& trials) {
    return static_cast<size_t>(std::count_if(trials.begin(), trials.end(),
                                             [](const Trial& t) { return t.bracket != kNoBracket && t.parent != 0; }));
  }

  // most: clones that may be added yet.
  void Compare(const std::map<int64_t, const Trial*>& members, int64_t most, View* view,
               TrialDecision* decision) const {
    std::vector<std::pair<double, const Trial*>> ranked;
    int64_t age = 0;
    for (const auto& [line, trial] : members) {
      if (trial->state == TrialState::kPaused || trial->state == TrialState::kFinished) continue;
      ranked.emplace_back(ValueOf(*trial), trial);
      if (trial->state == TrialState::kWaiting) age = std::max(age, trial->iterations);
    }
    if (age == 0 || age >= d_.iterations) return;
    std::stable_sort(ranked.begin(), ranked.end(), [](const auto& a, const auto& b) { return a.first < b.first; });
    size_t best = std::min(static_cast<size_t>(Replaced()), ranked.size() / 2);
    best = std::min(best, static_cast<size_t>(std::max<int64_t>(most, 0)));
    const size_t kept = ranked.size() - best;
    while (best > 0 && !std::isfinite(ranked[best - 1].first)) --best;
    const int64_t target = std::min(age + d_.interval, d_.iterations);
    for (size_t i = 0; i < ranked.size(); ++i) {
      const Trial& trial = *ranked[i].second;
      if (i >= kept && best > 0) {
        Replace(trial, ranked, best, target, decision);
      } else if (trial.state == TrialState::kWaiting) {
        decision->go_on.push_back({trial.key, target, trial.remark});
      } else {
        continue;  // replaced when there are fewer worse ones
      }
      ++view->training;
    }
  }

  void Replace(const Trial& trial, const std::vector<std::pair<double, const Trial*>>& ranked, size_t best,
               int64_t target, TrialDecision* decision) const {
    base::Stream random(d_.seed, base::Hash("pbt", 3, 0).lo, base::Purpose::kSearch, static_cast<uint64_t>(trial.key),
                        static_cast<uint64_t>(target));
    const Trial& parent = *ranked[random.Below(best)].second;
    if (trial.state == TrialState::kWaiting)
      decision->stop.push_back({trial.key, "among the worst, member " + std::to_string(trial.bracket)});
    TrialDecision::Addition addition;
    addition.candidate = Explored(parent.candidate, &random);
    addition.parent = parent.key;
    addition.keeps_optimizer = true;
    addition.target = target;
    addition.bracket = trial.bracket;
    addition.remark = "member " + std::to_string(trial.bracket) + ", from trial " + std::to_string(parent.key);
    decision->add.push_back(std::move(addition));
  }

  // The candidate with each parameter changed; as it is where it is not in the space.
  Candidate Explored(const Candidate& candidate, base::Stream* random) const {
    const std::optional<Point> located = space_.Locate(candidate);
    if (!located) return candidate;
    Point point = *located;
    for (size_t d = 1; d < point.size(); ++d) {
      const double anew = random->Uniform(), draw = random->Uniform();
      if (!space_.IsThere(d, point)) continue;
      const Dimension& dimension = space_.dimensions()[d];
      const bool draws = std::isnan(point[d]) || anew < kDrawnAnew;
      if (dimension.ordered) {
        point[d] = draws ? draw : Changed(dimension, point[d], draw < 0.5);
      } else if (draws) {
        point[d] = std::floor(draw * static_cast<double>(dimension.values()));
      }
    }
    return space_.Write(space_.Completed(std::move(point), random->Next64()));
  }

  // A listed value becomes its neighbour, a number of a distribution 0.8 or 1.2 of itself, within the bounds.
  static double Changed(const Dimension& dimension, double at, bool less) {
    if (dimension.values() > 0) {
      const double moved = at + (less ? -1.0 : 1.0) / static_cast<double>(dimension.values());
      return moved > 0 && moved < 1 ? moved : at;
    }
    const Choice& choice = dimension.choice;
    const base::Value value = choice.At(at);
    double number = std::clamp(value.number() * (less ? kLess : kMore), choice.low, choice.high);
    const double width = choice.quantum > 0 ? choice.quantum : choice.integral ? 1 : 0;
    if (width > 0) number = std::min(choice.low + std::round((number - choice.low) / width) * width, choice.high);
    const auto found =
        choice.CoordinateOf(choice.integral ? base::Value(static_cast<int64_t>(number)) : base::Value(number));
    return found ? *found : at;
  }

  int64_t members_ = 0;
};

}  // namespace

std::unique_ptr<TrialPolicy> MakePopulationPolicy(const SearchDescription& description) {
  if (description.seeds_per_config != 1) {
    throw base::Error(base::ErrorCode::kFeatureNotSupported,
                      "the policy pbt has no seeds_per_config: members change their configurations", {},
                      "Leave seeds_per_config out; a larger population has the same effect.");
  }
  return std::make_unique<PopulationPolicy>(description);
}

}  // namespace plan
