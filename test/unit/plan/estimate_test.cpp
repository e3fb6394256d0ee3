#include "plan/estimate.hpp"

#include <gtest/gtest.h>

namespace {

constexpr double kStep = 1e-3;

// Models of one mini-batch a row each, in bundles of their own.
plan::RunWork Work(const std::vector<double>& visits, int hands) {
  plan::RunWork work;
  work.visit_seconds = visits;
  work.costs.resize(visits.size());
  for (plan::ModelCost& cost : work.costs) cost.seconds_per_scored_row = kStep;
  work.data.rows = 100;
  work.data.partitions = 4;
  work.hands = hands;
  return work;
}

plan::Fusion Alone(const plan::Plan& plan) {
  plan::Fusion fusion;
  for (const plan::Bundle& bundle : plan.bundles) {
    plan::BundleFusion fusion_groups;
    for (const int m : bundle.models) {
      fusion_groups.fusion_groups.emplace_back();
      fusion_groups.fusion_groups.back().models = {m};
    }
    fusion.bundles.push_back(fusion_groups);
  }
  return fusion;
}

plan::Plan OfOneSequence(const plan::RunWork& work, int bundles) {
  return plan::MakePlan(work.visit_seconds, std::vector<plan::Sequence>(work.visit_seconds.size()), 4, bundles);
}

TEST(Estimate, OneHandDoesOneThingAfterAnother) {
  const plan::RunWork work = Work({1, 2, 3}, 1);
  const plan::Plan plan = OfOneSequence(work, 3);
  const plan::RunEstimate run = plan::EstimateRun(plan, Alone(plan), work);
  ASSERT_EQ(run.bundles.size(), 3u);
  EXPECT_NEAR(run.iteration, 4 * (1 + 2 + 3 + 3 * plan::kQuerySeconds), 1e-9);
  EXPECT_NEAR(run.lower_bound, run.iteration, 1e-9);
  EXPECT_NEAR(run.evaluation, 100 * 3 * kStep, 2e-3);
  EXPECT_NEAR(run.total, run.start + run.training + run.metrics, 1e-12);
}

TEST(Estimate, HandsShareTheWork) {
  const plan::RunWork one = Work({1, 1, 1, 1}, 1), two = Work({1, 1, 1, 1}, 2);
  const plan::Plan plan = OfOneSequence(one, 4);
  const plan::RunEstimate alone = plan::EstimateRun(plan, Alone(plan), one), both = plan::EstimateRun(plan, Alone(plan), two);
  EXPECT_NEAR(both.iteration, alone.iteration / 2, 1e-9);
  EXPECT_NEAR(both.evaluation, alone.evaluation / 2, 1e-9);
}

// The session opens LibTorch while it prepares the run, its workers when they have started, side by side.
TEST(Estimate, ProcessesOpenTheLibraryWhereANetworkNeedsIt) {
  plan::RunWork work = Work({1, 1}, 2);
  const plan::Plan plan = OfOneSequence(work, 2);
  const auto start = [&](int started, bool autograd) {
    work.started = started;
    work.autograd = autograd;
    return plan::EstimateRun(plan, Alone(plan), work).start;
  };
  const double library = start(0, true) - start(0, false);
  EXPECT_GT(library, 0.1);
  EXPECT_NEAR(start(2, true) - start(2, false), 2 * library, 1e-9);
  EXPECT_GT(start(2, false), start(0, false));
}

TEST(Estimate, WorkersAreWorthTheirStartForWorkThatLastsLonger) {
  EXPECT_FALSE(plan::WorthWorkers(0.02, 2, false));
  EXPECT_TRUE(plan::WorthWorkers(1, 2, false));
  EXPECT_FALSE(plan::WorthWorkers(0.3, 2, true));  // LibTorch's opening is lost
  EXPECT_TRUE(plan::WorthWorkers(2, 2, true));
  EXPECT_FALSE(plan::WorthWorkers(1000, 1, false));  // one worker shares with nobody
  EXPECT_FALSE(plan::WorthWorkers(1000, 0, false));
}

TEST(Estimate, ALongModelBoundsTheIteration) {
  const plan::RunWork work = Work({10, 1, 1}, 2);
  const plan::Plan plan = OfOneSequence(work, 3);
  EXPECT_NEAR(plan::EstimateRun(plan, Alone(plan), work).iteration, 40, 0.1);
}

plan::Plan OfNewModels(const plan::RunWork& work) {
  std::vector<plan::Sequence> sequences;
  for (uint64_t stream = 1; stream <= work.visit_seconds.size(); ++stream) sequences.push_back(plan::SequenceOf(stream, 4));
  return plan::MakePlan(work.visit_seconds, sequences, 4, 4);
}

TEST(Estimate, RoundsLastAsLongAsTheFullestSegment) {
  plan::RunWork work = Work({4, 1, 1, 1}, 4);
  work.segments = 4;
  const plan::Plan plan = OfNewModels(work);
  const plan::RunEstimate run = plan::EstimateRun(plan, Alone(plan), work);
  EXPECT_NEAR(run.iteration, 16, 0.1);
  EXPECT_NEAR(run.lower_bound, 16, 0.1);
  EXPECT_EQ(run.rounds, 4);
}

// Of five equal models on four segments, one rests in turn.
TEST(Estimate, RoundsHaveRestsWhereModelsAreLeftOver) {
  plan::RunWork work = Work({1, 1, 1, 1, 1}, 4);
  work.segments = 4;
  work.iterations = 8;
  const plan::Plan plan = OfNewModels(work);
  const plan::RunEstimate run = plan::EstimateRun(plan, Alone(plan), work);
  EXPECT_LT(run.iteration, 0.75 * 8);  // all advance: 4 rounds of 2
  EXPECT_GE(run.iteration, run.lower_bound);
  EXPECT_NEAR(run.lower_bound, 5, 0.1);
}

TEST(Estimate, SavingsAndHalvingShortenARun) {
  plan::RunWork work = Work({1, 1}, 1);
  const plan::Plan plan = OfOneSequence(work, 1);
  plan::Fusion fusion;
  fusion.bundles.resize(1);
  fusion.bundles[0].fusion_groups.resize(1);
  fusion.bundles[0].fusion_groups[0].models = {0, 1};
  const plan::RunEstimate apart = plan::EstimateRun(plan, fusion, work);
  fusion.bundles[0].shared_scan.applied = true;
  fusion.bundles[0].fusion_groups[0].horizontal.applied = true;
  fusion.bundles[0].fusion_groups[0].horizontal.saved_seconds = 2;
  const plan::RunEstimate together = plan::EstimateRun(plan, fusion, work);
  EXPECT_NEAR(apart.iteration - together.iteration, 2 + 4 * plan::kQuerySeconds, 1e-9);
  EXPECT_NEAR(together.bundles[0].fusion_groups[0].visit_seconds, 2 - 2.0 / 4, 1e-9);
  work.iterations = 10;
  work.evaluations = 10;
  const plan::RunEstimate whole = plan::EstimateRun(plan, fusion, work);
  work.share = 0.3;
  const plan::RunEstimate halved = plan::EstimateRun(plan, fusion, work);
  EXPECT_NEAR(halved.training, 0.3 * whole.training, 1e-6);
  EXPECT_NEAR(halved.metrics, 0.3 * whole.metrics, 1e-6);
}

}  // namespace
