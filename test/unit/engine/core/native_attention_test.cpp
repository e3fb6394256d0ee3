// Attention by kernels: the same training as autograd's.
#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "training.hpp"

using base::LossKind;
using training::AdamConfig;
using training::Classes;
using training::ExpectSameTraining;

namespace {

std::string Node(const std::string& kind, const std::string& name, const std::string& arguments, const std::vector<std::string>& inputs) {
  std::string from;
  for (const std::string& input : inputs) from += (from.empty() ? "" : ", ") + ("[\"" + input + "\", 0, 0, {}]");
  return R"({"class_name": ")" + kind + R"(", "name": ")" + name + R"(", "config": {"name": ")" + name + "\"" +
         (arguments.empty() ? "" : ", " + arguments) + R"(}, "inbound_nodes": [)" + (from.empty() ? "" : "[" + from + "]") + "]}";
}

// From x (time, features) to three classes, with the nodes between, of which the last is "a".
void ExpectSame(const std::string& nodes, int time = 5, int features = 6) {
  SCOPED_TRACE(nodes);
  const std::string shape = "[null, " + std::to_string(time) + ", " + std::to_string(features) + "]";
  const base::Graph graph = wire::ReadKeras(
      R"({"class_name": "Functional", "config": {"name": "m", "layers": [)" + Node("InputLayer", "x", R"("batch_input_shape": )" + shape, {}) +
      ", " + nodes + ", " + Node("Flatten", "f", "", {"a"}) + ", " + Node("Dense", "o", R"("units": 3, "activation": "softmax")", {"f"}) +
      R"(], "input_layers": [["x", 0, 0]], "output_layers": [["o", 0, 0]]}})");
  base::TrainConfig config = AdamConfig(LossKind::kCategoricalCrossentropy, 10);
  config.optimizer.epsilon = 1e-3;  // gradients that are zero but for rounding make large steps otherwise
  fixture::Table table = Classes(25, time * features, 3, false);
  table.spec.inputs[0].shape = {time, features};
  ExpectSameTraining(graph, config, table, 25, 1e-3);
}

std::string MultiHead(const std::string& arguments, const std::vector<std::string>& inputs) {
  return Node("MultiHeadAttention", "a", arguments, inputs);
}

}  // namespace

TEST(NativeAttention, SelfAttention) {
  for (const char* arguments : {R"("num_heads": 1, "key_dim": 4)", R"("num_heads": 2, "key_dim": 8)", R"("num_heads": 3, "key_dim": 5, "value_dim": 7)",
                                R"("num_heads": 2, "key_dim": 4, "use_bias": false)", R"("num_heads": 2, "key_dim": 4, "output_shape": 9)",
                                R"("num_heads": 2, "key_dim": 4, "use_causal_mask": true)", R"("num_heads": 2, "key_dim": 4, "dropout": 0.3)"}) {
    ExpectSame(MultiHead(arguments, {"x", "x"}));  // no gradient is asked for
    ExpectSame(Node("Dense", "d", R"("units": 6, "activation": "tanh")", {"x"}) + ", " + MultiHead(arguments, {"d", "d"}));
    ExpectSame(Node("Dense", "d", R"("units": 6, "activation": "tanh")", {"x"}) + ", " + MultiHead(arguments, {"d", "d", "d"}));
  }
  ExpectSame(MultiHead(R"("num_heads": 2, "key_dim": 4)", {"x", "x"}), 19, 17);
  ExpectSame(MultiHead(R"("num_heads": 2, "key_dim": 4)", {"x", "x"}), 1, 6);
}

TEST(NativeAttention, QueriesKeysAndValuesOfTheirOwn) {
  const std::string query = Node("Dense", "q", R"("units": 4, "activation": "tanh")", {"x"}) + ", ";
  const std::string key = Node("Conv1D", "k", R"("filters": 4, "kernel_size": [2], "activation": "tanh")", {"x"}) + ", ";
  const std::string value = Node("Conv1D", "v", R"("filters": 7, "kernel_size": [2], "activation": "tanh")", {"x"}) + ", ";
  ExpectSame(query + key + value + MultiHead(R"("num_heads": 2, "key_dim": 4)", {"q", "v", "k"}));
  ExpectSame(query + value + MultiHead(R"("num_heads": 2, "key_dim": 4, "use_causal_mask": true)", {"q", "v"}));
  ExpectSame(query + key + value + Node("Attention", "a", "", {"q", "v", "k"}));
  ExpectSame(query + key + Node("Attention", "a", R"("dropout": 0.3, "causal": true)", {"q", "k"}));
}

TEST(NativeAttention, OfTheInputItself) {
  ExpectSame(Node("Attention", "a", "", {"x", "x"}));
  ExpectSame(Node("Attention", "a", R"("causal": true)", {"x", "x", "x"}));
}
