// Which Dense layers multiply categories once, and that a row's values then have the same bits whatever rows are beside
// it.
#include "engine/native/categories.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <memory>
#include <string>
#include <vector>

#include "../fixture.hpp"
#include "../functional.hpp"
#include "engine/math/optimizer.hpp"
#include "engine/native/extractor.hpp"
#include "engine/native/stages.hpp"

namespace {

using fixture::Functional;
using fixture::Tensor;

struct Joined {
  std::vector<engine::native::StageValue> values;
  std::vector<engine::native::JoinedStage<float>> stages;
};

Joined Join(const base::Graph& graph) {
  engine::native::Stages<float> calls(graph);
  for (size_t call = 0; call < graph.calls.size(); ++call) EXPECT_TRUE(calls.JoinCall(static_cast<int>(call)));
  Joined joined{calls.TakeValues(), calls.TakeStages()};
  std::vector<int> returned;
  for (const int call : graph.outputs) returned.push_back(calls.ValueOf(call));
  engine::native::JoinCategories(graph, returned, &joined.values, &joined.stages);
  return joined;
}

/// The table of an Embedding of an input "<name>", laid out as a row.
Tensor Row(Functional* net, const std::string& name, int count, int width, const std::string& more = {}) {
  const std::string table =
      R"("input_dim": )" + std::to_string(count) + R"(, "output_dim": )" + std::to_string(width) + more;
  return net->Call("Flatten", "flat_" + name, "",
                   {net->Call("Embedding", "of_" + name, table, {net->Input(name, "1")})});
}

/// How many values the layer "<name>" reads; 0: there is no such stage.
size_t InputsOf(const base::Graph& graph, const Joined& joined, const std::string& name) {
  for (const engine::native::JoinedStage<float>& stage : joined.stages) {
    const int layer = stage.layer->graph_layer();
    if (layer >= 0 && graph.layers[static_cast<size_t>(layer)].name == name) return stage.inputs.size();
  }
  return 0;
}

/// Stages that belong to no layer with weights: of what this test makes, a Concatenate.
size_t Concatenates(const Joined& joined) {
  return static_cast<size_t>(std::count_if(joined.stages.begin(), joined.stages.end(),
                                           [](const auto& stage) { return stage.layer->graph_layer() < 0; }));
}

}  // namespace

TEST(Categories, AreReadByTheDenseItself) {
  Functional net;
  const Tensor a = Row(&net, "a", 10, 4), x = net.Input("x", "3"), b = Row(&net, "b", 1024, 8), y = net.Input("y", "2");
  const Tensor one = net.Dense("one", 16, "relu", net.Call("Concatenate", "axb", "", {a, x, b}));
  const Tensor c = Row(&net, "c", 10, 4), d = Row(&net, "d", 10, 4);
  const Tensor two = net.Dense("two", 16, "relu", net.Call("Concatenate", "xcy", "", {x, c, y}));
  const Tensor none = net.Dense("none", 16, "relu", d);
  const base::Graph graph = net.Build({one, two, none});
  const Joined joined = Join(graph);
  EXPECT_EQ(InputsOf(graph, joined, "one"), 3U);   // x, a, b
  EXPECT_EQ(InputsOf(graph, joined, "two"), 2U);   // x and y laid together, c
  EXPECT_EQ(InputsOf(graph, joined, "none"), 1U);  // d
  EXPECT_EQ(Concatenates(joined), 1U);
  for (const auto& stage : joined.stages) {
    for (size_t i = 0; i < stage.inputs.size(); ++i) {
      EXPECT_EQ(stage.layer->input_elements(i), joined.values[static_cast<size_t>(stage.inputs[i])].elements);
    }
    EXPECT_EQ(stage.layer->output_elements(), joined.values[static_cast<size_t>(stage.output)].elements);
  }
}

