// What networks ask of the values of packed columns.
#include "engine/api/value_limits.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>

#include "models.hpp"

namespace {

using base::DType;
using base::LossKind;
using engine::ValueLimit;
using engine::ValueRange;

base::ColumnSpec Column(DType dtype, const base::Shape& shape = {}) {
  base::ColumnSpec column;
  column.name = "x";
  column.dtype = dtype;
  column.shape = shape;
  return column;
}

base::DataSpec Data(const base::ColumnSpec& input, const base::ColumnSpec& target) {
  base::DataSpec data;
  data.inputs.push_back(input);
  data.targets.push_back(target);
  return data;
}

base::ColumnSpec Target(base::TargetKind kind, const base::Shape& shape, int64_t classes = 0) {
  base::ColumnSpec target = Column(DType::kInt32, shape);
  target.name = "y";
  target.kind = kind;
  target.num_classes = classes;
  return target;
}

std::string Embedding(const std::string& more) {
  return R"({"class_name": "Embedding", "config": {"name": "tokens", "input_dim": 10, "output_dim": 2)" + more + "}}";
}

std::vector<std::string> Texts(const base::Graph& graph, LossKind loss, const base::DataSpec& data) {
  std::vector<std::string> texts;
  for (const ValueLimit& limit : engine::ValueLimits(graph, fixture::Config(loss, 4), data)) texts.push_back(limit.Text());
  return texts;
}

const char* const kIndexes = "layer \"tokens\" takes indexes from 0 to 9";

}  // namespace

TEST(ValueLimits, RangesAreWhatTheNetworkSees) {
  const int16_t values[] = {5, -3, 40, 7};
  const auto* packed = reinterpret_cast<const uint8_t*>(values);
  base::ColumnSpec column = Column(DType::kInt16, {2});
  EXPECT_EQ(engine::RangeOf(column, {}, DType::kFloat32, packed, 2).smallest, -3);
  EXPECT_EQ(engine::RangeOf(column, {}, DType::kFloat32, packed, 2).largest, 40);
  column.scale = 0.5;
  EXPECT_EQ(engine::RangeOf(column, {}, DType::kFloat64, packed, 2).largest, 20);
  column.mean = {1.5, 0};
  column.std = {1, 10};
  EXPECT_EQ(engine::RangeOf(column, {}, DType::kFloat64, packed, 2).largest, 18.5);
  EXPECT_GT(engine::RangeOf(column, {}, DType::kFloat64, packed, 0).smallest, engine::RangeOf(column, {}, DType::kFloat64, packed, 0).largest);
}

// More rows than are decoded at once, the extremes in the last ones.
TEST(ValueLimits, AllRowsCount) {
  std::vector<int32_t> values(1001, 4);
  values[999] = -7;
  values[1000] = 11;
  const ValueRange range = engine::RangeOf(Column(DType::kInt32), {}, DType::kFloat32, reinterpret_cast<const uint8_t*>(values.data()), 1001);
  EXPECT_EQ(range.smallest, -7);
  EXPECT_EQ(range.largest, 11);
}

TEST(ValueLimits, AValueThatIsNoWholeNumberIsFound) {
  std::vector<float> values(1001, 4);
  const auto fraction = [&] {
    return engine::RangeOf(Column(DType::kFloat32), {}, DType::kFloat32, reinterpret_cast<const uint8_t*>(values.data()), 1001).fraction;
  };
  EXPECT_TRUE(std::isnan(fraction()));
  values[3] = 2.25f;
  EXPECT_EQ(fraction(), 2.25);
}

TEST(ValueLimits, TypesAndDictionariesWarrantARange) {
  ValueLimit limit;
  limit.largest = 255;
  EXPECT_TRUE(limit.Allows(engine::WarrantedRange(Column(DType::kUInt8))));
  EXPECT_FALSE(limit.Allows(engine::WarrantedRange(Column(DType::kInt8))));
  EXPECT_FALSE(limit.Allows(engine::WarrantedRange(Column(DType::kInt32))));
  base::ColumnSpec scaled = Column(DType::kUInt8);
  scaled.scale = 2;
  EXPECT_FALSE(limit.Allows(engine::WarrantedRange(scaled)));
  base::ColumnSpec words = Column(DType::kInt32);
  words.dictionary = {"a", "b", "c"};
  limit.largest = 3;
  EXPECT_TRUE(limit.Allows(engine::WarrantedRange(words)));
  limit.largest = 2;
  EXPECT_FALSE(limit.Allows(engine::WarrantedRange(words)));
}

TEST(ValueLimits, IndexesAreWholeAndProbabilitiesRounded) {
  ValueLimit limit;
  limit.largest = 9;
  EXPECT_TRUE(limit.Allows({-0.5, 9.9}));
  EXPECT_FALSE(limit.Allows({-1, 9}));
  EXPECT_FALSE(limit.Allows({0, 10}));
  EXPECT_FALSE(limit.Allows({0, 9, 2.5}));
  EXPECT_EQ(engine::ValueOutside(limit, {0, 9, 2.5}), 2.5);
  EXPECT_EQ(engine::ValueOutside(limit, {-3, 9, 2.5}), -3);
  EXPECT_EQ(engine::ValueOutside(limit, {0, 12, 2.5}), 12);
  limit.whole = false;
  limit.largest = 1;
  EXPECT_TRUE(limit.Allows({-1e-7, 1 + 1e-7}));
  EXPECT_FALSE(limit.Allows({-1, 1}));
  EXPECT_TRUE(limit.Allows(ValueRange()));
}

