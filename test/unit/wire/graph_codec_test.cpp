#include <functional>
#include <iterator>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "compare.hpp"
#include "fixture.hpp"
#include "wire/shape_signature.hpp"

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

// Stored beside states and in tables, or compared between processes: a change of one of these rules would make what is stored a stranger.
// The values were taken from version 0.1 before layers had definitions.
TEST(GraphCodec, BytesAndDigestsAreFrozen) {
  const struct {
    const char* fixture;
    const char* bytes;  // a hash of them
    const char* digest;
    const char* shape_signature;
  } rows[] = {
    {"batchnorm_keras_2_10.json", "f37cd059556f61ef727a4be38ffeb707",
     "eb13a4c269d16985e4b72cdd108f3a38", "169ff40e6cc12d5ace956f6653fb9349"},
    {"cifar10_keras_2_1_6.json", "4f44bd4bebbca42fb2e0815b770cae11",
     "40529bdb7cc300e1591d3ce41cd400fb", "8bb2a78d8dd06d3c4faacbdd3a694ee4"},
    {"functional_keras_3.json", "fbc66c411c6ef70322bb479d7d52e2d2",
     "2f017bb8e9bbf2a9d5950890c1b17d22", "188836de628558f713cb6a42fd5a5b19"},
    {"iris_keras_2_10.json", "882abf499a5eae598074c1e390cd9d51",
     "b09f6cfe8e358d972a27511e21e9cc9a", "f0a1ce7ac625dd92a113aac47e2b928c"},
    {"iris_keras_2_1_6.json", "a8919e7eaa0543ee1e8ad78c2632a14e",
     "b09f6cfe8e358d972a27511e21e9cc9a", "f0a1ce7ac625dd92a113aac47e2b928c"},
    {"iris_keras_2_2_4_tf.json", "882abf499a5eae598074c1e390cd9d51",
     "b09f6cfe8e358d972a27511e21e9cc9a", "f0a1ce7ac625dd92a113aac47e2b928c"},
    {"mnist_keras_2_2_4_tf.json", "2dcc09dabe2a4cd4f61f6547cfd309db",
     "0a5ab0716e5d6fc85d84f423ba9413fb", "6b913ec2fc48a4845efb94166d34109a"},
    {"residual_keras_2_10.json", "c649f43f68e1c640dbdb780da0569ec5",
     "6f1a4901e5e1dc6e604cb16d028ce520", "bb84a19904a55feaf8be3baf717c109b"},
    {"shared_keras_2_2_4.json", "b418579810be64b65e15c94828ef3f33",
     "02f7d2c4e675839fed406f640f89ba28", "88c75c897b7fc051793fd8c5a9fd1d09"},
    {"text_keras_2_10.json", "7633fdd23634362a759d33091bca0c01",
     "a21b548d04ee22617d9dd435d6719c77", "60468e71e4214b12711c2a3f5866fb00"},
    {"two_inputs_keras_2_10.json", "d088dd3dc4a669fb691254748a52334b",
     "bccf895af6b996e4ac3f95e822b7d468", "f1bfc22716a6b25ad2cdddb6a7521cb0"},
    // forms that later versions read, from when they did
    {"nested_keras_2_2_2.json", "75d7c79bfc51aa18a35007af7c100d20",
     "a2184b39e84b5789b48d1ba179c96395", "4b2032a96072e34262c6d2801c0b8d78"},
    {"seq2seq_keras_2_1_6.json", "231fb0213306ceedaf579c1f1bed225f",
     "26ef7f355fe59c02607b0c2b25213a64", "bda038ec3edbd18ec1f89342f30a8da2"},
    {"siamese_keras_2_10.json", "355dc98e17652883bd7392043fcd93d8",
     "d1d57ca74a2289f36bbd3c67c5da57b7", "ccc1127905762e9d78198f63eb443414"},
    {"transformer_keras_2_10.json", "e0386381e060ca692894d16a4ef61364",
     "98c2113a4c6820ad5e3482fd49acfd5d", "2351c1df20a9a5fdb6e2e5aa164e5beb"},
  };
  EXPECT_EQ(std::size(rows), wire_test::KerasFixtures().size());
  for (const auto& row : rows) {
    SCOPED_TRACE(row.fixture);
    const Graph graph = Fixture(row.fixture);
    const std::string bytes = wire::WriteGraph(graph);
    EXPECT_EQ(base::ToHex(base::Hash(bytes.data(), bytes.size(), 1)), row.bytes);
    EXPECT_EQ(wire::GraphDigest(graph), row.digest);
    EXPECT_EQ(wire::ShapeSignature(graph), row.shape_signature);
  }
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
