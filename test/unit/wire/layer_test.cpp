// The definitions of layers as Keras texts reach them: attributes, shapes, weights and flops.
#include "layers/definition.hpp"

#include "base/error.hpp"
#include "base/literal.hpp"
#include "fixture.hpp"

namespace {

using base::Shape;
using wire_test::OneLayer;

std::string Json(const base::Value& value) { return base::FormatJson(value); }

Shape OutputShape(const std::string& input, const std::string& class_name, const std::string& arguments = "") {
  return OneLayer(input, class_name, arguments).calls.back().output_shape;
}

double Flops(const std::string& input, const std::string& class_name, const std::string& arguments = "") {
  return OneLayer(input, class_name, arguments).calls.back().forward_flops;
}

std::string Attribute(const base::Graph& graph, const char* name) {
  const base::Value* value = graph.layers.back().attributes.Find(name);
  return value == nullptr ? "absent" : Json(*value);
}

// A value of the argument of a Dense layer "x", normalised.
std::string Dense(const std::string& argument, const std::string& value) {
  return Attribute(OneLayer("4", "Dense", "\"units\": 2, \"" + argument + "\": " + value), argument.c_str());
}

// The contract with the engine: all keys, in order, with Keras's defaults.
TEST(Layer, Defaults) {
  const auto attributes = [](const char* input, const char* class_name, const char* arguments) {
    return Json(OneLayer(input, class_name, arguments).layers.back().attributes);
  };
  const std::string glorot =
      R"({"class_name":"VarianceScaling","config":{"scale":1.0,"mode":"fan_avg","distribution":"uniform","seed":null}})";
  const std::string zeros = R"({"class_name":"Zeros","config":{}})", ones = R"({"class_name":"Ones","config":{}})";
  EXPECT_EQ(attributes("4", "Dense", "\"units\": 3.0"),
            R"({"units":3,"activation":"linear","use_bias":true,"kernel_initializer":)" + glorot + R"(,"bias_initializer":)" + zeros +
                R"(,"kernel_regularizer":null,"bias_regularizer":null,"kernel_constraint":null,"bias_constraint":null})");
  EXPECT_EQ(attributes("9, 9, 1", "Conv2D", "\"filters\": 3, \"kernel_size\": 2"),
            R"({"filters":3,"kernel_size":[2,2],"strides":[1,1],"padding":"valid","data_format":"channels_last","dilation_rate":[1,1],)"
            R"("groups":1,"activation":"linear","use_bias":true,"kernel_initializer":)" +
                glorot + R"(,"bias_initializer":)" + zeros +
                R"(,"kernel_regularizer":null,"bias_regularizer":null,"kernel_constraint":null,"bias_constraint":null})");
  EXPECT_EQ(attributes("9, 9, 1", "MaxPooling2D", "\"pool_size\": [3, 2]"),
            R"({"pool_size":[3,2],"strides":[3,2],"padding":"valid","data_format":"channels_last"})");
  EXPECT_EQ(attributes("9, 9, 1", "GlobalAveragePooling2D", ""), R"({"data_format":"channels_last","keepdims":false})");
  EXPECT_EQ(attributes("9, 9, 1", "ZeroPadding2D", ""), R"({"padding":[[1,1],[1,1]],"data_format":"channels_last"})");
  EXPECT_EQ(attributes("9", "Dropout", "\"rate\": 0"), R"({"rate":0.0,"noise_shape":null,"seed":null})");
  EXPECT_EQ(attributes("9", "BatchNormalization", ""),
            R"({"axis":-1,"momentum":0.99,"epsilon":0.001,"center":true,"scale":true,"beta_initializer":)" + zeros +
                R"(,"gamma_initializer":)" + ones + R"(,"moving_mean_initializer":)" + zeros + R"(,"moving_variance_initializer":)" + ones +
                R"(,"beta_regularizer":null,"gamma_regularizer":null,"beta_constraint":null,"gamma_constraint":null})");
  EXPECT_EQ(attributes("9", "LayerNormalization", ""),
            R"({"axis":[-1],"epsilon":0.001,"center":true,"scale":true,"beta_initializer":)" + zeros + R"(,"gamma_initializer":)" + ones +
                R"(,"beta_regularizer":null,"gamma_regularizer":null,"beta_constraint":null,"gamma_constraint":null})");
  EXPECT_EQ(attributes("9", "ReLU", ""), R"({"max_value":null,"negative_slope":0.0,"threshold":0.0})");
  EXPECT_EQ(attributes("9", "LeakyReLU", ""), R"({"alpha":0.3})");
  EXPECT_EQ(attributes("9", "ELU", ""), R"({"alpha":1.0})");
  EXPECT_EQ(attributes("9", "Softmax", ""), R"({"axis":-1})");
  EXPECT_EQ(attributes("9", "Embedding", "\"input_dim\": 5, \"output_dim\": 2"),
            R"({"input_dim":5,"output_dim":2,"embeddings_initializer":{"class_name":"RandomUniform",)"
            R"("config":{"minval":-0.05,"maxval":0.05,"seed":null}},"embeddings_regularizer":null,"embeddings_constraint":null,)"
            R"("mask_zero":false,"input_length":null})");
  const std::string rest =
      R"(,"kernel_regularizer":null,"recurrent_regularizer":null,"bias_regularizer":null,"kernel_constraint":null,)"
      R"("recurrent_constraint":null,"bias_constraint":null,"dropout":0.0,"recurrent_dropout":0.0,"return_sequences":false,)"
      R"("return_state":false,"go_backwards":false,"zero_output_for_mask":false})";
  const std::string head =
      R"({"units":3,"activation":"tanh","recurrent_activation":"sigmoid","use_bias":true,"kernel_initializer":)" + glorot +
      R"(,"recurrent_initializer":{"class_name":"Orthogonal","config":{"gain":1.0,"seed":null}},"bias_initializer":)" + zeros;
  EXPECT_EQ(attributes("9, 2", "LSTM", "\"units\": 3"), head + R"(,"unit_forget_bias":true)" + rest);
  EXPECT_EQ(attributes("9, 2", "GRU", "\"units\": 3"), head + R"(,"reset_after":true)" + rest);
}

TEST(Layer, NormalisingTwiceChangesNothing) {
  for (const std::string& name : wire_test::KerasFixtures()) {
    const base::Graph graph = wire_test::Fixture(name);
    for (const base::Layer& layer : graph.layers) {
      EXPECT_EQ(Json(layers::NormalizeArguments(*layers::FindLayer(layer.kind), layer.name, layer.attributes)), Json(layer.attributes))
          << name << " " << layer.name;
    }
  }
}

TEST(Layer, Activations) {
  for (const char* name : {"linear", "relu", "relu6", "sigmoid", "hard_sigmoid", "tanh", "softmax", "softplus", "softsign", "elu", "selu",
                           "swish", "gelu", "exponential", "log_softmax", "mish"}) {
    EXPECT_EQ(Dense("activation", std::string("\"") + name + "\""), std::string("\"") + name + "\"");
  }
  EXPECT_EQ(Dense("activation", "null"), "\"linear\"");
  EXPECT_EQ(Dense("activation", "\"silu\""), "\"swish\"");
  EXPECT_EQ(Dense("activation", R"({"class_name": "ReLU", "config": {"name": "r", "max_value": null, "negative_slope": 0.0}})"),
            "\"relu\"");
  EXPECT_EQ(Dense("activation", R"({"class_name": "ReLU", "config": {"max_value": 6.0}})"), "\"relu6\"");
  EXPECT_EQ(Dense("activation", R"({"class_name": "Softmax", "config": {"axis": -1}})"), "\"softmax\"");
  EXPECT_EQ(Dense("activation", R"({"class_name": "Activation", "config": {"activation": "tanh"}})"), "\"tanh\"");
  EXPECT_EQ(Dense("activation", R"({"module": "builtins", "class_name": "function", "config": "relu", "registered_name": "function"})"),
            "\"relu\"");
}

TEST(Layer, Initializers) {
  const auto read = [](const std::string& value) { return Dense("kernel_initializer", value); };
  EXPECT_EQ(read("\"zeros\""), R"({"class_name":"Zeros","config":{}})");
  EXPECT_EQ(read("\"Ones\""), R"({"class_name":"Ones","config":{}})");
  EXPECT_EQ(read("\"normal\""), R"({"class_name":"RandomNormal","config":{"mean":0.0,"stddev":0.05,"seed":null}})");
  EXPECT_EQ(read(R"({"class_name": "TruncatedNormal", "config": {"mean": 0, "stddev": 1e-05, "seed": 3, "dtype": "float32"}})"),
            R"({"class_name":"TruncatedNormal","config":{"mean":0.0,"stddev":1e-05,"seed":3}})");
  EXPECT_EQ(read(R"({"class_name": "Constant", "config": {"value": -2}})"), R"({"class_name":"Constant","config":{"value":-2.0}})");
  EXPECT_EQ(read("\"identity\""), R"({"class_name":"Identity","config":{"gain":1.0}})");
  EXPECT_EQ(read(R"({"class_name": "GlorotUniformV2", "config": {}})"), read("\"glorot_uniform\""));
  EXPECT_EQ(read(R"({"class_name": "VarianceScaling", "config": {"scale": 2.0, "mode": "fan_in", "distribution": "normal"}})"),
            read("\"he_normal\""));
  const auto scaling = [](const char* scale, const char* mode, const char* distribution) {
    return std::string(R"({"class_name":"VarianceScaling","config":{"scale":)") + scale + R"(,"mode":")" + mode + R"(","distribution":")" +
           distribution + R"(","seed":null}})";
  };
  EXPECT_EQ(read("\"glorot_normal\""), scaling("1.0", "fan_avg", "truncated_normal"));
  EXPECT_EQ(read("\"he_uniform\""), scaling("2.0", "fan_in", "uniform"));
  EXPECT_EQ(read("\"lecun_uniform\""), scaling("1.0", "fan_in", "uniform"));
  EXPECT_EQ(read("\"lecun_normal\""), scaling("1.0", "fan_in", "truncated_normal"));
}

