// What is broken off on a device, and what fails there: the states, the device and the process are as they were.
#include <gtest/gtest.h>

#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "engine/core/device_context.hpp"
#include "engine/core/devices.hpp"
#include "engine/core/model_group.hpp"
#include "engine/core/state_scorer.hpp"
#include "engine/device/fake_device.hpp"
#include "models.hpp"
#include "training.hpp"

namespace engine {
namespace {

using fixture::Block;
using fixture::Table;

constexpr int kBatch = 4;

struct Cancel {};

class DeviceErrors : public testing::Test {
 protected:
  void SetUp() override { Use({}); }
  void TearDown() override {
    CloseDevice();
    SetDevicePath(device::Path::kAuto);
    SetDeviceOptions({});
    TakeDeviceNotices();
  }
  static void Use(DeviceOptions options) {
    options.fake_devices = 1;
    SetDeviceOptions(options);
  }
  static base::TrainConfig Config() { return fixture::Config(base::LossKind::kCategoricalCrossentropy, kBatch, 0.01); }
  static std::shared_ptr<const Program> MakeProgram(const Table& table, int device = 0) {
    Options options;
    options.device = device;
    const base::Graph graph = fixture::Sequential(fixture::Dense("a", 7, "relu", training::Input(6)) + "," +
                                                  fixture::Dense("o", 3, "softmax"));
    return std::make_shared<const Program>(std::make_shared<const base::Graph>(graph), Config(), table.spec, options);
  }
  static Table Rows(int64_t batches) { return training::Classes(batches * kBatch, 6, 3, false); }

  /// Two models side by side.
  struct Models {
    explicit Models(const std::shared_ptr<const Program>& program, OnError on_error = OnError::kThrows) {
      std::vector<Model*> members;
      for (uint64_t m = 0; m < 2; ++m) {
        models.push_back(std::make_unique<Model>(program, Config()));
        blocks.push_back(std::make_unique<Block>(program->layout()));
        models.back()->Initialise(blocks.back()->get(), 7, m, 2);
        members.push_back(models.back().get());
      }
      group = std::make_unique<ModelGroup>(members, 4, nullptr, on_error);
    }
    void Begin() {
      for (size_t m = 0; m < models.size(); ++m) {
        models[m]->Attach(blocks[m]->get());
        models[m]->BeginVisit(BufferEnd::kCarries);
      }
    }
    void Detach() {
      for (const std::unique_ptr<Model>& model : models) model->Detach();
    }
    std::vector<TrainResult> Visit(const base::Buffer& buffer, const Poll& poll = {}) {
      Begin();
      group->Train(buffer, poll);
      const std::vector<TrainResult> results = group->EndVisit(poll);
      Detach();
      return results;
    }
    std::vector<std::string> Bytes() const {
      std::vector<std::string> bytes;
      for (const std::unique_ptr<Block>& block : blocks) bytes.push_back(block->bytes());
      return bytes;
    }
    std::vector<std::string> Weights() const {
      std::vector<std::string> weights(blocks.size());
      for (size_t m = 0; m < blocks.size(); ++m) models[m]->program().StoreWeights(blocks[m]->get(), &weights[m]);
      return weights;
    }
    std::vector<std::unique_ptr<Model>> models;
    std::vector<std::unique_ptr<Block>> blocks;
    std::unique_ptr<ModelGroup> group;
  };

