// ONNX: our own files come back; operators as other programs write them; what is refused.
#include "exchange_fixture.hpp"

#include "base/error.hpp"
#include "layers/definition.hpp"
#include "onnx.pb.h"

namespace {

using base::ErrorCode;
using cerebro::onnx::Model;
using wire::FileFormat;
using wire_test::CountedWeights;
using wire_test::ExpectError;
using wire_test::Floats;
using wire_test::LayerText;
using wire_test::SequentialText;

std::string Export(const base::Graph& graph) { return wire::ExportModel(graph, CountedWeights(graph), FileFormat::kOnnx, wire::Naming::kKeras); }
wire::ImportedModel Import(const Model& model) { return wire::ImportModel(model.SerializeAsString(), FileFormat::kOnnx); }

// A model of one input "x" and one output "y", node by node.
class Builder {
 public:
  explicit Builder(const std::vector<int64_t>& input, int64_t version = 17) {
    model_.set_ir_version(8);
    model_.add_opset_import()->set_version(version);
    Describe(model_.mutable_graph()->add_input(), "x", input);
    model_.mutable_graph()->add_output()->set_name("y");
  }
  Builder& Node(const char* op, const std::vector<std::string>& inputs, const std::string& output) {
    cerebro::onnx::Node* node = model_.mutable_graph()->add_node();
    node->set_op_type(op);
    for (const std::string& input : inputs) node->add_input(input);
    node->add_output(output);
    return *this;
  }
  Builder& Ints(const char* name, const std::vector<int64_t>& values) {
    cerebro::onnx::Attribute* attribute = Attribute(name);
    for (const int64_t value : values) attribute->add_ints(value);
    return *this;
  }
  Builder& Int(const char* name, int64_t value) {
    Attribute(name)->set_i(value);
    return *this;
  }
  Builder& Constant(const char* name, const std::vector<int64_t>& shape, const std::vector<float>& values) {
    cerebro::onnx::Tensor* tensor = model_.mutable_graph()->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(1);
    for (const int64_t size : shape) tensor->add_dims(size);
    for (const float value : values) tensor->add_float_data(value);
    return *this;
  }
  Builder& Numbers(const char* name, const std::vector<int64_t>& values) {
    cerebro::onnx::Tensor* tensor = model_.mutable_graph()->add_initializer();
    tensor->set_name(name);
    tensor->set_data_type(7);
    tensor->add_dims(static_cast<int64_t>(values.size()));
    for (const int64_t value : values) tensor->add_int64_data(value);
    return *this;
  }
  Model& model() { return model_; }
  wire::ImportedModel Read() const { return Import(model_); }

