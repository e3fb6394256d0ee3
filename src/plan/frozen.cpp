// Chooses what to store, what to share and what to compute again: the search over the choices that
// plan/frozen_problem.hpp costs.
//
// With at most kMostExactPoints points all combinations are compared. Beyond that, and where there are too many models
// to do so, single changes and pairs of them are tried until none is better, from nothing, from all stored, from all
// shared, and from each of them alone. What that finds is then held against the rest by branch and bound, from the
// deepest point down: where the bound closes, nothing is better. Chains have a bound of their own.
//
// The seconds come first. Of choices that take hardly longer than the fastest, the one with the most to gain for later
// runs is taken. So a larger budget never makes a run slower than a smaller one by more than that.
#include "plan/frozen.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <utility>

#include "plan/frozen_problem.hpp"
#include "plan/frozen_reasons.hpp"

namespace plan {
namespace {

constexpr double kMostCombinedWork = 10e6;  // combinations x demands of bundles that are compared at most
constexpr double kMostPairWork = 4e6;       // likewise, in one round of pairs
constexpr double kMostSearchWork = 2e6;     // likewise, in all rounds together
constexpr double kMostProofWork = 1e6;      // likewise, to hold what was found against the rest
constexpr double kLeastSaving = 0.03;       // of the plain seconds: less than that is not worth the tables
constexpr double kMostForLater = 1.04;      // times the least seconds: what later runs may cost this one
constexpr double kInfeasible = 1e30;
constexpr double kTooSlow = 1e20;
constexpr double kBetter = 1 - 1e-9;

class Search {
 public:
  Search(FrozenProblem* problem, const FrozenRates& rates)
      : problem_(*problem), rates_(rates), points_(problem->points().size()) {
    for (size_t point = 0; point < points_; ++point) {
      uses_.push_back({FeatureUse::kRecompute});
      if (problem_.MayStore(point)) uses_.back().push_back(FeatureUse::kStore);
      if (problem_.MayShare(point)) uses_.back().push_back(FeatureUse::kShare);
    }
  }

  /// exact: whether no choice takes fewer seconds than the fastest that was found.
  PointUses Find(FrozenSearch search, bool* exact) {
    spent_ = problem_.work();  // a large graph takes some before anything is compared
    const bool all = search == FrozenSearch::kAutomatic && CanCompareAll();
    best_ = all ? CompareAll() : Heuristic();
    *exact = all || (search != FrozenSearch::kHeuristic && Prove());
    const double least = best_.rank, most = (1 - kLeastSaving) * problem_.plain_seconds();
    if (!(least < most)) return {};
    if (!(rates_.reuse > 0)) return best_;
    reuse_ = rates_.reuse;
    limit_ = std::min(kMostForLater * least, most);
    if (all) return CompareAll();
    spent_ = problem_.work();
    return Improve(Ranked(best_));
  }

 private:
  bool CanCompareAll() const {
    double combinations = 1;
    for (const auto& uses : uses_) combinations *= static_cast<double>(uses.size());
    return points_ <= kMostExactPoints && !problem_.large() &&
           combinations * static_cast<double>(1 + problem_.demands()) <= kMostCombinedWork;
  }

  PointUses CompareAll() {
    best_ = Ranked({});
    Combine(0, {});
    return best_;
  }

  PointUses Heuristic() {
    best_ = Improve(Ranked({}));
    for (const FeatureUse use : {FeatureUse::kStore, FeatureUse::kShare}) {
      PointUses all;
      for (size_t point = 0; point < points_; ++point) {
        if (May(point, use)) all = With(all, point, use);
      }
      Begin(all);
    }
    for (size_t point = 0; point < points_; ++point) {
      for (const FeatureUse use : {FeatureUse::kStore, FeatureUse::kShare}) {
        if (May(point, use)) Begin(With({}, point, use));
      }
    }
    return best_;
  }