  static std::vector<std::string> WeightsBehindAVisit(const Table& table, int64_t rows) {
    Models models(MakeProgram(table));
    models.Visit(table.Buffer(rows));
    return models.Weights();
  }
};

// As in a run over groups, whose trainer keeps its groups of models, and closes the device before they go.
TEST_F(DeviceErrors, WhatIsBrokenOffLeavesTheDevice) {
  const Table table = Rows(40);
  const base::Buffer buffer = table.Buffer(40 * kBatch);
  for (const device::Path path : {device::Path::kReplay, device::Path::kPersistent}) {
    SetDevicePath(path);
    const std::vector<std::string> wanted = WeightsBehindAVisit(table, 40 * kBatch);
    for (int polls = 1;; ++polls) {
      Models models(MakeProgram(table));
      const std::vector<std::string> before = models.Bytes();
      int left = polls;
      try {
        models.Visit(buffer, [&] {
          if (--left == 0) throw Cancel();
        });
      } catch (const Cancel&) {
        models.Detach();
        EXPECT_EQ(models.Bytes(), before);
        CloseDevice();
        models.Visit(buffer);  // again, on a device that is opened for it
        EXPECT_EQ(models.Weights(), wanted);
        CloseDevice();
        continue;
      }
      EXPECT_GE(polls, 2);
      EXPECT_EQ(models.Weights(), wanted);
      break;
    }
  }
}

TEST_F(DeviceErrors, AVisitOutlivesAClosedDevice) {
  const Table table = Rows(3);
  Models models(MakeProgram(table));
  models.Begin();
  models.group->Train(table.Buffer(3 * kBatch), {});
  const std::weak_ptr<device::Device> first = TheDevice(0, {});
  CloseDevice();
  EXPECT_FALSE(first.expired());
  EXPECT_EQ(TheDevice(0, {}), first.lock());  // nobody waits for a seat of his own
  CloseDevice();
  models.group->DropVisit();
  EXPECT_TRUE(first.expired());
}

TEST_F(DeviceErrors, NoMoreThanSomePortionsWait) {
  constexpr int64_t kBatches = 3000;
  const Table table = Rows(kBatches);
  const base::Buffer buffer = table.Buffer(kBatches * kBatch);
  for (const device::Path path : {device::Path::kReplay, device::Path::kPersistent}) {
    SetDevicePath(path);
    Models models(MakeProgram(table));
    int polls = 0;
    models.Visit(buffer, [&] { ++polls; });
    EXPECT_GT(polls, kBatches / 512);
    EXPECT_LT(device::MostWaiting(*TheDevice(0, {})->backend()), 2000u);  // of some 20,000 launches
    CloseDevice();
  }
  const std::shared_ptr<const Program> program = MakeProgram(table);
  const base::TrainConfig config = Config();
  Block block(program->layout());
  program->Initialise(config.optimizer, block.get(), 7, 1, 2);
  StateScorer scorer({{program, &config, block.get()}});
  std::vector<double> sums(scorer.sums_size());
  EXPECT_THROW(scorer.Evaluate(buffer, sums.data(), [] { throw Cancel(); }), Cancel);
  scorer.Evaluate(buffer, sums.data(), {});
  EXPECT_EQ(sums[0], static_cast<double>(kBatches * kBatch));
}

TEST_F(DeviceErrors, BitsDoNotDependOnPortions) {
  const Table table = Rows(700);  // three portions by one launch each
  SetDevicePath(device::Path::kReplay);
  const std::vector<std::string> replayed = WeightsBehindAVisit(table, 700 * kBatch - 1);
  SetDevicePath(device::Path::kPersistent);
  EXPECT_EQ(WeightsBehindAVisit(table, 700 * kBatch - 1), replayed);
}

// Wherever it fails: nothing is written, and the device can be used again.
TEST_F(DeviceErrors, AFailureLeavesTheStatesAsTheyWere) {
  const Table table = Rows(3);
  const base::Buffer buffer = table.Buffer(3 * kBatch - 1);
  for (const device::Path path : {device::Path::kReplay, device::Path::kPersistent}) {
    SetDevicePath(path);
    Use({});
    const std::vector<std::string> wanted = WeightsBehindAVisit(table, 3 * kBatch - 1);
    int failures = 0;
    for (DeviceOptions options;;) {
      options.fake_fails_at += options.fake_fails_at < 20 ? 1 : 7;
      Use(options);
      Models models(MakeProgram(table));
      const std::vector<std::string> before = models.Bytes();
      try {
        models.Visit(buffer);
        break;
      } catch (const base::Error&) {
        ++failures;
        models.Detach();
        EXPECT_EQ(models.Bytes(), before) << options.fake_fails_at;
      }
      models.Visit(buffer);
      EXPECT_EQ(models.Weights(), wanted) << options.fake_fails_at;
    }
    EXPECT_GT(failures, 4);
  }
}

TEST_F(DeviceErrors, TheFirstFailureForGoodIsTheOneThatIsTold) {
  const Table table = Rows(3);
  const base::Buffer buffer = table.Buffer(3 * kBatch);
  DeviceOptions options;
  options.fake_fails_at = 5;
  options.fake_fails_for_good = true;
  Use(options);
  const auto text_of = [&] {
    Models models(MakeProgram(table), OnError::kLeavesOut);
    const std::vector<std::string> before = models.Bytes();
    const std::vector<TrainResult> results = models.Visit(buffer);
    EXPECT_EQ(results[1].error, results[0].error);
    EXPECT_EQ(models.Bytes() == before, !results[0].error.empty());
    return results[0].error;
  };
  const std::string first = text_of();
  EXPECT_EQ(first, "the fake device fails, as it was told to");
  EXPECT_EQ(text_of(), first);
  CloseDevice();
  EXPECT_EQ(text_of(), first);
  options.fake_fails_at = 0;
  Use(options);
  EXPECT_EQ(text_of(), "");
}

TEST_F(DeviceErrors, ADeviceWithoutRoomLeavesAllToTheProcessor) {
  const Table table = Rows(3);
  const base::Buffer buffer = table.Buffer(3 * kBatch);
  Models here(MakeProgram(table, -1));
  here.Visit(buffer);
  DeviceOptions options;
  options.fake_memory = 0;
  Use(options);
  const std::shared_ptr<const Program> program = MakeProgram(table);
  Models there(program);
  there.Visit(buffer);
  EXPECT_EQ(there.Weights(), here.Weights());
  EXPECT_EQ(there.group->devices(), (std::vector<int>{-1, -1}));
  const base::TrainConfig config = Config();
  StateScorer scorer({{program, &config, there.blocks[0]->get()}});
  std::vector<double> sums(scorer.sums_size());
  scorer.Evaluate(buffer, sums.data(), {});
  EXPECT_EQ(sums[0], static_cast<double>(3 * kBatch));
  EXPECT_EQ(TakeDeviceNotices().size(), 2u);
}

}  // namespace
}  // namespace engine
