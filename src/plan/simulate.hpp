// Discrete-event simulation of a plan, for tests and docs/benchmarks.md: no time, no threads, no randomness but a passed seed.
#pragma once

#include <cstdint>
#include <vector>

#include "plan/schedule.hpp"

namespace plan {

struct SimulationResult {
  double makespan = 0;     // of `iterations` iterations
  double lower_bound = 0;  // max(longest model's total, all work / workers)
  double ratio() const { return makespan / lower_bound; }
};

/// Seconds that workers on shared storage take for `iterations` iterations of a plan, visits being as long as its bundles' costs.
double SharedMakespan(const Plan& plan, int workers, int iterations, bool barrier);

/// Workers on shared storage (PostgreSQL): any worker may advance any bundle. costs[m]: seconds of one visit of model m.
/// barrier: all bundles wait for each other after every iteration (metrics are due).
SimulationResult SimulateShared(const std::vector<double>& costs, int partitions, int bundles, int workers, int iterations, bool barrier);

/// Greenplum's rounds (plan/rounds.hpp) of models of stream ids 1, 2, ..., a barrier after each, round time = fullest segment.
/// rests: models may rest for a round where that is shorter. barrier: metrics are due after every iteration, so that rests end with it; else the
/// iterations are laid out as one.
SimulationResult SimulateRounds(const std::vector<double>& costs, int segments, int iterations, bool rests, bool barrier);

/// MADlib's rotation: max(models, segments) hops an iteration, one model a segment and hop in the order of `costs`, barrier after each.
SimulationResult SimulateRotation(const std::vector<double>& costs, int segments, int iterations);

}  // namespace plan
