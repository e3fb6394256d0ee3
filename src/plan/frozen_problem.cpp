#include "plan/frozen_problem.hpp"

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <utility>

namespace plan {
namespace {

constexpr size_t kMostPoints = 60;
constexpr size_t kMostAbove = 1000;          // nodes that are met on the way up from each node of a large graph
constexpr double kWorkOfNode = 0.1;          // of a large graph, in a walk down: as much of an evaluation and a demand
constexpr double kGatherByteSeconds = 0.1e-9;  // a byte of a column, into a mini-batch

}  // namespace

FeatureUse UseOf(const PointUses& uses, size_t point) {
  if ((uses.stored >> point & 1) != 0) return FeatureUse::kStore;
  return (uses.shared >> point & 1) != 0 ? FeatureUse::kShare : FeatureUse::kRecompute;
}

PointUses With(const PointUses& uses, size_t point, FeatureUse use) {
  const PointMask bit = PointMask{1} << point;
  PointUses changed = uses;
  changed.stored = use == FeatureUse::kStore ? changed.stored | bit : changed.stored & ~bit;
  changed.shared = use == FeatureUse::kShare ? changed.shared | bit : changed.shared & ~bit;
  return changed;
}

FrozenProblem::FrozenProblem(const std::vector<FrozenNode>& nodes, const std::vector<FrozenCandidate>& candidates,
                             const FrozenRates& rates)
    : nodes_(nodes), rates_(rates), mark_(nodes.size()) {
  CollectDemands(candidates);
  point_of_.assign(nodes.size(), -1);
  FindPoints();
  met_ = rates.processes * ProcessRows() / std::max(1.0, rates.rows);
}

void FrozenProblem::UsePoints(const std::vector<int>& nodes) {
  std::fill(point_of_.begin(), point_of_.end(), -1);
  points_ = nodes;
  chain_prepared_ = false;
  for (size_t i = 0; i < points_.size(); ++i) point_of_[static_cast<size_t>(points_[i])] = static_cast<int>(i);
  ways_.assign(demands_.size(), {});
  for (PointTable<Way>& ways : ways_) ways.Resize(points_.size());
  for (Demand& demand : demands_) demand.below = PointsBelow(demand.needs);
  for (BundleDemand& bundle : bundles_) {
    bundle.below = 0;
    for (const Share& share : bundle.shares) bundle.below |= demands_[share.demand].below;
  }
  closures_.Resize(points_.size());
  bytes_.clear();
  share_visit_.clear();
  store_visit_.clear();
  for (const int at : points_) {
    const FrozenNode& node = nodes_[static_cast<size_t>(at)];
    bytes_.push_back({node.row_bytes, RowBytesStored(node)});
    const double keep = rates_.rows * node.row_bytes / rates_.keep_bytes_s;
    share_visit_.push_back(keep);
    store_visit_.push_back(keep + rates_.rows * RowBytesStored(node) / rates_.read_bytes_s + rates_.pass_seconds);
  }
}

double FrozenProblem::StoredRows() const { return std::max(rates_.stored_rows, rates_.rows); }
double FrozenProblem::ProcessRows() const { return rates_.process_rows > 0 ? rates_.process_rows : rates_.rows; }
double FrozenProblem::RowBytesStored(const FrozenNode& node) {
  return node.stored_row_bytes > 0 ? node.stored_row_bytes : node.row_bytes;
}

void FrozenProblem::CollectDemands(const std::vector<FrozenCandidate>& candidates) {
  std::map<std::vector<int>, size_t> demand_of;
  std::map<int, std::map<size_t, double>> passes;
  std::map<int, double> visits;
  for (const FrozenCandidate& candidate : candidates) {
    const double made = candidate.passes * candidate.stop_factor;
    if (candidate.needs.empty() || !(made > 0)) continue;
    const auto [demand, added] = demand_of.try_emplace(candidate.needs, demands_.size());
    if (added) demands_.push_back({candidate.needs, ComputeWay(candidate.needs, 0).seconds, 0});
    passes[candidate.bundle][demand->second] += made;
    double& most = visits[candidate.bundle];
    most = std::max(most, candidate.visits * candidate.stop_factor);
  }
  for (const auto& [bundle, by_demand] : passes) {
    BundleDemand all;
    all.visits = visits[bundle];
    for (const auto& [demand, made] : by_demand) {
      all.shares.push_back({demand, made});
      plain_seconds_ += made * rates_.rows * demands_[demand].plain_seconds;
    }
    all_visits_ += all.visits;
    bundle_demands_ += all.shares.size();
    bundles_.push_back(std::move(all));
  }
}

// Immediate post-dominators, by Cooper, Harvey and Kennedy's intersection of ways up a tree, in one pass because the
// graph has no cycle. The root is "needed", number nodes_.size().
std::vector<int> FrozenProblem::PostDominators(const std::vector<bool>& needed,
                                               const std::vector<bool>& reached) const {
  const auto root = static_cast<int>(nodes_.size());
  std::vector<std::vector<int>> readers(nodes_.size());
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (!reached[i]) continue;
    for (const int input : nodes_[i].inputs) readers[static_cast<size_t>(input)].push_back(static_cast<int>(i));
  }
  std::vector<int> above(nodes_.size() + 1, root), depth(nodes_.size() + 1, 0);
  for (size_t i = nodes_.size(); i-- > 0;) {
    if (!reached[i]) continue;
    int common = needed[i] ? root : -1;
    for (int reader : readers[i]) {
      if (common < 0) {
        common = reader;
        continue;
      }
      while (common != reader) {
        int& deeper = depth[static_cast<size_t>(common)] >= depth[static_cast<size_t>(reader)] ? common : reader;
        deeper = above[static_cast<size_t>(deeper)];
      }
    }
    above[i] = common < 0 ? root : common;
    depth[i] = depth[static_cast<size_t>(above[i])] + 1;
  }
  return above;
}

