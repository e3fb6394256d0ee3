#include "plan/simulate.hpp"

#include <algorithm>
#include <functional>
#include <queue>
#include <utility>

#include "base/error.hpp"
#include "plan/rounds.hpp"

namespace plan {
namespace {

// max(longest model's total, all work / workers): no schedule of whole models that shift can be shorter.
double LowerBound(const std::vector<double>& costs, int visits_each, int workers) {
  double longest = 0, total = 0;
  for (double cost : costs) {
    longest = std::max(longest, cost);
    total += cost;
  }
  return visits_each * std::max(longest, total / workers);
}

// Of new models, numbered from 1.
std::vector<Sequence> Sequences(size_t models, int partitions) {
  std::vector<Sequence> sequences;
  for (uint64_t stream = 1; stream <= models; ++stream) sequences.push_back(SequenceOf(stream, partitions));
  return sequences;
}

void CheckCounts(int segments, int iterations) {
  if (segments < 1 || iterations < 1) throw base::Error(base::ErrorCode::kInvalidParameter, "a simulation needs a worker and an iteration");
}

}  // namespace

double SharedMakespan(const Plan& plan, int workers, int iterations, bool barrier) {
  CheckCounts(workers, iterations);
  std::vector<int64_t> block((Scheduler::BlockSize(static_cast<int>(plan.bundles.size())) + 7) / 8);
  Scheduler scheduler(block.data(), plan, true);

  using Event = std::pair<double, int>;  // time, worker: equal times are handled in the order of workers
  std::priority_queue<Event, std::vector<Event>, std::greater<Event>> events;
  std::vector<Scheduler::Task> tasks(static_cast<size_t>(workers));
  std::vector<int> idle;
  for (int w = workers - 1; w >= 0; --w) idle.push_back(w);

  double now = 0;
  for (int target = barrier ? 1 : iterations; target <= iterations; ++target) {
    scheduler.SetTarget(target);
    for (;;) {
      while (!idle.empty()) {
        Scheduler::Task& task = tasks[static_cast<size_t>(idle.back())];
        if (!scheduler.Take(&task)) break;
        events.push({now + plan.bundles[static_cast<size_t>(task.bundle)].visit_cost, idle.back()});
        idle.pop_back();
      }
      if (events.empty()) break;
      now = events.top().first;
      while (!events.empty() && events.top().first == now) {
        const int worker = events.top().second;
        events.pop();
        scheduler.Done(tasks[static_cast<size_t>(worker)], 1.0);
        idle.push_back(worker);
      }
    }
  }
  return now;
}

SimulationResult SimulateShared(const std::vector<double>& costs, int partitions, int bundles, int workers, int iterations, bool barrier) {
  SimulationResult result;
  result.makespan = SharedMakespan(MakePlan(costs, Sequences(costs.size(), partitions), partitions, bundles), workers, iterations, barrier);
  result.lower_bound = LowerBound(costs, partitions * iterations, workers);
  return result;
}

SimulationResult SimulateRounds(const std::vector<double>& costs, int segments, int iterations, bool rests, bool barrier) {
  CheckCounts(segments, iterations);
  RoundSpan span;
  span.partitions = segments;
  span.iterations = barrier ? 1 : iterations;
  std::vector<RoundUnit> units;
  const std::vector<Sequence> sequences = Sequences(costs.size(), segments);
  for (size_t m = 0; m < costs.size(); ++m) units.push_back(RoundUnit{sequences[m], costs[m], 0});
  Rounds rounds(span, units, rests ? ChooseRounds(span, units) : RoundChoice());
  SimulationResult result;
  std::vector<RoundLeg> legs;
  while (rounds.Next(&legs)) result.makespan += rounds.seconds();
  if (barrier) result.makespan *= iterations;
  result.lower_bound = LowerBound(costs, segments * iterations, segments);
  return result;
}

SimulationResult SimulateRotation(const std::vector<double>& costs, int segments, int iterations) {
  CheckCounts(segments, iterations);
  const size_t positions = std::max(costs.size(), static_cast<size_t>(segments));  // positions without a model are idle segments
  SimulationResult result;
  for (size_t shift = 0; shift < positions; ++shift) {
    double slowest = 0;
    for (size_t segment = 0; segment < static_cast<size_t>(segments); ++segment) {
      const size_t model = (segment + shift) % positions;
      if (model < costs.size()) slowest = std::max(slowest, costs[model]);
    }
    result.makespan += slowest;
  }
  result.makespan *= iterations;
  result.lower_bound = LowerBound(costs, segments * iterations, segments);
  return result;
}

}  // namespace plan
