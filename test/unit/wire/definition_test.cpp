// Every definition through the reader and the codec.
#include "layers/definition.hpp"

#include "base/literal.hpp"
#include "compare.hpp"
#include "fixture.hpp"
#include "../layers/sample.hpp"

namespace {

using layers::LayerDefinition;

// A functional model of as many inputs as the layer needs, all of one shape, and the layer.
std::string ModelText(const LayerDefinition& definition, const base::Shape& shape) {
  std::string list, references;
  for (size_t i = 0; i < definition.min_inputs; ++i) {
    const std::string name = "in" + std::to_string(i);
    base::List sizes{base::Value()};
    for (const int64_t size : shape) sizes.emplace_back(size);
    list += R"({"class_name": "InputLayer", "config": {"name": ")" + name + R"(", "batch_input_shape": )" +
            base::FormatJson(base::Value(std::move(sizes))) + R"(}, "inbound_nodes": []}, )";
    references += (i == 0 ? "[\"" : ", [\"") + name + "\", 0, 0]";
  }
  base::Dict config = layers_test::SampleArguments(definition);
  config.emplace_back("name", "x");
  return R"({"class_name": "Functional", "config": {"name": "m", "layers": [)" + list + R"({"class_name": ")" +
         definition.class_names[0] + R"(", "config": )" + base::FormatJson(base::Value(std::move(config))) + R"(, "inbound_nodes": [[)" +
         references + R"(]]}], "input_layers": [)" + references + R"(], "output_layers": [["x", 0, 0]]}})";
}

TEST(Definitions, EveryLayerRoundTrips) {
  for (const LayerDefinition* definition : layers::Definitions()) {
    if (definition->max_inputs == 0) continue;  // an input: in every one of these models
    SCOPED_TRACE(definition->class_names[0]);
    const auto sample = layers_test::MakeSample(*definition);
    ASSERT_TRUE(sample.has_value());
    const base::Graph graph = wire::ReadKeras(ModelText(*definition, sample->inputs[0]));
    EXPECT_EQ(graph.layers.back().kind, definition->kind);
    EXPECT_EQ(base::FormatJson(graph.layers.back().attributes), base::FormatJson(sample->layer.attributes));
    EXPECT_EQ(graph.calls.back().output_shape, sample->output);
    const std::string bytes = wire::WriteGraph(graph);
    const base::Graph read = wire::ReadGraph(bytes);
    wire_test::ExpectSameGraph(read, graph);
    EXPECT_EQ(wire::WriteGraph(read), bytes);
    EXPECT_EQ(wire::GraphDigest(read), wire::GraphDigest(graph));
  }
}

}  // namespace
