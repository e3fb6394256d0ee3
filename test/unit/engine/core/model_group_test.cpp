// Models that train side by side have the bits that they have alone.
#include <gtest/gtest.h>

#include <memory>
#include <stdexcept>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "engine/api/workspace.hpp"
#include "engine/core/model_group.hpp"
#include "class_table.hpp"

namespace {

using base::DType;
using base::LossKind;
using base::OptimizerKind;
using fixture::Block;
using fixture::Dense;
using fixture::kClasses;
using fixture::Table;

/// What a test varies.
struct Variant {
  int hidden = 10;
  DType precision = DType::kFloat32;
  bool shuffle = true;
  bool kernels = true;
  int width = 3;
  int batches_per_switch = 0;
  int diverges = -1;  // this member's learning rate is absurd
};

struct Member {
  std::unique_ptr<engine::Model> model;
  std::unique_ptr<Block> block;
};

/// Members of one shape, each with a dropout rate, an optimizer, a number of epochs and a stream of its own.
Member MakeMember(const Variant& variant, int number, const Table& table) {
  const base::Graph graph =
      fixture::Sequential(Dense("a", variant.hidden, "relu", fixture::ClassInput()) + R"(,{"class_name": "Dropout", "config": {"name": "d", "rate": 0.)" +
                          std::to_string(1 + number % 5) + "}}," + Dense("o", kClasses, "softmax"));
  base::TrainConfig config = fixture::Config(LossKind::kCategoricalCrossentropy, 8, 0.003);
  constexpr OptimizerKind kKinds[] = {OptimizerKind::kAdam, OptimizerKind::kSGD, OptimizerKind::kRMSprop, OptimizerKind::kAdagrad,
                                      OptimizerKind::kAdamW};
  config.optimizer.kind = kKinds[number % 5];
  if (number % 4 == 3) config.optimizer.global_clipnorm = 0.5;
  if (number % 7 == 6) config.class_weight = {{1, 2.5}};
  if (number == variant.diverges) {
    config.losses[0].kind = LossKind::kMeanSquaredError;
    config.optimizer.kind = OptimizerKind::kSGD;
    config.optimizer.global_clipnorm = 0;
    config.optimizer.learning_rate = 1e30;
  }
  config.epochs = 1 + number % 2;
  config.shuffle = variant.shuffle;
  engine::Options options;
  options.precision = variant.precision;
  options.kernels = variant.kernels;
  Member member;
  member.model = std::make_unique<engine::Model>(graph, config, table.spec, options);
  member.block = std::make_unique<Block>(member.model->program().layout());
  member.model->Initialise(member.block->get(), 7, static_cast<uint64_t>(number), 2);
  member.model->Attach(member.block->get());
  return member;
}

std::vector<Member> MakeMembers(const Variant& variant, const Table& table) {
  std::vector<Member> members;
  for (int i = 0; i < variant.width; ++i) members.push_back(MakeMember(variant, i, table));
  return members;
}

std::vector<engine::Model*> ModelsOf(const std::vector<Member>& members) {
  std::vector<engine::Model*> models;
  for (const Member& member : members) models.push_back(member.model.get());
  return models;
}

constexpr int64_t kBufferRows[] = {45, 8, 3};

/// What training alone leaves, and what it reports of the last buffer.
void ExpectSameAsAlone(const Variant& variant, const Table& table, const std::vector<Member>& members,
                       const std::vector<engine::TrainResult>& last) {
  const std::vector<Member> alone = MakeMembers(variant, table);
  for (size_t i = 0; i < alone.size(); ++i) {
    SCOPED_TRACE("member " + std::to_string(i));
    engine::Model* model = alone[i].model.get();
    engine::TrainResult result;
    for (int visit = 0; visit < 2; ++visit) {
      model->BeginVisit();
      for (const int64_t rows : kBufferRows) result = model->Train(table.Buffer(rows, visit), {});
      model->EndVisit();
    }
    EXPECT_EQ(members[i].block->bytes(), alone[i].block->bytes());
    EXPECT_EQ(last[i].rows, result.rows);
    EXPECT_EQ(last[i].batches, result.batches);
    EXPECT_EQ(last[i].loss_sum, result.loss_sum);
    EXPECT_EQ(last[i].diverged, result.diverged);
    EXPECT_EQ(result.diverged, static_cast<int>(i) == variant.diverges);
  }
}

void ExpectGroupIsNeutral(const Variant& variant) {
  const Table table = fixture::ClassTable(45);
  const std::vector<Member> members = MakeMembers(variant, table);
  engine::ModelGroup group(ModelsOf(members), variant.batches_per_switch);
  EXPECT_EQ(group.size(), members.size());
  std::vector<engine::TrainResult> last;
  for (int visit = 0; visit < 2; ++visit) {
    for (const Member& member : members) member.model->BeginVisit();
    for (const int64_t rows : kBufferRows) last = group.Train(table.Buffer(rows, visit), {});
    for (const Member& member : members) member.model->EndVisit();
  }
  ExpectSameAsAlone(variant, table, members, last);
}

}  // namespace

