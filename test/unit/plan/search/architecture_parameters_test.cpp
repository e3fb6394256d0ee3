#include "plan/architecture_parameters.hpp"

#include <gtest/gtest.h>

#include "base/literal.hpp"

namespace {

base::Layer Dense(const char* name, int64_t in, int64_t units, const char* activation) {
  base::Layer layer;
  layer.name = name;
  layer.kind = base::LayerKind::kDense;
  layer.attributes = base::Value(base::Dict{{"activation", base::Value(activation)}});
  layer.weights.resize(2);
  layer.weights[0].shape = {in, units};
  layer.weights[1].shape = {units};
  return layer;
}

TEST(ArchitectureParameters, SayWhatIsThere) {
  base::Graph graph;
  graph.layers = {Dense("a", 4, 8, "tanh"), Dense("b", 8, 16, "relu"), Dense("c", 16, 3, "softmax")};
  base::Layer dropout;
  dropout.kind = base::LayerKind::kDropout;
  dropout.attributes = base::Value(base::Dict{{"rate", base::Value(0.25)}});
  graph.layers.insert(graph.layers.begin() + 1, dropout);
  EXPECT_EQ(base::FormatJson(base::Value(plan::ArchitectureParameters(graph))),
            R"({"layers":3,"weights":235,"rate":0.25,"units_1":8,"units_2":16,"activation":"tanh"})");
  graph.layers = {Dense("out", 4, 3, "softmax")};
  EXPECT_EQ(base::FormatJson(base::Value(plan::ArchitectureParameters(graph))),
            R"({"layers":1,"weights":15,"rate":0.0,"activation":"softmax"})");
}

}  // namespace