  // Whether best_ is the fastest of all; where something is found that is better, it becomes best_.
  bool Prove() {
    spent_ = problem_.work();
    return Branch(points_, {});
  }

  // The points from `open` on are decided. False: there was too much to do.
  bool Branch(size_t open, const PointUses& decided) {
    if (problem_.work() - spent_ > kMostProofWork) return false;
    if (!problem_.CanFit(decided)) return true;
    if (open == 0) {
      const PointUses ranked = Ranked(decided);
      if (ranked.rank < best_.rank * kBetter) best_ = ranked;
      return true;
    }
    if (problem_.LeastSeconds(decided, open) >= best_.rank * kBetter) return true;
    const size_t point = open - 1;
    const FeatureUse first = UseOf(best_, point);
    if (!Branch(point, With(decided, point, first))) return false;
    for (const FeatureUse use : uses_[point]) {
      if (use != first && !Branch(point, With(decided, point, use))) return false;
    }
    return true;
  }

  double Rank(const FrozenProblem::Outcome& outcome) const {
    if (!outcome.fits()) {  // worse than any that fits, and the less it fits the worse
      const double over = std::max(0.0, outcome.over_disk) / (1 + rates_.disk_budget) +
                          std::max(0.0, outcome.over_memory) / (1 + rates_.memory_budget);
      return kInfeasible * (1 + std::min(over, 1e9));
    }
    if (outcome.seconds > limit_) return kTooSlow * (outcome.seconds / limit_);
    return outcome.seconds - reuse_ * outcome.store_seconds;
  }

  // Keeps only what is read: the rest makes no difference.
  PointUses Ranked(const PointUses& choice) {
    const FrozenProblem::Outcome outcome = problem_.Evaluate(choice.stored, choice.shared);
    return {outcome.stored, outcome.shared, Rank(outcome)};
  }

  bool May(size_t point, FeatureUse use) const {
    return std::find(uses_[point].begin(), uses_[point].end(), use) != uses_[point].end();
  }

  bool Spent() const { return problem_.work() - spent_ > kMostSearchWork; }

  void Begin(const PointUses& choice) {
    if (Spent()) return;
    const PointUses improved = Improve(Ranked(choice));
    if (improved.rank < best_.rank * kBetter) best_ = improved;
  }

  void Combine(size_t point, const PointUses& choice) {
    if (point == points_) {
      const PointUses ranked = Ranked(choice);
      if (ranked.rank < best_.rank * kBetter) best_ = ranked;
      return;
    }
    for (const FeatureUse use : uses_[point]) Combine(point + 1, With(choice, point, use));
  }

  PointUses Improve(PointUses choice) {
    const double changes = 2 * static_cast<double>(points_);
    const bool pairs = changes * changes / 2 * static_cast<double>(1 + problem_.demands()) <= kMostPairWork;
    while (!Spent()) {
      PointUses next = BestSingle(choice);
      if (!(next.rank < choice.rank * kBetter) && pairs) next = BestPair(choice);
      if (!(next.rank < choice.rank * kBetter)) return choice;
      choice = next;
    }
    return choice;
  }

  PointUses BestSingle(const PointUses& choice) {
    PointUses best = choice;
    for (size_t point = 0; point < points_; ++point) {
      for (const FeatureUse use : uses_[point]) {
        if (use == UseOf(choice, point)) continue;
        const PointUses changed = Ranked(With(choice, point, use));
        if (changed.rank < best.rank * kBetter) best = changed;
      }
    }
    return best;
  }

  PointUses BestPair(const PointUses& choice) {
    PointUses best = choice;
    for (size_t first = 0; first < points_; ++first) {
      for (const FeatureUse use : uses_[first]) {
        if (use == UseOf(choice, first)) continue;
        const PointUses half = With(choice, first, use);
        for (size_t second = first + 1; second < points_; ++second) {
          for (const FeatureUse other : uses_[second]) {
            if (other == UseOf(choice, second)) continue;
            const PointUses changed = Ranked(With(half, second, other));
            if (changed.rank < best.rank * kBetter) best = changed;
          }
        }
      }
    }
    return best;
  }