TEST(Layer, RegularizersAndConstraints) {
  EXPECT_EQ(Dense("kernel_regularizer", "\"l1\""), R"({"class_name":"L1L2","config":{"l1":0.01,"l2":0.0}})");
  EXPECT_EQ(Dense("kernel_regularizer", "\"l1_l2\""), R"({"class_name":"L1L2","config":{"l1":0.01,"l2":0.01}})");
  EXPECT_EQ(Dense("kernel_regularizer", R"({"class_name": "L1L2", "config": {"l1": 0.0, "l2": 0.009999999776482582}})"),
            R"({"class_name":"L1L2","config":{"l1":0.0,"l2":0.009999999776482582}})");
  EXPECT_EQ(Dense("kernel_regularizer", R"({"class_name": "L1L2", "config": {"l1": 0.0, "l2": null}})"), "null");
  EXPECT_EQ(Dense("kernel_regularizer", "\"orthogonal_regularizer\""),
            R"({"class_name":"OrthogonalRegularizer","config":{"factor":0.01,"mode":"rows"}})");
  EXPECT_EQ(Dense("kernel_regularizer", R"({"class_name": "OrthogonalRegularizer", "config": {"factor": 0.5, "mode": "columns"}})"),
            R"({"class_name":"OrthogonalRegularizer","config":{"factor":0.5,"mode":"columns"}})");
  EXPECT_EQ(Dense("kernel_regularizer", R"({"class_name": "OrthogonalRegularizer", "config": {"factor": 0.0}})"), "null");
  EXPECT_EQ(Dense("kernel_constraint", "\"max_norm\""), R"({"class_name":"MaxNorm","config":{"max_value":2.0,"axis":[0]}})");
  EXPECT_EQ(Dense("kernel_constraint", R"({"class_name": "NonNeg", "config": {}})"), R"({"class_name":"NonNeg","config":{}})");
  EXPECT_EQ(Dense("kernel_constraint", R"({"class_name": "UnitNorm", "config": {"axis": [0, 1]}})"),
            R"({"class_name":"UnitNorm","config":{"axis":[0,1]}})");
}