// An Embedding reads an input of its own as it is packed; behind other layers it gets what they get.
TEST(ValueLimits, ScaleIsNotForIndexes) {
  base::ColumnSpec column = Column(DType::kInt16, {4});
  column.scale = 0.5;
  const base::DataSpec data = Data(column, Target(base::TargetKind::kOneHot, {2}, 2));
  const std::string out = R"(,{"class_name": "Flatten", "config": {"name": "flat"}},)" + fixture::Dense("out", 2, "softmax");
  const auto limits = [&](const std::string& layers) {
    return engine::ValueLimits(fixture::Sequential(layers + out), fixture::Config(LossKind::kCategoricalCrossentropy, 4), data);
  };
  const std::vector<ValueLimit> own = limits(Embedding(R"(, "batch_input_shape": [null, 4])"));
  ASSERT_EQ(own.size(), 1u);
  EXPECT_TRUE(own[0].as_packed);
  EXPECT_EQ(engine::ColumnSeen(column, own[0]).scale, 1);
  const std::vector<ValueLimit> behind =
      limits(R"({"class_name": "Reshape", "config": {"name": "r", "target_shape": [4], "batch_input_shape": [null, 4]}},)" + Embedding(""));
  ASSERT_EQ(behind.size(), 1u);
  EXPECT_FALSE(behind[0].as_packed);
  EXPECT_EQ(engine::ColumnSeen(column, behind[0]).scale, 0.5);
}

TEST(ValueLimits, AnEmbeddingIsFoundBehindLayersThatMoveValues) {
  const base::DataSpec data = Data(Column(DType::kInt32, {4}), Target(base::TargetKind::kOneHot, {2}, 2));
  const std::string out = R"(,{"class_name": "Flatten", "config": {"name": "flat"}},)" + fixture::Dense("out", 2, "softmax");
  const std::string input = R"({"class_name": "InputLayer", "config": {"name": "in", "batch_input_shape": [null, 4]}},)";
  EXPECT_EQ(Texts(fixture::Sequential(input + Embedding("") + out), LossKind::kCategoricalCrossentropy, data),
            std::vector<std::string>{kIndexes});
  EXPECT_EQ(Texts(fixture::Sequential(input + R"({"class_name": "Reshape", "config": {"name": "r", "target_shape": [2, 2]}},
      {"class_name": "Activation", "config": {"name": "a", "activation": "linear"}},)" +
                                      Embedding("") + out),
                  LossKind::kCategoricalCrossentropy, data),
            std::vector<std::string>{kIndexes});
  // what a layer computes is not known
  EXPECT_TRUE(Texts(fixture::Sequential(input + fixture::Dense("d", 4, "relu") + "," + Embedding("") + out),
                    LossKind::kCategoricalCrossentropy, data)
                  .empty());
}

TEST(ValueLimits, CategoriesHaveALimitToo) {
  const base::DataSpec data = Data(Column(DType::kInt32, {4}), Target(base::TargetKind::kOneHot, {2}, 2));
  const std::string layers = R"({"class_name": "Permute", "config": {"name": "same", "dims": [1], "batch_input_shape": [null, 4]}},
                                {"class_name": "CategoryEncoding", "config": {"name": "hot", "num_tokens": 7, "output_mode": "multi_hot"}},)";
  EXPECT_EQ(Texts(fixture::Sequential(layers + fixture::Dense("out", 2, "softmax")), LossKind::kCategoricalCrossentropy, data),
            (std::vector<std::string>{"layer \"hot\" takes indexes from 0 to 6"}));
}

TEST(ValueLimits, LabelsThatNobodyHasChecked) {
  const base::Graph graph = fixture::Sequential(
      R"({"class_name": "InputLayer", "config": {"name": "in", "batch_input_shape": [null, 4]}},)" + fixture::Dense("out", 3, "softmax"));
  const base::ColumnSpec input = Column(DType::kFloat32, {4});
  EXPECT_EQ(Texts(graph, LossKind::kSparseCategoricalCrossentropy, Data(input, Target(base::TargetKind::kArray, {1}))).size(), 1U);
  EXPECT_EQ(Texts(graph, LossKind::kCategoricalCrossentropy, Data(input, Target(base::TargetKind::kArray, {3}))).size(), 1U);
  EXPECT_TRUE(Texts(graph, LossKind::kSparseCategoricalCrossentropy, Data(input, Target(base::TargetKind::kClassIndex, {}, 3))).empty());
  EXPECT_TRUE(Texts(graph, LossKind::kCategoricalCrossentropy, Data(input, Target(base::TargetKind::kOneHot, {3}, 3))).empty());
  EXPECT_TRUE(Texts(graph, LossKind::kMeanSquaredError, Data(input, Target(base::TargetKind::kArray, {3}))).empty());
}
