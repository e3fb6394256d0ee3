// What is checked of a configuration together with its model and its packed table: losses, class weights.
#include "plan/training_check.hpp"

#include <gtest/gtest.h>

#include "base/error.hpp"
#include "plan/params.hpp"

namespace {

using base::LayerKind;
using base::TargetKind;
using layers::Range;

// An input of 4 numbers, then layers of one call each, in a row from layer to layer.
class Network {
 public:
  Network() {
    Add("in", LayerKind::kInput, {}, {4}, {});
    graph.inputs = {0};
  }

  Network& Dense(const std::string& name, int64_t units, const std::string& activation) {
    Add(name, LayerKind::kDense, {{"activation", activation}}, {units}, {last_});
    return *this;
  }
  Network& Then(const std::string& name, LayerKind kind, base::Dict attributes, base::Shape shape) {
    Add(name, kind, std::move(attributes), std::move(shape), {last_});
    return *this;
  }
  Network& Output() {
    graph.outputs.push_back(last_);
    last_ = 0;
    return *this;
  }

  base::Graph graph;

 private:
  void Add(const std::string& name, LayerKind kind, base::Dict attributes, base::Shape shape, std::vector<int> inputs) {
    base::Layer layer;
    layer.name = name;
    layer.kind = kind;
    layer.attributes = base::Value(std::move(attributes));
    graph.layers.push_back(std::move(layer));
    base::Call call;
    call.layer = static_cast<int>(graph.layers.size()) - 1;
    call.inputs = std::move(inputs);
    call.output_shape = std::move(shape);
    graph.calls.push_back(std::move(call));
    last_ = static_cast<int>(graph.calls.size()) - 1;
  }

  int last_ = 0;
};

base::ColumnSpec Target(const std::string& name, TargetKind kind, base::Shape shape, int64_t classes = 0,
                        std::vector<std::string> labels = {}) {
  base::ColumnSpec column;
  column.name = name;
  column.kind = kind;
  column.shape = std::move(shape);
  column.num_classes = classes;
  column.class_values = std::move(labels);
  column.dtype = kind == TargetKind::kReal ? base::DType::kFloat32 : base::DType::kUInt8;
  return column;
}

base::DataSpec Data(std::vector<base::ColumnSpec> targets) {
  base::DataSpec data;
  data.targets = std::move(targets);
  return data;
}

base::TrainConfig Config(const std::string& loss, const std::string& fit_params = "") {
  return plan::ReadConfig("optimizer='SGD',loss=" + loss, fit_params);
}

// What is refused, or the doubts, one a line, or "".
std::string Check(const base::Graph& graph, const std::string& loss, const base::DataSpec& data) {
  std::string said;
  try {
    for (const plan::TrainingDoubt& doubt : plan::CheckLosses(graph, Config(loss), data)) {
      EXPECT_FALSE(doubt.hint.empty());
      said += "doubt: " + doubt.message + "\n";
    }
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kInvalidParameter);
    EXPECT_FALSE(error.hint().empty());
    return std::string(error.what()) + " | " + error.detail();
  }
  return said;
}

std::string Resolve(const base::Graph& graph, const std::string& loss, const std::string& weights, const base::DataSpec& data) {
  base::TrainConfig config = Config(loss, "class_weight=" + weights);
  try {
    plan::ResolveClassWeights(graph, data, &config);
  } catch (const base::Error& error) {
    EXPECT_EQ(error.code(), base::ErrorCode::kInvalidParameter);
    EXPECT_FALSE(error.hint().empty());
    return std::string(error.what()) + (error.detail().empty() ? "" : " | " + error.detail());
  }
  EXPECT_TRUE(config.label_weight.empty());
  std::string text;
  for (const auto& [index, weight] : config.class_weight) text += std::to_string(index) + ":" + std::to_string(static_cast<int>(weight)) + " ";
  return text;
}

const base::ColumnSpec kAnimal = Target("animal", TargetKind::kOneHot, {3}, 3, {"cat", "dog", "owl"});
const base::ColumnSpec kGrade = Target("grade", TargetKind::kClassIndex, {}, 2, {"1", "2"});
const base::ColumnSpec kPrice = Target("price", TargetKind::kReal, {});

