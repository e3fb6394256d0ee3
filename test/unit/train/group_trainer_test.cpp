// A group's models have the bits that each of them has alone: trained by engine::Model over the group's buffers, in the
// order of its own sequence.
#include "train/group_trainer.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "plan/params.hpp"
#include "plan/schedule.hpp"
#include "store/model_spec.hpp"
#include "wire/keras.hpp"

namespace {

constexpr int kFeatures = 3;
constexpr uint64_t kSeed = 5;

/// Rows of three numbers and a label that follows from them.
struct Rows {
  std::vector<std::unique_ptr<std::vector<float>>> memory;
  train::GroupRows rows;

  void Add(size_t partition, int64_t count, float offset) {
    memory.push_back(std::make_unique<std::vector<float>>());
    memory.push_back(std::make_unique<std::vector<float>>());
    std::vector<float>&inputs = *memory[memory.size() - 2], &labels = *memory.back();
    for (int64_t r = 0; r < count; r++) {
      float sum = 0;
      for (int f = 0; f < kFeatures; f++) {
        inputs.push_back(std::sin(offset + static_cast<float>(r * kFeatures + f)));
        sum += inputs.back();
      }
      labels.push_back(sum + offset);
    }
    if (rows.partitions.size() <= partition) rows.partitions.resize(partition + 1);
    base::Buffer buffer;
    buffer.rows = count;
    buffer.partition_id = static_cast<int>(partition);
    buffer.buffer_id = static_cast<int>(rows.partitions[partition].size());
    buffer.inputs = {reinterpret_cast<const uint8_t*>(inputs.data())};
    buffer.targets = {reinterpret_cast<const uint8_t*>(labels.data())};
    rows.partitions[partition].push_back(buffer);
    rows.rows += count;
  }
};

base::DataSpec Data() {
  base::DataSpec data;
  base::ColumnSpec x;
  x.name = "x";
  x.dtype = base::DType::kFloat32;
  x.shape = {kFeatures};
  data.inputs.push_back(x);
  base::ColumnSpec y;
  y.name = "y";
  y.dtype = base::DType::kFloat32;
  y.shape = {};
  y.kind = base::TargetKind::kReal;
  data.targets.push_back(y);
  data.num_partitions = 1;
  data.rows = 1;
  return data;
}

std::string Network(int units) {
  return R"({"class_name": "Sequential", "keras_version": "2.4.0", "config": {"name": "mlp", "layers": [
    {"class_name": "Dense", "config": {"name": "a", "units": )" +
         std::to_string(units) + R"(, "activation": "relu", "batch_input_shape": [null, 3]}},
    {"class_name": "Dropout", "config": {"name": "d", "rate": 0.2}},
    {"class_name": "Dense", "config": {"name": "o", "units": 1}}]}})";
}

class GroupTrainerTest : public testing::Test {
 protected:
  GroupTrainerTest() : data_(Data()), pool_(std::make_shared<engine::ModelPool>(data_, engine::Options())) {
    request_.pool = pool_;
    request_.iterations = 6;
    request_.due = plan::DueIterations({2, 4, 6});
    Model(1, 4, "loss='mse', optimizer='Adam', metrics=['mae']", "batch_size=4, epochs=1");
    Model(2, 4, "loss='mse', optimizer='SGD(learning_rate=0.05)', metrics=['mae']", "batch_size=4, epochs=2");
    Model(3, 7, "loss='mse', optimizer='RMSprop', metrics=['mae']", "batch_size=3, epochs=1, shuffle=True");
    Model(5, 4, "loss='mse', optimizer='Adam', metrics=['mae']", "batch_size=4, epochs=1");
  }

  void Model(int mst_key, int units, const std::string& compile_params, const std::string& fit_params) {
    std::shared_ptr<const base::Graph>& graph = graphs_[units];
    if (graph == nullptr) graph = std::make_shared<const base::Graph>(wire::ReadKeras(Network(units), &data_));
    auto spec = std::make_shared<store::ModelSpec>();
    spec->graph = graph;
    spec->config = plan::ReadConfig(compile_params, fit_params, *graph);
    request_.spec.models.push_back(spec);
    request_.spec.costs.push_back(1);
    request_.mst_keys.push_back(mst_key);
    request_.programs.push_back(pool_->ProgramOf(graph, spec->config));
    request_.metric_names.push_back(request_.programs.back()->metric_names());
  }

  void MakeTrainer() {
    std::vector<const void*> states;
    for (size_t m = 0; m < request_.programs.size(); m++) {
      first_.emplace_back(request_.programs[m]->layout().bytes);
      Initialise(m, 1, first_.back().data());
      states.push_back(first_.back().data());
    }
    plan::FusionData typical;
    typical.rows = 20;
    typical.row_elements = kFeatures;
    plan::FusionSwitches switches;
    switches.memory = 1e6;
    trainer_ = std::make_unique<train::GroupTrainer>(
        request_, pool_.get(), states, typical, switches, [] {}, [] { return 0.0; });
  }