bool FrozenProblem::IsBetterPoint(const FrozenNode& other, const FrozenNode& node) {
  return other.can_cut && other.row_bytes <= node.row_bytes && RowBytesStored(other) <= RowBytesStored(node) &&
         (other.can_store || !node.can_store) && (other.stored || !node.stored);
}

// Of each node the seconds of the longest way from it down, its own included.
std::vector<double> FrozenProblem::LongestWays() const {
  std::vector<double> longest;
  for (const FrozenNode& node : nodes_) {
    double below = 0;
    for (const int input : node.inputs) below = std::max(below, longest[static_cast<size_t>(input)]);
    longest.push_back(node.seconds + below);
  }
  return longest;
}

void FrozenProblem::FindPoints() {
  std::vector<bool> needed(nodes_.size()), reached(nodes_.size());
  for (const Demand& demand : demands_) {
    for (const int need : demand.needs) needed[static_cast<size_t>(need)] = reached[static_cast<size_t>(need)] = true;
  }
  for (size_t i = nodes_.size(); i-- > 0;) {
    if (!reached[i]) continue;
    for (const int input : nodes_[i].inputs) reached[static_cast<size_t>(input)] = true;
  }
  const std::vector<int> above = PostDominators(needed, reached);
  const std::vector<double> longest = LongestWays();
  const size_t most_above = large() ? kMostAbove : nodes_.size();
  std::vector<int> found;
  for (size_t i = 0; i < nodes_.size(); ++i) {
    if (!reached[i] || !nodes_[i].can_cut || !(longest[i] > 0)) continue;
    bool dominated = false;
    auto up = static_cast<size_t>(above[i]);
    for (size_t met = 0; !dominated && up < nodes_.size() && met < most_above; ++met) {
      dominated = IsBetterPoint(nodes_[up], nodes_[i]);
      up = static_cast<size_t>(above[up]);
    }
    if (!dominated) found.push_back(static_cast<int>(i));
  }
  if (found.size() > kMostPoints) {  // those that are needed first, then where most is computed for the fewest bytes
    std::vector<double> gain = longest;  // most seconds that a column there could save; of a large graph no more than a way's
    if (!large()) {
      for (const int node : found) gain[static_cast<size_t>(node)] = ComputeWay({node}, 0).seconds;
    }
    std::stable_sort(found.begin(), found.end(), [&](int a, int b) {
      const auto x = static_cast<size_t>(a), y = static_cast<size_t>(b);
      if (needed[x] != needed[y]) return static_cast<bool>(needed[x]);
      return gain[x] * nodes_[y].row_bytes > gain[y] * nodes_[x].row_bytes;
    });
    found.resize(kMostPoints);
    std::sort(found.begin(), found.end());
  }
  UsePoints(found);
}

PointMask FrozenProblem::PointsBelow(const std::vector<int>& needs) {
  ComputeWay(needs, 0);  // marks what it meets
  PointMask below = 0;
  for (size_t point = 0; point < points_.size(); ++point) {
    if (mark_[static_cast<size_t>(points_[point])] == round_) below |= PointMask{1} << point;
  }
  return below;
}

