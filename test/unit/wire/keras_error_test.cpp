// Wrong architectures: what a user is told, word for word.
#include <algorithm>

#include "base/error.hpp"
#include "fixture.hpp"

namespace {

using base::ErrorCode;
using wire_test::LayerText;
using wire_test::SequentialText;

struct Case {
  const char* name;
  std::string text;
  ErrorCode code;
  std::string message;
  std::string hint;  // a part of it; "" = not looked at
};

constexpr ErrorCode kInvalid = ErrorCode::kInvalidParameter;
constexpr ErrorCode kUnsupported = ErrorCode::kFeatureNotSupported;

// One layer "x" behind an input.
std::string One(const std::string& shape, const std::string& class_name, const std::string& arguments) {
  return SequentialText(shape, {LayerText(class_name, "x", arguments)});
}

constexpr const char* kFromInToX = "\"input_layers\": [[\"in\", 0, 0]], \"output_layers\": [[\"x\", 0, 0]]";

// A functional model of an InputLayer "in" and the given nodes.
std::string Functional(const std::string& layers, const std::string& ends = kFromInToX) {
  return "{\"class_name\": \"Model\", \"config\": {\"layers\": [" +
         LayerText("InputLayer", "in", "\"batch_input_shape\": [null, 4]") + layers + "], " + ends + "}}";
}

std::string Node(const std::string& class_name, const std::string& name, const std::string& arguments, const std::string& inbound) {
  const std::string layer = LayerText(class_name, name, arguments);
  return ", " + layer.substr(0, layer.size() - 1) + ", \"inbound_nodes\": " + inbound + "}";
}

// The inbound nodes of a call whose arguments stand beside each of its inputs, all different.
std::string DifferentArguments(int count) {
  std::string tuples;
  for (int i = 0; i < count; ++i) tuples += std::string(i > 0 ? ", " : "") + "[\"in\", 0, 0, {\"a" + std::to_string(i) + "\": null}]";
  return "[[" + tuples + "]]";
}

std::vector<Case> Cases() {
  const std::string dense_in = Node("Dense", "x", "\"units\": 2", "[[[\"in\", 0, 0, {}]]]");
  return {
      {"NoJson", "{\"class_name\": ", ErrorCode::kSyntax,
       "the model architecture is no JSON: cannot read the text at character 16: expected a value, found the end of the text", "to_json()"},
      {"Empty", "", ErrorCode::kSyntax,
       "the model architecture is no JSON: cannot read the text at character 1: expected a value, found the end of the text", ""},
      {"List", "[1, 2]", kInvalid, "the model architecture must be a dictionary, got list", ""},
      {"NoClass", "{\"config\": {}}", kInvalid, "the model architecture has no \"class_name\"", ""},
      {"NoConfig", "{\"class_name\": \"Sequential\"}", kInvalid, "the model architecture has no \"config\"", ""},
      {"UnknownModel", "{\"class_name\": \"Graph\", \"config\": {}}", kUnsupported, "models of class \"Graph\" are not supported",
       "Sequential"},
      {"UnknownEntry", "{\"class_name\": \"Sequential\", \"config\": [], \"weights\": 1}", kInvalid,
       "the model architecture has the unknown entry \"weights\"", ""},
      {"UnknownConfigEntry", "{\"class_name\": \"Sequential\", \"config\": {\"layer\": []}}", kInvalid,
       "the model's config has the unknown entry \"layer\"", ""},
      {"NoLayers", "{\"class_name\": \"Sequential\", \"config\": {\"name\": \"m\"}}", kInvalid, "the model's config has no \"layers\"", ""},
      {"EmptyLayers", "{\"class_name\": \"Sequential\", \"config\": []}", kInvalid, "the model has no list of layers, got []", ""},
      {"LayerWithoutClass", "{\"class_name\": \"Sequential\", \"config\": [3]}", kInvalid, "layer number 1 has no class_name", ""},
      {"LayerWithoutConfig", "{\"class_name\": \"Sequential\", \"config\": [{\"class_name\": \"Dense\"}]}", kInvalid,
       "layer number 1 has no config", ""},
      {"UnknownLayer", SequentialText("4", {LayerText("Dence", "x")}), kUnsupported, "layer \"x\" of class \"Dence\": the class is unknown",
       ", Dense, "},
      {"OnlyInput", SequentialText("4", {}), kInvalid, "the model has no layer but its input", ""},
      {"SecondInput", SequentialText("4", {LayerText("InputLayer", "y", "\"batch_input_shape\": [null, 4]")}), kInvalid,
       "layer \"y\" (InputLayer): stands inside a Sequential model, an InputLayer can only be the first layer", ""},
      {"NoInputShape", "{\"class_name\": \"Sequential\", \"config\": [" + LayerText("Dense", "first", "\"units\": 2") + "]}", kInvalid,
       "layer \"first\" (Dense): the first layer of a Sequential model states no input shape", "input_shape"},
      {"NoInputLength",
       "{\"class_name\": \"Sequential\", \"config\": [" + LayerText("Embedding", "e", "\"input_dim\": 2, \"output_dim\": 2") + "]}",
       kInvalid, "layer \"e\" (Embedding): the first layer of a Sequential model states no input shape", "input_length"},
      {"OpenDimension", SequentialText("null, 3", {LayerText("Dense", "x", "\"units\": 2")}), kInvalid,
       "layer \"in\" (InputLayer): argument \"batch_input_shape\" leaves the size of dimension 1 open, got [null,3]", "input_shape"},
      {"FixedBatch",
       "{\"class_name\": \"Sequential\", \"config\": [" + LayerText("Dense", "d", "\"units\": 2, \"batch_input_shape\": [32, 4]") + "]}",
       kUnsupported, "layer \"d\" (Dense): argument \"batch_input_shape\" states a batch size, which is not supported, got [32,4]",
       "batch_size"},
      {"ZeroDimension", SequentialText("0", {LayerText("Dense", "x", "\"units\": 2")}), kInvalid,
       "layer \"in\" (InputLayer): argument \"batch_input_shape\" must be a list of positive integers, got [0]", ""},
      {"SameName", SequentialText("4", {LayerText("Dense", "x", "\"units\": 2"), LayerText("Dense", "x", "\"units\": 2")}), kInvalid,
       "layer \"x\" (Dense): another layer has the same name", ""},
      {"NameNoString", "{\"class_name\": \"Sequential\", \"config\": [{\"class_name\": \"Dense\", \"config\": {\"name\": 3}}]}", kInvalid,
       "layer number 1: argument \"name\" must be a string, got 3", ""},
      {"NegativeUnits", One("4", "Dense", "\"units\": -3"), kInvalid,
       "layer \"x\" (Dense): argument \"units\" must be a positive integer, got -3", ""},
      {"FractionalUnits", One("4", "Dense", "\"units\": 2.5"), kInvalid,
       "layer \"x\" (Dense): argument \"units\" must be a positive integer, got 2.5", ""},
      {"NoUnits", One("4", "Dense", ""), kInvalid, "layer \"x\" (Dense): argument \"units\" is missing", ""},
      {"UnknownArgument", One("4", "Dense", "\"units\": 2, \"unitz\": 3"), kInvalid, "layer \"x\" (Dense): argument \"unitz\" is unknown",
       "units, activation, use_bias"},
      {"BoolNoBool", One("4", "Dense", "\"units\": 2, \"use_bias\": 1"), kInvalid,
       "layer \"x\" (Dense): argument \"use_bias\" must be true or false, got 1", ""},
      {"Trainable", One("4", "Dense", "\"units\": 2, \"trainable\": \"no\""), kInvalid,
       "layer \"x\" (Dense): argument \"trainable\" must be true or false, got \"no\"", ""},
      {"UnknownActivation", One("4", "Dense", "\"units\": 2, \"activation\": \"rellu\""), kUnsupported,
       "layer \"x\" (Dense): argument \"activation\" names the unknown activation \"rellu\"", "sigmoid"},
      {"LayerActivation", One("4", "Dense", "\"units\": 2, \"activation\": {\"class_name\": \"LeakyReLU\", \"config\": {\"alpha\": 0.1}}"),
       kUnsupported, "layer \"x\" (Dense): argument \"activation\" names the layer \"LeakyReLU\" as activation, which is not supported",
       "behind"},
      {"ActivationNumber", One("4", "Activation", "\"activation\": 1"), kInvalid,
       "layer \"x\" (Activation): argument \"activation\" must be the name of an activation or {\"class_name\": .., \"config\": {..}}, "
       "got 1", ""},
      {"UnknownInitializer", One("4", "Dense", "\"units\": 2, \"kernel_initializer\": \"glorot\""), kUnsupported,
       "layer \"x\" (Dense): argument \"kernel_initializer\" names the unknown initializer \"glorot\"", "GlorotUniform"},
      {"InitializerArgument",
       One("4", "Dense", "\"units\": 2, \"kernel_initializer\": {\"class_name\": \"VarianceScaling\", \"config\": {\"mode\": \"fan\"}}"),
       kUnsupported,
       "layer \"x\" (Dense): argument \"kernel_initializer.mode\" must be one of \"fan_in\", \"fan_out\", \"fan_avg\", got \"fan\"", ""},
      {"InitializerUnknownKey",
       One("4", "Dense", "\"units\": 2, \"bias_initializer\": {\"class_name\": \"Constant\", \"config\": {\"values\": 1}}"), kInvalid,
       "layer \"x\" (Dense): argument \"bias_initializer.values\" is unknown", "value"},
      {"InitializerShape", One("4", "Dense", "\"units\": 2, \"bias_initializer\": \"orthogonal\""), kInvalid,
       "layer \"x\" (Dense): initializer Orthogonal cannot fill the weight \"bias\" of shape (2,)", ""},
      {"ScaleZero",
       One("4", "Dense", "\"units\": 2, \"kernel_initializer\": {\"class_name\": \"VarianceScaling\", \"config\": {\"scale\": 0}}"),
       kInvalid, "layer \"x\" (Dense): argument \"kernel_initializer.scale\" must be greater than 0, got 0.0", ""},
      {"NanInitializer",
       One("4", "Dense", "\"units\": 2, \"bias_initializer\": {\"class_name\": \"Constant\", \"config\": {\"value\": NaN}}"), kInvalid,
       "layer \"x\" (Dense): argument \"bias_initializer.value\" must be a finite number, got nan", ""},
      {"Regularizer", One("4", "Dense", "\"units\": 2, \"kernel_regularizer\": \"l3\""), kUnsupported,
       "layer \"x\" (Dense): argument \"kernel_regularizer\" names the unknown regularizer \"l3\"", "L1L2, L1, L2"},
      {"NegativeRegularizer", One("4", "Dense", "\"units\": 2, \"kernel_regularizer\": {\"class_name\": \"L2\", \"config\": {\"l2\": -1}}"),
       kInvalid, "layer \"x\" (Dense): argument \"kernel_regularizer.l2\" must be null or a number that is not negative, got -1", ""},
      {"ActivityRegularizer", One("4", "Dense", "\"units\": 2, \"activity_regularizer\": \"l2\""), kUnsupported,
       "layer \"x\" (Dense): argument \"activity_regularizer\" is not supported, got \"l2\"", ""},
      {"Constraint", One("4", "Dense", "\"units\": 2, \"kernel_constraint\": {\"class_name\": \"RadialConstraint\", \"config\": {}}"),
       kUnsupported, "layer \"x\" (Dense): argument \"kernel_constraint\" names the unknown constraint \"RadialConstraint\"", "MaxNorm"},
      {"ConstraintAxis", One("4", "Dense", "\"units\": 2, \"bias_constraint\": {\"class_name\": \"UnitNorm\", \"config\": {\"axis\": 1}}"),
       kInvalid, "layer \"x\" (Dense): axis 1 of the constraint of weight \"bias\" is no dimension of its shape (2,)", ""},
      {"DenseOnScalar", One("", "Dense", "\"units\": 2"), kInvalid, "layer \"x\" (Dense): needs an input with a dimension, got a scalar",
       ""},
      {"ChannelsFirst", One("3, 8, 8", "Conv2D", "\"filters\": 2, \"kernel_size\": 3, \"data_format\": \"channels_first\""), kUnsupported,
       "layer \"x\" (Conv2D): argument \"data_format\" \"channels_first\" is not supported", "channels_last"},
      {"ImageRank", One("8, 8", "Conv2D", "\"filters\": 2, \"kernel_size\": 3"), kInvalid,
       "layer \"x\" (Conv2D): needs an input of shape (height, width, channels), got (8, 8)", "Reshape"},
      {"KernelTooLarge", One("8, 4, 1", "Conv2D", "\"filters\": 2, \"kernel_size\": [3, 5]"), kInvalid,
       "layer \"x\" (Conv2D): the kernel covers 5 elements of a dimension of 4, the input is (8, 4, 1)", "same"},
      {"Groups", One("8, 8, 3", "Conv2D", "\"filters\": 4, \"kernel_size\": 3, \"groups\": 2"), kInvalid,
       "layer \"x\" (Conv2D): the 3 channels of the input cannot be split into 2 groups", ""},
      {"StridesAndDilation", One("8, 8, 3", "Conv2D", "\"filters\": 4, \"kernel_size\": 3, \"strides\": 2, \"dilation_rate\": 2"), kInvalid,
       "layer \"x\" (Conv2D): arguments \"strides\" and \"dilation_rate\" are both greater than 1", ""},
      {"KernelSize", One("8, 8, 3", "Conv2D", "\"filters\": 4, \"kernel_size\": [3, 3, 3]"), kInvalid,
       "layer \"x\" (Conv2D): argument \"kernel_size\" must be a positive integer or a list of two, got [3,3,3]", ""},
      {"Padding", One("8, 8, 3", "MaxPooling2D", "\"padding\": \"full\""), kUnsupported,
       "layer \"x\" (MaxPooling2D): argument \"padding\" must be one of \"valid\", \"same\", got \"full\"", ""},
      {"PoolTooLarge", One("1, 8, 3", "AveragePooling2D", ""), kInvalid,
       "layer \"x\" (AveragePooling2D): the pool covers 2 elements of a dimension of 1, the input is (1, 8, 3)", ""},
      {"ZeroPadding", One("8, 8, 3", "ZeroPadding2D", "\"padding\": [1, -1]"), kInvalid,
       "layer \"x\" (ZeroPadding2D): argument \"padding\" must be an integer, a list of two, or a list of two lists of two, none of them "
       "negative, got [1,-1]", ""},
      {"Reshape", One("6", "Reshape", "\"target_shape\": [4, -1]"), kInvalid,
       "layer \"x\" (Reshape): the 6 elements of the input (6,) do not fit target_shape (4, -1)", ""},
      {"ReshapeTwoOpen", One("6", "Reshape", "\"target_shape\": [-1, -1]"), kInvalid,
       "layer \"x\" (Reshape): argument \"target_shape\" must be a list of positive integers, at most one of them -1, got [-1,-1]", ""},
      {"Rate", One("6", "Dropout", "\"rate\": 1"), kInvalid,
       "layer \"x\" (Dropout): argument \"rate\" must be a number of at least 0 and less than 1, got 1", ""},
      {"NoiseShape", One("6", "Dropout", "\"rate\": 0.5, \"noise_shape\": [null, 5]"), kInvalid,
       "layer \"x\" (Dropout): argument \"noise_shape\" does not fit the input (6,)", ""},
      {"Axis", One("6", "BatchNormalization", "\"axis\": 2"), kInvalid,
       "layer \"x\" (BatchNormalization): argument \"axis\" = 2 is no dimension of the input (6,)", "Axis 0 is the batch"},
      {"BatchAxis", One("6", "Softmax", "\"axis\": 0"), kInvalid,
       "layer \"x\" (Softmax): argument \"axis\" = 0 is no dimension of the input (6,)", ""},
      {"SeveralAxes", One("6, 6", "BatchNormalization", "\"axis\": [1, 2]"), kUnsupported,
       "layer \"x\" (BatchNormalization): argument \"axis\" must be one axis, got [1,2]", ""},
      {"AxesOrder", One("6, 6", "LayerNormalization", "\"axis\": [2, 1]"), kInvalid,
       "layer \"x\" (LayerNormalization): argument \"axis\" must name dimensions in ascending order, each once", ""},
      {"Renorm", One("6", "BatchNormalization", "\"renorm\": true"), kUnsupported,
       "layer \"x\" (BatchNormalization): argument \"renorm\" is not supported, got true", ""},
      {"Momentum", One("6", "BatchNormalization", "\"momentum\": 1.5"), kInvalid,
       "layer \"x\" (BatchNormalization): argument \"momentum\" must be a number from 0 to 1, got 1.5", ""},
      {"InputLength", One("6", "Embedding", "\"input_dim\": 4, \"output_dim\": 2, \"input_length\": 5"), kInvalid,
       "layer \"x\" (Embedding): argument \"input_length\" (5,) does not fit the input (6,)", ""},
      {"RecurrentRank", One("6", "LSTM", "\"units\": 4"), kInvalid,
       "layer \"x\" (LSTM): needs an input of shape (time, features), got (6,)", "return_sequences"},
      {"Stateful", One("6, 2", "LSTM", "\"units\": 4, \"stateful\": true"), kUnsupported,
       "layer \"x\" (LSTM): argument \"stateful\" is not supported, got true", ""},
      {"MergeOfOne", One("6", "Add", ""), kInvalid, "layer \"x\" (Add): takes 2 or more inputs, got 1", ""},
      {"Sparse",
       "{\"class_name\": \"Sequential\", \"config\": [" + LayerText("InputLayer", "in", "\"batch_input_shape\": [null, 4], \"sparse\": "
       "true") + "]}", kUnsupported, "layer \"in\" (InputLayer): argument \"sparse\" is not supported, got true", ""},
      {"HugeWeight", One("2147483648", "Dense", "\"units\": 2147483648"), ErrorCode::kLimitExceeded,
       "layer \"x\" (Dense): weight \"kernel\" would have the shape (2147483648, 2147483648)", "2^40"},
      {"HugeOutput", One("65536, 65536", "Embedding", "\"input_dim\": 2, \"output_dim\": 65536"), ErrorCode::kLimitExceeded,
       "layer \"x\" (Embedding): the output would have the shape (65536, 65536, 65536)", ""},
      {"ShapesDiffer",
       Functional(dense_in + Node("Add", "y", "", "[[[\"in\", 0, 0], [\"x\", 0, 0]]]"), "\"input_layers\": [[\"in\", 0, 0]], "
       "\"output_layers\": [[\"y\", 0, 0]]"), kInvalid, "layer \"y\" (Add): the shapes of its inputs differ: (4,) and (2,)", ""},
      {"ConcatenateAxis",
       Functional(Node("Dense", "x", "\"units\": 2", "[[[\"in\", 0, 0]]]") + Node("Concatenate", "y", "\"axis\": 2", "[[[\"in\", 0, 0], "
       "[\"x\", 0, 0]]]"), "\"input_layers\": [[\"in\", 0, 0]], \"output_layers\": [[\"y\", 0, 0]]"), kInvalid,
       "layer \"y\" (Concatenate): argument \"axis\" = 2 is no dimension of the input (4,)", ""},
      {"UnknownSource", Functional(Node("Dense", "x", "\"units\": 2", "[[[\"inn\", 0, 0]]]")), kInvalid,
       "layer \"x\" (Dense): the model has no layer \"inn\"", ""},
      {"UnknownNode", Functional(Node("Dense", "x", "\"units\": 2", "[[[\"in\", 1, 0]]]")), kInvalid,
       "layer \"x\" (Dense): node 1 of layer \"in\" does not exist, the layer is called 1 time", ""},
      {"TensorIndex", Functional(Node("Dense", "x", "\"units\": 2", "[[[\"in\", 0, 1]]]")), kInvalid,
       "layer \"x\" (Dense): an input is output number 1 of layer \"in\", which has one", ""},
      {"Circle",
       Functional(Node("Dense", "x", "\"units\": 2", "[[[\"y\", 0, 0]]]") + Node("Dense", "y", "\"units\": 2", "[[[\"x\", 0, 0]]]")),
       kInvalid, "layer \"x\" (Dense): the layers form a circle: its input depends on its own output", ""},
      {"CallArgument", Functional(Node("Dropout", "x", "\"rate\": 0.5", "[[[\"in\", 0, 0, {\"training\": true}]]]")), kUnsupported,
       "layer \"x\" (Dropout): argument \"training\" of a call is not supported, got true", ""},
      {"NotConnected", Functional(Node("Dense", "x", "\"units\": 2", "[]")), kInvalid,
       "layer \"x\" (Dense): is not connected to the model: it has no inbound nodes", ""},
      {"DifferentArguments", Functional(Node("Add", "x", "", DifferentArguments(17))), ErrorCode::kLimitExceeded,
       "layer \"x\" (Add): an entry of \"inbound_nodes\" has more than 16 different arguments", ""},
      {"DeadEnd", Functional(dense_in + Node("Dense", "y", "\"units\": 2", "[[[\"in\", 0, 0]]]")), kInvalid,
       "layer \"y\" (Dense): leads to no output of the model", ""},
      {"NoInputLayers", Functional(dense_in, "\"output_layers\": [[\"x\", 0, 0]]"), kInvalid, "the model's config has no \"input_layers\"",
       ""},
      {"OutputUnknown", Functional(dense_in, "\"input_layers\": [[\"in\", 0, 0]], \"output_layers\": [[\"z\", 0, 0]]"), kInvalid,
       "\"output_layers\": the model has no layer \"z\"", ""},
      {"InputIsNoInput", Functional(dense_in, "\"input_layers\": [[\"x\", 0, 0]], \"output_layers\": [[\"x\", 0, 0]]"), kInvalid,
       "layer \"x\" (Dense): is named as an input of the model, but is no InputLayer", ""},
      {"InputMissing", Functional(dense_in, "\"input_layers\": [], \"output_layers\": [[\"x\", 0, 0]]"), kInvalid, "the model has no input",
       ""},
      {"SharedShapes",
       Functional(Node("Dense", "y", "\"units\": 3", "[[[\"in\", 0, 0]]]") + Node("Dense", "x", "\"units\": 2", "[[[\"in\", 0, 0]], "
       "[[\"y\", 0, 0]]]"), "\"input_layers\": [[\"in\", 0, 0]], \"output_layers\": [[\"x\", 0, 0], [\"x\", 1, 0]]"), kInvalid,
       "layer \"x\" (Dense): is called with inputs of different shapes, which need different weights", "(3,)"},
  };
}

TEST(KerasErrors, NameLayerAndArgument) {
  const std::vector<Case> cases = Cases();
  EXPECT_GE(cases.size(), 78u);
  for (const Case& wrong : cases) {
    SCOPED_TRACE(wrong.name);
    try {
      wire::ReadKeras(wrong.text);
      ADD_FAILURE() << "was read: " << wrong.text;
    } catch (const base::Error& error) {
      EXPECT_EQ(error.what(), wrong.message);
      EXPECT_EQ(static_cast<int>(error.code()), static_cast<int>(wrong.code));
      EXPECT_NE(error.hint().find(wrong.hint), std::string::npos) << error.hint();
      EXPECT_TRUE(error.hint().empty() || error.hint().back() == '.') << error.hint();
    }
  }
}

TEST(KerasErrors, LongTextsAreCutBetweenCharacters) {
  std::string name = "x";
  for (int i = 0; i < 60; ++i) name += "\xC3\xA9";
  try {
    wire::ReadKeras(SequentialText("4", {LayerText("Dense", name)}));
    FAIL();
  } catch (const base::Error& error) {
    const std::string message = error.what();
    EXPECT_EQ(message.find("..."), std::string("layer \"").size() + 79);
  }
}

}  // namespace
