// Chooses what to store, what to share and what to compute again.
//
// What is chosen is a use for every point where a cut may be made: none, share or store. All else follows. A candidate reads the deepest column
// on each way down from what it needs, and computes what lies between; each bundle takes the cheapest of reading nothing, stored columns, shared
// columns, or both. The seconds of a choice are
//
//   candidates  passes x rows x (computed layers + the gathering of columns)
//   bundles     visits x rows x (bytes of stored columns fetched and decoded + shared columns computed from raw inputs)
//   tables      rows x (computed once + bytes written), a statement each
//
// A process keeps columns in its memory as far as the budget reaches: that part of the rows is fetched or computed at its first visit only.
//
// Not every node is a point. Where all ways from a node to what is needed lead through another node whose value is no larger, the other is never
// worse: it is read instead, and what lies between is computed once instead of at every pass. In a residual net that leaves the ends of the
// freeze depths and the points where values are narrow. With at most kMostExact points all combinations are compared; beyond that, and where there
// are too many models to do so, single changes and pairs of them are tried until none is better, from nothing, from
// all stored, from all shared, and from each of them alone.
#include "plan/frozen.hpp"

#include <algorithm>
#include <cmath>
#include <cstdio>
#include <limits>
#include <map>
#include <unordered_map>
#include <utility>

namespace plan {
namespace {

using Mask = uint64_t;  // of points

constexpr size_t kMostPoints = 60;
constexpr size_t kMostExact = 12;
constexpr double kMostCombinedWork = 10e6;   // combinations x demands of bundles that are compared at most
constexpr double kMostPairWork = 4e6;        // likewise, in one round of pairs
constexpr double kMostSearchWork = 2e6;     // likewise, in all rounds together
constexpr double kGatherByteSeconds = 0.02e-9;  // a byte of a column, into a mini-batch
constexpr double kLeastSaving = 0.03;        // of the plain seconds: less than that is not worth the tables
constexpr double kInfeasible = 1e30;
constexpr double kBetter = 1 - 1e-9;

/// A function of a set of points, computed once a set.
template <typename T>
class MaskTable {
 public:
  void Resize(size_t points) {
    if (points <= kMostExact) dense_.assign(size_t{1} << points, Entry());
  }
  template <typename F>
  const T& Get(Mask mask, const F& compute) {
    Entry& entry = dense_.empty() ? sparse_[mask] : dense_[static_cast<size_t>(mask)];
    if (!entry.known) {
      entry.value = compute(mask);
      entry.known = true;
    }
    return entry.value;
  }

 private:
  struct Entry {
    bool known = false;
    T value{};
  };
  std::vector<Entry> dense_;
  std::unordered_map<Mask, Entry> sparse_;
};

/// Candidates that need the same nodes.
struct Demand {
  std::vector<int> needs;
  double plain_seconds = 0;  // a row
};

/// Candidates of one bundle that need the same nodes.
struct Share {
  size_t demand = 0;
  double passes = 0;  // of all of them, as expected
};

struct BundleDemand {
  std::vector<Share> shares;
  double visits = 0;  // of the one that is visited most often
};

/// What a demand does with some columns.
struct Way {
  Mask reads = 0;
  double seconds = 0;  // a row: what it computes itself
};

struct Sums {
  double row_bytes = 0, stored_bytes = 0;  // a row
};

struct BundleUse {
  Mask columns = 0;  // that it is given
  Mask reads = 0;    // of them
  double seconds = 0;  // of its candidates
};

struct Outcome {
  double seconds = 0;
  double store_seconds = 0, disk = 0, kept = 0, memory = 0;
  double over_disk = 0, over_memory = 0;  // bytes
  Mask stored = 0, shared = 0;            // those that are used
  bool fits() const { return over_disk <= 0 && over_memory <= 0; }
};

template <typename F>
void ForEach(Mask mask, const F& f) {
  for (; mask != 0; mask &= mask - 1) f(static_cast<size_t>(__builtin_ctzll(mask)));
}

class Problem {
 public:
  Problem(const std::vector<FrozenNode>& nodes, const std::vector<FrozenCandidate>& candidates, const FrozenRates& rates)
      : nodes_(nodes), rates_(rates), mark_(nodes.size()) {
    CollectDemands(candidates);
    point_of_.assign(nodes.size(), -1);
    FindPoints();
    ways_.resize(demands_.size());
    for (MaskTable<Way>& ways : ways_) ways.Resize(points_.size());
    closures_.Resize(points_.size());
    sums_.Resize(points_.size());
    met_ = rates.processes * ProcessRows() / std::max(1.0, rates.rows);
  }

