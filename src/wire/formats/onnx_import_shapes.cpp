// ONNX's operators without weights: pooling, shapes, merges and functions of elements.
#include <algorithm>
#include <cmath>

#include "layers/refusal.hpp"
#include "onnx.pb.h"
#include "wire/formats/onnx_importer.hpp"
#include "wire/formats/tensor_file.hpp"

namespace wire {
namespace onnx {

using base::Dict;
using base::List;
using base::Shape;
using layers::Quote;

void Importer::ReadConstant() {
  const cerebro::onnx::Attribute* value = FindAttribute("value");
  if (value == nullptr || !value->has_t() || node_->output_size() != 1) Refuse("is given in another way than as a tensor");
  AddConstant(node_->output(0), value->t());
}

void Importer::ReadIdentity() {
  if (IsConstant(0)) {
    if (node_->op_type() != "Identity" || node_->output_size() < 1) Refuse("computes with constants alone");
    return AddConstant(node_->output(0), Tensor(0));
  }
  Alias(Input(0));
}

void Importer::ReadDropout() {
  const Value value = Input(0);
  const double rate = version_ < 12 ? Float("ratio", 0.5) : Scalar(1, 0.5);
  if (!(rate > 0 && rate < 1)) return Alias(value);
  Output(AddLayer(layers::kDropout, {{"rate", base::Value(rate)}}, {value.call}), value.axes, value.parts, value.not_negative);
}

void Importer::ReadPool() {
  const Value value = ImageOrSequence();
  const bool max = node_->op_type() == "MaxPool";
  const size_t dimensions = OurShape(value).size() - 1;
  const std::vector<int64_t> window = Sizes("kernel_shape", dimensions), strides = Sizes("strides", dimensions);
  if (Sizes("dilations", dimensions) != std::vector<int64_t>(dimensions, 1)) Refuse("has dilations");
  const Shape image = OurShape(value);
  const std::vector<int64_t> pads = Pads(image, window, strides);
  const bool none = pads == std::vector<int64_t>(2 * dimensions);
  for (size_t i = 0; Int("ceil_mode", 0) != 0 && i < dimensions; ++i) {
    if ((image[i] + pads[i] + pads[i + dimensions] - window[i]) % strides[i] != 0) Refuse("has ceil_mode, and windows that end outside");
  }
  const bool counts_pads = !max && Int("count_include_pad", 0) != 0;
  const bool same = !none && !counts_pads && pads == SamePads(image, window, strides, false);
  int call = value.call;
  if (!none && !same) {
    // zeros around are neutral for an average that counts them, and for a maximum of numbers that are not negative
    if (!counts_pads && !(max && value.not_negative)) Refuse("has pads that no pooling layer has");
    call = AddPadding(value.call, pads);
  }
  const layers::LayerDefinition& definition = dimensions == 1 ? (max ? layers::kMaxPooling1D : layers::kAveragePooling1D)
                                                              : (max ? layers::kMaxPooling2D : layers::kAveragePooling2D);
  const int pool = AddLayer(definition, {{"pool_size", ListOf(window)}, {"strides", ListOf(strides)}, {"padding", base::Value(same ? "same" : "valid")}}, {call});
  Output(pool, value.axes, {}, value.not_negative);
}

void Importer::ReadGlobalPool() {
  const Value value = ImageOrSequence();
  const bool max = node_->op_type() == "GlobalMaxPool";
  if (OurShape(value).size() == 2) {
    return Output(AddLayer(max ? layers::kGlobalMaxPooling1D : layers::kGlobalAveragePooling1D, {}, {value.call}), {kBatch, 1, kOne}, {},
                  value.not_negative);
  }
  Output(AddLayer(max ? layers::kGlobalMaxPooling2D : layers::kGlobalAveragePooling2D, {}, {value.call}), {kBatch, 1, kOne, kOne}, {},
         value.not_negative);
}

void Importer::ReadReduceMean() {
  const Value value = Image();
  std::set<int64_t> axes;
  for (const int64_t axis : IntegersOf("axes", 1)) axes.insert(axis < 0 ? axis + 4 : axis);
  if (axes != std::set<int64_t>{2, 3}) Refuse("is no mean over height and width");
  std::vector<int> ours = {kBatch, 1};
  if (Int("keepdims", 1) != 0) ours.insert(ours.end(), 2, kOne);
  Output(AddLayer(layers::kGlobalAveragePooling2D, {}, {value.call}), ours, {}, value.not_negative);
}

void Importer::Flat(const Value& value) {
  if (value.axes.empty() || value.axes[0] != kBatch) Refuse("flattens a value whose batch is not in front");
  const Shape shape = OurShape(value);
  if (shape.size() == 1) return Output(value.call, {kBatch, 1}, value.parts, value.not_negative);
  if (!value.parts.empty()) Refuse("reshapes a flattened image");
  if (std::find(value.axes.begin(), value.axes.end(), kReversed) != value.axes.end()) Refuse("flattens a sequence in the opposite order");
  Part part = {shape, {}};
  for (size_t i = 1; i < value.axes.size(); ++i) {
    if (value.axes[i] != kOne) part.axes.push_back(value.axes[i] - 1);
  }
  bool as_ours = true;
  for (size_t i = 0; i < part.axes.size(); ++i) as_ours = as_ours && part.axes[i] == static_cast<int>(i);
  std::vector<Part> parts;
  if (!as_ours) parts.push_back(std::move(part));
  Output(AddLayer(layers::kFlatten, {}, {value.call}), {kBatch, 1}, std::move(parts), value.not_negative);
}

void Importer::ReadFlatten() {
  const Value value = Input(0);
  if (Int("axis", 1) != 1) Refuse("has the axis " + std::to_string(Int("axis", 1)));
  Flat(value);
}

void Importer::ReadReshape() {
  const Value value = Input(0);
  const std::vector<int64_t> target = HasInput(1) ? Integers(Tensor(1)) : Ints("shape", {});
  if (target.empty() || target.size() > kMostDimensions) Refuse("has a target of " + std::to_string(target.size()) + " dimensions");
  const int64_t count = base::ElementCount(OurShape(value));
  if (target.size() == 2 && (target[1] == -1 || target[1] == count)) return Flat(value);
  if (target[0] != 0 && target[0] != -1) Refuse("changes the batch");
  if (!InOurOrder(value) || !value.parts.empty()) Refuse("reshapes a transposed or flattened value");
  List sizes;
  for (size_t i = 1; i < target.size(); ++i) {
    int64_t size = target[i];
    if (size == 0 && i <= OurShape(value).size()) size = OurShape(value)[i - 1];
    sizes.emplace_back(size);
  }
  const size_t rank = sizes.size();
  Output(AddLayer(layers::kReshape, {{"target_shape", base::Value(std::move(sizes))}}, {value.call}), Same(rank), {}, value.not_negative);
}

void Importer::ReadTranspose() {
  const Value value = Input(0);
  std::vector<int64_t> order = Ints("perm", {});
  if (order.empty()) {
    for (size_t i = value.axes.size(); i-- > 0;) order.push_back(static_cast<int64_t>(i));
  }
  if (order.size() != value.axes.size())
    Broken("has " + About() + " of " + std::to_string(order.size()) + " dimensions for a value of " + std::to_string(value.axes.size()));
  std::vector<bool> seen(order.size());
  std::vector<int> axes;
  for (const int64_t from : order) {
    if (from < 0 || static_cast<size_t>(from) >= order.size() || seen[static_cast<size_t>(from)])
      Broken("has " + About() + " whose perm is no permutation");
    seen[static_cast<size_t>(from)] = true;
    axes.push_back(value.axes[static_cast<size_t>(from)]);
  }
  Output(value.call, std::move(axes), value.parts, value.not_negative);
}

std::set<size_t> Importer::AxesOf(size_t rank) const {
  std::set<size_t> axes;
  for (const int64_t axis : IntegersOf("axes", 1)) {
    const int64_t position = axis < 0 ? axis + static_cast<int64_t>(rank) : axis;
    if (position < 0 || static_cast<size_t>(position) >= rank || !axes.insert(static_cast<size_t>(position)).second) {
      Broken("has " + About() + " with the axis " + std::to_string(axis));
    }
  }
  if (axes.empty()) Refuse("names no axes");
  return axes;
}

void Importer::ReadSqueeze() {
  const Value value = Input(0);
  const std::set<size_t> gone = AxesOf(value.axes.size());
  std::vector<int> axes;
  for (size_t i = 0; i < value.axes.size(); ++i) {
    if (gone.count(i) == 0) {
      axes.push_back(value.axes[i]);
    } else if (value.axes[i] != kOne) {
      Refuse("takes out a dimension of a layer's output");
    }
  }
  Output(value.call, std::move(axes), value.parts, value.not_negative);
}

void Importer::ReadUnsqueeze() {
  const Value value = Input(0);
  const size_t added = IntegersOf("axes", 1).size();
  if (value.axes.size() + added > kMostDimensions) Refuse("makes a value of more than 8 dimensions");
  const std::set<size_t> ones = AxesOf(value.axes.size() + added);
  std::vector<int> axes;
  for (size_t i = 0, next = 0; i < value.axes.size() + added; ++i) axes.push_back(ones.count(i) > 0 ? kOne : value.axes[next++]);
  Output(value.call, std::move(axes), value.parts, value.not_negative);
}

void Importer::ReadPad() {
  const Value value = Image();
  if (Text("mode", "constant") != "constant") Refuse("has the mode " + Quote(Text("mode", "constant")));
  if (HasInput(3)) Refuse("names its axes");
  const double filling = version_ < 11 ? Float("value", 0) : Scalar(2, 0);
  std::vector<int64_t> pads = IntegersOf("pads", 1);
  if (filling != 0 || pads.size() != 8 || pads[0] != 0 || pads[1] != 0 || pads[4] != 0 || pads[5] != 0)
    Refuse("pads other than height and width by zeros");
  pads = {pads[2], pads[3], pads[6], pads[7]};
  for (const int64_t pad : pads) {
    if (pad < 0 || pad > layers::kLargestDimension) Refuse("has a pad of " + std::to_string(pad));
  }
  Output(AddPadding(value.call, pads), value.axes, {}, value.not_negative);
}

// One that has all of the dimension behind the batch in the opposite order.
void Importer::ReadSlice() {
  const Value value = Input(0);
  const std::vector<int64_t> starts = IntegersOf("starts", 1), ends = IntegersOf("ends", 2), given = IntegersOf("axes", 3), strides = IntegersOf("", 4);
  const auto rank = static_cast<int64_t>(value.axes.size());
  const int64_t axis = given.size() != 1 ? -1 : given[0] < 0 ? given[0] + rank : given[0];
  const bool one = starts.size() == 1 && ends.size() == 1 && strides == std::vector<int64_t>{-1} && axis >= 0 && axis < rank && value.parts.empty();
  if (!one || (value.axes[static_cast<size_t>(axis)] != 1 && value.axes[static_cast<size_t>(axis)] != kReversed)) {
    Refuse("does not give the dimension behind the batch backwards");
  }
  const int64_t size = OurShape(value)[0];
  if ((starts[0] != -1 && starts[0] < size - 1) || ends[0] >= -size) Refuse("leaves out elements");
  std::vector<int> axes = value.axes;
  int& turned = axes[static_cast<size_t>(axis)];
  turned = turned == 1 ? kReversed : 1;
  Output(value.call, std::move(axes), {}, value.not_negative);
}

std::vector<int> Importer::Calls(bool* not_negative) const {
  std::vector<int> calls;
  *not_negative = true;
  for (int i = 0; i < node_->input_size(); ++i) {
    if (IsConstant(i)) Refuse("has a constant as input " + std::to_string(i));
    const Value& value = Input(i);
    if (value.axes != Input(0).axes) Refuse("combines values that are transposed differently");
    calls.push_back(value.call);
    *not_negative = *not_negative && value.not_negative;
  }
  return calls;
}

void Importer::ReadConcat() {
  bool not_negative = false;
  std::vector<int> calls = Calls(&not_negative);
  const Value first = Input(0);
  const int64_t rank = static_cast<int64_t>(first.axes.size());
  int64_t axis = Int("axis", version_ < 4 ? 1 : 0);
  if (axis < 0) axis += rank;
  if (axis < 0 || axis >= rank || first.axes[static_cast<size_t>(axis)] < 1) Refuse("has the axis " + std::to_string(axis));
  std::vector<Part> parts;
  bool flat = false;
  for (int i = 0; i < node_->input_size(); ++i) {
    const Value& value = Input(i);
    flat = flat || !value.parts.empty();
    if (value.parts.empty()) parts.push_back({OurShape(value), {}});
    parts.insert(parts.end(), value.parts.begin(), value.parts.end());
  }
  if (parts.size() > 1000) Refuse("joins more than 1000 flattened values");
  if (!flat) parts.clear();
  if (calls.size() == 1) return Alias(first);
  const int call = AddLayer(layers::kConcatenate, {{"axis", base::Value(static_cast<int64_t>(first.axes[static_cast<size_t>(axis)]))}},
                            std::move(calls));
  Output(call, first.axes, std::move(parts), not_negative);
}

void Importer::ReadMerge() {
  const auto fused = fused_.find(node_);
  if (fused != fused_.end()) return Alias(Get(fused->second));
  bool not_negative = false;
  const std::vector<int> calls = Calls(&not_negative);
  const Value first = Input(0);
  for (int i = 0; i < node_->input_size(); ++i) {
    const Value& value = Input(i);
    const bool flat = !value.parts.empty() || !first.parts.empty();
    if (flat && (value.parts.size() != first.parts.size() || value.parts.size() != 1 || value.parts[0].shape != first.parts[0].shape ||
                 value.parts[0].axes != first.parts[0].axes)) {
      Refuse("combines a flattened image with something else");
    }
  }
  if (calls.size() == 1) return Alias(first);
  const std::string& op = node_->op_type();
  const layers::LayerDefinition& definition = op == "Mul"    ? layers::kMultiply
                                              : op == "Mean" ? layers::kAverage
                                              : op == "Max"  ? layers::kMaximum
                                              : op == "Min"  ? layers::kMinimum
                                              : op == "Sub"  ? layers::kSubtract
                                                             : layers::kAdd;
  const int call = AddLayer(definition, {}, calls);
  if (OurShape(first).size() != builder_.OutputShape(call).size()) Refuse("combines values of different dimensions");
  Output(call, first.axes, first.parts, not_negative && op != "Sub");
}

void Importer::ReadActivation() {
  const Value value = Input(0);
  const std::string& op = node_->op_type();
  struct Known {
    const char* op;
    const char* ours;
    bool not_negative;
  };
  constexpr Known kKnown[] = {{"Relu", "relu", true},         {"Sigmoid", "sigmoid", true},    {"Tanh", "tanh", false},
                              {"Softplus", "softplus", true}, {"Softsign", "softsign", false}, {"Selu", "selu", false},
                              {"Exp", "exponential", true},   {"Gelu", "gelu", false},         {"HardSigmoid", "hard_sigmoid", true}};
  const Known* known = std::find_if(std::begin(kKnown), std::end(kKnown), [&](const Known& k) { return op == k.op; });
  if (op == "Gelu" && Text("approximate", "none") != "none") Refuse("is approximate");
  if (op == "HardSigmoid" && (std::fabs(Float("alpha", 0.2) - 0.2) > 1e-6 || std::fabs(Float("beta", 0.5) - 0.5) > 1e-6)) {
    Refuse("has other constants than 0.2 and 0.5");
  }
  if (op == "Selu" && (FindAttribute("alpha") != nullptr || FindAttribute("gamma") != nullptr) &&
      (std::fabs(Float("alpha", 1.67326) - 1.67326) > 1e-4 || std::fabs(Float("gamma", 1.0507) - 1.0507) > 1e-4)) {
    Refuse("has constants of its own");
  }
  Output(AddLayer(layers::kActivation, {{"activation", base::Value(known->ours)}}, {value.call}), value.axes, value.parts,
         known->not_negative);
}

void Importer::ReadAlpha() {
  const Value value = Input(0);
  const bool leaky = node_->op_type() == "LeakyRelu";
  const double alpha = Float("alpha", leaky ? 0.01 : 1.0);
  Output(AddLayer(leaky ? layers::kLeakyReLU : layers::kELU, {{"alpha", base::Value(alpha)}}, {value.call}), value.axes, value.parts);
}

void Importer::ReadClip() {
  const Value value = Input(0);
  constexpr double kLeast = -3.4028234663852886e38;
  const double least = version_ < 11 ? Float("min", kLeast) : Scalar(1, kLeast),
               most = version_ < 11 ? Float("max", -kLeast) : Scalar(2, -kLeast);
  if (least != 0 || !(most > 0)) Refuse("has other limits than 0 and a positive number");
  Dict config;
  if (most < -kLeast) config.emplace_back("max_value", base::Value(most));
  Output(AddLayer(layers::kReLU, std::move(config), {value.call}), value.axes, value.parts, true);
}

void Importer::ReadSoftmax() {
  const Value value = Input(0);
  const int64_t rank = static_cast<int64_t>(value.axes.size());
  int64_t axis = Int("axis", version_ < 13 ? 1 : -1);
  if (axis < 0) axis += rank;
  const bool last = axis >= 0 && axis < rank && value.axes[static_cast<size_t>(axis)] == static_cast<int>(OurShape(value).size());
  if (!last || (version_ < 13 && axis != rank - 1)) Refuse("has the axis " + std::to_string(axis) + ", which is not the last one here");
  const char* activation = node_->op_type() == "Softmax" ? "softmax" : "log_softmax";
  Output(AddLayer(layers::kActivation, {{"activation", base::Value(activation)}}, {value.call}), value.axes, value.parts,
         node_->op_type() == "Softmax");
}

}  // namespace onnx

}  // namespace wire