// Walks down from what is needed; stops at columns.
FrozenProblem::Way FrozenProblem::ComputeWay(const std::vector<int>& needs, PointMask columns) {
  Way way;
  ++round_;
  stack_ = needs;
  while (!stack_.empty()) {
    const auto at = static_cast<size_t>(stack_.back());
    stack_.pop_back();
    if (mark_[at] == round_) continue;
    mark_[at] = round_;
    const int point = point_of_.empty() ? -1 : point_of_[at];
    if (point >= 0 && (columns >> point & 1) != 0) {
      way.reads |= PointMask{1} << point;
      continue;
    }
    way.seconds += nodes_[at].seconds;
    if (large()) work_ += kWorkOfNode;
    stack_.insert(stack_.end(), nodes_[at].inputs.begin(), nodes_[at].inputs.end());
  }
  return way;
}

FrozenProblem::Way FrozenProblem::WayOf(size_t demand, PointMask columns) {
  const Demand& of = demands_[demand];
  if ((columns & of.below) == 0) return {0, of.plain_seconds, 0};
  return ways_[demand].Get(columns & of.below, [&](PointMask mask) {
    Way way = ComputeWay(of.needs, mask);
    way.row_bytes = SumsOf(way.reads).row_bytes;
    return way;
  });
}

// Of computing all of these from raw inputs, a row.
double FrozenProblem::Closure(PointMask points) {
  return closures_.Get(points, [&](PointMask mask) {
    std::vector<int> needs;
    ForEachPoint(mask, [&](size_t point) { needs.push_back(points_[point]); });
    return ComputeWay(needs, 0).seconds;
  });
}

FrozenProblem::Sums FrozenProblem::SumsOf(PointMask points) const {
  Sums sums;
  ForEachPoint(points, [&](size_t point) {
    sums.row_bytes += bytes_[point].row_bytes;
    sums.stored_bytes += bytes_[point].stored_bytes;
  });
  return sums;
}

// The part of `visits` at which columns are fetched or computed.
double FrozenProblem::KeepFactor(PointMask columns, double visits) {
  const double bytes = SumsOf(columns).row_bytes;
  if (bytes <= 0 || visits <= 0) return 1;
  const double room = rates_.memory_budget / rates_.processes - rates_.buffer_rows * bytes;
  const double kept = std::clamp(room / std::max(1.0, ProcessRows() * bytes), 0.0, 1.0);
  return (kept * std::min(visits, met_) + (1 - kept) * visits) / visits;
}

double FrozenProblem::ColumnSeconds(double visits, PointMask stored, PointMask shared) {
  double seconds = shared == 0 ? 0 : rates_.rows * Closure(shared);
  ForEachPoint(stored, [&](size_t point) { seconds += store_visit_[point]; });
  ForEachPoint(shared, [&](size_t point) { seconds += share_visit_[point]; });
  return visits * seconds;
}

double FrozenProblem::ShareSeconds(PointMask shared) const {
  return shared == 0 ? 0 : rates_.processes * rates_.share_seconds;
}

double FrozenProblem::StoreSeconds(PointMask stored) {
  PointMask made = 0;
  double sets = 0;
  ForEachPoint(stored, [&](size_t point) {
    if (node(point).stored) return;
    made |= PointMask{1} << point;
    ++sets;
  });
  if (made == 0) return 0;
  return StoredRows() * (Closure(made) + SumsOf(made).stored_bytes / rates_.write_bytes_s) + rates_.making_seconds +
         sets * rates_.statement_seconds;
}

FrozenProblem::BundleUse FrozenProblem::BestUse(const BundleDemand& bundle, PointMask stored, PointMask shared,
                                                double factor) {
  BundleUse best;
  double least = std::numeric_limits<double>::infinity();
  stored &= bundle.below;
  shared &= bundle.below;
  const PointMask options[] = {0, stored, shared, stored | shared};
  for (size_t i = 0; i < 4; ++i) {
    if (i > 0 && options[i] == 0) continue;
    if (i == 3 && (stored == 0 || shared == 0)) continue;
    BundleUse use;
    use.columns = options[i];
    for (const Share& share : bundle.shares) {
      const Way way = WayOf(share.demand, options[i]);
      use.reads |= way.reads;
      use.seconds += share.passes * rates_.rows * (way.seconds + way.row_bytes * kGatherByteSeconds);
    }
    if (!(use.seconds < least)) continue;
    const double all = use.seconds + factor * ColumnSeconds(bundle.visits, use.reads & stored, use.reads & shared);
    if (all < least) {
      least = all;
      best = use;
    }
  }
  return best;
}