TEST(Layer, ShapesOfImages) {
  EXPECT_EQ(OutputShape("28, 28, 1", "Conv2D", "\"filters\": 6, \"kernel_size\": 5"), (Shape{24, 24, 6}));
  EXPECT_EQ(OutputShape("28, 28, 1", "Conv2D", "\"filters\": 6, \"kernel_size\": 5, \"padding\": \"same\", \"strides\": [2, 3]"),
            (Shape{14, 10, 6}));
  EXPECT_EQ(OutputShape("11, 7, 1", "Conv2D", "\"filters\": 6, \"kernel_size\": [3, 2], \"strides\": 3"), (Shape{3, 2, 6}));
  EXPECT_EQ(OutputShape("11, 11, 4", "Conv2D", "\"filters\": 6, \"kernel_size\": 3, \"dilation_rate\": 2, \"groups\": 2"),
            (Shape{7, 7, 6}));
  EXPECT_EQ(OneLayer("11, 11, 4", "Conv2D", "\"filters\": 6, \"kernel_size\": 3, \"groups\": 2").layers[1].weights[0].shape,
            (Shape{3, 3, 2, 6}));
  EXPECT_EQ(OutputShape("7, 7, 3", "MaxPooling2D"), (Shape{3, 3, 3}));
  EXPECT_EQ(OutputShape("7, 7, 3", "MaxPooling2D", "\"padding\": \"same\""), (Shape{4, 4, 3}));
  EXPECT_EQ(OutputShape("7, 7, 3", "AveragePooling2D", "\"pool_size\": 3, \"strides\": 1"), (Shape{5, 5, 3}));
  EXPECT_EQ(OutputShape("7, 5, 3", "GlobalMaxPooling2D"), (Shape{3}));
  EXPECT_EQ(OutputShape("7, 5, 3", "GlobalAveragePooling2D", "\"keepdims\": true"), (Shape{1, 1, 3}));
  EXPECT_EQ(OutputShape("7, 5, 3", "ZeroPadding2D", "\"padding\": 2"), (Shape{11, 9, 3}));
  EXPECT_EQ(OutputShape("7, 5, 3", "ZeroPadding2D", "\"padding\": [1, 2]"), (Shape{9, 9, 3}));
  EXPECT_EQ(OutputShape("7, 5, 3", "ZeroPadding2D", "\"padding\": [[0, 1], [2, 3]]"), (Shape{8, 10, 3}));
}

