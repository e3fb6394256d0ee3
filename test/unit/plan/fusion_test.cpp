#include "plan/fusion.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/philox.hpp"

namespace {

using plan::FusionGroup;
using plan::Fusion;
using plan::FusionData;
using plan::FusionModel;
using plan::FusionSwitches;

constexpr double kRoom = 1e9;

FusionModel Model(const std::string& signature, int batch_size = 32, double state_bytes = 1000, double workspace_bytes = 500) {
  FusionModel model;
  model.signature = signature;
  model.batch_size = batch_size;
  model.kernels = true;
  model.state_bytes = state_bytes;
  model.workspace_bytes = workspace_bytes;
  return model;
}

FusionData Data() {
  FusionData data;
  data.rows = 10000;
  data.partitions = 4;
  data.buffers = 8;
  data.row_bytes = 64;
  data.row_elements = 64;
  return data;
}

FusionSwitches Switches(double memory = kRoom) {
  FusionSwitches switches;
  switches.memory = memory;
  return switches;
}

Fusion OneBundle(const std::vector<FusionModel>& models, const FusionSwitches& switches, const FusionData& data = Data()) {
  return plan::PlanFusion(plan::MakePlan(std::vector<double>(models.size(), 1.0), std::vector<plan::Sequence>(models.size()), 4, 1), models, data, switches);
}

}  // namespace

TEST(Fusion, EveryModelIsInOneFusionGroupOfItsKind) {
  base::Stream random(1, 0, base::Purpose::kSearch);
  for (int round = 0; round < 200; ++round) {
    std::vector<FusionModel> models;
    for (uint64_t m = 1 + random.Below(40); m > 0; --m) {
      models.push_back(Model(std::string(1, static_cast<char>('a' + random.Below(3))), random.Below(2) == 0 ? 32 : 64, 1000, 500));
      models.back().kernels = random.Below(4) > 0;
      models.back().shuffle = random.Below(2) > 0;
    }
    const double memory = 1500 + static_cast<double>(random.Below(8)) * 1000;
    const plan::Plan plan = plan::MakePlan(std::vector<double>(models.size(), 1.0), std::vector<plan::Sequence>(models.size()), 4,
                                          1 + static_cast<int>(random.Below(5)));
    const Fusion fusion = plan::PlanFusion(plan, models, Data(), Switches(memory));
    ASSERT_EQ(fusion.bundles.size(), plan.bundles.size());
    for (size_t b = 0; b < plan.bundles.size(); ++b) {
      std::multiset<int> seen;
      for (const FusionGroup& fusion_group : fusion.bundles[b].fusion_groups) {
        ASSERT_FALSE(fusion_group.models.empty());
        const FusionModel& first = models[static_cast<size_t>(fusion_group.models.front())];
        for (const int m : fusion_group.models) {
          const FusionModel& model = models[static_cast<size_t>(m)];
          ASSERT_EQ(model.signature, first.signature);
          ASSERT_EQ(model.batch_size, first.batch_size);
          ASSERT_EQ(model.kernels, first.kernels);
          seen.insert(m);
        }
        ASSERT_EQ(fusion_group.horizontal.applied, fusion_group.models.size() > 1 && first.kernels);
        ASSERT_FALSE(fusion_group.horizontal.reason.empty());
        if (fusion_group.horizontal.applied) {
          ASSERT_LE(fusion_group.state_bytes + 500, memory);
        }
      }
      ASSERT_EQ(seen, std::multiset<int>(plan.bundles[b].models.begin(), plan.bundles[b].models.end()));
      ASSERT_EQ(fusion.bundles[b].shared_scan.applied, plan.bundles[b].models.size() > 1);
      ASSERT_FALSE(fusion.bundles[b].shared_scan.reason.empty());
    }
  }
}

TEST(Fusion, MemoryBoundsTheWidth) {
  const std::vector<FusionModel> models(16, Model("a"));
  for (const int width : {1, 2, 3, 7, 16}) {
    const Fusion fusion = OneBundle(models, Switches(width * 1000 + 500));
    const std::vector<FusionGroup>& fusion_groups = fusion.bundles[0].fusion_groups;
    ASSERT_EQ(fusion_groups.size(), static_cast<size_t>((16 + width - 1) / width));
    EXPECT_EQ(fusion_groups.front().models.size(), static_cast<size_t>(width));
    EXPECT_EQ(fusion_groups.front().state_bytes, width * 1000);
  }
  EXPECT_EQ(OneBundle(models, Switches(0)).bundles[0].fusion_groups.size(), 16u);  // a fusion group has one member at least
  EXPECT_EQ(OneBundle(models, Switches(0)).bundles[0].fusion_groups[0].horizontal.reason, "no room in cerebro.fusion_mem beside another model of this shape");
}