FrozenProblem::Outcome FrozenProblem::Evaluate(PointMask stored, PointMask shared, std::vector<BundleUse>* uses) {
  work_ += 1 + static_cast<double>(bundle_demands_);
  const double first = KeepFactor(stored | shared, all_visits_);
  std::vector<BundleUse>& by_bundle = uses == nullptr ? scratch_ : *uses;
  by_bundle.resize(bundles_.size());
  Outcome outcome;
  double visits = 0;
  for (size_t b = 0; b < bundles_.size(); ++b) {
    by_bundle[b] = BestUse(bundles_[b], stored, shared, first);
    outcome.seconds += by_bundle[b].seconds;
    if (by_bundle[b].reads == 0) continue;
    visits += bundles_[b].visits;
    outcome.stored |= by_bundle[b].reads & stored;
    outcome.shared |= by_bundle[b].reads & shared;
  }
  const PointMask columns = outcome.stored | outcome.shared;
  if (columns == 0) return outcome;
  const double factor = KeepFactor(columns, visits);
  for (size_t b = 0; b < bundles_.size(); ++b) {
    outcome.column_seconds +=
        factor * ColumnSeconds(bundles_[b].visits, by_bundle[b].reads & stored, by_bundle[b].reads & shared);
  }
  outcome.column_seconds += ShareSeconds(outcome.shared);
  outcome.store_seconds = StoreSeconds(outcome.stored);
  outcome.seconds += outcome.column_seconds + outcome.store_seconds;
  outcome.disk = SumsOf(outcome.stored).stored_bytes * StoredRows();
  outcome.over_disk = outcome.disk - rates_.disk_budget;
  const double passing = rates_.buffer_rows * SumsOf(columns).row_bytes;
  outcome.over_memory = passing * rates_.processes - rates_.memory_budget;
  outcome.kept =
      std::clamp(rates_.memory_budget / rates_.processes - passing, 0.0, ProcessRows() * SumsOf(columns).row_bytes);
  outcome.memory = rates_.processes * (passing + outcome.kept);
  return outcome;
}

double FrozenProblem::LeastSeconds(const PointUses& uses, size_t open) {
  work_ += 1 + static_cast<double>(bundle_demands_);
  if (!chain_prepared_) PrepareChain();
  const double least = LeastOnAnyGraph(uses, (PointMask{1} << open) - 1);
  return chain_ ? std::max(least, LeastOnAChain(uses, open)) : least;
}

// What is undecided is taken to be a column that costs nothing. A decided column that a candidate reads beside those,
// it reads without them, too; so the seconds of computing it are owed in every completion in which its bundle takes
// shared columns at all.
double FrozenProblem::LeastOnAnyGraph(const PointUses& uses, PointMask undecided) {
  const double factor = all_visits_ > met_ ? met_ / all_visits_ : 1;
  double seconds = StoreSeconds(uses.stored) + ShareSeconds(uses.shared);
  for (const BundleDemand& bundle : bundles_) {
    double without = 0, with = 0;
    PointMask reads = 0;
    for (const Share& share : bundle.shares) {
      without += share.passes * rates_.rows * WayOf(share.demand, uses.stored | undecided).seconds;
      if (uses.shared == 0) continue;
      const Way way = WayOf(share.demand, uses.stored | uses.shared | undecided);
      with += share.passes * rates_.rows * way.seconds;
      reads |= way.reads;
    }
    if (uses.shared != 0)
      without = std::min(without, with + factor * ColumnSeconds(bundle.visits, 0, reads & uses.shared));
    seconds += without;
  }
  return seconds;
}

// On a chain a candidate reads one column, the deepest that it is given below its need, so that what is open can be decided point by point,
// from the deepest: dynamic programming over (the column that is read next above, whether something is made, whether something is shared).
// All bundles are taken to read a column whether it is stored or shared, and a column is paid for by the bundle that is visited least. So
// it is a bound; with one bundle it is nearly the cost itself.
constexpr size_t kMade = 1, kShared = 2;