  /// Makes points of exactly these nodes.
  void UsePoints(const std::vector<int>& nodes) {
    std::fill(point_of_.begin(), point_of_.end(), -1);
    points_ = nodes;
    for (size_t i = 0; i < points_.size(); ++i) point_of_[static_cast<size_t>(points_[i])] = static_cast<int>(i);
    ways_.assign(demands_.size(), {});
    for (MaskTable<Way>& ways : ways_) ways.Resize(points_.size());
    closures_ = {};
    closures_.Resize(points_.size());
    sums_ = {};
    sums_.Resize(points_.size());
  }

  const std::vector<int>& points() const { return points_; }
  const FrozenNode& node(size_t point) const { return nodes_[static_cast<size_t>(points_[point])]; }
  size_t demands() const { return bundle_demands_; }
  double plain_seconds() const { return plain_seconds_; }
  double work() const { return work_; }  // evaluations x demands of bundles so far
  double StoredBytes(size_t point) const { return RowBytesStored(node(point)) * StoredRows(); }
  double KeptBytes(size_t point) const { return node(point).row_bytes * rates_.rows; }
  bool MayStore(size_t point) const { return rates_.store && node(point).can_store && (node(point).stored || rates_.no_making.empty()); }
  bool MayShare(size_t) const { return rates_.share; }

  Outcome Evaluate(Mask stored, Mask shared) { return Evaluate(stored, shared, nullptr); }

  /// uses: filled by bundle.
  Outcome Evaluate(Mask stored, Mask shared, std::vector<BundleUse>* uses) {
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
    const Mask columns = outcome.stored | outcome.shared;
    if (columns == 0) return outcome;
    const double factor = KeepFactor(columns, visits);
    for (size_t b = 0; b < bundles_.size(); ++b) {
      outcome.seconds += factor * ColumnSeconds(bundles_[b].visits, by_bundle[b].reads & stored, by_bundle[b].reads & shared);
    }
    outcome.store_seconds = StoreSeconds(outcome.stored);
    outcome.seconds += outcome.store_seconds;
    outcome.disk = SumsOf(outcome.stored).stored_bytes * StoredRows();
    outcome.over_disk = outcome.disk - rates_.disk_budget;
    const double passing = rates_.buffer_rows * SumsOf(columns).row_bytes;
    outcome.over_memory = passing * rates_.processes - rates_.memory_budget;
    outcome.kept = std::clamp(rates_.memory_budget / rates_.processes - passing, 0.0, ProcessRows() * SumsOf(columns).row_bytes);
    outcome.memory = rates_.processes * (passing + outcome.kept);
    return outcome;
  }

  /// For searching: a choice that does not fit is worse than any that does, and the less it fits the worse.
  double Rank(const Outcome& outcome) const {
    if (outcome.fits()) return outcome.seconds - rates_.reuse * outcome.store_seconds;
    const double over = std::max(0.0, outcome.over_disk) / (1 + rates_.disk_budget) + std::max(0.0, outcome.over_memory) / (1 + rates_.memory_budget);
    return kInfeasible * (1 + std::min(over, 1e9));
  }

  Mask ReadsOf(const std::vector<int>& needs, Mask columns) { return ComputeWay(needs, columns).reads; }

 private:
  double StoredRows() const { return std::max(rates_.stored_rows, rates_.rows); }
  double ProcessRows() const { return rates_.process_rows > 0 ? rates_.process_rows : rates_.rows; }
  static double RowBytesStored(const FrozenNode& node) { return node.stored_row_bytes > 0 ? node.stored_row_bytes : node.row_bytes; }

