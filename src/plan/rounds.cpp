#include "plan/rounds.hpp"

#include <algorithm>
#include <utility>

namespace plan {
namespace {

constexpr double kWorthResting = 0.95;
constexpr double kRounding = 1 + 1e-9;  // sums of costs in another order differ in their last bits

}  // namespace

RoundChoice ChooseRounds(const Plan& plan, const std::vector<RoundUnit>& units) {
  // All sequences go on by one partition a visit, so when all advance the loads of the segments only change places.
  std::vector<double> load(static_cast<size_t>(plan.partitions), 0.0);
  double total = 0, longest = 0;
  for (const RoundUnit& unit : units) {
    load[static_cast<size_t>(plan.PartitionAt(unit.bundle, unit.iteration, 0))] += unit.cost;
    total += unit.cost;
    longest = std::max(longest, unit.cost);
  }
  RoundChoice all;
  all.rounds = units.empty() ? 0 : plan.partitions;
  all.seconds = all.rounds * *std::max_element(load.begin(), load.end());
  RoundChoice capped;
  capped.capped = true;
  capped.cap = std::max(longest, total / plan.partitions);
  if (plan.partitions * capped.cap > kWorthResting * all.seconds) return all;
  Rounds trial(plan, units, capped);
  std::vector<RoundVisit> visits;
  while (trial.Next(&visits)) {
    ++capped.rounds;
    capped.seconds += trial.seconds();
  }
  return capped.seconds <= kWorthResting * all.seconds ? capped : all;
}

Rounds::Rounds(const Plan& plan, std::vector<RoundUnit> units, const RoundChoice& choice)
    : plan_(plan), units_(std::move(units)), choice_(choice), visit_(units_.size(), 0), at_(static_cast<size_t>(plan.partitions)) {
  for (size_t u = 0; u < units_.size(); ++u) {
    at_[static_cast<size_t>(plan_.PartitionAt(units_[u].bundle, units_[u].iteration, 0))].push_back(static_cast<int>(u));
  }
}

bool Rounds::Next(std::vector<RoundVisit>* visits) {
  visits->clear();
  seconds_ = 0;
  // Most visits left first, then the costliest (what is small fills the gaps), then by index.
  const auto before = [this](int a, int b) {
    const auto x = static_cast<size_t>(a), y = static_cast<size_t>(b);
    if (visit_[x] != visit_[y]) return visit_[x] < visit_[y];
    return units_[x].cost != units_[y].cost ? units_[x].cost > units_[y].cost : a < b;
  };
  for (size_t p = 0; p < at_.size(); ++p) {
    std::vector<int> rest;
    double load = 0;
    if (choice_.capped) std::sort(at_[p].begin(), at_[p].end(), before);
    for (const int u : at_[p]) {
      const double cost = units_[static_cast<size_t>(u)].cost;
      if (choice_.capped && load > 0 && load + cost > choice_.cap * kRounding) {
        rest.push_back(u);
        continue;
      }
      load += cost;
      visits->push_back(RoundVisit{u, visit_[static_cast<size_t>(u)], static_cast<int>(p)});
    }
    at_[p] = std::move(rest);
    seconds_ = std::max(seconds_, load);
  }
  for (const RoundVisit& v : *visits) {
    if (++visit_[static_cast<size_t>(v.unit)] < plan_.partitions) {
      at_[(static_cast<size_t>(v.partition) + 1) % at_.size()].push_back(v.unit);
    }
  }
  return !visits->empty();
}

}  // namespace plan
