// ONNX's operators with weights: products, convolutions, normalizations, tables and recurrent layers.
#include <algorithm>

#include "layers/refusal.hpp"
#include "onnx.pb.h"
#include "wire/formats/onnx_importer.hpp"

namespace wire {
namespace onnx {

using base::Dict;
using base::List;
using base::Shape;
using layers::Quote;

void Importer::AddDense(const Value& value, Constant kernel, bool transposed, const std::vector<float>* bias, double alpha) {
  if (kernel.shape.size() != 2) Refuse("has a kernel of shape " + base::FormatShape(kernel.shape));
  const Shape ours = OurShape(value);
  const auto rows = static_cast<size_t>(kernel.shape[transposed ? 1 : 0]), units = static_cast<size_t>(kernel.shape[transposed ? 0 : 1]);
  if (ours.empty() || !InOurOrder(value) || ours.back() != static_cast<int64_t>(rows) || units == 0) {
    Refuse("has a kernel of shape " + base::FormatShape(kernel.shape) + " for an input of " + base::FormatShape(ours));
  }
  if (transposed) {
    std::vector<float> turned(kernel.values.size());
    for (size_t unit = 0; unit < units; ++unit) {
      for (size_t row = 0; row < rows; ++row) turned[row * units + unit] = kernel.values[unit * rows + row];
    }
    kernel.values = std::move(turned);
  }
  for (float& number : kernel.values) number = static_cast<float>(static_cast<double>(number) * alpha);
  const int call = AddLayer(
      layers::kDense, {{"units", base::Value(static_cast<int64_t>(units))}, {"use_bias", base::Value(bias != nullptr)}}, {value.call});
  SetWeight("kernel", InOurRows(value, std::move(kernel.values), units));
  if (bias != nullptr) SetWeight("bias", *bias);
  Output(call, Same(ours.size()));
}

void Importer::ReadGemm() {
  const Value value = Input(0);
  if (Int("transA", 0) != 0) Refuse("transposes its input");
  if (OurShape(value).size() != 1) Refuse("has an input of " + std::to_string(OurShape(value).size() + 1) + " dimensions");
  Constant kernel = Floats(1);
  const bool transposed = Int("transB", 0) != 0;
  if (kernel.shape.size() != 2) Refuse("has a kernel of shape " + base::FormatShape(kernel.shape));
  std::vector<float> bias;
  if (HasInput(2)) {
    bias = Vector(2, static_cast<size_t>(kernel.shape[transposed ? 0 : 1]));
    for (float& number : bias) number = static_cast<float>(static_cast<double>(number) * Float("beta", 1));
  }
  AddDense(value, std::move(kernel), transposed, HasInput(2) ? &bias : nullptr, Float("alpha", 1));
}

// With the Add behind it, where that adds a vector and is the only reader.
void Importer::ReadMatMul() {
  const Value value = Input(0);
  Constant kernel = Floats(1);
  if (node_->output_size() != 1) Broken("has " + About() + " without an output");
  const cerebro::onnx::Node* product = node_;
  const auto [begin, end] = readers_.equal_range(node_->output(0));
  if (begin != end && std::next(begin) == end && outputs_.count(node_->output(0)) == 0) {
    const cerebro::onnx::Node& add = graph_.node(begin->second);
    const bool first = add.input_size() == 2 && add.input(0) == product->output(0);
    const auto other = add.input_size() == 2 ? values_.find(add.input(first ? 1 : 0)) : values_.end();
    if (add.op_type() == "Add" && add.output_size() == 1 && other != values_.end() && other->second.constant != nullptr &&
        other->second.constant->dims_size() == 1 && kernel.shape.size() == 2 && other->second.constant->dims(0) == kernel.shape[1]) {
      std::vector<float> bias = Floats(*other->second.constant).values;
      AddDense(value, std::move(kernel), false, &bias, 1);
      fused_[&add] = product->output(0);
      return;
    }
  }
  AddDense(value, std::move(kernel), false, nullptr, 1);
}

std::vector<int64_t> Importer::SamePads(const Shape& image, const std::vector<int64_t>& window, const std::vector<int64_t>& strides,
                                        bool lower) {
  const size_t dimensions = window.size();
  std::vector<int64_t> pads(2 * dimensions);
  for (size_t i = 0; i < dimensions; ++i) {
    const int64_t out = (image[i] + strides[i] - 1) / strides[i];
    const int64_t total = std::max<int64_t>((out - 1) * strides[i] + window[i] - image[i], 0);
    pads[i] = lower ? total - total / 2 : total / 2;
    pads[i + dimensions] = total - pads[i];
  }
  return pads;
}

std::vector<int64_t> Importer::Pads(const Shape& image, const std::vector<int64_t>& window, const std::vector<int64_t>& strides) const {
  const std::string rule = Text("auto_pad", "NOTSET");
  const std::vector<int64_t> none(2 * window.size());
  if (rule == "VALID") return none;
  if (rule == "SAME_UPPER" || rule == "SAME_LOWER") return SamePads(image, window, strides, rule == "SAME_LOWER");
  if (rule != "NOTSET") Refuse("has the auto_pad " + Quote(rule));
  std::vector<int64_t> pads = Ints("pads", none);
  if (pads.size() != none.size()) Refuse("has " + std::to_string(pads.size()) + " pads, its input has " + std::to_string(window.size()) + " dimensions");
  for (const int64_t pad : pads) {
    if (pad < 0 || pad > layers::kLargestDimension) Refuse("has a pad of " + std::to_string(pad));
  }
  return pads;
}

int Importer::AddPadding(int call, const std::vector<int64_t>& pads) {
  if (pads.size() == 2) return AddLayer(layers::kZeroPadding1D, {{"padding", ListOf(pads)}}, {call}, "_pad");
  const auto sides = [&](size_t i) { return base::Value(List{base::Value(pads[i]), base::Value(pads[i + 2])}); };
  return AddLayer(layers::kZeroPadding2D, {{"padding", base::Value(List{sides(0), sides(1)})}}, {call}, "_pad");
}

void Importer::ReadConv() {
  const Value value = ImageOrSequence();
  Constant kernel = Floats(1);
  const size_t dimensions = OurShape(value).size() - 1;
  if (kernel.shape.size() != dimensions + 2) Refuse("has a kernel of shape " + base::FormatShape(kernel.shape) + ", its input has " + std::to_string(dimensions) + " dimensions");
  const int64_t filters = kernel.shape[0], channels = kernel.shape[1];
  const std::vector<int64_t> sizes(kernel.shape.begin() + 2, kernel.shape.end());
  const std::vector<int64_t> strides = Sizes("strides", dimensions), dilations = Sizes("dilations", dimensions);
  if (kernel.values.empty()) Refuse("has an empty kernel");
  std::vector<int64_t> window;
  int64_t positions = 1;
  for (size_t i = 0; i < dimensions; ++i) {
    window.push_back((sizes[i] - 1) * dilations[i] + 1);
    positions *= sizes[i];
  }
  const Shape image = OurShape(value);
  const std::vector<int64_t> pads = Pads(image, window, strides);
  const bool none = pads == std::vector<int64_t>(2 * dimensions), same = !none && pads == SamePads(image, window, strides, false);
  const bool causal = !none && !same && pads == std::vector<int64_t>{window[0] - 1, 0};
  const int call = none || same || causal ? value.call : AddPadding(value.call, pads);
  const int conv = AddLayer(dimensions == 1 ? layers::kConv1D : layers::kConv2D,
                            {{"filters", base::Value(filters)},
                             {"kernel_size", ListOf(sizes)},
                             {"strides", ListOf(strides)},
                             {"dilation_rate", ListOf(dilations)},
                             {"padding", base::Value(same ? "same" : causal ? "causal" : "valid")},
                             {"groups", base::Value(Int("group", 1))},
                             {"use_bias", base::Value(HasInput(2))}},
                            {call});
  std::vector<float> ours;
  ours.reserve(kernel.values.size());
  for (int64_t at = 0; at < positions; ++at) {
    for (int64_t i = 0; i < channels; ++i) {
      for (int64_t o = 0; o < filters; ++o) ours.push_back(kernel.values[static_cast<size_t>((o * channels + i) * positions + at)]);
    }
  }
  SetWeight("kernel", std::move(ours));
  if (HasInput(2)) SetWeight("bias", Vector(2, static_cast<size_t>(filters)));
  Output(conv, value.axes);
}

void Importer::ReadBatchNormalization() {
  const Value value = Input(0);
  const Shape shape = OurShape(value);
  if (shape.empty() || value.axes.size() < 2 || value.axes[1] != static_cast<int>(shape.size()))
    Refuse("has its channels in another dimension than the second");
  if (Int("training_mode", 0) != 0) Refuse("is in training mode");
  const auto count = static_cast<size_t>(shape.back());
  std::vector<float> weights[4];
  for (int i = 0; i < 4; ++i) {
    if (Tensor(i + 1).dims_size() != 1) Refuse("has a constant that is no vector as input " + std::to_string(i + 1));
    weights[i] = Vector(i + 1, count);
  }
  const int call =
      AddLayer(layers::kBatchNormalization,
               {{"epsilon", base::Value(Float("epsilon", 1e-5))}, {"momentum", base::Value(Float("momentum", 0.9))}}, {value.call});
  constexpr const char* kNames[] = {"gamma", "beta", "moving_mean", "moving_variance"};
  for (int i = 0; i < 4; ++i) SetWeight(kNames[i], InOurRows(value, std::move(weights[i]), 1));
  Output(call, value.axes, value.parts);
}

void Importer::ReadLayerNormalization() {
  const Value& value = Plain(0);
  const Shape shape = OurShape(value);
  const int64_t rank = static_cast<int64_t>(shape.size()) + 1;
  int64_t axis = Int("axis", -1);
  if (axis < 0) axis += rank;
  if (axis < 1 || axis >= rank) Refuse("normalizes over the batch");
  List axes;
  int64_t count = 1;
  for (int64_t i = axis; i < rank; ++i) {
    axes.emplace_back(i);
    count *= shape[static_cast<size_t>(i - 1)];
  }
  Constant gamma = Floats(1), beta;
  if (HasInput(2)) beta = Floats(2);
  if (static_cast<int64_t>(gamma.values.size()) != count)
    Refuse("has a scale of " + std::to_string(gamma.values.size()) + " numbers, it needs " + std::to_string(count));
  const int call = AddLayer(
      layers::kLayerNormalization,
      {{"axis", base::Value(std::move(axes))}, {"epsilon", base::Value(Float("epsilon", 1e-5))}, {"center", base::Value(HasInput(2))}},
      {value.call});
  SetWeight("gamma", std::move(gamma.values));
  if (HasInput(2)) SetWeight("beta", std::move(beta.values));
  Output(call, Same(shape.size()));
}

void Importer::ReadGather() {
  if (!IsConstant(0)) Refuse("does not take its rows from a constant");
  if (Int("axis", 0) != 0) Refuse("has the axis " + std::to_string(Int("axis", 0)));
  const Value& value = Plain(1);
  Constant table = Floats(0);
  if (table.shape.size() != 2) Refuse("has a table of shape " + base::FormatShape(table.shape));
  const size_t rank = OurShape(value).size();
  const int call =
      AddLayer(layers::kEmbedding, {{"input_dim", base::Value(table.shape[0])}, {"output_dim", base::Value(table.shape[1])}}, {value.call});
  SetWeight("embeddings", std::move(table.values));
  Output(call, Same(rank + 1));
}

std::vector<float> Importer::Columns(const float* theirs, size_t rows, size_t units, const std::vector<size_t>& order) {
  const size_t columns = units * order.size();
  std::vector<float> ours(rows * columns);
  for (size_t block = 0; block < order.size(); ++block) {
    for (size_t unit = 0; unit < units; ++unit) {
      for (size_t row = 0; row < rows; ++row) ours[row * columns + order[block] * units + unit] = *theirs++;
    }
  }
  return ours;
}

std::string Importer::ActivationOfGate(const cerebro::onnx::Attribute* activations, int i, const char* if_absent) const {
  if (activations == nullptr) return if_absent;
  struct Known {
    const char* theirs;
    const char* ours;
  };
  constexpr Known kKnown[] = {
      {"Sigmoid", "sigmoid"}, {"Tanh", "tanh"}, {"Relu", "relu"}, {"Softsign", "softsign"}, {"Softplus", "softplus"}};
  for (const Known& known : kKnown) {
    if (i < activations->strings_size() && activations->strings(i) == known.theirs) return known.ours;
  }
  Refuse("has activations that no layer has");
}

void Importer::ReadRecurrent() {
  const bool lstm = node_->op_type() == "LSTM";
  const Value value = Input(0);
  const Shape shape = OurShape(value);
  const bool reversed = value.axes == std::vector<int>{kReversed, 0, 2};
  const bool time_first = (reversed || value.axes == std::vector<int>{1, 0, 2}) && Int("layout", 0) == 0;
  if (shape.size() != 2 || !value.parts.empty() || !time_first) Refuse("has no input of (time, batch, features)");
  const std::string direction = Text("direction", "forward");
  if (direction != "forward" && direction != "reverse") Refuse("has the direction " + Quote(direction));
  for (int i = 4; i < node_->input_size(); ++i) {
    if (!HasInput(i)) continue;
    if (i == 4 || i > 6) Refuse("has input " + std::to_string(i));
    for (const float number : Floats(i).values) {
      if (number != 0) Refuse("has an initial state");
    }
  }
  if (FindAttribute("clip") != nullptr || Int("input_forget", 0) != 0 || FindAttribute("activation_alpha") != nullptr)
    Refuse("has arguments that no layer has");
  const std::vector<size_t> order = lstm ? std::vector<size_t>{0, 3, 1, 2} : std::vector<size_t>{0, 1, 2};
  const Constant w = Floats(1), r = Floats(2);
  const int64_t units = Int("hidden_size", r.shape.size() == 3 ? r.shape[2] : 0), gates = static_cast<int64_t>(order.size());
  const int64_t features = shape[1];
  if (units < 1 || units > layers::kLargestDimension || w.shape != Shape{1, units * gates, features} ||
      r.shape != Shape{1, units * gates, units}) {
    Refuse("has weights of shapes " + base::FormatShape(w.shape) + " and " + base::FormatShape(r.shape));
  }
  const bool reset_after = !lstm && Int("linear_before_reset", 0) != 0;
  std::vector<float> bias;
  const bool has_bias = HasInput(3);
  if (has_bias) {
    const Constant b = Floats(3);
    if (b.shape != Shape{1, 2 * units * gates}) Refuse("has biases of shape " + base::FormatShape(b.shape));
    bias = Columns(b.values.data(), 1, static_cast<size_t>(units), order);
    const std::vector<float> second = Columns(b.values.data() + units * gates, 1, static_cast<size_t>(units), order);
    if (reset_after) {
      bias.insert(bias.end(), second.begin(), second.end());
    } else {
      for (size_t i = 0; i < bias.size(); ++i) bias[i] += second[i];
    }
  }
  const auto used = [&](int i) { return i < node_->output_size() && needed_.count(node_->output(i)) > 0 && !node_->output(i).empty(); };
  if (used(2) || (used(0) && used(1))) Refuse("gives more than one result");
  const bool sequences = used(0);
  const auto* activations = FindAttribute("activations");
  if (lstm && activations != nullptr && (activations->strings_size() != 3 || activations->strings(1) != activations->strings(2))) {
    Refuse("has activations that no layer has");
  }
  Dict config = {{"units", base::Value(units)},
                 {"activation", base::Value(ActivationOfGate(activations, 1, "tanh"))},
                 {"recurrent_activation", base::Value(ActivationOfGate(activations, 0, "sigmoid"))},
                 {"use_bias", base::Value(has_bias)},
                 {"return_sequences", base::Value(sequences)},
                 {"go_backwards", base::Value((direction == "reverse") != reversed)}};
  if (!lstm) config.emplace_back("reset_after", base::Value(reset_after));
  const int call = AddLayer(lstm ? layers::kLSTM : layers::kGRU, std::move(config), {value.call});
  SetWeight("kernel", Columns(w.values.data(), static_cast<size_t>(features), static_cast<size_t>(units), order));
  SetWeight("recurrent_kernel", Columns(r.values.data(), static_cast<size_t>(units), static_cast<size_t>(units), order));
  if (has_bias) SetWeight("bias", std::move(bias));
  if (sequences) {
    // ONNX has the time steps in the order of the inputs, ours are in the order in which they were made
    Output(call, {direction == "reverse" ? kReversed : 1, kOne, kBatch, 2});
  } else {
    Output(call, {kOne, kBatch, 1}, {}, false, 1);
  }
}

}  // namespace onnx

}  // namespace wire
