#include "layers/definition.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <fstream>
#include <set>
#include <sstream>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "sample.hpp"

namespace {

using base::LayerKind;
using layers::LayerDefinition;
using layers::Zeros;
using layers_test::Sample;

// Whether the text has this word, not as a part of a longer one.
bool Mentions(const std::string& text, const std::string& word) {
  const auto in_word = [&text](size_t at) {
    return at < text.size() && (std::isalnum(static_cast<unsigned char>(text[at])) != 0 || text[at] == '_');
  };
  for (size_t at = text.find(word); at != std::string::npos; at = text.find(word, at + 1)) {
    if ((at == 0 || !in_word(at - 1)) && !in_word(at + word.size())) return true;
  }
  return false;
}

TEST(Definitions, EveryKindIsDefinedOnceAndWhole) {
  std::set<LayerKind> kinds;
  std::set<std::string> names;
  for (const LayerDefinition* definition : layers::Definitions()) {
    ASSERT_FALSE(definition->class_names.empty());
    SCOPED_TRACE(definition->class_names[0]);
    EXPECT_TRUE(kinds.insert(definition->kind).second);
    for (const char* name : definition->class_names) {
      EXPECT_TRUE(names.insert(name).second) << name;
      EXPECT_EQ(layers::FindLayer(std::string(name)), definition);
    }
    EXPECT_EQ(layers::FindLayer(definition->kind), definition);
    EXPECT_NE(definition->shape, nullptr);
    EXPECT_NE(definition->cost.work, layers::Work::kUnstated);
    EXPECT_LE(definition->min_inputs, definition->max_inputs);
    std::set<std::string> arguments;
    for (const layers::Argument& argument : definition->arguments) EXPECT_TRUE(arguments.insert(argument.name).second) << argument.name;
  }
  EXPECT_EQ(layers::FindLayer("Lambda"), nullptr);
  EXPECT_EQ(layers::FindLayer(static_cast<LayerKind>(999)), nullptr);
  base::Layer stranger;
  stranger.kind = static_cast<LayerKind>(999);
  EXPECT_THROW(layers::DefinitionOf(stranger), base::Error);
#define CEREBRO_LAYER(name, number) EXPECT_EQ(layers::k##name.kind, LayerKind::k##name) << #name;
#include "base/kinds.inc"
}

// They are in stored graphs.
TEST(Definitions, NumbersOfKindsAreFrozen) {
  const std::vector<std::pair<int, std::string>> stored = {
      {1, "InputLayer"}, {2, "Dense"}, {3, "Conv2D"}, {4, "MaxPooling2D"}, {5, "AveragePooling2D"}, {6, "GlobalAveragePooling2D"},
      {7, "GlobalMaxPooling2D"}, {8, "Flatten"}, {9, "Reshape"}, {10, "ZeroPadding2D"}, {11, "Dropout"}, {12, "BatchNormalization"},
      {13, "LayerNormalization"}, {14, "Activation"}, {15, "ReLU"}, {16, "LeakyReLU"}, {17, "ELU"}, {18, "Softmax"}, {19, "Embedding"},
      {20, "LSTM"}, {21, "GRU"}, {22, "Add"}, {23, "Multiply"}, {24, "Average"}, {25, "Maximum"}, {26, "Concatenate"},
      {27, "GaussianNoise"}, {28, "Conv1D"}, {29, "Conv2DTranspose"}, {30, "DepthwiseConv2D"}, {31, "DepthwiseConv1D"},
      {32, "SeparableConv1D"}, {33, "SeparableConv2D"}, {34, "MaxPooling1D"}, {35, "AveragePooling1D"}, {36, "GlobalAveragePooling1D"},
      {37, "GlobalMaxPooling1D"}, {38, "UpSampling1D"}, {39, "UpSampling2D"}, {40, "Cropping1D"}, {41, "Cropping2D"},
      {42, "ZeroPadding1D"}, {43, "Permute"}, {44, "RepeatVector"}, {45, "GroupNormalization"},
      {46, "UnitNormalization"}, {47, "EinsumDense"}, {48, "Rescaling"}, {49, "Normalization"}, {50, "Discretization"},
      {51, "CategoryEncoding"}, {52, "RandomFlip"}, {53, "RandomRotation"}, {54, "RandomTranslation"}, {55, "RandomZoom"},
      {56, "RandomContrast"}, {57, "GaussianDropout"}, {58, "AlphaDropout"}, {59, "SpatialDropout1D"}, {60, "SpatialDropout2D"},
      {61, "PReLU"}, {62, "ThresholdedReLU"},
      {63, "SimpleRNN"}, {64, "Masking"}, {65, "Subtract"}, {66, "Minimum"}, {67, "Dot"},
      {68, "MultiHeadAttention"}, {69, "Attention"}, {70, "AdditiveAttention"}, {71, "Reverse"}, {72, "Slice"}};
  for (const auto& [number, name] : stored) {
    const LayerDefinition* definition = layers::FindLayer(static_cast<LayerKind>(number));
    ASSERT_NE(definition, nullptr) << name;
    EXPECT_EQ(definition->class_names[0], name);
  }
}

TEST(Definitions, APermutationHasNoMoreDimensionsThanAnInput) {
  const LayerDefinition* permute = layers::FindLayer("Permute");
  const auto refusal = [&](int64_t count) {
    base::List dims;
    for (int64_t i = 1; i <= count; ++i) dims.emplace_back(i);
    try {
      layers::NormalizeArguments(*permute, "p", base::Value(base::Dict{{"dims", base::Value(std::move(dims))}}));
    } catch (const base::Error& error) {
      return std::string(error.what());
    }
    return std::string();
  };
  EXPECT_EQ(refusal(8), "");
  EXPECT_EQ(refusal(9), "layer \"p\" (Permute): argument \"dims\" must be a list of at most 8 integers, got [1,2,3,4,5,6,7,8,9]");
  EXPECT_NE(refusal(1000000), "");  // before all pairs of them are compared
}

TEST(Definitions, EveryLayerIsInTheDocs) {
  std::ifstream file(CEREBRO_TEST_DATA "/../../docs/functions.md");
  std::ostringstream text;
  text << file.rdbuf();
  const std::string docs = text.str();
  const size_t begin = docs.find("\nLayers: "), end = docs.find("\n\n", begin);
  ASSERT_NE(begin, std::string::npos);
  const std::string list = docs.substr(begin, end - begin);
  for (const LayerDefinition* definition : layers::Definitions()) {
    EXPECT_TRUE(Mentions(list, definition->class_names[0])) << definition->class_names[0];
  }
}

// Of every definition: attributes that are stable, in order, and weights and flops that go with the shape.
TEST(Definitions, EveryLayerTakesSomeInput) {
  for (const LayerDefinition* definition : layers::Definitions()) {
    SCOPED_TRACE(definition->class_names[0]);
    const std::optional<Sample> sample = layers_test::MakeSample(*definition);
    ASSERT_TRUE(sample.has_value());
    const base::Value& attributes = sample->layer.attributes;
    EXPECT_EQ(base::FormatJson(layers::NormalizeArguments(*definition, "x", attributes)), base::FormatJson(attributes));
    size_t next = 0;
    for (const layers::Argument& argument : definition->arguments) {
      if (argument.type == layers::ArgumentType::kAbsent) continue;
      ASSERT_LT(next, attributes.dict().size());
      EXPECT_EQ(attributes.dict()[next++].first, argument.name);
    }
    EXPECT_EQ(next, attributes.dict().size());
    for (const int64_t size : sample->output) EXPECT_GT(size, 0);
    for (const base::WeightSpec& weight : sample->layer.weights) EXPECT_TRUE(weight.initializer.is_dict()) << weight.name;
    if (definition->cost.flops != nullptr) {
      EXPECT_GT(definition->cost.flops(sample->layer, sample->inputs, sample->output), 0);
    }
  }
}

Zeros ZerosOf(const char* class_name, base::Dict attributes) {
  base::Layer layer;
  layer.kind = layers::FindLayer(std::string(class_name))->kind;
  layer.attributes = base::Value(std::move(attributes));
  const LayerDefinition& definition = layers::DefinitionOf(layer);
  return definition.zeros == nullptr ? Zeros::kNone : definition.zeros(layer);
}

TEST(Definitions, SayWhereZerosComeFrom) {
  EXPECT_EQ(ZerosOf("InputLayer", {}), Zeros::kData);
  for (const char* product : {"Dense", "Conv2D", "Conv1D", "DepthwiseConv2D", "SeparableConv1D", "Conv2DTranspose", "Activation", "LSTM"}) {
    EXPECT_EQ(ZerosOf(product, {{"activation", "relu"}}), Zeros::kMade) << product;
    EXPECT_EQ(ZerosOf(product, {{"activation", "relu6"}}), Zeros::kNone) << product;
  }
  EXPECT_EQ(ZerosOf("ReLU", {{"negative_slope", 0.0}}), Zeros::kMade);
  EXPECT_EQ(ZerosOf("ReLU", {{"negative_slope", 0.1}}), Zeros::kNone);
  for (const char* view : {"Flatten", "Reshape", "Dropout", "Permute", "Cropping1D", "RepeatVector", "UpSampling1D"}) EXPECT_EQ(ZerosOf(view, {}), Zeros::kKept) << view;
  EXPECT_EQ(ZerosOf("MaxPooling2D", {}), Zeros::kNone);
}

// Names are those of weights, all of a layer's or none, and the axes of each are a permutation of its dimensions.
TEST(Definitions, ExchangeNamesWeights) {
  for (const LayerDefinition* definition : layers::Definitions()) {
    if (definition->exchange.weights.empty()) continue;
    SCOPED_TRACE(definition->class_names[0]);
    const std::optional<Sample> sample = layers_test::MakeSample(*definition);
    ASSERT_TRUE(sample.has_value());
    EXPECT_EQ(definition->exchange.weights.size(), sample->layer.weights.size());
    for (const layers::Exchange::Weight& exchanged : definition->exchange.weights) {
      const auto weight = std::find_if(sample->layer.weights.begin(), sample->layer.weights.end(),
                                       [&](const base::WeightSpec& w) { return w.name == exchanged.name; });
      ASSERT_NE(weight, sample->layer.weights.end()) << exchanged.name;
      if (exchanged.axes.empty()) continue;
      std::vector<int> axes = exchanged.axes;
      std::sort(axes.begin(), axes.end());
      ASSERT_EQ(axes.size(), weight->shape.size()) << exchanged.name;
      for (size_t i = 0; i < axes.size(); ++i) EXPECT_EQ(axes[i], static_cast<int>(i)) << exchanged.name;
    }
  }
}

}  // namespace