TEST(Fusion, SwitchesDeclineAndSaySo) {
  const std::vector<FusionModel> models(4, Model("a"));
  FusionSwitches switches = Switches();
  switches.horizontal = false;
  Fusion fusion = OneBundle(models, switches);
  ASSERT_EQ(fusion.bundles[0].fusion_groups.size(), 1u);
  EXPECT_FALSE(fusion.bundles[0].fusion_groups[0].horizontal.applied);
  EXPECT_EQ(fusion.bundles[0].fusion_groups[0].horizontal.reason, "cerebro.enable_horizontal is off");
  EXPECT_EQ(fusion.bundles[0].fusion_groups[0].horizontal.saved_seconds, 0);
  EXPECT_TRUE(fusion.bundles[0].shared_scan.applied);
  switches = Switches();
  switches.shared_scan = false;
  fusion = OneBundle(models, switches);
  EXPECT_TRUE(fusion.bundles[0].fusion_groups[0].horizontal.applied);
  EXPECT_FALSE(fusion.bundles[0].shared_scan.applied);
  EXPECT_EQ(fusion.bundles[0].shared_scan.reason, "cerebro.enable_shared_scan is off");
  EXPECT_EQ(fusion.bundles[0].shared_scan.saved_seconds, 0);
}

TEST(Fusion, SharedScanSavesTheScansThatItReplaces) {
  const std::vector<FusionModel> models(4, Model("a"));
  FusionData data = Data();
  FusionSwitches alone = Switches();
  alone.horizontal = false;
  const double four = OneBundle(models, alone, data).bundles[0].shared_scan.saved_seconds;
  EXPECT_GT(four, 0);
  EXPECT_EQ(OneBundle(models, Switches(), data).bundles[0].shared_scan.saved_seconds, 0);  // side by side they read once anyway
  data.cached_bytes = 1e12;
  EXPECT_LT(OneBundle(models, alone, data).bundles[0].shared_scan.saved_seconds, four);
}

TEST(Fusion, OrdersOfTheirOwnTakeWholeBuffersInTurn) {
  const Fusion fusion = OneBundle(std::vector<FusionModel>(4, Model("a")), Switches());
  EXPECT_EQ(fusion.bundles[0].fusion_groups[0].batches_per_switch, 0);
  EXPECT_GT(fusion.bundles[0].fusion_groups[0].horizontal.saved_seconds, 0);
}

TEST(Fusion, OneOrderIsGatheredOnceWhileStatesStayInTheCache) {
  FusionModel small = Model("a", 32, 30e3, 60e3);
  small.shuffle = false;
  const FusionGroup together = OneBundle(std::vector<FusionModel>(16, small), Switches()).bundles[0].fusion_groups[0];
  EXPECT_GT(together.batches_per_switch, 0);
  EXPECT_GT(together.workspace_bytes, small.workspace_bytes - 1);
  FusionModel large = Model("a", 32, 1.2e6, 0.9e6);
  large.shuffle = false;
  FusionData wide = Data();
  wide.row_elements = wide.row_bytes = 784;
  EXPECT_EQ(OneBundle(std::vector<FusionModel>(16, large), Switches(), wide).bundles[0].fusion_groups[0].batches_per_switch, 0);
}

TEST(Fusion, MembersOfOneOrderComeTogether) {
  std::vector<FusionModel> models(5, Model("a"));
  models[1].shuffle = models[4].shuffle = false;
  const FusionGroup fusion_group = OneBundle(models, Switches()).bundles[0].fusion_groups[0];
  EXPECT_EQ(fusion_group.models, (std::vector<int>{1, 4, 0, 2, 3}));
  EXPECT_GT(fusion_group.batches_per_switch, 0);
}

TEST(Fusion, ModelsWithoutKernelsStayTogetherAndTrainOneByOne) {
  FusionModel model = Model("a", 32, 1000, 0);
  model.kernels = false;
  const Fusion fusion = OneBundle(std::vector<FusionModel>(5, model), Switches(10));
  ASSERT_EQ(fusion.bundles[0].fusion_groups.size(), 1u);
  EXPECT_FALSE(fusion.bundles[0].fusion_groups[0].horizontal.applied);
  EXPECT_TRUE(fusion.bundles[0].shared_scan.applied);
  EXPECT_GT(fusion.bundles[0].shared_scan.saved_seconds, 0);
}
