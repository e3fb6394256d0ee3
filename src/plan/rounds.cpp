#include "plan/rounds.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <utility>

namespace plan {
namespace {

constexpr double kWorthResting = 0.95;
constexpr double kRounding = 1 + 1e-9;  // sums of costs in another order differ in their last bits
constexpr double kCaps[] = {1.0, 1.03};  // tried, over the least one: a little room lets units pass each other
constexpr double kLegsTried = 2e6;  // about, each time

// Goes on until the span is laid out, or is longer than what is known already.
void Try(const RoundSpan& span, const std::vector<RoundUnit>& units, double longest, RoundChoice* choice) {
  Rounds rounds(span, units, *choice);
  std::vector<RoundLeg> legs;
  while (rounds.Next(&legs) && choice->seconds <= longest) {
    ++choice->rounds;
    choice->seconds += rounds.seconds();
  }
}

// All iterations, or so many as can be tried quickly, but none that a unit has behind it.
RoundSpan Tried(const RoundSpan& span, const std::vector<RoundUnit>& units) {
  const double legs = std::max(1.0, static_cast<double>(units.size()) * span.segments());
  int64_t ahead = 0;
  for (const RoundUnit& unit : units) ahead = std::max(ahead, unit.done / span.visits_each());
  RoundSpan tried = span;
  tried.iterations = std::min(std::max<int64_t>(1, static_cast<int64_t>(kLegsTried / legs)) + ahead, span.iterations);
  return tried;
}

// Late starts. Units go round at constant distances, so what matters is which of them share a position in the circle: one that rests for a round
// falls back by one position. The costliest units choose first.
class LateStarts {
 public:
  LateStarts(const RoundSpan& span, const std::vector<RoundUnit>& units) : span_(span), segments_(span.segments()) {
    for (const RoundUnit& unit : units) {
      positions_.push_back(span.PartitionOf(unit.sequence, unit.done) / span.partitions_each);
      costs_.push_back(unit.cost * span.partitions_each);
      total_ += costs_.back();
      longest_ = std::max(longest_, costs_.back());
    }
    order_.resize(units.size());
    std::iota(order_.begin(), order_.end(), 0);
    std::stable_sort(order_.begin(), order_.end(), [this](size_t a, size_t b) { return costs_[a] > costs_[b]; });
  }

  // The best of those that rest for at most 0, 1, 2, 4, ... rounds.
  std::vector<int> Best() const {
    std::vector<int> best;
    double least = std::numeric_limits<double>::infinity();
    for (int most = 0; most < segments_; most = most == 0 ? 1 : 2 * most) {
      for (const bool nearest : {false, true}) {
        std::vector<int> late = Choose(most, nearest);
        const double seconds = Seconds(late);
        if (seconds >= least) continue;
        least = seconds;
        best = std::move(late);
      }
    }
    return best;
  }

 private:
  size_t PositionOf(size_t unit, int late) const { return static_cast<size_t>(((positions_[unit] - late) % segments_ + segments_) % segments_); }

  // Each unit takes the emptiest position that it can fall back to, or the nearest one where it stays below the mean.
  std::vector<int> Choose(int most, bool nearest) const {
    const double cap = std::max(longest_, total_ / segments_) * kRounding;
    std::vector<double> load(static_cast<size_t>(segments_), 0.0);
    std::vector<int> late(positions_.size(), 0);
    for (const size_t u : order_) {
      for (int rounds = 0; rounds <= most; ++rounds) {
        const double there = load[PositionOf(u, rounds)];
        if (there < load[PositionOf(u, late[u])]) late[u] = rounds;
        if (nearest && there + costs_[u] <= cap) {
          late[u] = rounds;
          break;
        }
      }
      load[PositionOf(u, late[u])] += costs_[u];
    }
    return late;
  }

  // Rounds in which the fleet is not complete, at both ends, and those between.
  double Seconds(const std::vector<int>& late) const {
    const int last = late.empty() ? 0 : *std::max_element(late.begin(), late.end());
    std::vector<std::vector<size_t>> starting(static_cast<size_t>(last) + 1);
    for (size_t u = 0; u < late.size(); ++u) starting[static_cast<size_t>(late[u])].push_back(u);
    std::vector<double> load(static_cast<size_t>(segments_), 0.0);
    double seconds = 0;
    for (int round = 0; round <= last; ++round) {
      for (const size_t u : starting[static_cast<size_t>(round)]) load[PositionOf(u, late[u])] += costs_[u];
      const double fullest = *std::max_element(load.begin(), load.end());
      seconds += round < last ? fullest : fullest * static_cast<double>(std::max<int64_t>(1, span_.iterations * segments_ - last));
    }
    for (int round = 0; round < last; ++round) {
      for (const size_t u : starting[static_cast<size_t>(round)]) load[PositionOf(u, late[u])] -= costs_[u];
      seconds += *std::max_element(load.begin(), load.end());
    }
    return seconds;
  }