TEST(ModelGroup, EveryWidthSwitchAndSizeHasTheBitsOfTrainingAlone) {
  for (int hidden : {1, 10, 33, 100}) {
    for (int width : {1, 2, 3, 7, 16}) {
      for (int batches_per_switch : {0, 1, 2, 5}) {
        for (bool shuffle : {true, false}) {
          SCOPED_TRACE(std::to_string(hidden) + " units, width " + std::to_string(width) + ", batches_per_switch " +
                       std::to_string(batches_per_switch) + (shuffle ? ", shuffled" : ""));
          Variant variant;
          variant.hidden = hidden;
          variant.width = width;
          variant.batches_per_switch = batches_per_switch;
          variant.shuffle = shuffle;
          ExpectGroupIsNeutral(variant);
        }
      }
    }
  }
}

TEST(ModelGroup, DoublePrecision) {
  for (bool shuffle : {true, false}) {
    Variant variant;
    variant.precision = DType::kFloat64;
    variant.width = 5;
    variant.batches_per_switch = 2;
    variant.shuffle = shuffle;
    ExpectGroupIsNeutral(variant);
  }
}

TEST(ModelGroup, ModelsWithoutKernelsTrainInTheSameLoop) {
  for (int batches_per_switch : {0, 2}) {
    Variant variant;
    variant.kernels = false;
    variant.batches_per_switch = batches_per_switch;
    ExpectGroupIsNeutral(variant);
  }
}

TEST(ModelGroup, AMemberThatDivergesDisturbsNobody) {
  for (int batches_per_switch : {0, 1, 3}) {
    for (bool shuffle : {true, false}) {
      for (int diverges : {0, 2, 4}) {
        SCOPED_TRACE("member " + std::to_string(diverges) + ", batches_per_switch " + std::to_string(batches_per_switch));
        Variant variant;
        variant.width = 5;
        variant.batches_per_switch = batches_per_switch;
        variant.shuffle = shuffle;
        variant.diverges = diverges;
        ExpectGroupIsNeutral(variant);
      }
    }
  }
}

// In its second visit one has no state any more: its error is its own, and stays.
TEST(ModelGroup, AMemberThatFailsIsLeftOutAndDisturbsNobody) {
  const Table table = fixture::ClassTable(45);
  for (int batches_per_switch : {0, 1, 3}) {
    for (bool shuffle : {true, false}) {
      for (size_t fails : {0, 2, 4}) {
        SCOPED_TRACE("member " + std::to_string(fails) + ", batches_per_switch " + std::to_string(batches_per_switch));
        Variant variant;
        variant.width = 5;
        variant.batches_per_switch = batches_per_switch;
        variant.shuffle = shuffle;
        const std::vector<Member> members = MakeMembers(variant, table), alone = MakeMembers(variant, table);
        engine::ModelGroup group(ModelsOf(members), batches_per_switch, nullptr, engine::OnError::kLeavesOut);
        for (int visit = 0; visit < 2; ++visit) {
          for (const Member& member : members) member.model->BeginVisit();
          if (visit == 1) members[fails].model->Detach();
          for (const int64_t rows : kBufferRows) {
            const std::vector<engine::TrainResult> results = group.Train(table.Buffer(rows, visit), {});
            for (size_t i = 0; i < members.size(); ++i) EXPECT_EQ(results[i].error.empty(), visit == 0 || i != fails);
          }
          const std::vector<engine::TrainResult> results = group.EndVisit({});
          EXPECT_EQ(results[fails].error.empty(), visit == 0);
        }
        for (size_t i = 0; i < alone.size(); ++i) {
          if (i == fails) continue;
          for (int visit = 0; visit < 2; ++visit) {
            alone[i].model->BeginVisit();
            for (const int64_t rows : kBufferRows) alone[i].model->Train(table.Buffer(rows, visit), {});
            alone[i].model->EndVisit();
          }
          EXPECT_EQ(members[i].block->bytes(), alone[i].block->bytes()) << "member " << i;
        }
      }
    }
  }
}