TEST(CheckLosses, NamesLossColumnAndOutput) {
  const base::Graph one = Network().Dense("out", 1, "linear").Output().graph;
  EXPECT_EQ(Check(one, "'categorical_crossentropy'", Data({kPrice})),
            "loss categorical_crossentropy for column \"price\" and output \"out\": it compares distributions over classes, and the column holds "
            "one number | Output \"out\" has 1 unit and gives numbers of any size, column \"price\" is packed as real.");
  const base::Graph three = Network().Dense("out", 3, "linear").Output().graph;
  EXPECT_EQ(Check(three, "'categorical_crossentropy'", Data({kAnimal})),
            "doubt: loss categorical_crossentropy for column \"animal\" and output \"out\": the last layer gives no probabilities\n");
  EXPECT_EQ(Check(three, "'categorical_crossentropy(from_logits=True)'", Data({kAnimal})), "");
  EXPECT_EQ(Check(one, "'mse'", Data({kPrice})), "");
}

TEST(CheckLosses, SwappedLossesOfTwoOutputs) {
  const base::Graph graph = Network().Dense("a", 3, "softmax").Output().Dense("b", 1, "linear").Output().graph;
  const base::DataSpec data = Data({kAnimal, kPrice});
  EXPECT_EQ(Check(graph, "['categorical_crossentropy', 'mse']", data), "");
  const std::string swapped = Check(graph, "['mse', 'categorical_crossentropy']", data);
  EXPECT_NE(swapped.find("column \"price\" and output \"b\""), std::string::npos) << swapped;
  EXPECT_NE(swapped.find("Losses belong to outputs in order: \"a\" for column \"animal\", \"b\" for column \"price\"."), std::string::npos);
  EXPECT_NE(Check(graph, "'categorical_crossentropy'", data), "");  // one for all
  EXPECT_EQ(Check(graph, "['mse', 'mse', 'mse']", data), "") << "another number of losses is the binding's to refuse";
}

TEST(CheckLosses, RangesGoThroughLayers) {
  const auto range = [](const base::Graph& graph) { return plan::OutputRange(graph, graph.outputs[0]); };
  EXPECT_EQ(range(Network().Dense("out", 3, "softmax").Output().graph), Range::kSoftmax);
  EXPECT_EQ(range(Network().Dense("out", 3, "softmax").Then("d", LayerKind::kDropout, {}, {3}).Output().graph), Range::kSoftmax);
  EXPECT_EQ(range(Network().Dense("out", 3, "softmax").Then("r", LayerKind::kReshape, {}, {3, 1}).Output().graph), Range::kZeroToOne);
  EXPECT_EQ(range(Network().Dense("out", 3, "linear").Then("s", LayerKind::kSoftmax, {{"axis", -1}}, {3}).Output().graph), Range::kSoftmax);
  EXPECT_EQ(range(Network().Dense("out", 3, "linear").Then("s", LayerKind::kSoftmax, {{"axis", 1}}, {3}).Output().graph), Range::kSoftmax);
  EXPECT_EQ(range(Network().Then("s", LayerKind::kSoftmax, {{"axis", 1}}, {2, 3}).Output().graph), Range::kZeroToOne);
  EXPECT_EQ(range(Network().Then("l", LayerKind::kLSTM, {{"activation", "tanh"}}, {3}).Output().graph), Range::kAny);
  EXPECT_EQ(range(Network().Then("l", LayerKind::kLSTM, {{"activation", "softmax"}}, {3}).Output().graph), Range::kZeroToOne);
  EXPECT_EQ(range(Network().Then("r", LayerKind::kReLU, {{"negative_slope", 0.0}}, {3}).Output().graph), Range::kNotNegative);
  EXPECT_EQ(range(Network().Then("r", LayerKind::kReLU, {{"negative_slope", 0.5}}, {3}).Output().graph), Range::kAny);
  EXPECT_EQ(range(Network().Then("n", LayerKind::kBatchNormalization, {}, {3}).Output().graph), Range::kAny);
  EXPECT_EQ(range(Network().Then("m", LayerKind::kMaximum, {}, {3}).Output().graph), Range::kUnknown);
}