  void Initialise(size_t m, uint32_t partitions, void* block) const {
    request_.programs[m]->Initialise(request_.spec.models[m]->config.optimizer, block, kSeed,
                                     static_cast<uint64_t>(request_.mst_keys[m]), partitions);
  }

  /// The state of a model that was trained alone.
  store::Block Alone(size_t m, const train::GroupRows& rows, const float* weights = nullptr) const {
    const auto partitions = static_cast<int>(rows.partitions.size());
    const plan::Sequence sequence = plan::SequenceOf(static_cast<uint64_t>(request_.mst_keys[m]), partitions);
    store::Block block(request_.programs[m]->layout().bytes);
    Initialise(m, static_cast<uint32_t>(partitions), block.data());
    if (weights != nullptr)
      request_.programs[m]->LoadWeights(block.data(), weights, request_.programs[m]->layout().weight_count);
    engine::Model model(request_.programs[m], request_.spec.models[m]->config);
    model.Attach(block.data());
    for (int64_t iteration = 0; iteration < request_.iterations; iteration++) {
      for (int visit = 0; visit < partitions; visit++) {
        model.BeginVisit(engine::BufferEnd::kCarries);
        for (const base::Buffer& buffer :
             rows.partitions[static_cast<size_t>(sequence.PartitionAt(partitions, iteration, visit))])
          model.Train(buffer, {});
        model.EndVisit();
      }
    }
    model.Detach();
    return block;
  }

  void ExpectAlone(const train::GroupRows& rows) {
    for (size_t m = 0; m < request_.programs.size(); m++) {
      const store::Block alone = Alone(m, rows);
      EXPECT_EQ(std::memcmp(alone.data(), trainer_->State(m), alone.size()), 0) << "model " << request_.mst_keys[m];
    }
  }

  base::DataSpec data_;
  std::shared_ptr<engine::ModelPool> pool_;
  std::map<int, std::shared_ptr<const base::Graph>> graphs_;
  train::RunRequest request_;
  std::vector<store::Block> first_;
  std::unique_ptr<train::GroupTrainer> trainer_;
};

// Numbers of partitions come out of a table that anybody may have changed.
TEST(GroupRows, PartitionsAreNumberedWithoutGaps) {
  const auto made = [](const std::vector<int>& partitions) {
    train::GroupRows group;
    for (const int partition : partitions) {
      base::Buffer buffer;
      buffer.partition_id = partition;
      buffer.rows = 2;
      train::AddBuffer(buffer, &group);
    }
    return group;
  };
  const train::GroupRows good = made({0, 0, 1, 2, 2});
  EXPECT_EQ(good.rows, 10);
  ASSERT_EQ(good.partitions.size(), 3u);
  EXPECT_EQ(good.partitions[0].size(), 2u);
  EXPECT_EQ(good.partitions[2].size(), 2u);
  EXPECT_NO_THROW(train::RequirePartitions(good, "t", 3));
  EXPECT_THROW(train::RequirePartitions(good, "t", 2), base::Error);
  constexpr int kLast = std::numeric_limits<int>::max();
  for (const std::vector<int>& partitions :
       std::vector<std::vector<int>>{{-1}, {kLast}, {0, kLast}, {-1, 0}, {1}, {0, 2}, {0, 1, 0}}) {
    const train::GroupRows bad = made(partitions);
    EXPECT_EQ(bad.rows, static_cast<int64_t>(2 * partitions.size()));
    EXPECT_LE(bad.partitions.size(), partitions.size());
    EXPECT_THROW(train::RequirePartitions(bad, "t"), base::Error);
  }
}

TEST_F(GroupTrainerTest, ModelsHaveTheBitsThatTheyHaveAlone) {
  MakeTrainer();
  Rows small, larger, other;
  small.Add(0, 7, 0.1F);
  for (size_t p = 0; p < 3; p++) {
    larger.Add(p, 9, 0.3F + static_cast<float>(p));
    larger.Add(p, 5, 0.7F + static_cast<float>(p));
  }
  other.Add(0, 20, 0.9F);
  for (const Rows* rows : {&small, &larger, &other, &small}) {
    const train::RunResult result = trainer_->Train(rows->rows, nullptr);
    ExpectAlone(rows->rows);
    ASSERT_EQ(result.models.size(), 4u);
    for (const train::ModelResult& model : result.models) {
      EXPECT_EQ(model.iterations_done, 6);
      ASSERT_EQ(model.evaluations.size(), 3u);
      EXPECT_EQ(model.evaluations[1].iteration, 4);
      EXPECT_TRUE(model.evaluations[2].validation.empty());
      EXPECT_EQ(model.diverged_step, 0u);
    }
  }
}

