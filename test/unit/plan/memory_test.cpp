// The memory that a run is said to need: where each part of it counts.
#include <gtest/gtest.h>

#include "plan/memory.hpp"

namespace plan {
namespace {

constexpr double kMegabyte = 1024 * 1024;

RunMemory RunOf(int models, int workers) {
  RunMemory run;
  for (int m = 0; m < models; m++) {
    ModelMemory model;
    model.state_bytes = 300 * kMegabyte;
    model.weight_bytes = 100 * kMegabyte;
    model.workspace_bytes = 50 * kMegabyte;
    run.models.push_back(model);
    run.bundles.push_back({m});
  }
  run.table_bytes = 500 * kMegabyte;
  run.cache_bytes = 256 * kMegabyte;
  run.buffer_bytes = 4 * kMegabyte;
  run.piece_bytes = 64 * kMegabyte;
  run.column_bytes = 256 * kMegabyte;
  run.written = true;
  run.workers = workers;
  return run;
}

TEST(Memory, StatesCountOnceAndProcessesEach) {
  const MemoryNeed alone = EstimateMemory(RunOf(4, 0)), two = EstimateMemory(RunOf(4, 2));
  EXPECT_DOUBLE_EQ(alone.states, 1200 * kMegabyte);
  EXPECT_DOUBLE_EQ(two.states, alone.states);
  EXPECT_DOUBLE_EQ(two.process.Sum(), alone.process.Sum());
  EXPECT_DOUBLE_EQ(two.All() - alone.All(), alone.process.Sum());
  EXPECT_GT(alone.process.data, 256 * kMegabyte);
  EXPECT_GE(alone.process.work, 50 * kMegabyte);
  // a process alone has all of it; with workers, states are mapped in each
  EXPECT_DOUBLE_EQ(alone.Largest(), alone.All());
  EXPECT_LT(two.Largest(), two.All());
  EXPECT_GT(two.Largest(), two.states);
}

TEST(Memory, OfStatesInAFileThoseInTrainingCount) {
  RunMemory run = RunOf(40, 2);
  const MemoryNeed before = EstimateMemory(run);
  run.states_in_file = true;
  const MemoryNeed need = EstimateMemory(run);
  EXPECT_DOUBLE_EQ(need.states, 0);
  EXPECT_DOUBLE_EQ(need.in_file, before.states);
  EXPECT_DOUBLE_EQ(need.process.Sum() - before.process.Sum(), 300 * kMegabyte);
  EXPECT_GT(need.Largest(), need.in_file);  // of address space
}

TEST(Memory, WhatTheSessionKeepsAndWrites) {
  RunMemory run = RunOf(4, 2);
  run.written = false;
  const double least = EstimateMemory(run).session;
  run.keep_best = true;
  EXPECT_DOUBLE_EQ(EstimateMemory(run).session - least, 400 * kMegabyte);
  run.keep_best = false;
  run.stored = true;  // a column of 100 MB is more than a piece of 64 MB
  EXPECT_DOUBLE_EQ(EstimateMemory(run).session - least, 400 * kMegabyte);
  run.models[0].initial_bytes = 900 * kMegabyte;  // before anything is written
  EXPECT_DOUBLE_EQ(EstimateMemory(run).session - least, 900 * kMegabyte);
}

TEST(Memory, AutogradTakesItsLibrary) {
  RunMemory run = RunOf(1, 0);
  const MemoryNeed kernels = EstimateMemory(run);
  run.models[0].autograd_bytes = 1;
  const MemoryNeed autograd = EstimateMemory(run);
  EXPECT_GT(autograd.process.libraries, kernels.process.libraries + 100 * kMegabyte);
}

}  // namespace
}  // namespace plan
