#include <functional>

#include "base/error.hpp"
#include "compare.hpp"
#include "fixture.hpp"

namespace {

using base::Graph;
using wire_test::Fixture;

// Writes a graph that was changed after it was built: what a forger could store.
std::string Refusal(const std::function<void(Graph*)>& change, const std::string& fixture = "residual_keras_2_10.json") {
  Graph graph = Fixture(fixture);
  change(&graph);
  try {
    wire::ReadGraph(wire::WriteGraph(graph));
  } catch (const base::Error& error) {
    EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(base::ErrorCode::kDataCorrupted));
    return error.what();
  }
  return "was read";
}

void Set(Graph* graph, size_t layer, const std::string& name, base::Value value) {
  for (auto& entry : graph->layers[layer].attributes.dict()) {
    if (entry.first == name) entry.second = std::move(value);
  }
}

TEST(GraphCodec, RoundTrip) {
  for (const std::string& name : wire_test::KerasFixtures()) {
    SCOPED_TRACE(name);
    const Graph graph = Fixture(name);
    const std::string bytes = wire::WriteGraph(graph);
    const Graph read = wire::ReadGraph(bytes);
    wire_test::ExpectSameGraph(read, graph);
    EXPECT_EQ(wire::WriteGraph(read), bytes);
    EXPECT_EQ(wire::GraphDigest(read), wire::GraphDigest(graph));
  }
}

TEST(GraphCodec, KeepsNamesInAnyEncoding) {
  Graph graph = Fixture("iris_keras_2_10.json");
  graph.layers[1].name = "caf\xE9";  // LATIN1
  EXPECT_EQ(wire::ReadGraph(wire::WriteGraph(graph)).layers[1].name, "caf\xE9");
}

// The digest is stored beside states: a change of its rule would make them strangers.
TEST(GraphCodec, DigestsAreFrozen) {
  EXPECT_EQ(wire::GraphDigest(Fixture("iris_keras_2_10.json")), "b09f6cfe8e358d972a27511e21e9cc9a");
  EXPECT_EQ(wire::GraphDigest(Fixture("batchnorm_keras_2_10.json")), "eb13a4c269d16985e4b72cdd108f3a38");
  EXPECT_EQ(wire::GraphDigest(Fixture("two_inputs_keras_2_10.json")), "bccf895af6b996e4ac3f95e822b7d468");
}

TEST(GraphCodec, ArgumentsOfLaterVersionsHaveDefaults) {
  Graph graph = Fixture("iris_keras_2_10.json");
  const Graph whole = graph;
  base::Dict& attributes = graph.layers[1].attributes.dict();
  attributes.erase(attributes.begin() + 5, attributes.end());  // as if written before these arguments were known
  const Graph read = wire::ReadGraph(wire::WriteGraph(graph));
  wire_test::ExpectSameGraph(read, whole);
  EXPECT_EQ(wire::GraphDigest(graph), wire::GraphDigest(whole));
}