TEST(Layer, OtherShapes) {
  EXPECT_EQ(OutputShape("5, 4", "Dense", "\"units\": 3"), (Shape{5, 3}));
  EXPECT_EQ(OneLayer("5, 4", "Dense", "\"units\": 3, \"use_bias\": false").WeightCount(), 12);
  EXPECT_EQ(OutputShape("7, 5, 3", "Flatten"), (Shape{105}));
  EXPECT_EQ(OutputShape("", "Flatten"), (Shape{1}));
  EXPECT_EQ(OutputShape("12", "Reshape", "\"target_shape\": [2, -1, 3]"), (Shape{2, 2, 3}));
  EXPECT_EQ(OutputShape("1", "Reshape", "\"target_shape\": []"), (Shape{}));
  EXPECT_EQ(OutputShape("7, 5", "Embedding", "\"input_dim\": 9, \"output_dim\": 4"), (Shape{7, 5, 4}));
  EXPECT_EQ(OutputShape("7, 5", "LSTM", "\"units\": 4, \"return_sequences\": true"), (Shape{7, 4}));
  EXPECT_EQ(OutputShape("7, 5", "GRU", "\"units\": 4"), (Shape{4}));
  EXPECT_EQ(OneLayer("7, 5", "GRU", "\"units\": 4, \"reset_after\": false").layers[1].weights[2].shape, (Shape{12}));
  EXPECT_EQ(OneLayer("7, 5", "LSTM", "\"units\": 4, \"use_bias\": false").layers[1].weights.size(), 2u);
  EXPECT_EQ(OutputShape("6, 4", "Dropout", "\"rate\": 0.5, \"noise_shape\": [null, 1, 4]"), (Shape{6, 4}));
  EXPECT_EQ(OneLayer("6, 4", "BatchNormalization", "\"axis\": 1").layers[1].weights[0].shape, (Shape{6}));
  EXPECT_EQ(OneLayer("6, 4", "BatchNormalization", "\"scale\": false").layers[1].weights[0].name, "beta");
  EXPECT_EQ(OneLayer("6, 4", "LayerNormalization", "\"axis\": [1, 2]").layers[1].weights[0].shape, (Shape{6, 4}));
}