  FrozenProblem& problem_;
  const FrozenRates& rates_;
  size_t points_;
  std::vector<std::vector<FeatureUse>> uses_;
  PointUses best_;
  double reuse_ = 0;                                        // of the seconds of storing, not counted
  double limit_ = std::numeric_limits<double>::infinity();  // seconds that a choice may take
  double spent_ = 0;                                        // the problem's work when this part of the search began
};

}  // namespace

FrozenDecision DecideFrozen(const std::vector<FrozenNode>& nodes, const std::vector<FrozenCandidate>& candidates,
                            const FrozenRates& rates, FrozenSearch search) {
  FrozenProblem problem(nodes, candidates, rates);
  FrozenDecision decision;
  PointUses choice = Search(&problem, rates).Find(search, &decision.exact);
  decision.seconds_plain = problem.plain_seconds();
  std::vector<FrozenProblem::BundleUse> uses;
  const FrozenProblem::Outcome outcome = problem.Evaluate(choice.stored, choice.shared, &uses);
  ForEachPoint(outcome.stored, [&](size_t point) { decision.stored.push_back(problem.points()[point]); });
  ForEachPoint(outcome.shared, [&](size_t point) { decision.shared.push_back(problem.points()[point]); });
  decision.seconds_planned = outcome.seconds;
  decision.column_seconds = outcome.column_seconds;
  decision.store_seconds = outcome.store_seconds;
  decision.disk_bytes = outcome.disk;
  decision.memory_bytes = outcome.memory;
  decision.kept_bytes = outcome.kept;

  // bundles are numbered in the order of the candidates' own numbers
  std::map<int, size_t> number;
  for (const FrozenCandidate& candidate : candidates) {
    if (!candidate.needs.empty() && candidate.passes * candidate.stop_factor > 0) number.emplace(candidate.bundle, 0);
  }
  size_t next = 0;
  for (auto& entry : number) entry.second = next++;
  std::vector<int> readers(problem.points().size()), needed_by(problem.points().size());
  for (const FrozenCandidate& candidate : candidates) {
    decision.reads.emplace_back();
    const auto bundle = number.find(candidate.bundle);
    if (candidate.needs.empty() || bundle == number.end()) continue;
    ForEachPoint(problem.ReadsOf(candidate.needs, uses[bundle->second].columns), [&](size_t point) {
      decision.reads.back().push_back(problem.points()[point]);
      ++readers[point];
    });
    for (size_t point = 0; point < problem.points().size(); ++point) {
      needed_by[point] +=
          std::count(candidate.needs.begin(), candidate.needs.end(), problem.points()[point]) > 0 ? 1 : 0;
    }
  }
  choice.stored = outcome.stored;
  choice.shared = outcome.shared;
  FrozenReasons reasons(&problem, rates, choice, outcome);
  for (size_t point = 0; point < problem.points().size(); ++point) {
    FrozenChoice explained;
    explained.node = problem.points()[point];
    explained.candidates = readers[point];
    explained.needed_by = needed_by[point];
    reasons.Explain(point, &explained);
    decision.choices.push_back(std::move(explained));
  }
  decision.reason = DecisionReason(decision, problem, rates);
  return decision;
}

double CostOf(const std::vector<FrozenNode>& nodes, const std::vector<FrozenCandidate>& candidates,
              const FrozenRates& rates, const std::vector<int>& stored, const std::vector<int>& shared) {
  FrozenProblem problem(nodes, candidates, rates);
  std::vector<int> points = stored;
  points.insert(points.end(), shared.begin(), shared.end());
  problem.UsePoints(points);
  const PointMask first = (PointMask{1} << stored.size()) - 1, all = (PointMask{1} << points.size()) - 1;
  return problem.Evaluate(first, all & ~first).seconds;
}

}  // namespace plan
