// The plan of a run: the partition sequence of every model, bundles of models of equal sequence, and the rule by which an idle worker chooses.
//
// Bits depend on a model's sequence only, and that is a function of the model's stream id and the number of partitions: no other model, no
// worker, core or segment changes it. Which bundle advances when is decided at run time (Scheduler), and no result depends on it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plan {

/// The partitions that a model visits: n = Visits(partitions) of them, from `base` on, around the end of the table. At
/// visit v (0 .. n-1) of a run's iteration i it is at (base + (start + (first + i) * shift + v) mod n) mod partitions.
struct Sequence {
  int start = 0;
  // Runs that began with version 0.1 shift from iteration to iteration, by 1 or by the partitions of a segment, and their models go on so.
  int shift = 0;
  int64_t first = 0;  // where a sequence shifts: iterations that the model had done before the run; else 0
  // Of a model of a fold: its partitions are `count` ones from `base` on, all but the fold's. count = 0: all partitions.
  int base = 0;
  int count = 0;

  /// Visits of an iteration.
  int Visits(int partitions) const { return count > 0 ? count : partitions; }
  int PartitionAt(int partitions, int64_t iteration, int visit) const;
  /// The partitions that are visited, from `base` on, and those that are left out, from the first behind them on: so
  /// the sums of metrics are added.
  std::vector<int> Visited(int partitions) const;
  std::vector<int> LeftOut(int partitions) const;
};

bool operator==(const Sequence& a, const Sequence& b);
bool operator<(const Sequence& a, const Sequence& b);

/// Of a model whose training begins. Models of consecutive stream ids from 1 on begin at partitions that are all different, and the next
/// `partitions` models again in another order, so that models whose costs alternate do not gather.
Sequence SequenceOf(uint64_t stream, int partitions);

/// Of a new model of fold `fold` (from 1) of `folds`: it leaves the fold's partitions out, and goes through the others as
/// a model of that stream would through a table that has no others. REQUIRES that partitions is a multiple of folds, and
/// folds >= 2.
Sequence SequenceOfFold(uint64_t stream, int partitions, int folds, int fold);

struct Bundle {
  std::vector<int> models;  // indexes into the run's models, ascending
  Sequence sequence;
  double visit_cost = 0;  // estimated seconds of one visit of all its models
};

struct Plan {
  int partitions = 0;
  std::vector<Bundle> bundles;

  /// Visits that each bundle makes in an iteration: as many as partitions, or fewer where folds are left out.
  int visits() const { return bundles.empty() ? partitions : bundles.front().sequence.Visits(partitions); }
  /// Whether every model leaves the partitions of a fold out.
  bool has_folds() const { return visits() != partitions; }
  /// By model.
  std::vector<Sequence> Sequences(size_t models) const;
  /// Partition of a bundle at visit v (0 .. visits()-1) of iteration i of the run.
  int PartitionAt(int bundle, int64_t iteration, int visit) const {
    return bundles[static_cast<size_t>(bundle)].sequence.PartitionAt(partitions, iteration, visit);
  }
  /// max(longest bundle's epoch, all work / workers), in the unit of the costs, for one iteration.
  double LowerBound(int workers) const;
};

/// costs[m]: estimated seconds of one visit of model m; sequences[m]: its sequence, all of them with as many visits an
/// iteration. Models of one sequence make at least one bundle; up to `bundles` of them are made in all, where the most work is, each packed longest processing time first, ties by index. Bundles are in the
/// order of their first models. A pure function of its arguments.
Plan MakePlan(const std::vector<double>& costs, const std::vector<Sequence>& sequences, int partitions, int bundles);

/// JSON text as stored in <out>_summary, and back (kDataCorrupted for a text that is no plan). Sequences come back with first = 0. Plans of
/// version 0.1 are read too.
std::string WritePlan(const Plan& plan);
Plan ReadPlan(std::string_view json);

/// Which bundle advances next. Standard layout inside a caller-given block (it lies in shared memory); not thread-safe: the caller holds
/// the lock. The rule: among bundles that nobody holds and that are not at the target iteration, the one with the most remaining work;
/// ties go to the lower index.
class Scheduler {
 public:
  struct Task { int bundle = -1; int64_t iteration = 0; int visit = 0; };

  static size_t BlockSize(int bundles);
  /// Lays the scheduler over a block; `init` writes the start state (all bundles at iteration 0, visit 0).
  Scheduler(void* block, const Plan& plan, bool init);
  /// Lays it over a block that another one has initialised, whatever the plan is now.
  explicit Scheduler(void* block);
  /// Another plan from now on, all bundles at the start, no target. REQUIRES a block that is large enough, and that nobody
  /// holds a task.
  void Begin(const Plan& plan);

  /// Bundles may work until this many iterations are done (a barrier where metrics are due).
  void SetTarget(int64_t iterations);
  /// Takes a task; false when none is ready now.
  bool Take(Task* task);
  /// Returns a task that is done; `alive` in [0, 1] is the part of the bundle's cost that still trains (diverged models cost nothing).
  void Done(const Task& task, double alive);
  /// Between targets, when nobody holds a task: the part of a bundle's cost that still trains, from now on.
  void SetAlive(int bundle, double alive);
  /// Likewise: no model of the bundle trains any more. It is at every target.
  void End(int bundle);
  /// Before the first target: the visits before this one were made by an earlier part of the run.
  void Begin(int bundle, int64_t iteration, int visit);
  /// The first iteration that no bundle has begun, at most the target: an end at which all can be soon. With `iteration` as
  /// the target from then on.
  int64_t EndIteration();
  /// Nobody gets a task until the next SetTarget.
  void Hold();
  /// Whether somebody holds a task.
  bool AnyHeld() const;
  /// Iterations that every bundle has done, as far as the target.
  int64_t IterationsDone() const;
  /// True when every bundle has reached the target.
  bool AtTarget() const;
  int64_t VisitsDone() const;

 private:
  struct Head;
  struct Entry;
  Entry* Resting(int bundle);
  Head* head_;
  Entry* entries_;
};

}  // namespace plan
