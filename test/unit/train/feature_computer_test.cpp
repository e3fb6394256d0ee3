// Features that are computed in a visit: by whom, once, and only those that somebody wants.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "base/graph_cut.hpp"
#include "engine/core/feature_extractor.hpp"
#include "engine/core/program.hpp"
#include "train/feature_computer.hpp"
#include "wire/keras.hpp"

namespace {

constexpr int kRows = 5, kWidth = 3;

struct Free {
  void operator()(void* p) const { std::free(p); }
};

/// Two frozen layers a and b, of 4 and 6 units, and a head of so many units.
std::shared_ptr<const base::Graph> Network(int units) {
  return std::make_shared<const base::Graph>(wire::ReadKeras(
      R"({"class_name": "Sequential", "config": {"name": "m", "layers": [
        {"class_name": "Dense", "config": {"name": "a", "units": 4, "activation": "tanh", "trainable": false, "batch_input_shape": [null, 3]}},
        {"class_name": "Dense", "config": {"name": "b", "units": 6, "activation": "relu", "trainable": false}},
        {"class_name": "Dense", "config": {"name": "out", "units": )" +
      std::to_string(units) + R"(, "activation": "softmax"}}]}})"));
}

class Computer : public testing::Test {
 protected:
  Computer() {
    for (const auto& [name, width] : {std::pair("x", kWidth), std::pair("features_a", 4), std::pair("features_b", 6)}) {
      base::ColumnSpec column;
      column.name = name;
      column.shape = {width};
      column.feature = width != kWidth;
      data_.inputs.push_back(column);
    }
    base::ColumnSpec y;
    y.name = "y";
    y.kind = base::TargetKind::kReal;
    data_.targets = {y};
    for (int i = 0; i < kRows * kWidth; ++i) x_.push_back(static_cast<float>(i % 7) / 7);
    y_.assign(kRows, 0);
    for (const int units : {2, 3}) {
      graphs_.push_back(Network(units));
      const engine::FeatureExtractor extractor(graphs_.back(), {1}, data_, {});
      blocks_.emplace_back(std::aligned_alloc(64, extractor.layout().bytes));
      auto* values = static_cast<float*>(blocks_.back().get());
      for (size_t i = 0; i < extractor.layout().bytes / sizeof(float); ++i) values[i] = static_cast<float>(i % 11) / 11;
    }
  }

  std::unique_ptr<train::FeatureComputer> Make() const {
    // a: of model 0 only; b: of both
    return std::make_unique<train::FeatureComputer>(std::vector<train::SharedFeature>{{1, {{0, 1}}}, {2, {{0, 2}, {1, 2}}}}, data_,
                                                    std::vector<bool>{false, true, true}, engine::Options(),
                                                    [this](int model) { return graphs_[static_cast<size_t>(model)]; });
  }

  std::vector<base::Bytes> Columns() const {
    const auto view = [](const std::vector<float>& values) {
      return base::Bytes{reinterpret_cast<const uint8_t*>(values.data()), values.size() * sizeof(float)};
    };
    return {view(x_), {}, {}, view(y_)};
  }

  std::vector<float> Expected(int model, int call) const {
    engine::FeatureExtractor extractor(graphs_[static_cast<size_t>(model)], {call}, data_, {});
    extractor.Attach(blocks_[static_cast<size_t>(model)].get());
    base::Buffer buffer;
    buffer.rows = kRows;
    buffer.inputs = {reinterpret_cast<const uint8_t*>(x_.data()), nullptr, nullptr};
    std::vector<std::vector<float>> out;
    extractor.Run(buffer, &out, {});
    return out[0];
  }

  base::DataSpec data_;
  std::vector<float> x_, y_;
  std::vector<std::shared_ptr<const base::Graph>> graphs_;
  std::vector<std::unique_ptr<void, Free>> blocks_;
};

void ExpectValues(const base::Bytes& column, const std::vector<float>& values) {
  ASSERT_EQ(column.size, values.size() * sizeof(float));
  EXPECT_EQ(0, std::memcmp(column.data, values.data(), column.size));
}

TEST_F(Computer, ComputesAllInOnePassAndTakesOutWhatNobodyReads) {
  const auto computer = Make();
  std::map<int, int> asked;
  std::vector<base::Bytes> columns = Columns();
  computer->Complete(
      0, 0, {false, true, true}, [&](int model) { return ++asked[model], blocks_[static_cast<size_t>(model)].get(); }, {}, &columns);
  ExpectValues(columns[1], Expected(0, 1));
  ExpectValues(columns[2], Expected(0, 2));
  EXPECT_EQ(columns[0].data, nullptr);
  EXPECT_NE(columns[3].data, nullptr);
  const std::vector<base::Bytes> complete = columns;
  asked.clear();
  computer->Complete(
      0, 0, {false, true, true}, [&](int model) { return ++asked[model], blocks_[static_cast<size_t>(model)].get(); }, {}, &columns);
  EXPECT_TRUE(asked.empty()) << "computed again";
}

TEST_F(Computer, WhatNobodyWantsIsNotComputed) {
  const auto computer = Make();
  std::vector<base::Bytes> columns = Columns();
  computer->Complete(
      0, 0, {false, false, true}, [&](int model) { return blocks_[static_cast<size_t>(model)].get(); }, {}, &columns);
  EXPECT_EQ(columns[1].data, nullptr);
  ExpectValues(columns[2], Expected(0, 2));
  EXPECT_NE(columns[0].data, nullptr) << "the other features need it";
}

TEST_F(Computer, WhoIsHereLendsWeights) {
  const auto computer = Make();
  std::vector<base::Bytes> columns = Columns();
  computer->Complete(
      0, 0, {false, true, true}, [&](int model) -> const void* { return model == 1 ? blocks_[1].get() : nullptr; }, {}, &columns);
  EXPECT_EQ(columns[1].data, nullptr) << "its only maker is elsewhere";
  ExpectValues(columns[2], Expected(1, 2));
  EXPECT_NE(columns[0].data, nullptr);
}

}  // namespace
