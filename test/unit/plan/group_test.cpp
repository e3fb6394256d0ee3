#include "plan/group.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "base/philox.hpp"

namespace {

using plan::Group;
using plan::Grouping;
using plan::GroupData;
using plan::GroupModel;
using plan::GroupSwitches;

constexpr double kRoom = 1e9;

GroupModel Model(const std::string& signature, int batch_size = 32, double state_bytes = 1000, double workspace_bytes = 500) {
  GroupModel model;
  model.signature = signature;
  model.batch_size = batch_size;
  model.kernels = true;
  model.state_bytes = state_bytes;
  model.workspace_bytes = workspace_bytes;
  return model;
}

GroupData Data() {
  GroupData data;
  data.rows = 10000;
  data.partitions = 4;
  data.buffers = 8;
  data.row_bytes = 64;
  data.row_elements = 64;
  return data;
}

GroupSwitches Switches(double memory = kRoom) {
  GroupSwitches switches;
  switches.memory = memory;
  return switches;
}

Grouping OneBundle(const std::vector<GroupModel>& models, const GroupSwitches& switches, const GroupData& data = Data()) {
  return plan::MakeGrouping(plan::MakePlan(std::vector<double>(models.size(), 1.0), 4, 1, 0), models, data, switches);
}

}  // namespace

TEST(Grouping, EveryModelIsInOneGroupOfItsKind) {
  base::Stream random(1, 0, base::Purpose::kSearch);
  for (int round = 0; round < 200; ++round) {
    std::vector<GroupModel> models;
    for (uint64_t m = 1 + random.Below(40); m > 0; --m) {
      models.push_back(Model(std::string(1, static_cast<char>('a' + random.Below(3))), random.Below(2) == 0 ? 32 : 64, 1000, 500));
      models.back().kernels = random.Below(4) > 0;
      models.back().shuffle = random.Below(2) > 0;
    }
    const double memory = 1500 + static_cast<double>(random.Below(8)) * 1000;
    const plan::Plan plan = plan::MakePlan(std::vector<double>(models.size(), 1.0), 4, 1 + static_cast<int>(random.Below(5)), 0);
    const Grouping grouping = plan::MakeGrouping(plan, models, Data(), Switches(memory));
    ASSERT_EQ(grouping.bundles.size(), plan.bundles.size());
    for (size_t b = 0; b < plan.bundles.size(); ++b) {
      std::multiset<int> seen;
      for (const Group& group : grouping.bundles[b].groups) {
        ASSERT_FALSE(group.models.empty());
        const GroupModel& first = models[static_cast<size_t>(group.models.front())];
        for (const int m : group.models) {
          const GroupModel& model = models[static_cast<size_t>(m)];
          ASSERT_EQ(model.signature, first.signature);
          ASSERT_EQ(model.batch_size, first.batch_size);
          ASSERT_EQ(model.kernels, first.kernels);
          seen.insert(m);
        }
        ASSERT_EQ(group.horizontal.applied, group.models.size() > 1 && first.kernels);
        ASSERT_FALSE(group.horizontal.reason.empty());
        if (group.horizontal.applied) {
          ASSERT_LE(group.state_bytes + 500, memory);
        }
      }
      ASSERT_EQ(seen, std::multiset<int>(plan.bundles[b].models.begin(), plan.bundles[b].models.end()));
      ASSERT_EQ(grouping.bundles[b].shared_scan.applied, plan.bundles[b].models.size() > 1);
      ASSERT_FALSE(grouping.bundles[b].shared_scan.reason.empty());
    }
  }
}

TEST(Grouping, MemoryBoundsTheWidth) {
  const std::vector<GroupModel> models(16, Model("a"));
  for (const int width : {1, 2, 3, 7, 16}) {
    const Grouping grouping = OneBundle(models, Switches(width * 1000 + 500));
    const std::vector<Group>& groups = grouping.bundles[0].groups;
    ASSERT_EQ(groups.size(), static_cast<size_t>((16 + width - 1) / width));
    EXPECT_EQ(groups.front().models.size(), static_cast<size_t>(width));
    EXPECT_EQ(groups.front().state_bytes, width * 1000);
  }
  EXPECT_EQ(OneBundle(models, Switches(0)).bundles[0].groups.size(), 16u);  // a group has one member at least
  EXPECT_EQ(OneBundle(models, Switches(0)).bundles[0].groups[0].horizontal.reason, "no room in cerebro.group_mem beside another model of this shape");
}

