// What a choice of uses costs: the planner's model of a run with frozen layers. For plan/frozen.cpp, which searches,
// and plan/frozen_reasons.cpp, which says why; nobody else calls it.
//
// A choice is a set of points that are stored and a set of points that are shared. All else follows. A candidate reads
// the deepest column on each way down from what it needs, and computes what lies between; each bundle takes the
// cheapest of reading nothing, stored columns, shared columns, or both. The seconds of a choice are
//
//   candidates  passes x rows x (computed layers + the gathering of columns)
//   bundles     visits x (rows x (bytes of stored columns fetched and decoded + shared columns computed from raw
//   inputs)
//               + a join a stored column)
//   sharing     a network that each process compiles
//   tables      rows x (computed once + bytes written), statements for each set, and workers once
//
// A process keeps columns in its memory as far as the budget reaches: that part of the rows is fetched or computed at
// its first visit only.
//
// Not every node is a point. Where all ways from a node to what is needed lead through another node whose value is no
// larger, the other is never worse: it is read instead, and what lies between is computed once instead of at every
// pass. In a residual net that leaves the ends of the freeze depths and the points where values are narrow.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <vector>

#include "plan/frozen.hpp"

namespace plan {

using PointMask = uint64_t;  // of points

constexpr size_t kMostExactPoints = 12;  // of which all combinations are compared
constexpr size_t kMostWalked = 10000;    // nodes of a graph that is walked as often as a search likes to

/// A function of a set of points, computed once a set. Where there are too many sets for an array of all: a hash table
/// with open addressing (Knuth 6.4, algorithm L), at most half full.
template <typename T>
class PointTable {
 public:
  void Resize(size_t points) {
    direct_ = points <= kMostExactPoints;
    entries_.assign(direct_ ? size_t{1} << points : kFirstEntries, Entry());
    known_ = 0;
  }
  template <typename F>
  T Get(PointMask mask, const F& compute) {
    Entry* entry = Find(mask);
    if (entry->known) return entry->value;
    if (!direct_ && 2 * ++known_ > entries_.size()) {
      Grow();
      entry = Find(mask);
    }
    entry->mask = mask;
    entry->known = true;
    return entry->value = compute(mask);
  }

 private:
  static constexpr size_t kFirstEntries = 16;
  struct Entry {
    PointMask mask = 0;
    bool known = false;
    T value{};
  };
  Entry* Find(PointMask mask) {
    if (direct_) return &entries_[static_cast<size_t>(mask)];
    constexpr PointMask kGolden = 0x9E3779B97F4A7C15;  // Fibonacci hashing, Knuth 6.4
    const size_t last = entries_.size() - 1;
    for (size_t at = static_cast<size_t>(mask * kGolden >> 32) & last;; at = (at + 1) & last) {
      if (!entries_[at].known || entries_[at].mask == mask) return &entries_[at];
    }
  }
  void Grow() {
    std::vector<Entry> old(2 * entries_.size());
    old.swap(entries_);
    for (const Entry& entry : old) {
      if (entry.known) *Find(entry.mask) = entry;
    }
  }
  bool direct_ = true;
  std::vector<Entry> entries_;
  size_t known_ = 0;  // of a hash table
};

template <typename F>
void ForEachPoint(PointMask mask, const F& f) {
  for (; mask != 0; mask &= mask - 1) f(static_cast<size_t>(__builtin_ctzll(mask)));
}

/// What is done at the points. `rank`: by what the search compares; the less the better.
struct PointUses {
  PointMask stored = 0, shared = 0;
  double rank = 0;
};

FeatureUse UseOf(const PointUses& uses, size_t point);
PointUses With(const PointUses& uses, size_t point, FeatureUse use);

class FrozenProblem {
 public:
  /// What a bundle reads.
  struct BundleUse {
    PointMask columns = 0;  // that it is given
    PointMask reads = 0;    // of them
    double seconds = 0;     // of its candidates
  };

  struct Outcome {
    double seconds = 0;
    double column_seconds = 0;  // of them: fetching stored columns and computing shared ones
    double store_seconds = 0, disk = 0, kept = 0, memory = 0;
    double over_disk = 0, over_memory = 0;  // bytes
    PointMask stored = 0, shared = 0;       // those that are used
    bool fits() const { return over_disk <= 0 && over_memory <= 0; }
  };

  /// All arguments outlive it.
  FrozenProblem(const std::vector<FrozenNode>& nodes, const std::vector<FrozenCandidate>& candidates,
                const FrozenRates& rates);

  /// Makes points of exactly these nodes.
  void UsePoints(const std::vector<int>& nodes);