TEST_F(GroupTrainerTest, AGroupMayBeginWithWeightsOfItsOwn) {
  MakeTrainer();
  Rows first, next;
  first.Add(0, 12, 0.2F);
  next.Add(0, 12, 0.6F);
  trainer_->Train(first.rows, nullptr);
  std::vector<std::string> weights(request_.programs.size());
  train::GroupStart start;
  for (size_t m = 0; m < weights.size(); m++) {
    request_.programs[m]->StoreWeights(trainer_->State(m), &weights[m]);
    start.weights.push_back(m == 1 ? nullptr : reinterpret_cast<const float*>(weights[m].data()));
  }
  trainer_->Train(next.rows, nullptr, start);
  for (size_t m = 0; m < weights.size(); m++) {
    const engine::Program& program = *request_.programs[m];
    const store::Block alone = Alone(m, next.rows, start.weights[m]);
    EXPECT_EQ(std::memcmp(alone.data(), trainer_->State(m), alone.size()), 0) << m;
    std::string kept;
    program.StoreWeights(trainer_->State(m), &kept);
    EXPECT_NE(kept, weights[m]);
  }
  // and the one behind it begins as all do
  trainer_->Train(next.rows, nullptr);
  ExpectAlone(next.rows);
}

TEST_F(GroupTrainerTest, MetricsAreThoseOfTheStates) {
  MakeTrainer();
  Rows rows, validation;
  for (size_t p = 0; p < 2; p++) rows.Add(p, 8, 0.2F + static_cast<float>(p));
  validation.Add(0, 6, 0.5F);
  const train::RunResult result = trainer_->Train(rows.rows, &validation.rows);
  for (size_t m = 0; m < result.models.size(); m++) {
    store::Block block(request_.programs[m]->layout().bytes);
    std::memcpy(block.data(), trainer_->State(m), block.size());
    EXPECT_EQ(result.models[m].evaluations.back().training, trainer_->ScoreState(m, block.data(), rows.rows));
    EXPECT_EQ(result.models[m].evaluations.back().validation, trainer_->ScoreState(m, block.data(), validation.rows));
  }
}

TEST_F(GroupTrainerTest, AModelThatDivergesLeavesTheOthersAlone) {
  Model(9, 4, "loss='mse', optimizer='SGD(learning_rate=1e30)', metrics=['mae']", "batch_size=4, epochs=1");
  MakeTrainer();
  Rows rows;
  for (size_t p = 0; p < 2; p++) rows.Add(p, 8, 0.2F + static_cast<float>(p));
  const train::RunResult result = trainer_->Train(rows.rows, nullptr);
  EXPECT_NE(result.models[4].diverged_step, 0u);
  EXPECT_TRUE(std::isnan(result.models[4].evaluations.back().training.at(0)));
  for (size_t m = 0; m < 4; m++) {
    const store::Block alone = Alone(m, rows.rows);
    EXPECT_EQ(std::memcmp(alone.data(), trainer_->State(m), alone.size()), 0) << m;
  }
  // and the next group begins anew
  Rows next;
  next.Add(0, 5, 0.4F);
  EXPECT_EQ(trainer_->Train(next.rows, nullptr).models[0].diverged_step, 0u);
}

TEST_F(GroupTrainerTest, HalvingAndBestWeightsAreDecidedInsideOfAGroup) {
  request_.stopping.halving = plan::Halving{2, {2}, "loss"};
  request_.keep_best = true;
  MakeTrainer();
  Rows rows;
  rows.Add(0, 12, 0.2F);
  const train::RunResult result = trainer_->Train(rows.rows, nullptr);
  int stopped = 0;
  for (size_t m = 0; m < 4; m++) {
    stopped += result.models[m].stopped_iteration == 2 ? 1 : 0;
    EXPECT_EQ(result.models[m].iterations_done, result.models[m].stopped_iteration == 2 ? 2 : 6);
    ASSERT_NE(trainer_->Best(m), nullptr);
    EXPECT_EQ(trainer_->Best(m)->size(),
              static_cast<size_t>(request_.programs[m]->layout().weight_count) * sizeof(float));
  }
  EXPECT_EQ(stopped, 2);
}

TEST_F(GroupTrainerTest, AnErrorOfOneGroupIsNotOneOfTheNext) {
  MakeTrainer();
  Rows broken, rows;
  broken.Add(0, 4, 0.2F);
  broken.rows.partitions[0][0].targets.clear();
  rows.Add(0, 9, 0.2F);
  EXPECT_THROW(trainer_->Train(broken.rows, nullptr), base::Error);
  trainer_->Train(rows.rows, nullptr);
  ExpectAlone(rows.rows);
}

}  // namespace