TEST(GraphCodec, RefusesForgedGraphs) {
  const std::string head = "a stored architecture cannot be read: ", conv = head + "layer \"conv2d\" (Conv2D): ";
  const std::string weights = head + "the weights of layer \"conv2d\" differ from the noted ones";
  EXPECT_EQ(Refusal([](Graph*) {}), "was read");
  EXPECT_EQ(Refusal([](Graph* g) { g->calls[1].layer = 99; }), head + "there is no layer number 99");
  EXPECT_EQ(Refusal([](Graph* g) { g->calls[1].layer = -1; }), head + "there is no layer number -1");
  EXPECT_EQ(Refusal([](Graph* g) { g->calls[1].inputs = {1}; }), conv + "reads a call that does not come before it");
  EXPECT_EQ(Refusal([](Graph* g) { g->calls[1].inputs = {-1}; }), conv + "reads a call that does not come before it");
  EXPECT_EQ(Refusal([](Graph* g) { g->calls[1].inputs = {}; }), head + "layer \"conv2d\" (Conv2D): takes 1 input, got 0");
  EXPECT_EQ(Refusal([](Graph* g) { g->outputs = {77}; }), head + "the model has no call number 77");
  EXPECT_EQ(Refusal([](Graph* g) { g->inputs = {1}; }),
            head + "layer \"conv2d\" (Conv2D): is named as an input of the model, but is no InputLayer");
  EXPECT_EQ(Refusal([](Graph* g) { g->inputs = {0, 0}; }),
            head + "layer \"input_1\" (InputLayer): is named twice as an input of the model");
  EXPECT_EQ(Refusal([](Graph* g) { g->outputs = {}; }), head + "the model has no output");
  EXPECT_EQ(Refusal([](Graph* g) { g->calls[1].output_shape[0] = 9; }),
            head + "the output shape of call number 1 differs from the noted one");
  EXPECT_EQ(Refusal([](Graph* g) { g->layers[1].weights[0].shape[0] = 5; }), weights);
  EXPECT_EQ(Refusal([](Graph* g) { g->layers[1].weights.pop_back(); }), weights);
  EXPECT_EQ(Refusal([](Graph* g) { g->layers[2].name = "conv2d"; }), head + "layer \"conv2d\" (Conv2D): another layer has the same name");
  EXPECT_EQ(Refusal([](Graph* g) { g->layers[2].name = ""; }),
            head + "layer \"\" (Conv2D): the name of a layer has 1 to 256 bytes, this one has 0");
  EXPECT_EQ(Refusal([](Graph* g) { g->layers[2].name = std::string(300, 'x'); }).substr(0, 60),
            (head + "layer \"" + std::string(80, 'x')).substr(0, 60));
  EXPECT_EQ(Refusal([](Graph* g) { g->layers[1].kind = static_cast<base::LayerKind>(999); }), head + "layer kind 999 is unknown");
  EXPECT_EQ(Refusal([](Graph* g) { Set(g, 1, "filters", base::Value(int64_t{1} << 40)); }),
            head + "layer \"conv2d\" (Conv2D): argument \"filters\" must be a positive integer, got 1099511627776");
  EXPECT_EQ(Refusal([](Graph* g) { Set(g, 1, "padding", base::Value(base::List{})); }),
            head + "layer \"conv2d\" (Conv2D): argument \"padding\" must be one of \"valid\", \"same\", got []");
  EXPECT_EQ(Refusal([](Graph* g) { Set(g, 0, "shape", base::Value(base::List(9, base::Value(1)))); }),
            head + "layer \"input_1\" (InputLayer): the output would have the shape (1, 1, 1, 1, 1, 1, 1, 1, 1)");
}

TEST(GraphCodec, RefusesDeepNesting) {
  const std::string head = "a stored architecture cannot be read: ";
  base::Value deep(1);
  for (int i = 0; i < 40; ++i) deep = base::Value(base::List{deep});
  EXPECT_EQ(Refusal([&](Graph* g) { Set(g, 1, "padding", deep); }), head + "values are nested deeper than 16 levels");
  for (int i = 0; i < 100; ++i) deep = base::Value(base::List{deep});
  EXPECT_EQ(Refusal([&](Graph* g) { Set(g, 1, "padding", deep); }), head + "these are not the bytes of a graph");
}

TEST(GraphCodec, RefusesOtherBytes) {
  const std::string bytes = wire::WriteGraph(Fixture("iris_keras_2_10.json"));
  const std::string half = bytes.substr(0, bytes.size() / 2);
  for (const std::string& wrong : {std::string(), std::string("hello"), half, bytes + "x", std::string(1000, '\xFF')}) {
    try {
      wire::ReadGraph(wrong);
      ADD_FAILURE() << "was read: " << wrong.size() << " bytes";
    } catch (const base::Error& error) {
      EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(base::ErrorCode::kDataCorrupted));
    }
  }
}

}  // namespace