TEST(Categories, StayRowsWhereTheyDoNotPayOrOthersReadThem) {
  const struct {
    const char* why;
    int count, width, units;
    const char* embedding;
    bool read_twice, returned;
  } cases[] = {{"too few units", 10, 4, 15, "", false, false},
               {"too narrow", 10, 3, 16, "", false, false},
               {"too many categories", 1025, 4, 16, "", false, false},
               {"not trained", 10, 4, 16, R"(, "trainable": false)", false, false},
               {"others read the row", 10, 4, 16, "", true, false},
               {"others read what is laid together", 10, 4, 16, "", false, true}};
  for (const auto& c : cases) {
    SCOPED_TRACE(c.why);
    Functional net;
    const Tensor row = Row(&net, "a", c.count, c.width, c.embedding), x = net.Input("x", "3");
    const Tensor all = net.Call("Concatenate", "c", "", {row, x});
    std::vector<Tensor> outputs{net.Dense("dense", c.units, "relu", all)};
    if (c.read_twice) outputs.push_back(net.Dense("other", 2, "linear", row));
    if (c.returned) outputs.push_back(all);
    const base::Graph graph = net.Build(outputs);
    const Joined joined = Join(graph);
    EXPECT_EQ(InputsOf(graph, joined, "dense"), 1U);
    EXPECT_EQ(Concatenates(joined), 1U);
  }
  Functional net;  // two indexes a row
  const Tensor rows = net.Call("Embedding", "of", R"("input_dim": 9, "output_dim": 4)", {net.Input("i", "2")});
  const base::Graph graph = net.Build({net.Dense("dense", 16, "relu", net.Call("Flatten", "flat", "", {rows}))});
  EXPECT_EQ(Join(graph).values[static_cast<size_t>(Join(graph).stages[0].output)].elements, 8);
}

TEST(Categories, RowsDoNotDependOnTheRowsBesideThem) {
  constexpr int64_t kRows = 70;
  Functional net;
  std::vector<Tensor> parts{net.Input("x", "3")};
  fixture::Table table;
  table.AddInput("x", {3}, fixture::Numbers(kRows * 3));
  for (const int count : {3, 9, 60, 500, 7}) {
    const std::string name = "c" + std::to_string(count);
    parts.push_back(Row(&net, name, count, 5));
    std::vector<double> index = fixture::Numbers(kRows, static_cast<uint64_t>(count));
    for (double& v : index) v = std::floor((v + 1) / 2 * count);
    table.AddInput(name, {}, index);
  }
  const base::Graph graph = net.Build({net.Dense("d", 40, "tanh", net.Call("Concatenate", "all", "", parts))});
  for (const base::DType precision : {base::DType::kFloat32, base::DType::kFloat64}) {
    const engine::StateLayout layout = engine::MakeStateLayout(graph, {}, precision);
    fixture::Block block(layout);
    for (const engine::StateTensor& tensor : layout.tensors) {
      const std::vector<double> values = fixture::Numbers(tensor.count, tensor.offset);
      for (size_t k = 0; k < tensor.count; ++k) {
        char* at = static_cast<char*>(block.get()) + tensor.offset;
        if (precision == base::DType::kFloat64) {
          reinterpret_cast<double*>(at)[k] = values[k];
        } else {
          reinterpret_cast<float*>(at)[k] = static_cast<float>(values[k]);
        }
      }
    }
    const auto extractor = engine::native::Extractor::Make(graph, table.spec, layout);
    ASSERT_NE(extractor, nullptr);
    extractor->Attach(block.get());
    std::vector<std::vector<float>> together(1), alone(1);
    extractor->Run(table.Buffer(kRows), 0, kRows, &together);
    for (int64_t row = 0; row < kRows; ++row) extractor->Run(table.Buffer(kRows), row, 1, &alone);
    EXPECT_EQ(together, alone);
    EXPECT_GT(*std::max_element(together[0].begin(), together[0].end()), 0.1F);
  }
}