  const std::vector<int>& points() const { return points_; }
  const FrozenNode& node(size_t point) const { return nodes_[static_cast<size_t>(points_[point])]; }
  size_t demands() const { return bundle_demands_; }
  double plain_seconds() const { return plain_seconds_; }
  double work() const { return work_; }  // evaluations x demands of bundles so far; of a large graph walks, too
  /// A layer may be called a hundred thousand times: then fewer choices are looked at, since each is a walk over the graph.
  bool large() const { return nodes_.size() > kMostWalked; }
  double StoredBytes(size_t point) const { return RowBytesStored(node(point)) * StoredRows(); }
  double KeptBytes(size_t point) const { return node(point).row_bytes * rates_.rows; }
  bool MayStore(size_t point) const {
    return rates_.store && node(point).can_store && (node(point).stored || rates_.no_making.empty());
  }
  bool MayShare(size_t) const { return rates_.share; }

  /// uses: filled by bundle; nullptr: not wanted.
  Outcome Evaluate(PointMask stored, PointMask shared, std::vector<BundleUse>* uses = nullptr);

  /// No choice that uses the points from `open` on as `uses` says, and those before in any way, takes fewer seconds. Those
  /// that are stored or shared are taken to be read.
  double LeastSeconds(const PointUses& uses, size_t open);

  /// Whether columns at all of these points, all of them read, are within both budgets.
  bool CanFit(const PointUses& uses);

  /// Of the columns that a model with these needs is given, those that it reads.
  PointMask ReadsOf(const std::vector<int>& needs, PointMask columns) { return ComputeWay(needs, columns).reads; }

 private:
  /// Candidates that need the same nodes.
  struct Demand {
    std::vector<int> needs;
    double plain_seconds = 0;  // a row
    PointMask below = 0;       // points at or below the needs: no other makes a difference
  };
  /// Candidates of one bundle that need the same nodes.
  struct Share {
    size_t demand = 0;
    double passes = 0;  // of all of them, as expected
  };
  struct BundleDemand {
    std::vector<Share> shares;
    double visits = 0;  // of the one that is visited most often
    PointMask below = 0;
  };
  /// What a demand does with some columns.
  struct Way {
    PointMask reads = 0;
    double seconds = 0;    // a row: what it computes itself
    double row_bytes = 0;  // of what it reads
  };
  struct Sums {
    double row_bytes = 0, stored_bytes = 0;  // a row
  };

  double StoredRows() const;
  double ProcessRows() const;
  static double RowBytesStored(const FrozenNode& node);
  void CollectDemands(const std::vector<FrozenCandidate>& candidates);
  std::vector<int> PostDominators(const std::vector<bool>& needed, const std::vector<bool>& reached) const;
  static bool IsBetterPoint(const FrozenNode& other, const FrozenNode& node);
  std::vector<double> LongestWays() const;
  void FindPoints();
  PointMask PointsBelow(const std::vector<int>& needs);
  Way ComputeWay(const std::vector<int>& needs, PointMask columns);
  Way WayOf(size_t demand, PointMask columns);
  double Closure(PointMask points);
  Sums SumsOf(PointMask points) const;
  double KeepFactor(PointMask columns, double visits);
  double ColumnSeconds(double visits, PointMask stored, PointMask shared);
  double ShareSeconds(PointMask shared) const;
  double StoreSeconds(PointMask stored);
  double LeastOnAnyGraph(const PointUses& uses, PointMask undecided);
  void PrepareChain();
  double ServeSeconds(int column, size_t before) const;
  double LeastBelow(size_t open, size_t before, size_t flags);
  double LeastOnAChain(const PointUses& uses, size_t open);
  BundleUse BestUse(const BundleDemand& bundle, PointMask stored, PointMask shared, double factor);

  const std::vector<FrozenNode>& nodes_;
  const FrozenRates& rates_;
  std::vector<Demand> demands_;
  std::vector<BundleDemand> bundles_;
  std::vector<int> points_, point_of_;
  std::vector<PointTable<Way>> ways_;
  PointTable<double> closures_;
  std::vector<Sums> bytes_;                          // by point
  std::vector<double> store_visit_, share_visit_;  // likewise: seconds of a visit's rows of a column, but for computing it
  double all_visits_ = 0, plain_seconds_ = 0;
  double met_ = 1;  // times that a row is met for the first time, by one process or another
  size_t bundle_demands_ = 0;
  double work_ = 0;
  std::vector<BundleUse> scratch_;
  // of a graph whose points are a chain
  bool chain_prepared_ = false, chain_ = false;
  std::vector<double> serve_;                 // (points + 1) x (points + 1), see ServeSeconds
  std::vector<std::array<double, 4>> below_;  // by point that is read, by flags: the least seconds of all before it
  std::vector<int> stack_, mark_;
  int round_ = 0;
};

}  // namespace plan