void FrozenProblem::PrepareChain() {
  constexpr double kSame = 1e-9;
  chain_prepared_ = true;
  chain_ = false;
  const size_t n = points_.size();
  const auto same = [](double a, double b) { return std::abs(a - b) <= kSame * std::max(a, b); };
  // whether all ways down from the needs lead through the point
  const auto passes_through = [&](const std::vector<int>& needs, size_t point) {
    const Way way = ComputeWay(needs, PointMask{1} << point);
    return way.reads != 0 && same(way.seconds + Closure(PointMask{1} << point), ComputeWay(needs, 0).seconds);
  };
  for (size_t i = 1; i < n; ++i) {
    if (!passes_through({points_[i]}, i - 1)) return;
  }
  std::vector<double> passes(demands_.size());
  for (const BundleDemand& bundle : bundles_) {
    for (const Share& share : bundle.shares) passes[share.demand] += share.passes;
  }
  serve_.assign((n + 1) * (n + 1), 0);
  for (size_t d = 0; d < demands_.size(); ++d) {
    size_t deepest = n;
    while (deepest > 0 && ComputeWay(demands_[d].needs, PointMask{1} << (deepest - 1)).reads == 0) --deepest;
    if (demands_[d].needs.size() != 1 || (deepest > 0 && !passes_through(demands_[d].needs, deepest - 1))) return;
    for (size_t column = 0; column <= deepest; ++column) {  // 0: none; else the point before it
      const PointMask mask = column == 0 ? 0 : PointMask{1} << (column - 1);
      const double seconds = passes[d] * rates_.rows * ComputeWay(demands_[d].needs, mask).seconds;
      for (size_t before = deepest; before <= n; ++before) serve_[column * (n + 1) + before] += seconds;
    }
  }
  below_.assign(n, {});
  for (size_t point = 0; point < n; ++point) {
    for (size_t flags = 0; flags < 4; ++flags) below_[point][flags] = LeastBelow(point, point, flags);
  }
  chain_ = true;
}

// Of all candidates whose deepest point lies from `column` on and before `before`, when they read `column`; -1: they read nothing.
double FrozenProblem::ServeSeconds(int column, size_t before) const {
  return serve_[static_cast<size_t>(column + 1) * (points_.size() + 1) + before];
}

// Of those whose deepest point lies before `before`, when the points before `open` may be used.
double FrozenProblem::LeastBelow(size_t open, size_t before, size_t flags) {
  const double factor = all_visits_ > met_ ? met_ / all_visits_ : 1;
  double visits = std::numeric_limits<double>::infinity();
  for (const BundleDemand& bundle : bundles_) visits = std::min(visits, bundle.visits);
  double least = ServeSeconds(-1, before);
  for (size_t point = 0; point < open; ++point) {
    const PointMask bit = PointMask{1} << point;
    const double serve = ServeSeconds(static_cast<int>(point), before);
    if (MayStore(point)) {
      const bool makes = !node(point).stored;
      double seconds = factor * ColumnSeconds(visits, bit, 0);
      if (makes) seconds += StoredRows() * RowBytesStored(node(point)) / rates_.write_bytes_s + rates_.statement_seconds;
      if (makes && (flags & kMade) == 0) seconds += StoredRows() * Closure(bit) + rates_.making_seconds;
      least = std::min(least, serve + seconds + below_[point][makes ? flags | kMade : flags]);
    }
    if (MayShare(point)) {
      double seconds = 0;
      if ((flags & kShared) == 0) seconds += factor * visits * rates_.rows * Closure(bit) + ShareSeconds(bit);
      least = std::min(least, serve + seconds + below_[point][flags | kShared]);
    }
  }
  return least;
}

double FrozenProblem::LeastOnAChain(const PointUses& uses, size_t open) {
  const size_t n = points_.size();
  const double factor = all_visits_ > met_ ? met_ / all_visits_ : 1;
  double visits = std::numeric_limits<double>::infinity(), seconds = StoreSeconds(uses.stored) + ShareSeconds(uses.shared);
  for (const BundleDemand& bundle : bundles_) visits = std::min(visits, bundle.visits);
  seconds += factor * ColumnSeconds(visits, uses.stored, uses.shared);
  size_t before = n, flags = uses.shared != 0 ? kShared : 0;
  for (size_t point = n; point-- > open;) {
    const PointMask bit = PointMask{1} << point;
    if (((uses.stored | uses.shared) & bit) == 0) continue;
    if ((uses.stored & bit) != 0 && !node(point).stored) flags |= kMade;
    seconds += ServeSeconds(static_cast<int>(point), before);
    before = point;
  }
  return seconds + LeastBelow(open, before, flags);
}

bool FrozenProblem::CanFit(const PointUses& uses) {
  return SumsOf(uses.stored).stored_bytes * StoredRows() <= rates_.disk_budget &&
         rates_.buffer_rows * SumsOf(uses.stored | uses.shared).row_bytes * rates_.processes <= rates_.memory_budget;
}

}  // namespace plan