  void CollectDemands(const std::vector<FrozenCandidate>& candidates) {
    std::map<std::vector<int>, size_t> demand_of;
    std::map<int, std::map<size_t, double>> passes;
    std::map<int, double> visits;
    for (const FrozenCandidate& candidate : candidates) {
      const double made = candidate.passes * candidate.stop_factor;
      if (candidate.needs.empty() || !(made > 0)) continue;
      const auto [demand, added] = demand_of.try_emplace(candidate.needs, demands_.size());
      if (added) demands_.push_back({candidate.needs, ComputeWay(candidate.needs, 0).seconds});
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

  // Immediate post-dominators, by Cooper, Harvey and Kennedy's intersection of ways up a tree, in one pass because the graph has no cycle. The
  // root is "needed", number nodes_.size().
  std::vector<int> PostDominators(const std::vector<bool>& needed, const std::vector<bool>& reached) const {
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

  bool IsBetterPoint(const FrozenNode& other, const FrozenNode& node) const {
    return other.can_cut && other.row_bytes <= node.row_bytes && RowBytesStored(other) <= RowBytesStored(node) &&
           (other.can_store || !node.can_store) && (other.stored || !node.stored);
  }

  void FindPoints() {
    std::vector<bool> needed(nodes_.size()), reached(nodes_.size());
    std::vector<double> gain(nodes_.size());  // most seconds that a column there could save
    for (const Demand& demand : demands_) {
      for (const int need : demand.needs) needed[static_cast<size_t>(need)] = reached[static_cast<size_t>(need)] = true;
    }
    for (size_t i = nodes_.size(); i-- > 0;) {
      if (!reached[i]) continue;
      for (const int input : nodes_[i].inputs) reached[static_cast<size_t>(input)] = true;
    }
    const std::vector<int> above = PostDominators(needed, reached);
    std::vector<int> found;
    for (size_t i = 0; i < nodes_.size(); ++i) {
      if (!reached[i] || !nodes_[i].can_cut) continue;
      gain[i] = ComputeWay({static_cast<int>(i)}, 0).seconds;
      if (!(gain[i] > 0)) continue;
      bool dominated = false;
      for (auto up = static_cast<size_t>(above[i]); !dominated && up < nodes_.size(); up = static_cast<size_t>(above[up])) {
        dominated = IsBetterPoint(nodes_[up], nodes_[i]);
      }
      if (!dominated) found.push_back(static_cast<int>(i));
    }
    if (found.size() > kMostPoints) {  // those that are needed first, then where most is computed for the fewest bytes
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

  // Walks down from what is needed; stops at columns.
  Way ComputeWay(const std::vector<int>& needs, Mask columns) {
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
        way.reads |= Mask{1} << point;
        continue;
      }
      way.seconds += nodes_[at].seconds;
      stack_.insert(stack_.end(), nodes_[at].inputs.begin(), nodes_[at].inputs.end());
    }
    return way;
  }

  const Way& WayOf(size_t demand, Mask columns) {
    return ways_[demand].Get(columns, [&](Mask mask) { return ComputeWay(demands_[demand].needs, mask); });
  }

  // Of computing all of these from raw inputs, a row.
  double Closure(Mask points) {
    return closures_.Get(points, [&](Mask mask) {
      std::vector<int> needs;
      ForEach(mask, [&](size_t point) { needs.push_back(points_[point]); });
      return ComputeWay(needs, 0).seconds;
    });
  }

  const Sums& SumsOf(Mask points) {
    return sums_.Get(points, [&](Mask mask) {
      Sums sums;
      ForEach(mask, [&](size_t point) {
        sums.row_bytes += node(point).row_bytes;
        sums.stored_bytes += RowBytesStored(node(point));
      });
      return sums;
    });
  }

  // The part of `visits` at which columns are fetched or computed.
  double KeepFactor(Mask columns, double visits) {
    const double bytes = SumsOf(columns).row_bytes;
    if (bytes <= 0 || visits <= 0) return 1;
    const double room = rates_.memory_budget / rates_.processes - rates_.buffer_rows * bytes;
    const double kept = std::clamp(room / std::max(1.0, ProcessRows() * bytes), 0.0, 1.0);
    return (kept * std::min(visits, met_) + (1 - kept) * visits) / visits;
  }

  double ColumnSeconds(double visits, Mask stored, Mask shared) {
    double row = SumsOf(stored).stored_bytes * (1 / rates_.read_bytes_s + 1 / rates_.decode_bytes_s);
    if (shared != 0) row += Closure(shared) + SumsOf(shared).row_bytes / rates_.decode_bytes_s;
    return visits * rates_.rows * row;
  }

  double StoreSeconds(Mask stored) {
    Mask made = 0;
    double sets = 0;
    ForEach(stored, [&](size_t point) {
      if (node(point).stored) return;
      made |= Mask{1} << point;
      ++sets;
    });
    if (made == 0) return 0;
    return StoredRows() * (Closure(made) + SumsOf(made).stored_bytes / rates_.write_bytes_s) + sets * rates_.statement_seconds;
  }

  BundleUse BestUse(const BundleDemand& bundle, Mask stored, Mask shared, double factor) {
    BundleUse best;
    double least = std::numeric_limits<double>::infinity();
    const Mask options[] = {0, stored, shared, stored | shared};
    for (size_t i = 0; i < 4; ++i) {
      if (i > 0 && options[i] == 0) continue;
      if (i == 3 && (stored == 0 || shared == 0)) continue;
      BundleUse use;
      use.columns = options[i];
      for (const Share& share : bundle.shares) {
        const Way& way = WayOf(share.demand, options[i]);
        use.reads |= way.reads;
        use.seconds += share.passes * rates_.rows * (way.seconds + SumsOf(way.reads).row_bytes * kGatherByteSeconds);
      }
      const double all = use.seconds + factor * ColumnSeconds(bundle.visits, use.reads & stored, use.reads & shared);
      if (all < least) {
        least = all;
        best = use;
      }
    }
    return best;
  }

  const std::vector<FrozenNode>& nodes_;
  const FrozenRates& rates_;
  std::vector<Demand> demands_;
  std::vector<BundleDemand> bundles_;
  std::vector<int> points_, point_of_;
  std::vector<MaskTable<Way>> ways_;
  MaskTable<double> closures_;
  MaskTable<Sums> sums_;
  double all_visits_ = 0, plain_seconds_ = 0;
  double met_ = 1;  // times that a row is met for the first time, by one process or another
  size_t bundle_demands_ = 0;
  double work_ = 0;
  std::vector<BundleUse> scratch_;
  std::vector<int> stack_, mark_;
  int round_ = 0;
};

struct Choice {
  Mask stored = 0, shared = 0;
  double rank = 0;
};

FeatureUse UseOf(const Choice& choice, size_t point) {
  if ((choice.stored >> point & 1) != 0) return FeatureUse::kStore;
  return (choice.shared >> point & 1) != 0 ? FeatureUse::kShare : FeatureUse::kRecompute;
}

Choice With(const Choice& choice, size_t point, FeatureUse use) {
  const Mask bit = Mask{1} << point;
  Choice changed = choice;
  changed.stored = use == FeatureUse::kStore ? changed.stored | bit : changed.stored & ~bit;
  changed.shared = use == FeatureUse::kShare ? changed.shared | bit : changed.shared & ~bit;
  return changed;
}

class Search {
 public:
  explicit Search(Problem* problem) : problem_(*problem), points_(problem->points().size()) {
    for (size_t point = 0; point < points_; ++point) {
      uses_.push_back({FeatureUse::kRecompute});
      if (problem_.MayStore(point)) uses_.back().push_back(FeatureUse::kStore);
      if (problem_.MayShare(point)) uses_.back().push_back(FeatureUse::kShare);
    }
  }

  bool CanBeExact() const {
    double combinations = 1;
    for (const auto& uses : uses_) combinations *= static_cast<double>(uses.size());
    return points_ <= kMostExact && combinations * static_cast<double>(1 + problem_.demands()) <= kMostCombinedWork;
  }

  Choice Exact() {
    best_ = Ranked({});
    Combine(0, {});
    return best_;
  }

  Choice Heuristic() {
    best_ = Improve(Ranked({}));
    for (const FeatureUse use : {FeatureUse::kStore, FeatureUse::kShare}) {
      Choice all;
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

 private:
  // Keeps only what is read: the rest makes no difference.
  Choice Ranked(Choice choice) {
    const Outcome outcome = problem_.Evaluate(choice.stored, choice.shared);
    return {outcome.stored, outcome.shared, problem_.Rank(outcome)};
  }

  bool May(size_t point, FeatureUse use) const { return std::find(uses_[point].begin(), uses_[point].end(), use) != uses_[point].end(); }

  void Begin(const Choice& choice) {
    if (problem_.work() > kMostSearchWork) return;
    const Choice improved = Improve(Ranked(choice));
    if (improved.rank < best_.rank * kBetter) best_ = improved;
  }

  void Combine(size_t point, const Choice& choice) {
    if (point == points_) {
      const Choice ranked = Ranked(choice);
      if (ranked.rank < best_.rank * kBetter) best_ = ranked;
      return;
    }
    for (const FeatureUse use : uses_[point]) Combine(point + 1, With(choice, point, use));
  }

  Choice Improve(Choice choice) {
    const double changes = 2 * static_cast<double>(points_);
    const bool pairs = changes * changes / 2 * static_cast<double>(1 + problem_.demands()) <= kMostPairWork;
    while (problem_.work() <= kMostSearchWork) {
      Choice next = BestSingle(choice);
      if (!(next.rank < choice.rank * kBetter) && pairs) next = BestPair(choice);
      if (!(next.rank < choice.rank * kBetter)) return choice;
      choice = next;
    }
    return choice;
  }

  Choice BestSingle(const Choice& choice) {
    Choice best = choice;
    for (size_t point = 0; point < points_; ++point) {
      for (const FeatureUse use : uses_[point]) {
        if (use == UseOf(choice, point)) continue;
        const Choice changed = Ranked(With(choice, point, use));
        if (changed.rank < best.rank * kBetter) best = changed;
      }
    }
    return best;
  }

  Choice BestPair(const Choice& choice) {
    Choice best = choice;
    for (size_t first = 0; first < points_; ++first) {
      for (const FeatureUse use : uses_[first]) {
        if (use == UseOf(choice, first)) continue;
        const Choice half = With(choice, first, use);
        for (size_t second = first + 1; second < points_; ++second) {
          for (const FeatureUse other : uses_[second]) {
            if (other == UseOf(choice, second)) continue;
            const Choice changed = Ranked(With(half, second, other));
            if (changed.rank < best.rank * kBetter) best = changed;
          }
        }
      }
    }
    return best;
  }

  Problem& problem_;
  size_t points_;
  std::vector<std::vector<FeatureUse>> uses_;
  Choice best_;
};

std::string Number(const char* format, double value) {
  char text[64];
  std::snprintf(text, sizeof(text), format, value);
  return text;
}

std::string Seconds(double seconds) { return Number("%.3g s", seconds); }

std::string Size(double bytes) {
  if (bytes < 10 * 1024) return Number("%.0f B", bytes);
  if (bytes < 10.0 * 1024 * 1024) return Number("%.0f kB", bytes / 1024);
  return Number("%.0f MB", bytes / 1024 / 1024);
}

std::string Models(int n) { return std::to_string(n) + (n == 1 ? " model" : " models"); }

/// Says why, point by point.
class Reasons {
 public:
  Reasons(Problem* problem, const FrozenRates& rates, const Choice& choice, const Outcome& outcome)
      : problem_(*problem), rates_(rates), choice_(choice), outcome_(outcome) {}

  void Explain(size_t point, FrozenChoice* explained) {
    explained->use = UseOf(choice_, point);
    if (explained->use == FeatureUse::kRecompute) {
      explained->reason = WhyNot(point);
      return;
    }
    const Choice without = With(choice_, point, FeatureUse::kRecompute);
    explained->saved_seconds = problem_.Evaluate(without.stored, without.shared).seconds - outcome_.seconds;
    explained->bytes = explained->use == FeatureUse::kStore ? problem_.StoredBytes(point) : problem_.KeptBytes(point);
    explained->reason = Why(point, *explained);
  }

 private:
  std::string Why(size_t point, const FrozenChoice& explained) const {
    const std::string readers = "for " + Models(explained.candidates);
    if (explained.use == FeatureUse::kShare) return "computed once a visit " + readers;
    return (problem_.node(point).stored ? "there already, read " : "computed once, then read ") + readers;
  }

  std::string WhyNot(size_t point) {
    if (!rates_.store && !rates_.share) return "cerebro.enable_feature_materialization and cerebro.enable_feature_sharing are off";
    std::string reason;
    if (problem_.MayStore(point)) reason = Declined(point, FeatureUse::kStore);
    else if (rates_.store && problem_.node(point).can_store) reason = rates_.no_making;
    if (problem_.MayShare(point)) {
      const std::string other = Declined(point, FeatureUse::kShare);
      if (reason.empty() || (reason != other && other.rfind(kNobody, 0) != 0)) reason += (reason.empty() ? "" : "; ") + other;
    }
    if (reason.empty()) reason = rates_.store ? "its weights are not given, so nobody else has its features" : "cerebro.enable_feature_materialization is off";
    return reason;
  }

  static constexpr const char* kNobody = "nobody would read it";

  std::string Declined(size_t point, FeatureUse use) {
    const Choice with = With(choice_, point, use);
    const Outcome outcome = problem_.Evaluate(with.stored, with.shared);
    const Mask bit = Mask{1} << point;
    if (((outcome.stored | outcome.shared) & bit) == 0) {
      return choice_.stored == 0 && choice_.shared == 0 ? "computing it again takes less than reading it" : std::string(kNobody) + " beside the other columns";
    }
    if (outcome.over_disk > 0) return Size(problem_.StoredBytes(point)) + " to store, more than cerebro.materialize_disk leaves";
    if (outcome.over_memory > 0) return "a buffer of it takes more memory than cerebro.materialize_mem leaves";
    const char* what = use == FeatureUse::kStore ? "storing it" : "sharing it";
    const double more = outcome.seconds - outcome_.seconds;
    if (more <= 0) return std::string(what) + " would save too little";
    return std::string(what) + " would take " + Seconds(more) + " more";
  }

  Problem& problem_;
  const FrozenRates& rates_;
  const Choice& choice_;
  const Outcome& outcome_;
};

std::string Whole(const FrozenDecision& decision, const Problem& problem, const FrozenRates& rates) {
  if (decision.applied()) {
    return "frozen layers take " + Seconds(decision.seconds_planned) + " instead of " + Seconds(decision.seconds_plain);
  }
  if (!(decision.seconds_plain > 0)) return "no model has frozen layers that compute anything";
  if (!rates.store && !rates.share) return "cerebro.enable_feature_materialization and cerebro.enable_feature_sharing are off";
  if (problem.points().empty()) return "no frozen layer gives values that could be read instead";
  return "computing frozen layers again, " + Seconds(decision.seconds_plain) + ", costs no more than what could be done instead" +
         (rates.store && !rates.no_making.empty() ? "; " + rates.no_making : "");
}

}  // namespace

FrozenDecision DecideFrozen(const std::vector<FrozenNode>& nodes, const std::vector<FrozenCandidate>& candidates, const FrozenRates& rates,
                            FrozenSearch search) {
  Problem problem(nodes, candidates, rates);
  Search combinations(&problem);
  FrozenDecision decision;
  decision.exact = search == FrozenSearch::kAutomatic && combinations.CanBeExact();
  Choice choice = decision.exact ? combinations.Exact() : combinations.Heuristic();
  decision.seconds_plain = problem.plain_seconds();
  if (!(problem.Evaluate(choice.stored, choice.shared).seconds < (1 - kLeastSaving) * decision.seconds_plain)) choice = {};
  std::vector<BundleUse> uses;
  const Outcome outcome = problem.Evaluate(choice.stored, choice.shared, &uses);
  ForEach(outcome.stored, [&](size_t point) { decision.stored.push_back(problem.points()[point]); });
  ForEach(outcome.shared, [&](size_t point) { decision.shared.push_back(problem.points()[point]); });
  decision.seconds_planned = outcome.seconds;
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
    ForEach(problem.ReadsOf(candidate.needs, uses[bundle->second].columns), [&](size_t point) {
      decision.reads.back().push_back(problem.points()[point]);
      ++readers[point];
    });
    for (size_t point = 0; point < problem.points().size(); ++point) {
      needed_by[point] += std::count(candidate.needs.begin(), candidate.needs.end(), problem.points()[point]) > 0 ? 1 : 0;
    }
  }
  choice.stored = outcome.stored;
  choice.shared = outcome.shared;
  Reasons reasons(&problem, rates, choice, outcome);
  for (size_t point = 0; point < problem.points().size(); ++point) {
    FrozenChoice explained;
    explained.node = problem.points()[point];
    explained.candidates = readers[point];
    explained.needed_by = needed_by[point];
    reasons.Explain(point, &explained);
    if (explained.use == FeatureUse::kRecompute) explained.bytes = problem.StoredBytes(point);
    decision.choices.push_back(std::move(explained));
  }
  decision.reason = Whole(decision, problem, rates);
  return decision;
}

double CostOf(const std::vector<FrozenNode>& nodes, const std::vector<FrozenCandidate>& candidates, const FrozenRates& rates,
              const std::vector<int>& stored, const std::vector<int>& shared) {
  Problem problem(nodes, candidates, rates);
  std::vector<int> points = stored;
  points.insert(points.end(), shared.begin(), shared.end());
  problem.UsePoints(points);
  const Mask first = (Mask{1} << stored.size()) - 1, all = (Mask{1} << points.size()) - 1;
  return problem.Evaluate(first, all & ~first).seconds;
}

}  // namespace plan