  const RoundSpan& span_;
  const int segments_;
  std::vector<int> positions_;
  std::vector<double> costs_;
  std::vector<size_t> order_;  // the costliest first
  double total_ = 0, longest_ = 0;
};

}  // namespace

RoundChoice ChooseRounds(const RoundSpan& span, const std::vector<RoundUnit>& units) {
  const RoundSpan tried = Tried(span, units);
  double total = 0, longest = 0;
  for (const RoundUnit& unit : units) {
    total += unit.cost * span.partitions_each;
    longest = std::max(longest, unit.cost * span.partitions_each);
  }
  RoundChoice best;
  Try(tried, units, std::numeric_limits<double>::infinity(), &best);
  const double least = std::max(longest, total / span.segments());
  double limit = kWorthResting * best.seconds;
  const auto take = [&](RoundChoice choice) {
    Try(tried, units, limit, &choice);
    if (choice.seconds > limit) return;
    limit = choice.seconds;
    best = std::move(choice);
  };
  if (static_cast<double>(tried.iterations * span.segments()) * least <= limit) {
    RoundChoice late;
    late.late = LateStarts(tried, units).Best();
    take(std::move(late));
    for (const RoundOrder order : {RoundOrder::kFewestVisits, RoundOrder::kCostliest}) {
      for (const double cap : kCaps) {
        RoundChoice choice;
        choice.capped = true;
        choice.order = order;
        choice.cap = cap * least;
        take(std::move(choice));
      }
    }
  }
  best.rounds /= static_cast<double>(tried.iterations);
  best.seconds /= static_cast<double>(tried.iterations);
  return best;
}

Rounds::Rounds(const RoundSpan& span, std::vector<RoundUnit> units, const RoundChoice& choice)
    : span_(span), units_(std::move(units)), choice_(choice), at_(static_cast<size_t>(span.segments())) {
  for (size_t u = 0; u < units_.size(); ++u) {
    if (units_[u].done >= span_.visits()) continue;
    ++left_;
    Wait(static_cast<int>(u));
  }
}

RoundLeg Rounds::LegOf(int unit) const {
  const RoundUnit& u = units_[static_cast<size_t>(unit)];
  RoundLeg leg;
  leg.unit = unit;
  leg.visit = u.done;
  const int visit = span_.VisitOf(u.done);
  leg.partition = span_.PartitionOf(u.sequence, u.done);
  const int64_t room = span_.partitions_each - leg.partition % span_.partitions_each;
  int64_t unbroken = u.sequence.shift != 0 ? span_.visits_each() - visit : span_.visits() - u.done;
  // behind its last partition a unit of a fold leaves the fold's out
  if (u.sequence.count > 0) unbroken = std::min<int64_t>(unbroken, u.sequence.count - (u.sequence.start + visit) % u.sequence.count);
  leg.visits = static_cast<int>(std::min(room, unbroken));
  return leg;
}

void Rounds::Wait(int unit) {
  const RoundLeg leg = LegOf(unit);
  at_[static_cast<size_t>(leg.partition / span_.partitions_each)].push_back(leg);
}

// By the order of the choice; what is small fills the gaps.
bool Rounds::Before(const RoundLeg& a, const RoundLeg& b) const {
  const double x = units_[static_cast<size_t>(a.unit)].cost, y = units_[static_cast<size_t>(b.unit)].cost;
  if (choice_.order == RoundOrder::kCostliest && x != y) return x > y;
  if (a.visit != b.visit) return a.visit < b.visit;
  return x != y ? x > y : a.unit < b.unit;
}

bool Rounds::Next(std::vector<RoundLeg>* legs) {
  legs->clear();
  seconds_ = 0;
  for (std::vector<RoundLeg>& waiting : at_) {
    std::vector<RoundLeg> rest;
    double load = 0;
    if (choice_.capped) std::sort(waiting.begin(), waiting.end(), [this](const RoundLeg& a, const RoundLeg& b) { return Before(a, b); });
    for (const RoundLeg& leg : waiting) {
      const double cost = units_[static_cast<size_t>(leg.unit)].cost * leg.visits;
      const bool late = !choice_.late.empty() && choice_.late[static_cast<size_t>(leg.unit)] > round_;
      if (late) {
        rest.push_back(leg);
        continue;
      }
      if (choice_.capped && load > 0 && load + cost > choice_.cap * kRounding) {
        rest.push_back(leg);
        continue;
      }
      load += cost;
      legs->push_back(leg);
    }
    waiting = std::move(rest);
    seconds_ = std::max(seconds_, load);
  }
  for (const RoundLeg& leg : *legs) {
    RoundUnit& unit = units_[static_cast<size_t>(leg.unit)];
    unit.done += leg.visits;
    if (unit.done < span_.visits()) {
      Wait(leg.unit);
    } else {
      --left_;
    }
  }
  ++round_;
  return left_ > 0 || !legs->empty();
}

}  // namespace plan