// What the poll throws is no member's, and without being asked a group leaves nobody out.
TEST(ModelGroup, OtherErrorsEndTheWork) {
  const Table table = fixture::ClassTable(45);
  const std::vector<Member> members = MakeMembers(Variant(), table);
  engine::ModelGroup leaves_out(ModelsOf(members), 1, nullptr, engine::OnError::kLeavesOut), throws(ModelsOf(members), 1);
  for (const Member& member : members) member.model->BeginVisit();
  EXPECT_THROW(leaves_out.Train(table.Buffer(45), [] { throw std::runtime_error("cancelled"); }), std::runtime_error);
  members[1].model->Detach();
  EXPECT_THROW(throws.Train(table.Buffer(45), {}), base::Error);
}

TEST(ModelGroup, OneModelRemovedAtStep50) {
  constexpr int kLeaves = 1, kMembers = 4;
  const Table table = fixture::ClassTable(45);
  for (bool shuffle : {true, false}) {
    Variant variant;
    variant.width = kMembers;
    variant.batches_per_switch = 2;
    variant.shuffle = shuffle;
    const std::vector<Member> stay = MakeMembers(variant, table), all = MakeMembers(variant, table);
    const auto train = [&](const std::vector<Member>& members, int visits, int from) {
      engine::ModelGroup group(ModelsOf(members), variant.batches_per_switch);
      for (int visit = from; visit < from + visits; ++visit) {
        for (const Member& member : members) member.model->BeginVisit();
        group.Train(table.Buffer(40, visit % 2), {});
        for (const Member& member : members) member.model->EndVisit();
      }
    };
    // 5 mini-batches a visit and epoch: member 1, with two epochs, leaves after step 50
    train(all, 5, 0);
    EXPECT_EQ(all[kLeaves].block->counters()->step, 50u);
    std::vector<engine::Model*> models;
    for (int i = 0; i < kMembers; ++i) {
      if (i != kLeaves) models.push_back(all[static_cast<size_t>(i)].model.get());
    }
    engine::ModelGroup group(models, variant.batches_per_switch);
    for (int visit = 5; visit < 9; ++visit) {
      for (engine::Model* model : models) model->BeginVisit();
      group.Train(table.Buffer(40, visit % 2), {});
      for (engine::Model* model : models) model->EndVisit();
    }
    train(stay, 9, 0);
    for (size_t i = 0; i < kMembers; ++i) {
      if (i == kLeaves) continue;
      EXPECT_EQ(all[i].block->bytes(), stay[i].block->bytes()) << "member " << i;
    }
    EXPECT_NE(all[kLeaves].block->bytes(), stay[kLeaves].block->bytes());
  }
}

// Shapes and batch sizes may even differ: a planner's mistake costs time, never bits.
TEST(ModelGroup, GroupsOfDifferentShapesInOneWorkspace) {
  const Table table = fixture::ClassTable(45);
  const auto workspace = std::make_shared<engine::Workspace>();
  Variant small, large;
  small.hidden = 3;
  large.hidden = 64;
  small.width = large.width = 3;
  small.batches_per_switch = large.batches_per_switch = 2;
  small.shuffle = large.shuffle = false;
  const std::vector<Member> a = MakeMembers(small, table), b = MakeMembers(large, table);
  std::vector<engine::Model*> mixed = ModelsOf(a);
  for (engine::Model* model : ModelsOf(b)) mixed.push_back(model);
  engine::ModelGroup first(ModelsOf(a), small.batches_per_switch, workspace), second(ModelsOf(b), large.batches_per_switch, workspace),
      both(mixed, 3, workspace);
  std::vector<engine::TrainResult> of_a, of_b;
  for (int visit = 0; visit < 2; ++visit) {
    for (engine::Model* model : mixed) model->BeginVisit();
    for (const int64_t rows : kBufferRows) {
      if (visit == 0) {
        of_a = first.Train(table.Buffer(rows, visit), {});
        of_b = second.Train(table.Buffer(rows, visit), {});
      } else {
        const std::vector<engine::TrainResult>& results = both.Train(table.Buffer(rows, visit), {});
        of_a.assign(results.begin(), results.begin() + small.width);
        of_b.assign(results.begin() + small.width, results.end());
      }
    }
    for (engine::Model* model : mixed) model->EndVisit();
  }
  ExpectSameAsAlone(small, table, a, of_a);
  ExpectSameAsAlone(large, table, b, of_b);
}