TEST(Grouping, SwitchesDeclineAndSaySo) {
  const std::vector<GroupModel> models(4, Model("a"));
  GroupSwitches switches = Switches();
  switches.horizontal = false;
  Grouping grouping = OneBundle(models, switches);
  ASSERT_EQ(grouping.bundles[0].groups.size(), 1u);
  EXPECT_FALSE(grouping.bundles[0].groups[0].horizontal.applied);
  EXPECT_EQ(grouping.bundles[0].groups[0].horizontal.reason, "cerebro.enable_horizontal is off");
  EXPECT_EQ(grouping.bundles[0].groups[0].horizontal.saved_seconds, 0);
  EXPECT_TRUE(grouping.bundles[0].shared_scan.applied);
  switches = Switches();
  switches.shared_scan = false;
  grouping = OneBundle(models, switches);
  EXPECT_TRUE(grouping.bundles[0].groups[0].horizontal.applied);
  EXPECT_FALSE(grouping.bundles[0].shared_scan.applied);
  EXPECT_EQ(grouping.bundles[0].shared_scan.reason, "cerebro.enable_shared_scan is off");
  EXPECT_EQ(grouping.bundles[0].shared_scan.saved_seconds, 0);
}

TEST(Grouping, SharedScanSavesTheScansThatItReplaces) {
  const std::vector<GroupModel> models(4, Model("a"));
  GroupData data = Data();
  GroupSwitches alone = Switches();
  alone.horizontal = false;
  const double four = OneBundle(models, alone, data).bundles[0].shared_scan.saved_seconds;
  EXPECT_GT(four, 0);
  EXPECT_EQ(OneBundle(models, Switches(), data).bundles[0].shared_scan.saved_seconds, 0);  // side by side they read once anyway
  data.cached_bytes = 1e12;
  EXPECT_LT(OneBundle(models, alone, data).bundles[0].shared_scan.saved_seconds, four);
}

TEST(Grouping, OrdersOfTheirOwnTakeWholeBuffersInTurn) {
  const Grouping grouping = OneBundle(std::vector<GroupModel>(4, Model("a")), Switches());
  EXPECT_EQ(grouping.bundles[0].groups[0].turn, 0);
  EXPECT_GT(grouping.bundles[0].groups[0].horizontal.saved_seconds, 0);
}

TEST(Grouping, OneOrderIsGatheredOnceWhileStatesStayInTheCache) {
  GroupModel small = Model("a", 32, 30e3, 60e3);
  small.shuffle = false;
  const Group together = OneBundle(std::vector<GroupModel>(16, small), Switches()).bundles[0].groups[0];
  EXPECT_GT(together.turn, 0);
  EXPECT_GT(together.workspace_bytes, small.workspace_bytes - 1);
  GroupModel large = Model("a", 32, 1.2e6, 0.9e6);
  large.shuffle = false;
  GroupData wide = Data();
  wide.row_elements = wide.row_bytes = 784;
  EXPECT_EQ(OneBundle(std::vector<GroupModel>(16, large), Switches(), wide).bundles[0].groups[0].turn, 0);
}

TEST(Grouping, MembersOfOneOrderComeTogether) {
  std::vector<GroupModel> models(5, Model("a"));
  models[1].shuffle = models[4].shuffle = false;
  const Group group = OneBundle(models, Switches()).bundles[0].groups[0];
  EXPECT_EQ(group.models, (std::vector<int>{1, 4, 0, 2, 3}));
  EXPECT_GT(group.turn, 0);
}

TEST(Grouping, ModelsWithoutKernelsStayTogetherAndTrainOneByOne) {
  GroupModel model = Model("a", 32, 1000, 0);
  model.kernels = false;
  const Grouping grouping = OneBundle(std::vector<GroupModel>(5, model), Switches(10));
  ASSERT_EQ(grouping.bundles[0].groups.size(), 1u);
  EXPECT_FALSE(grouping.bundles[0].groups[0].horizontal.applied);
  EXPECT_TRUE(grouping.bundles[0].shared_scan.applied);
  EXPECT_GT(grouping.bundles[0].shared_scan.saved_seconds, 0);
}
