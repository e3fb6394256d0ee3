// The plan of a run: bundles of models, the partition sequence of every bundle, and the rule by which an idle worker chooses.
//
// Bits depend on PartitionAt only: bundle b visits partition (offset_b + v + i * stride) mod P at visit v of iteration i. The stride is 1; on
// segments that hold several partitions each it is their number, so that a bundle begins every iteration at a segment's first one. Which bundle advances
// when is decided at run time (Scheduler), and no result depends on it.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace plan {

struct Bundle {
  std::vector<int> models;  // indexes into the run's models, ascending
  int offset = 0;           // first partition of the first iteration
  double visit_cost = 0;    // estimated seconds of one visit of all its models
};

struct Plan {
  int partitions = 0;
  int stride = 1;  // a divisor of partitions
  std::vector<Bundle> bundles;

  /// Partition of a bundle at visit v (0 .. partitions-1) of iteration i, counted from the models' first training.
  int PartitionAt(int bundle, int64_t iteration, int visit) const;
  /// max(longest bundle's epoch, all work / workers), in the unit of the costs, for one iteration.
  double LowerBound(int workers) const;
};

/// costs[m]: estimated seconds of one visit of model m. Longest-processing-time-first packing into min(bundles, models) bundles,
/// ties by index; offsets are (bundle index + offset) * stride, modulo partitions. A pure function of its arguments.
Plan MakePlan(const std::vector<double>& costs, int partitions, int bundles, int offset, int stride = 1);

/// JSON text as stored in <out>_summary, and back (kDataCorrupted for a text that is no plan).
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
  /// True when every bundle has reached the target.
  bool AtTarget() const;
  int64_t VisitsDone() const;

 private:
  struct Head;
  struct Entry;
  Entry* Resting(int bundle);
  Head* head_;
  Entry* entries_;
  const Plan* plan_;
};

}  // namespace plan