TEST(CheckColumns, AnEmbeddingReadsIndexes) {
  base::Graph words = Network().Then("e", LayerKind::kEmbedding, {}, {4, 2}).Output().graph;
  words.calls[static_cast<size_t>(words.inputs[0])].output_shape = {};
  base::DataSpec data = Data({kPrice});
  data.inputs.resize(1);
  data.inputs[0].name = "words";
  EXPECT_TRUE(plan::CheckColumns(words, data).empty());
  data.inputs[0].scale = 0.5;
  ASSERT_EQ(plan::CheckColumns(words, data).size(), 1u);
  EXPECT_EQ(plan::CheckColumns(words, data)[0].message,
            "column \"words\" feeds an Embedding, which reads it as it is packed: normalizing_const and standardize have no effect on it");
  EXPECT_TRUE(plan::CheckColumns(Network().Dense("out", 1, "linear").Output().graph, data).empty());
  data.inputs[0].scale = 1;
  data.inputs[0].mean = data.inputs[0].std = {1};
  EXPECT_EQ(plan::CheckColumns(words, data).size(), 1u);
  // of a packed column of several scalars only its members count, and strings are not scaled
  data.inputs[0].name = "scalars";
  data.inputs[0].mean = {2};
  data.inputs[0].members = {{"count", {}}};
  ASSERT_EQ(plan::CheckColumns(words, data).size(), 1u);
  EXPECT_EQ(plan::CheckColumns(words, data)[0].message.find("column \"count\""), 0u);
  data.inputs[0].members[0].dictionary = {"a", "b"};
  EXPECT_TRUE(plan::CheckColumns(words, data).empty());
  data.inputs[0].members = {{"word", {"a"}}, {"count", {}}};
  data.inputs[0].mean = {0, 3};
  data.inputs[0].std = {1, 2};
  EXPECT_TRUE(plan::CheckColumns(words, data).empty());
}

TEST(ClassWeights, KeysAreIndexesOrLabels) {
  const base::Graph three = Network().Dense("out", 3, "softmax").Output().graph, one = Network().Dense("out", 1, "sigmoid").Output().graph;
  const std::string loss = "'categorical_crossentropy'", binary = "'binary_crossentropy'";
  EXPECT_EQ(Resolve(three, loss, "{0: 1, 2: 5}", Data({kAnimal})), "0:1 2:5 ");
  EXPECT_EQ(Resolve(three, loss, "{'cat': 1, 'owl': 5}", Data({kAnimal})), "0:1 2:5 ");
  EXPECT_EQ(Resolve(three, loss, "{'cat': 1, 2: 5}", Data({kAnimal})), "0:1 2:5 ");
  EXPECT_EQ(Resolve(one, binary, "{'1': 1, '2': 5}", Data({kGrade})), "0:1 1:5 ");
  EXPECT_EQ(Resolve(one, binary, "{1: 5}", Data({kGrade})), "1:5 ");
  EXPECT_EQ(Resolve(one, binary, "{'1': 5}", Data({kGrade})), "0:5 ");
  EXPECT_EQ(Resolve(one, binary, "None", Data({kGrade})), "");
  // as early versions wrote indexes
  EXPECT_EQ(Resolve(three, loss, "{'0': 1, '2': 5}", Data({kAnimal})), "0:1 2:5 ");
}

TEST(ClassWeights, KeysThatAreNoClass) {
  const base::Graph three = Network().Dense("out", 3, "softmax").Output().graph, one = Network().Dense("out", 1, "sigmoid").Output().graph;
  const std::string loss = "'categorical_crossentropy'", binary = "'binary_crossentropy'";
  EXPECT_EQ(Resolve(one, binary, "{1: 1, 2: 5}", Data({kGrade})),
            "class_weight has the key 2, but column \"grade\" has 2 classes | Keys are indexes of classes: 0 is '1', 1 is '2'.");
  EXPECT_EQ(Resolve(three, loss, "{'cat': 1, 'cow': 5}", Data({kAnimal})),
            "class_weight has the key 'cow', which is no label of column \"animal\" | Keys are indexes of classes: 0 is 'cat', 1 is 'dog', 2 is "
            "'owl'.");
  EXPECT_EQ(Resolve(one, binary, "{'0': 1, '1': 5}", Data({kGrade})),
            "class_weight has the key '0', which is no label of column \"grade\" | Keys are indexes of classes: 0 is '1', 1 is '2'.");
  EXPECT_EQ(Resolve(three, loss, "{0: 1, 'cat': 5}", Data({kAnimal})),
            "class_weight gives class 0 two weights, by its index and by its label 'cat' | Keys are indexes of classes: 0 is 'cat', 1 is 'dog', "
            "2 is 'owl'.");
  base::ColumnSpec padded = kAnimal;
  padded.num_classes = 4;
  EXPECT_EQ(Resolve(three, loss, "{4: 1}", Data({padded})),
            "class_weight has the key 4, but column \"animal\" has 4 classes | Keys are indexes of classes: 0 is 'cat', 1 is 'dog', 2 is 'owl', 3 "
            "without a label.");
}