 private:
  static void Describe(cerebro::onnx::ValueInfo* info, const char* name, const std::vector<int64_t>& shape) {
    info->set_name(name);
    info->mutable_type()->mutable_tensor_type()->set_elem_type(1);
    info->mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_param("N");
    for (const int64_t size : shape) info->mutable_type()->mutable_tensor_type()->mutable_shape()->add_dim()->set_dim_value(size);
  }
  cerebro::onnx::Attribute* Attribute(const char* name) {
    cerebro::onnx::Node* node = model_.mutable_graph()->mutable_node(model_.graph().node_size() - 1);
    cerebro::onnx::Attribute* attribute = node->add_attribute();
    attribute->set_name(name);
    return attribute;
  }
  Model model_;
};

std::vector<std::string> Classes(const wire::ImportedModel& model) {
  std::vector<std::string> classes;
  for (const base::Layer& layer : wire::ReadKeras(model.architecture).layers) classes.push_back(layers::DefinitionOf(layer).class_names[0]);
  return classes;
}

// Why a graph is not written, or not read again; "" when it is.
std::string Lack(const base::Graph& graph) {
  if (wire_test::FindKind(graph, base::LayerKind::kMultiHeadAttention) != nullptr) return "class MultiHeadAttention are not written as ONNX";
  if (wire_test::HasFlag(graph, "return_state")) return "returns its states";
  return "";
}

// Weights lie in the same order in both graphs, so they must come back as they were.
TEST(Onnx, WeightsComeBackTheSame) {
  int read = 0;
  std::vector<std::string> texts = wire_test::SmallTexts();
  texts.push_back(SequentialText("2, 2, 3", {LayerText("Flatten", "f"), LayerText("Dense", "d", "\"units\": 2")}));
  texts.push_back(SequentialText("9, 3", {LayerText("Conv1D", "c", "\"filters\": 4, \"kernel_size\": 3, \"padding\": \"causal\", \"dilation_rate\": 2"),
                                          LayerText("BatchNormalization", "b"), LayerText("MaxPooling1D", "m", "\"pool_size\": 2, \"padding\": \"same\""),
                                          LayerText("Conv1D", "e", "\"filters\": 2, \"kernel_size\": 2, \"strides\": 2, \"groups\": 2"),
                                          LayerText("GlobalAveragePooling1D", "g"), LayerText("Dense", "d", "\"units\": 2")}));
  for (std::string& text : texts) {
    const std::string masked = "\"mask_zero\": true";  // ONNX has no masks
    const size_t at = text.find(masked);
    if (at != std::string::npos) text.replace(at, masked.size(), "\"mask_zero\": false");
    const base::Graph graph = wire::ReadKeras(text);
    if (!Lack(graph).empty()) {
      ExpectError(ErrorCode::kFeatureNotSupported, Lack(graph), [&] { wire::ImportModel(Export(graph), FileFormat::kOnnx); });
      continue;
    }
    const wire::ImportedModel model = wire::ImportModel(Export(graph), FileFormat::kOnnx);
    const base::Graph back = wire::ReadKeras(model.architecture);
    ASSERT_EQ(back.outputs.size(), graph.outputs.size());
    for (size_t i = 0; i < graph.outputs.size(); ++i) {
      EXPECT_EQ(back.calls[static_cast<size_t>(back.outputs[i])].output_shape, graph.calls[static_cast<size_t>(graph.outputs[i])].output_shape);
    }
    EXPECT_TRUE(model.remarks.empty());
    if (graph.layers.size() != graph.calls.size()) continue;  // shared layers come back as several
    EXPECT_TRUE(model.weights == CountedWeights(graph)) << text;
    ++read;
  }
  EXPECT_GE(read, 8);
}

TEST(Onnx, ChainsOfImagesAreTransposedOnce) {
  const base::Graph graph = wire::ReadKeras(wire_test::ExchangeTexts()[0]);
  Model model;
  ASSERT_TRUE(model.ParseFromString(Export(graph)));
  std::string ops;
  for (const auto& node : model.graph().node()) ops += node.op_type() + " ";
  EXPECT_EQ(ops, "Transpose Conv Relu BatchNormalization MaxPool Transpose Flatten Gemm Softmax Identity ");
}

// Keras gives slope * 0 at the threshold itself.
TEST(Onnx, ReLUAtItsThreshold) {
  const base::Graph graph = wire::ReadKeras(SequentialText("2", {LayerText("ReLU", "r", "\"threshold\": 1.0")}));
  Model model;
  ASSERT_TRUE(model.ParseFromString(Export(graph)));
  std::string ops;
  for (const auto& node : model.graph().node()) ops += node.op_type() + " ";
  EXPECT_EQ(ops, "Greater Sub Mul Where Identity ");
}

// ONNX has the time steps of the reverse direction in the order of the inputs, Keras in that in which they were made.
TEST(Onnx, SequencesThatGoBackwards) {
  for (const char* sequences : {"false", "true"}) {
    for (const char* kind : {"LSTM", "GRU"}) {
      const std::string arguments = std::string("\"units\": 2, \"go_backwards\": true, \"return_sequences\": ") + sequences;
      const base::Graph graph = wire::ReadKeras(SequentialText("4, 3", {LayerText(kind, "r", arguments), LayerText("Dense", "d", "\"units\": 1")}));
      const wire::ImportedModel model = wire::ImportModel(Export(graph), FileFormat::kOnnx);
      const base::Graph back = wire::ReadKeras(model.architecture);
      EXPECT_EQ(Classes(model), (std::vector<std::string>{"InputLayer", kind, "Dense"}));
      EXPECT_TRUE(back.layers[1].attributes.Find("go_backwards")->boolean());
      EXPECT_TRUE(model.weights == CountedWeights(graph));
    }
  }
  // a sequence that is turned around in front of the layer is the same
  const auto slice = [](Builder builder, const char* from, const char* to) {
    return builder.Node("Slice", {from, "m", "e", "o", "m"}, to).Numbers("m", {-1}).Numbers("e", {-9}).Numbers("o", {1});
  };
  const auto lstm = [&](Builder builder, const char* from) {
    return builder.Node("Transpose", {from}, "t").Ints("perm", {1, 0, 2}).Node("LSTM", {"t", "w", "r"}, "all").Int("hidden_size", 1)
        .Node("Squeeze", {"all", "o"}, "s").Node("Transpose", {"s"}, "y").Ints("perm", {1, 0, 2})
        .Constant("w", {1, 4, 2}, std::vector<float>(8)).Constant("r", {1, 4, 1}, std::vector<float>(4));
  };
  EXPECT_TRUE(wire::ReadKeras(lstm(slice(Builder({3, 2}), "x", "b"), "b").Read().architecture).layers[1].attributes.Find("go_backwards")->boolean());
  ExpectError(ErrorCode::kFeatureNotSupported, "leaves out elements", [&] {
    Builder({3, 2}).Node("Slice", {"x", "m", "e", "o", "m"}, "y").Numbers("m", {-1}).Numbers("e", {-3}).Numbers("o", {1}).Read();
  });
  ExpectError(ErrorCode::kFeatureNotSupported, "does not give the dimension behind the batch backwards", [&] {
    Builder({3, 2}).Node("Slice", {"x", "o", "e", "o"}, "y").Numbers("o", {1}).Numbers("e", {2}).Read();
  });
  ExpectError(ErrorCode::kFeatureNotSupported, "flattens a sequence in the opposite order",
              [&] { slice(Builder({3, 2}), "x", "b").Node("Flatten", {"b"}, "y").Read(); });
}

// What single operators say; onnxruntime computes them in test/exchange.
TEST(Onnx, ConvolutionsOfSequencesAndOfSingleChannels) {
  const auto operators = [](const std::string& shape, const std::vector<std::string>& layers) {
    Model model;
    EXPECT_TRUE(model.ParseFromString(Export(wire::ReadKeras(SequentialText(shape, layers)))));
    std::string text;
    for (const auto& node : model.graph().node()) {
      text += node.op_type();
      for (const auto& attribute : node.attribute()) {
        if (attribute.name() == "group") text += " group " + std::to_string(attribute.i());
        if (attribute.name() != "pads") continue;
        text += " pads";
        for (const int64_t pad : attribute.ints()) text += " " + std::to_string(pad);
      }
      text += ", ";
    }
    return text;
  };
  EXPECT_EQ(operators("9, 3", {LayerText("Conv1D", "c", "\"filters\": 2, \"kernel_size\": 3, \"dilation_rate\": 2, \"padding\": \"causal\""),
                               LayerText("MaxPooling1D", "m", "\"pool_size\": 2, \"padding\": \"same\""), LayerText("GlobalMaxPooling1D", "g")}),
            "Transpose, Conv group 1 pads 4 0, MaxPool pads 0 1, GlobalMaxPool, Flatten, Identity, ");
  EXPECT_EQ(operators("5, 5, 3", {LayerText("DepthwiseConv2D", "d", "\"kernel_size\": 3, \"padding\": \"same\", \"depth_multiplier\": 2"),
                                  LayerText("SeparableConv2D", "s", "\"filters\": 2, \"kernel_size\": 2")}),
            "Transpose, Conv group 3 pads 1 1 1 1, Conv group 6 pads 0 0 0 0, Conv, Transpose, Identity, ");
}

// As PyTorch writes it: channels first, a Flatten in that order, a transposed kernel.
TEST(Onnx, ImagesWithChannelsFirst) {
  const wire::ImportedModel model = Builder({2, 1, 2})  // channels, height, width
                                        .Node("Relu", {"x"}, "r").Node("Flatten", {"r"}, "f").Node("Gemm", {"f", "w", "b"}, "y").Int("transB", 1)
                                        .Constant("w", {1, 4}, {1, 2, 3, 4}).Constant("b", {1}, {5}).Read();
  EXPECT_EQ(model.remarks, std::vector<std::string>{"input x has its channels last here: (1, 2, 2)"});
  EXPECT_EQ(Classes(model), (std::vector<std::string>{"InputLayer", "Activation", "Flatten", "Dense"}));
  // c0w0 c0w1 c1w0 c1w1 -> w0c0 w0c1 w1c0 w1c1
  EXPECT_EQ(Floats(*model.weights), (std::vector<float>{1, 3, 2, 4, 5}));
}

TEST(Onnx, FlattenedValuesSideBySide) {
  const wire::ImportedModel model = Builder({2, 1, 2}).Node("Relu", {"x"}, "r").Node("Flatten", {"r"}, "f").Node("GlobalMaxPool", {"r"}, "g")
                                        .Node("Flatten", {"g"}, "h").Node("Concat", {"h", "f"}, "c").Int("axis", 1).Node("MatMul", {"c", "w"}, "y")
                                        .Constant("w", {6, 1}, {1, 2, 3, 4, 5, 6}).Read();
  EXPECT_EQ(Floats(*model.weights), (std::vector<float>{1, 2, 3, 5, 4, 6}));
}

TEST(Onnx, PadsThatAreNotKerass) {
  const auto pooled = [](const char* before) {
    return Builder({1, 4, 4}).Node(before, {"x"}, "r").Node("MaxPool", {"r"}, "y").Ints("kernel_shape", {3, 3}).Ints("strides", {2, 2})
        .Ints("pads", {1, 1, 1, 1}).Read();
  };
  EXPECT_EQ(Classes(pooled("Relu")), (std::vector<std::string>{"InputLayer", "Activation", "ZeroPadding2D", "MaxPooling2D"}));
  ExpectError(ErrorCode::kFeatureNotSupported, "has pads that no pooling layer has", [&] { pooled("Tanh"); });
  const auto conv = [](const std::vector<int64_t>& pads) {
    return Classes(Builder({1, 4, 4}).Node("Conv", {"x", "w"}, "y").Ints("pads", pads).Constant("w", {1, 1, 3, 3}, std::vector<float>(9)).Read());
  };
  EXPECT_EQ(conv({1, 1, 1, 1}), (std::vector<std::string>{"InputLayer", "Conv2D"}));  // "same"
  EXPECT_EQ(conv({2, 1, 1, 1}), (std::vector<std::string>{"InputLayer", "ZeroPadding2D", "Conv2D"}));
}

// Limits of a Clip, and axes of a Squeeze, were attributes once.
TEST(Onnx, OlderOperatorSets) {
  Builder builder({1, 2, 2}, 9);
  builder.Node("Clip", {"x"}, "c").Node("GlobalAveragePool", {"c"}, "g").Node("Squeeze", {"g"}, "y").Ints("axes", {2, 3});
  auto* limits = builder.model().mutable_graph()->mutable_node(0);
  for (const auto& [name, value] : {std::pair<const char*, float>{"min", 0}, {"max", 6}}) {
    auto* attribute = limits->add_attribute();
    attribute->set_name(name);
    attribute->set_f(value);
  }
  EXPECT_EQ(Classes(builder.Read()), (std::vector<std::string>{"InputLayer", "ReLU", "GlobalAveragePooling2D"}));
}

TEST(Onnx, WhatIsRefused) {
  const auto refused = [](const std::string& part, const Builder& builder) {
    ExpectError(ErrorCode::kFeatureNotSupported, part, [&] { builder.Read(); });
  };
  const auto broken = [](const std::string& part, const Builder& builder) { ExpectError(ErrorCode::kInvalidData, part, [&] { builder.Read(); }); };
  refused("operator \"Einsum\" has no layer", Builder({2}).Node("Einsum", {"x"}, "y"));
  refused("has no constant as input 1", Builder({2}).Node("MatMul", {"x", "x"}, "y"));
  refused("has a kernel of shape (3, 1) for an input of (2,)", Builder({2}).Node("MatMul", {"x", "w"}, "y").Constant("w", {3, 1}, {1, 2, 3}));
  refused("has a constant as input 1", Builder({2}).Node("Mul", {"x", "w"}, "y").Constant("w", {1}, {1}));
  refused("has no image", Builder({2}).Node("MaxPool", {"x"}, "y"));
  refused("output \"y\" is a transposed value", Builder({2, 3}).Node("Transpose", {"x"}, "y").Ints("perm", {0, 2, 1}));
  refused("changes the batch", Builder({4}).Node("Reshape", {"x", "s"}, "y").Numbers("s", {2, 2, -1}));
  broken("uses the value \"z\" before it is there", Builder({2}).Node("Add", {"x", "z"}, "y"));
  broken("gives the name \"x\" twice", Builder({2}).Node("Relu", {"x"}, "x").Node("Relu", {"x"}, "y"));
  broken("it needs", Builder({2}).Node("MatMul", {"x", "w"}, "y").Constant("w", {2, 1000000000}, {1, 2, 3}));
  broken("whose perm is no permutation", Builder({2, 3}).Node("Transpose", {"x"}, "y").Ints("perm", {0, 1, 1}));
  broken("is of operator set 3", Builder({2}, 3).Node("Relu", {"x"}, "y"));
  Builder elsewhere({2});
  elsewhere.Node("MatMul", {"x", "w"}, "y").Constant("w", {2, 1}, {1, 2});
  elsewhere.model().mutable_graph()->mutable_initializer(0)->set_data_location(1);
  refused("lies in another file", elsewhere);
  ExpectError(ErrorCode::kInvalidData, "no ONNX model", [] { wire::ImportModel("hello", FileFormat::kOnnx); });
}

// One number that stands for many is bounded by the file, too.
TEST(Onnx, WeightsAreBoundedByTheFile) {
  Builder builder({1 << 30});
  builder.Node("BatchNormalization", {"x", "w", "w", "w", "w"}, "y").Constant("w", {1}, {1});
  ExpectError(ErrorCode::kLimitExceeded, "more than 8 times its weights", [&] { builder.Read(); });
}

TEST(Onnx, WhatIsNotWritten) {
  const auto refused = [](const std::string& part, const std::string& text) {
    ExpectError(ErrorCode::kFeatureNotSupported, part, [&] { Export(wire::ReadKeras(text)); });
  };
  refused("masks time steps of layer \"l\"", SequentialText("3", {LayerText("Embedding", "e", "\"input_dim\": 4, \"output_dim\": 2, \"mask_zero\": true"),
                                                              LayerText("LSTM", "l", "\"units\": 1")}));
  refused("masks time steps of layer \"g\"", SequentialText("3", {LayerText("Embedding", "e", "\"input_dim\": 4, \"output_dim\": 2, \"mask_zero\": true"),
                                                              LayerText("GlobalAveragePooling1D", "g")}));
  const auto distributed = LayerText("TimeDistributed", "t", "\"layer\": " + LayerText("Flatten", "f"));
  refused("layer \"t\" (Flatten) is distributed over time", SequentialText("3, 4, 5", {distributed}));
  const std::string call = R"({"class_name": "InputLayer", "config": {"name": "x", "batch_input_shape": [null, 3, 2]}, "name": "x", "inbound_nodes": []},
    {"class_name": "InputLayer", "config": {"name": "h", "batch_input_shape": [null, 4]}, "name": "h", "inbound_nodes": []},
    {"class_name": "GRU", "config": {"name": "g", "units": 4}, "name": "g", "inbound_nodes": [[["x", 0, 0, {}], ["h", 0, 0, {}]]]})";
  refused("layer \"g\" (GRU) starts from an initial state",
          R"({"class_name": "Functional", "config": {"name": "m", "layers": [)" + call +
              R"(], "input_layers": [["x", 0, 0], ["h", 0, 0]], "output_layers": [["g", 0, 0]]}})");
  refused("normalizes over other than the last dimensions", SequentialText("3, 4", {LayerText("LayerNormalization", "n", "\"axis\": 1")}));
  refused("has the activation \"swish\"", SequentialText("3, 4", {LayerText("LSTM", "l", "\"units\": 1, \"activation\": \"swish\"")}));
}

}  // namespace