// Two inputs "a" and "b" into a layer "x".
base::Call Merge(const std::string& a, const std::string& b, const std::string& class_name, const std::string& arguments = "") {
  const auto entry = [](const std::string& layer, const std::string& inbound) {
    return layer.substr(0, layer.size() - 1) + ", \"inbound_nodes\": " + inbound + "}";
  };
  const auto input = [&](const std::string& name, const std::string& shape) {
    return entry(wire_test::LayerText("InputLayer", name, "\"batch_input_shape\": [null, " + shape + "]"), "[]");
  };
  return wire::ReadKeras("{\"class_name\": \"Model\", \"config\": {\"layers\": [" + input("a", a) + ", " + input("b", b) + ", " +
                         entry(wire_test::LayerText(class_name, "x", arguments), "[[[\"a\", 0, 0], [\"b\", 0, 0]]]") +
                         "], \"input_layers\": [[\"a\", 0, 0], [\"b\", 0, 0]], \"output_layers\": [[\"x\", 0, 0]]}}")
      .calls.back();
}

TEST(Layer, Merging) {
  for (const char* name : {"Add", "Multiply", "Average", "Maximum"}) {
    EXPECT_EQ(Merge("4, 3", "4, 3", name).output_shape, (Shape{4, 3})) << name;
    EXPECT_EQ(Merge("4, 1", "1, 3", name).output_shape, (Shape{4, 3})) << name;
    EXPECT_EQ(Merge("4, 3", "4, 3", name).forward_flops, 12) << name;
    EXPECT_THROW(Merge("4, 3", "3", name), base::Error) << name;
  }
  EXPECT_EQ(Merge("4, 3", "4, 2", "Concatenate").output_shape, (Shape{4, 5}));
  EXPECT_EQ(Merge("4, 3", "1, 3", "Concatenate", "\"axis\": 1").output_shape, (Shape{5, 3}));
  EXPECT_THROW(Merge("4, 3", "1, 2", "Concatenate"), base::Error);
}

TEST(Layer, Flops) {
  EXPECT_EQ(Flops("5, 4", "Dense", "\"units\": 3, \"use_bias\": false"), 2 * 5 * 4 * 3);
  EXPECT_EQ(Flops("4, 4, 2", "Conv2D", "\"filters\": 3, \"kernel_size\": 3, \"activation\": \"relu\""), 2 * 2 * 3 * (2 * 9 * 2 + 2));
  EXPECT_EQ(Flops("4, 4, 2", "MaxPooling2D"), 2 * 2 * 2 * 4);
  EXPECT_EQ(Flops("4, 4, 2", "GlobalAveragePooling2D"), 32);
  EXPECT_EQ(Flops("4, 4, 2", "BatchNormalization"), 8 * 32);
  EXPECT_EQ(Flops("4, 4, 2", "Flatten"), 0);
  EXPECT_EQ(Flops("6, 2", "LSTM", "\"units\": 4"), 6 * (2 * 16 * (2 + 4) + 4 * 16));
  EXPECT_EQ(wire_test::Fixture("residual_keras_2_10.json").calls[3].forward_flops, 8 * 8 * 8);
}

}  // namespace