TEST(ClassWeights, BalancedByRows) {
  const base::Graph three = Network().Dense("out", 3, "softmax").Output().graph, one = Network().Dense("out", 1, "sigmoid").Output().graph;
  base::ColumnSpec counted = kAnimal;
  counted.class_rows = {10, 50, 0};
  const auto weights = [](const base::Graph& graph, const std::string& loss, const base::ColumnSpec& column) {
    base::TrainConfig config = Config(loss, "class_weight='balanced'");
    plan::ResolveClassWeights(graph, Data({column}), &config);
    EXPECT_FALSE(config.balanced_class_weight);
    return config.class_weight;
  };
  EXPECT_EQ(weights(three, "'categorical_crossentropy'", counted), (std::map<int, double>{{0, 3.0}, {1, 0.6}}));
  base::ColumnSpec grade = kGrade;
  grade.class_rows = {1, 3};
  EXPECT_EQ(weights(one, "'binary_crossentropy'", grade), (std::map<int, double>{{0, 2.0}, {1, 4.0 / 6.0}}));
  EXPECT_EQ(Resolve(three, "'categorical_crossentropy'", "'balanced'", Data({kAnimal})),
            "class_weight='balanced' needs the number of rows of each class of column \"animal\" | The table was packed by an earlier version, which "
            "did not count them.");
  EXPECT_EQ(Resolve(three, "'categorical_crossentropy'", "'balanced'", Data({Target("tags", TargetKind::kArray, {3})})),
            "class_weight='balanced' needs the number of rows of each class of column \"tags\" | The column is packed as an array: its classes are "
            "not counted.");
  EXPECT_EQ(Resolve(one, "'mse'", "'balanced'", Data({kPrice})),
            "class_weight has no meaning for column \"price\": it holds numbers, and the loss compares numbers");
}

TEST(ClassWeights, ColumnsWithoutAClassARow) {
  const base::Graph one = Network().Dense("out", 1, "sigmoid").Output().graph, three = Network().Dense("out", 3, "sigmoid").Output().graph;
  const base::ColumnSpec tags = Target("tags", TargetKind::kArray, {3});
  EXPECT_EQ(Resolve(one, "'mse'", "{0: 1}", Data({kPrice})),
            "class_weight has no meaning for column \"price\": it holds numbers, and the loss compares numbers");
  EXPECT_EQ(Resolve(three, "'binary_crossentropy'", "{0: 1}", Data({tags})),
            "class_weight has no meaning for column \"tags\": a row of it may have several classes");
  EXPECT_EQ(Resolve(three, "'mse'", "{0: 1}", Data({tags})),
            "class_weight has no meaning for column \"tags\": it holds numbers, and the loss compares numbers");
  const base::Graph positions = Network().Then("d", LayerKind::kDense, {{"activation", "softmax"}}, {7, 3}).Output().graph;
  EXPECT_EQ(Resolve(positions, "'sparse_categorical_crossentropy'", "{0: 1}", Data({Target("words", TargetKind::kArray, {7})})),
            "class_weight has no meaning for column \"words\": a row of it has 7 classes");
  // these rows have one
  EXPECT_EQ(Resolve(three, "'categorical_crossentropy'", "{2: 4}", Data({tags})), "2:4 ");
  EXPECT_EQ(Resolve(one, "'binary_crossentropy'", "{1: 4}", Data({kPrice})), "1:4 ");
  EXPECT_EQ(Resolve(three, "'mse'", "{'owl': 4}", Data({kAnimal})), "2:4 ");
  const base::Graph two = Network().Dense("a", 3, "softmax").Output().Dense("b", 1, "linear").Output().graph;
  EXPECT_EQ(Resolve(two, "['categorical_crossentropy', 'mse']", "{'cat': 1}", Data({kAnimal, kPrice})),
            "class_weight is for models of one output, this one has 2");
}

}  // namespace
