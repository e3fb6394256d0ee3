#include "base/tensor.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "base/error.hpp"
#include "base/graph.hpp"
#include "base/philox.hpp"

namespace {

using base::DType;

base::DataSpec Example() {
  base::DataSpec spec;
  base::ColumnSpec image;
  image.name = "pixels \"quoted\" \\ \n\xC3\xA9";
  image.dtype = DType::kUInt8;
  image.shape = {8, 8, 3};
  image.scale = 1.0 / 255;
  image.mean = {0.1, 1e-300, -0.0};
  image.std = {1.0 / 3, 5e-324, 1.7976931348623157e308};
  base::ColumnSpec word;
  word.name = "w";
  word.dtype = DType::kInt32;
  word.dictionary = {"a", "", "c'd"};
  base::ColumnSpec label;
  label.name = "label";
  label.dtype = DType::kUInt8;
  label.shape = {5};
  label.kind = base::TargetKind::kOneHot;
  label.class_values = {"cat", "dog"};
  label.num_classes = 5;
  spec.inputs = {image, word};
  spec.targets = {label};
  spec.has_weights = true;
  spec.num_partitions = 8;
  spec.rows = int64_t{1} << 40;
  return spec;
}

void ExpectEqual(const base::ColumnSpec& a, const base::ColumnSpec& b) {
  EXPECT_EQ(a.name, b.name);
  EXPECT_EQ(a.dtype, b.dtype);
  EXPECT_EQ(a.shape, b.shape);
  EXPECT_EQ(a.scale, b.scale);
  EXPECT_EQ(a.mean, b.mean);
  EXPECT_EQ(a.std, b.std);
  EXPECT_EQ(a.dictionary, b.dictionary);
  EXPECT_EQ(a.kind, b.kind);
  EXPECT_EQ(a.class_values, b.class_values);
  EXPECT_EQ(a.num_classes, b.num_classes);
}

TEST(DataSpec, MembersTravelAndAreColumnsOfTheirOwn) {
  base::DataSpec spec = Example();
  EXPECT_NE(base::WriteDataSpec(spec).find("\"version\":1"), std::string::npos) << base::WriteDataSpec(spec);
  base::ColumnSpec together;
  together.name = "scalars";
  together.dtype = DType::kFloat64;
  together.shape = {2};
  together.scale = 0.25;
  together.mean = {1, 2};
  together.std = {3, 4};
  together.exact_standardisation = true;
  together.members = {{"a", {}}, {"b", {"x", "y"}}};
  spec.inputs.push_back(together);
  const std::string text = base::WriteDataSpec(spec);
  EXPECT_NE(text.find("\"version\":2"), std::string::npos);
  const base::DataSpec back = base::ReadDataSpec(text);
  EXPECT_EQ(base::WriteDataSpec(back), text);
  const std::vector<base::ColumnSpec> columns = base::SourceColumns(back.inputs);
  ASSERT_EQ(columns.size(), 4u);
  EXPECT_EQ(columns[0].name, spec.inputs[0].name);
  EXPECT_EQ(columns[2].name, "a");
  EXPECT_EQ(columns[3].name, "b");
  EXPECT_EQ(columns[3].shape, base::Shape{});
  EXPECT_EQ(columns[3].mean, std::vector<double>{2});
  EXPECT_EQ(columns[3].std, std::vector<double>{4});
  EXPECT_EQ(columns[3].scale, 0.25);
  EXPECT_EQ(columns[3].dictionary, (std::vector<std::string>{"x", "y"}));
  EXPECT_TRUE(columns[3].exact_standardisation);
  for (const char* wrong : {"\"shape\":[3]", "\"shape\":[2,1]"}) {
    std::string broken = text;
    const size_t at = broken.rfind("\"shape\":[2]");
    ASSERT_NE(at, std::string::npos);
    broken.replace(at, 11, wrong);
    EXPECT_THROW(base::ReadDataSpec(broken), base::Error) << wrong;
  }
}

TEST(DataSpec, RoundTrip) {
  const base::DataSpec spec = Example();
  const std::string text = base::WriteDataSpec(spec);
  const base::DataSpec back = base::ReadDataSpec(text);
  ASSERT_EQ(back.inputs.size(), 2u);
  ASSERT_EQ(back.targets.size(), 1u);
  ExpectEqual(back.inputs[0], spec.inputs[0]);
  ExpectEqual(back.inputs[1], spec.inputs[1]);
  ExpectEqual(back.targets[0], spec.targets[0]);
  EXPECT_TRUE(back.has_weights);
  EXPECT_EQ(back.num_partitions, 8);
  EXPECT_EQ(back.rows, int64_t{1} << 40);
  EXPECT_EQ(base::WriteDataSpec(back), text);
}

TEST(DataSpec, WritesNoNonFiniteConstant) {
  base::DataSpec spec = Example();
  spec.inputs[0].scale = std::numeric_limits<double>::infinity();
  EXPECT_THROW(base::WriteDataSpec(spec), base::Error);
}

void ExpectCorrupted(const std::string& text) {
  try {
    base::ReadDataSpec(text);
    ADD_FAILURE() << "was read: " << text;
  } catch (const base::Error& e) {
    EXPECT_EQ(e.code(), base::ErrorCode::kDataCorrupted) << e.what();
  }
}

std::string Replaced(std::string text, const std::string& what, const std::string& with) {
  const size_t at = text.find(what);
  EXPECT_NE(at, std::string::npos) << what;
  return text.replace(at, what.size(), with);
}

TEST(DataSpec, RefusesWhatItCannotTrust) {
  const std::string text = base::WriteDataSpec(Example());
  ExpectCorrupted("");
  ExpectCorrupted("[]");
  ExpectCorrupted("{}");
  ExpectCorrupted(Replaced(text, "\"version\":1", "\"version\":4"));
  ExpectCorrupted(Replaced(text, "\"shape\":[8,8,3]", "\"shape\":[8,-8,3]"));
  ExpectCorrupted(Replaced(text, "\"shape\":[8,8,3]", "\"shape\":[8,8.5,3]"));
  ExpectCorrupted(Replaced(text, "\"shape\":[8,8,3]", "\"shape\":[4611686018427387904,4611686018427387904,3]"));
  ExpectCorrupted(Replaced(text, "\"shape\":[8,8,3]", "\"shape\":[8,8,4]"));
  ExpectCorrupted(Replaced(text, "\"shape\":[8,8,3]", "\"shape\":[1,1,1,1,1,1,1,1,3]"));
  ExpectCorrupted(Replaced(text, "\"shape\":[8,8,3]", "\"shape\":8"));
  ExpectCorrupted(Replaced(text, "\"dtype\":\"uint8\"", "\"dtype\":\"uint9\""));
  ExpectCorrupted(Replaced(text, "\"dtype\":\"uint8\"", "\"dtype\":1"));
  ExpectCorrupted(Replaced(text, "\"scale\":", "\"scale\":null,\"x\":"));
  ExpectCorrupted(Replaced(text, "\"scale\":", "\"scale\":inf,\"x\":"));
  ExpectCorrupted(Replaced(text, "5e-324", "0.0"));
  ExpectCorrupted(text.substr(0, text.size() - 1));
  ExpectCorrupted(Replaced(text, "\"kind\":0", "\"kind\":1"));
  ExpectCorrupted(Replaced(text, "\"kind\":1", "\"kind\":9"));
  ExpectCorrupted(Replaced(text, "\"num_classes\":5", "\"num_classes\":1"));
  ExpectCorrupted(Replaced(text, "\"num_classes\":5", "\"num_classes\":6"));
  ExpectCorrupted(Replaced(text, "\"has_weights\":true", "\"has_weights\":1"));
  ExpectCorrupted(Replaced(text, "\"num_partitions\":8", "\"num_partitions\":4294967304"));
  ExpectCorrupted(Replaced(text, "\"rows\":", "\"rows\":-"));
  ExpectCorrupted(Replaced(text, "\"targets\"", "\"tergets\""));
}

TEST(DataSpec, SurvivesMutatedTexts) {
  const std::string text = base::WriteDataSpec(Example());
  base::Stream random(1, 0, base::Purpose::kSearch);
  int read = 0;
  for (int round = 0; round < 3000; ++round) {
    std::string mutated = text;
    const int edits = 1 + static_cast<int>(random.Below(3));
    for (int i = 0; i < edits; ++i) mutated[random.Below(mutated.size())] = static_cast<char>("0129-.,:[]{}\"ae "[random.Below(16)]);
    try {
      base::ReadDataSpec(mutated);
      ++read;
    } catch (const base::Error& e) {
      ASSERT_EQ(e.code(), base::ErrorCode::kDataCorrupted) << mutated;
    }
  }
  EXPECT_GT(read, 0);  // changes inside of names are harmless
  EXPECT_LT(read, 3000);
}

TEST(Tensor, ElementTypes) {
  const size_t sizes[] = {1, 1, 2, 4, 4, 8};
  for (int i = 1; i <= 6; ++i) {
    const DType type = static_cast<DType>(i);
    EXPECT_EQ(base::DTypeSize(type), sizes[i - 1]);
    EXPECT_EQ(base::DTypeFromName(base::DTypeName(type)), type);
  }
  EXPECT_THROW(base::DTypeFromName("float16"), base::Error);
  EXPECT_THROW(base::DTypeSize(static_cast<DType>(0)), base::Error);
}

TEST(Tensor, Shapes) {
  EXPECT_EQ(base::ElementCount({}), 1);
  EXPECT_EQ(base::ElementCount({28, 28, 1}), 784);
  EXPECT_EQ(base::ElementCount({5, 0}), 0);
  EXPECT_EQ(base::ElementCount({int64_t{1} << 20, int64_t{1} << 20}), int64_t{1} << 40);
  EXPECT_THROW(base::ElementCount({int64_t{1} << 20, (int64_t{1} << 20) + 1}), base::Error);
  EXPECT_THROW(base::ElementCount({int64_t{1} << 62, 4}), base::Error);
  EXPECT_THROW(base::ElementCount({-1}), base::Error);
  EXPECT_EQ(base::FormatShape({28, 28, 1}), "(28, 28, 1)");
  EXPECT_EQ(base::FormatShape({10}), "(10,)");
  EXPECT_EQ(base::FormatShape({}), "()");
}

TEST(Graph, Sums) {
  base::Graph graph;
  base::Layer layer;
  layer.weights.resize(2);
  layer.weights[0].shape = {3, 4};
  layer.weights[1].shape = {4};
  layer.weights[1].trainable = false;
  graph.layers = {layer, layer};
  graph.calls.resize(2);
  graph.calls[0].forward_flops = 10;
  graph.calls[1].forward_flops = 5;
  EXPECT_EQ(graph.WeightCount(), 32);
  EXPECT_EQ(graph.TrainableCount(), 24);
  EXPECT_EQ(graph.ForwardFlops(), 15);
}

}  // namespace
