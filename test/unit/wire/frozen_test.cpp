// Frozen parts of models, graphs cut in two, and variants of a model, on models that are read from Keras's texts.
#include <gtest/gtest.h>

#include <algorithm>
#include <functional>

#include "base/error.hpp"
#include "base/graph_cut.hpp"
#include "base/value.hpp"
#include "fixture.hpp"
#include "layers/frozen.hpp"
#include "wire/variants.hpp"

namespace {

using base::FeatureCut;
using base::Graph;
using wire_test::LayerText;
using wire_test::SequentialText;
using Names = std::vector<std::string>;

const char* const kOff = "\"trainable\": false";

std::string Off(const std::string& arguments) { return std::string(kOff) + ", " + arguments; }

const base::Layer& LayerOf(const Graph& graph, int call) {
  return graph.layers[static_cast<size_t>(graph.calls[static_cast<size_t>(call)].layer)];
}

Names NamesOf(const Graph& graph, const std::vector<int>& calls) {
  Names names;
  for (const int call : calls) names.push_back(LayerOf(graph, call).name);
  return names;
}

Names FrozenLayers(const Graph& graph) {
  std::vector<int> calls;
  for (size_t i = 0; i < graph.calls.size(); ++i) {
    if (graph.calls[i].frozen) calls.push_back(static_cast<int>(i));
  }
  return NamesOf(graph, calls);
}

Names Cuts(const Graph& graph) { return NamesOf(graph, layers::DeepestCuts(graph)); }

Graph Sequential(const std::string& shape, const std::vector<std::string>& layers) { return wire::ReadKeras(SequentialText(shape, layers)); }

int CallOf(const Graph& graph, const std::string& name) {
  for (size_t i = 0; i < graph.calls.size(); ++i) {
    if (LayerOf(graph, static_cast<int>(i)).name == name) return static_cast<int>(i);
  }
  ADD_FAILURE() << name;
  return -1;
}

TEST(FrozenPart, EndsBeforeTheFirstTrainedLayer) {
  const Graph graph = Sequential("8", {LayerText("Dense", "a", Off("\"units\": 4")), LayerText("ReLU", "r"), LayerText("Dense", "b", "\"units\": 3"),
                                       LayerText("Dense", "c", Off("\"units\": 2"))});
  EXPECT_EQ(FrozenLayers(graph), (Names{"in", "a", "r"}));  // c lies above a trained layer
  EXPECT_EQ(Cuts(graph), (Names{"r"}));
}

TEST(FrozenPart, RandomLayersBelongToItWhereTheyAreMarked) {
  const auto graph = [](const std::string& mark) {
    return Sequential("8", {LayerText("Dense", "a", Off("\"units\": 4")), LayerText("Dropout", "d", mark + "\"rate\": 0.5"),
                            LayerText("Dense", "b", Off("\"units\": 3")), LayerText("Dense", "c", "\"units\": 2")});
  };
  EXPECT_EQ(FrozenLayers(graph("")), (Names{"in", "a"}));
  EXPECT_EQ(FrozenLayers(graph("\"trainable\": false, ")), (Names{"in", "a", "d", "b"}));
  EXPECT_EQ(Cuts(graph("\"trainable\": false, ")), (Names{"b"}));
}

TEST(FrozenPart, BatchNormalizationBelongsToItWhereItDoesNotMove) {
  const auto graph = [](const std::string& arguments) {
    return Sequential("8", {LayerText("BatchNormalization", "n", arguments), LayerText("Dense", "c", "\"units\": 2")});
  };
  EXPECT_EQ(FrozenLayers(graph(kOff)), (Names{"in", "n"}));
  EXPECT_EQ(FrozenLayers(graph("")), (Names{"in"}));
  EXPECT_EQ(FrozenLayers(graph("\"scale\": false, \"center\": false")), (Names{"in"}));  // no trained weight, but moving statistics
}

TEST(FrozenPart, RecurrentDropoutIsLeftOutWhereTheLayerIsMarked) {
  const Graph graph = Sequential("5, 3", {LayerText("LSTM", "l", Off("\"units\": 4, \"dropout\": 0.5")), LayerText("Dense", "c", "\"units\": 2")});
  EXPECT_EQ(FrozenLayers(graph), (Names{"in", "l"}));
}

// A mask travels beside the values: a column does not have it.
TEST(FrozenPart, IsNotCutWhereAMaskPasses) {
  const auto graph = [](const std::string& mask_zero) {
    return Sequential("6", {LayerText("Embedding", "e", Off("\"input_dim\": 10, \"output_dim\": 4" + mask_zero)), LayerText("LSTM", "l", "\"units\": 3")});
  };
  EXPECT_EQ(Cuts(graph("")), (Names{"e"}));
  EXPECT_EQ(Cuts(graph(", \"mask_zero\": true")), Names());
  EXPECT_EQ(FrozenLayers(graph(", \"mask_zero\": true")), (Names{"in", "e"}));
  const Graph pooled = Sequential("6", {LayerText("Embedding", "e", Off("\"input_dim\": 10, \"output_dim\": 4, \"mask_zero\": true")),
                                        LayerText("GlobalAveragePooling1D", "p"), LayerText("Dense", "c", "\"units\": 3")});
  EXPECT_EQ(Cuts(pooled), (Names{"p"}));
}

TEST(FrozenPart, OutputsAreNoCuts) {
  const Graph graph = Sequential("8", {LayerText("Dense", "a", Off("\"units\": 4")), LayerText("Softmax", "s")});
  EXPECT_EQ(FrozenLayers(graph), (Names{"in", "a", "s"}));
  EXPECT_EQ(Cuts(graph), (Names{"a"}));
}

// The digest of a stored state is that of before there was a frozen part.
TEST(FrozenPart, LeavesDigestsAsTheyWere) {
  const Graph graph = Sequential("8", {LayerText("Dropout", "d", Off("\"rate\": 0.5")), LayerText("Dense", "c", "\"units\": 2")});
  Graph unmarked = graph;
  for (base::Call& call : unmarked.calls) call.frozen = false;
  EXPECT_TRUE(graph.calls[1].frozen);
  EXPECT_EQ(wire::GraphDigest(graph), wire::GraphDigest(unmarked));
  EXPECT_EQ(wire::WriteGraph(graph), wire::WriteGraph(unmarked));
  EXPECT_TRUE(wire::ReadGraph(wire::WriteGraph(graph)).calls[1].frozen);
}

// Two inputs, a residual connection: in1 -> a -> b -> add(a, b) -> c; in2 -> c.
Graph Residual(const std::string& a, const std::string& b) {
  const auto layer = [](const std::string& class_name, const std::string& name, const std::string& arguments, const std::string& nodes) {
    std::string text = LayerText(class_name, name, arguments);
    text.pop_back();
    return text + ", \"name\": \"" + name + "\", \"inbound_nodes\": " + nodes + "}";
  };
  const std::string layers =
      layer("InputLayer", "in1", "\"batch_input_shape\": [null, 8]", "[]") + ", " + layer("InputLayer", "in2", "\"batch_input_shape\": [null, 2]", "[]") +
      ", " + layer("Dense", "a", a + "\"units\": 4", "[[[\"in1\", 0, 0, {}]]]") + ", " + layer("Dense", "b", b + "\"units\": 4", "[[[\"a\", 0, 0, {}]]]") +
      ", " + layer("Add", "add", "\"trainable\": true", "[[[\"a\", 0, 0, {}], [\"b\", 0, 0, {}]]]") + ", " +
      layer("Concatenate", "both", "\"axis\": -1", "[[[\"add\", 0, 0, {}], [\"in2\", 0, 0, {}]]]") + ", " +
      layer("Dense", "c", "\"units\": 3", "[[[\"both\", 0, 0, {}]]]");
  return wire::ReadKeras("{\"class_name\": \"Functional\", \"keras_version\": \"2.10.0\", \"config\": {\"name\": \"m\", \"layers\": [" + layers +
                         "], \"input_layers\": [[\"in1\", 0, 0], [\"in2\", 0, 0]], \"output_layers\": [[\"c\", 0, 0]]}}");
}

const std::string kFrozen = std::string(kOff) + ", ";

TEST(CutGraph, KeepsLayersAndLeavesOutCalls) {
  const Graph whole = Residual(kFrozen, kFrozen);
  EXPECT_EQ(Cuts(whole), (Names{"both"}));
  const Graph cut = base::CutGraph(whole, {{CallOf(whole, "add"), "features_1"}});
  ASSERT_EQ(cut.layers.size(), whole.layers.size() + 1);
  for (size_t i = 0; i < whole.layers.size(); ++i) EXPECT_EQ(cut.layers[i].name, whole.layers[i].name);
  EXPECT_EQ(cut.WeightCount(), whole.WeightCount());
  ASSERT_NE(base::FeatureColumnOf(cut.layers.back()), nullptr);
  EXPECT_EQ(*base::FeatureColumnOf(cut.layers.back()), "features_1");
  EXPECT_EQ(base::FeatureColumnOf(cut.layers[0]), nullptr);
  EXPECT_EQ(NamesOf(cut, cut.inputs), (Names{"in1", "in2", "features_1"}));
  EXPECT_EQ(NamesOf(cut, cut.outputs), (Names{"c"}));
  EXPECT_EQ(cut.calls.size(), 5u);  // in1, in2, the column, both, c
  EXPECT_EQ(cut.calls[static_cast<size_t>(cut.inputs[2])].output_shape, (base::Shape{4}));
  EXPECT_EQ(cut.calls[static_cast<size_t>(CallOf(cut, "c"))].site, CallOf(whole, "c"));
  EXPECT_LT(cut.ForwardFlops(), whole.ForwardFlops());
}

TEST(CutGraph, TakesSeveralColumnsEvenOfOneName) {
  const Graph whole = Residual(kFrozen, kFrozen);
  const Graph cut = base::CutGraph(whole, {{CallOf(whole, "b"), "f"}, {CallOf(whole, "a"), "f"}});
  EXPECT_EQ(NamesOf(cut, cut.inputs), (Names{"in1", "in2", "f", "f_2"}));
  EXPECT_EQ(NamesOf(cut, cut.calls[static_cast<size_t>(CallOf(cut, "add"))].inputs), (Names{"f_2", "f"}));
  EXPECT_EQ(CallOf(cut, "add") > CallOf(cut, "f_2"), true);
}

TEST(CutGraph, RefusesWhatIsNotFrozen) {
  const Graph whole = Residual(kFrozen, "");
  EXPECT_EQ(Cuts(whole), (Names{"a"}));
  EXPECT_THROW(base::CutGraph(whole, {{CallOf(whole, "b"), "f"}}), base::Error);
  EXPECT_THROW(base::CutGraph(whole, {{CallOf(whole, "in1"), "f"}}), base::Error);
  EXPECT_THROW(base::CutGraph(whole, {{CallOf(whole, "a"), "f"}, {CallOf(whole, "a"), "g"}}), base::Error);
  EXPECT_THROW(base::CutGraph(whole, {{99, "f"}}), base::Error);
  EXPECT_THROW(base::PrefixGraph(whole, {CallOf(whole, "c")}), base::Error);
}

TEST(PrefixGraph, HasWhatItsOutputsNeedAndAllInputs) {
  const Graph whole = Residual(kFrozen, kFrozen);
  const Graph prefix = base::PrefixGraph(whole, {CallOf(whole, "b"), CallOf(whole, "a")});
  EXPECT_EQ(prefix.layers.size(), whole.layers.size());
  EXPECT_EQ(NamesOf(prefix, prefix.inputs), (Names{"in1", "in2"}));
  EXPECT_EQ(NamesOf(prefix, prefix.outputs), (Names{"b", "a"}));
  EXPECT_EQ(prefix.calls.size(), 4u);
}

Graph Trunk() {
  return Sequential("6, 6, 1", {LayerText("Conv2D", "c1", "\"filters\": 4, \"kernel_size\": [3, 3]"), LayerText("Dropout", "d", "\"rate\": 0.5"),
                                LayerText("Conv2D", "c2", "\"filters\": 2, \"kernel_size\": [3, 3]"), LayerText("Flatten", "flat"),
                                LayerText("Dense", "out", "\"units\": 3, \"activation\": \"softmax\"")});
}

Names TrainedLayers(const Graph& graph) {
  Names names;
  for (const base::Layer& layer : graph.layers) {
    const bool trained = std::any_of(layer.weights.begin(), layer.weights.end(), [](const auto& weight) { return weight.trainable; });
    if (trained) names.push_back(layer.name);
  }
  return names;
}

TEST(Variants, AreFrozenUpToALayer) {
  const Graph trunk = Trunk();
  EXPECT_EQ(TrainedLayers(wire::FreezeVariant(trunk, std::nullopt, {}, false).graph), (Names{"c1", "c2", "out"}));
  EXPECT_EQ(TrainedLayers(wire::FreezeVariant(trunk, "c1", {}, false).graph), (Names{"c2", "out"}));
  const wire::Variant whole = wire::FreezeVariant(trunk, "flat", {}, false);
  EXPECT_EQ(TrainedLayers(whole.graph), (Names{"out"}));
  EXPECT_EQ(whole.frozen, 4);
  EXPECT_EQ(whole.from, (std::vector<int>{0, 1, 2, 3, 4, 5}));
  EXPECT_EQ(Cuts(whole.graph), (Names{"flat"}));  // the Dropout is frozen, too
  EXPECT_EQ(wire::GraphDigest(wire::ReadKeras(whole.architecture)), wire::GraphDigest(whole.graph));
}

TEST(Variants, GetAHead) {
  wire::HeadRequest head;
  head.hidden = std::vector<int>{7};
  head.classes = 5;
  const wire::Variant variant = wire::FreezeVariant(Trunk(), "c2", head, false);
  EXPECT_EQ(variant.from, (std::vector<int>{0, 1, 2, 3, 4, -1, -1}));  // flat stays: the head reads what the last Dense read
  EXPECT_EQ(TrainedLayers(variant.graph), (Names{"head_hidden_1", "head_output"}));
  EXPECT_EQ(variant.graph.calls.back().output_shape, (base::Shape{5}));
  EXPECT_EQ(variant.graph.layers.back().attributes.Find("activation")->string(), "softmax");
  head.classes.reset();
  EXPECT_EQ(wire::FreezeVariant(Trunk(), "c2", head, false).graph.calls.back().output_shape, (base::Shape{3}));
}

TEST(Variants, AreCutWhereTheyAreTruncated) {
  wire::HeadRequest head;
  head.hidden = std::vector<int>();
  const wire::Variant variant = wire::FreezeVariant(Trunk(), "c1", head, true);
  EXPECT_EQ(variant.from, (std::vector<int>{0, 1, -1, -1}));
  EXPECT_EQ(variant.graph.layers[2].name, "head_pooling");
  head.on = "c2";
  EXPECT_THROW(wire::FreezeVariant(Trunk(), "c1", head, true), base::Error);
  EXPECT_EQ(wire::FreezeVariant(Trunk(), "c1", head, false).from, (std::vector<int>{0, 1, 2, 3, -1, -1}));
}

TEST(Variants, TakeLayersOfAText) {
  wire::HeadRequest head;
  head.layers = "[{\"class_name\": \"Dense\", \"config\": {\"units\": 4}}, {\"class_name\": \"Dense\", \"config\": {\"name\": \"c1\", \"units\": 2}}]";
  const wire::Variant variant = wire::FreezeVariant(Trunk(), "flat", head, false);
  EXPECT_EQ(TrainedLayers(variant.graph), (Names{"head_dense_1", "c1_2"}));  // the source has a c1
  head.layers = "{\"class_name\": \"Functional\", \"config\": {}}";
  EXPECT_THROW(wire::FreezeVariant(Trunk(), "flat", head, false), base::Error);
  head.layers = "[]";
  EXPECT_THROW(wire::FreezeVariant(Trunk(), "flat", head, false), base::Error);
}

TEST(Variants, GetAdapters) {
  const wire::Variant variant = wire::AdapterVariant(Trunk(), {"c1", "c2"}, 2, {});
  EXPECT_EQ(TrainedLayers(variant.graph),
            (Names{"out", "c1_adapter_down", "c1_adapter_up", "c2_adapter_down", "c2_adapter_up"}));
  EXPECT_EQ(variant.graph.layers.size(), 12u);
  EXPECT_EQ(variant.graph.calls.back().output_shape, (base::Shape{3}));
  EXPECT_EQ(Cuts(variant.graph), (Names{"c1"}));
  EXPECT_EQ(NamesOf(variant.graph, variant.graph.calls[static_cast<size_t>(CallOf(variant.graph, "d"))].inputs), (Names{"c1_adapter_add"}));
}

void ExpectRefusal(const std::string& message, const std::function<void()>& make) {
  try {
    make();
    ADD_FAILURE() << message;
  } catch (const base::Error& error) {
    EXPECT_EQ(std::string(error.what()), message);
  }
}

TEST(Variants, RefuseWhatMakesNoSense) {
  const Graph trunk = Trunk();
  wire::HeadRequest hidden, both, lone;
  hidden.hidden = std::vector<int>{4};
  both = hidden;
  both.layers = "[]";
  lone.classes = 4;
  ExpectRefusal("the model has no layer \"c9\"", [&] { wire::FreezeVariant(trunk, "c9", {}, false); });
  ExpectRefusal("layer \"in\" is an input of the model", [&] { wire::FreezeVariant(trunk, "in", {}, false); });
  ExpectRefusal("layer \"out\" is not below the new head, which reads layer \"flat\"", [&] { wire::FreezeVariant(trunk, "out", hidden, false); });
  ExpectRefusal("head and hidden are both given", [&] { wire::FreezeVariant(trunk, "c1", both, false); });
  ExpectRefusal("classes is given without a head", [&] { wire::FreezeVariant(trunk, "c1", lone, false); });
  ExpectRefusal("truncate needs a layer and a head, and no head_on", [&] { wire::FreezeVariant(trunk, "c1", {}, true); });
  ExpectRefusal("an adapter has at least 1 unit, got 0", [&] { wire::AdapterVariant(trunk, {"c1"}, 0, {}); });
  ExpectRefusal("layer \"out\" is not below the head of the model", [&] { wire::AdapterVariant(trunk, {"out"}, 4, {}); });
  hidden.hidden = std::vector<int>{0};
  ExpectRefusal("hidden has a layer of 0 units", [&] { wire::FreezeVariant(trunk, "c1", hidden, false); });
}

}  // namespace
