// Dense layers, normalizations, activations, merges and what changes shapes as ONNX operators.
#include "wire/formats/onnx_exporter.hpp"

#include <cmath>
#include "layers/refusal.hpp"

namespace wire {
namespace onnx {
namespace {

using base::LayerKind;
using layers::Quote;

constexpr int64_t kIrVersionOfGelu = 9, kOperatorSetOfGelu = 20;  // the first that has it

}  // namespace

Names Exporter::Dense() {
  const std::string kernel = Weight("kernel");
  std::string y;
  if (InputShape().size() == 1 && Has("bias")) {
    y = Op("Gemm", {LastInput(), kernel, Weight("bias")});
  } else {
    y = Op("MatMul", {LastInput(), kernel});
    if (Has("bias")) y = Op("Add", {y, Weight("bias")});
  }
  return AsLast(Activated(y, Text(*layer_, "activation"), false));
}

Names Exporter::Flatten() {
  const std::string y = Op("Flatten", {LastInput()});
  SetInt("axis", 1);
  return AsLast(y);
}

Names Exporter::Reshape() {
  std::vector<int64_t> shape = {0};  // the batch stays
  shape.insert(shape.end(), call_->output_shape.begin(), call_->output_shape.end());
  return AsLast(Op("Reshape", {LastInput(), Ints(shape)}));
}

size_t Exporter::Axis(const base::Value& axis) const {
  const auto rank = static_cast<int64_t>(InputShape().size()) + 1;
  return static_cast<size_t>(axis.integer() < 0 ? axis.integer() + rank : axis.integer());
}

Names Exporter::BatchNormalization() {
  const size_t axis = Axis(*layer_->attributes.Find("axis"));
  const size_t rank = InputShape().size();
  const auto count = static_cast<size_t>(InputShape()[axis - 1]);
  const std::vector<float> one(count, 1), zero(count, 0);
  if (axis == rank && rank <= 3) {
    const Shape shape = {static_cast<int64_t>(count)};
    const std::string gamma = Has("gamma") ? Weight("gamma") : Made("gamma", shape, [&] { return one; });
    const std::string beta = Has("beta") ? Weight("beta") : Made("beta", shape, [&] { return zero; });
    const std::string y = Op("BatchNormalization", {rank > 1 ? FirstInput() : LastInput(), gamma, beta, Weight("moving_mean"), Weight("moving_variance")});
    SetFloat("epsilon", Number(*layer_, "epsilon"));
    SetFloat("momentum", Number(*layer_, "momentum"));
    return rank > 1 ? AsFirst(y) : AsLast(y);
  }
  // along another dimension than ONNX's second: as a product and a sum
  Shape shape(rank + 1, 1);
  shape[axis] = static_cast<int64_t>(count);
  const std::vector<float> gamma = Has("gamma") ? Values("gamma") : one, beta = Has("beta") ? Values("beta") : zero;
  const std::vector<float> mean = Values("moving_mean"), variance = Values("moving_variance");
  std::vector<float> scale(count), shift(count);
  for (size_t i = 0; i < count; ++i) {
    const double factor = static_cast<double>(gamma[i]) / std::sqrt(static_cast<double>(variance[i]) + Number(*layer_, "epsilon"));
    scale[i] = static_cast<float>(factor);
    shift[i] = static_cast<float>(static_cast<double>(beta[i]) - static_cast<double>(mean[i]) * factor);
  }
  const std::string product = Op("Mul", {LastInput(), Made("scale", shape, [&] { return scale; })});
  return AsLast(Op("Add", {product, Made("shift", shape, [&] { return shift; })}));
}

Names Exporter::LayerNormalization() {
  const base::List& axes = layer_->attributes.Find("axis")->list();
  const size_t rank = InputShape().size();
  Shape shape;
  for (size_t i = 0; i < axes.size(); ++i) {
    if (Axis(axes[i]) != rank + 1 - axes.size() + i) Refuse(*layer_, "normalizes over other than the last dimensions");
    shape.push_back(InputShape()[Axis(axes[i]) - 1]);
  }
  const auto count = static_cast<size_t>(base::ElementCount(shape));
  std::vector<std::string> inputs = {LastInput(), Has("gamma") ? Weight("gamma") : Made("gamma", shape, [&] { return std::vector<float>(count, 1); })};
  if (Has("beta")) inputs.push_back(Weight("beta"));
  const std::string y = Op("LayerNormalization", inputs);
  SetInt("axis", -static_cast<int64_t>(axes.size()));
  SetFloat("epsilon", Number(*layer_, "epsilon"));
  return AsLast(y);
}

std::string Exporter::Activated(const std::string& x, const std::string& activation, bool first) {
  struct Direct { const char* ours; const char* op; };
  constexpr Direct kDirect[] = {{"relu", "Relu"}, {"sigmoid", "Sigmoid"}, {"tanh", "Tanh"}, {"softplus", "Softplus"}, {"softsign", "Softsign"},
                                {"elu", "Elu"}, {"selu", "Selu"}, {"exponential", "Exp"}};
  for (const Direct& direct : kDirect) {
    if (activation == direct.ours) return Op(direct.op, {x});
  }
  if (activation == "linear") return x;
  if (activation == "softmax" || activation == "log_softmax") {
    const std::string y = Op(activation == "softmax" ? "Softmax" : "LogSoftmax", {x});
    SetInt("axis", first ? 1 : -1);
    return y;
  }
  if (activation == "relu6") return Op("Clip", {x, Scalar(0), Scalar(6)});
  if (activation == "hard_sigmoid") {
    const std::string y = Op("HardSigmoid", {x});
    SetFloat("alpha", 0.2);
    SetFloat("beta", 0.5);
    return y;
  }
  if (activation == "swish") return Op("Mul", {x, Op("Sigmoid", {x})});
  if (activation == "mish") return Op("Mul", {x, Op("Tanh", {Op("Softplus", {x})})});
  if (activation == "gelu") {
    model_.set_ir_version(kIrVersionOfGelu);
    model_.mutable_opset_import(0)->set_version(kOperatorSetOfGelu);
    return Op("Gelu", {x});
  }
  Refuse(*layer_, "has the activation " + Quote(activation));
}

std::string Exporter::WithAlpha(const char* op, const std::string& x) {
  const std::string y = Op(op, {x});
  SetFloat("alpha", Number(*layer_, "alpha"));
  return y;
}

std::string Exporter::ReLU(const std::string& x) {
  const double slope = Number(*layer_, "negative_slope"), threshold = Number(*layer_, "threshold");
  const base::Value& most = *layer_->attributes.Find("max_value");
  std::string y;
  if (threshold == 0 && slope == 0) {
    if (!most.is_null()) return Op("Clip", {x, Scalar(0), Scalar(most.number())});
    y = Op("Relu", {x});
  } else if (threshold == 0) {
    y = Op("LeakyRelu", {x});
    SetFloat("alpha", slope);
  } else {
    const std::string at = Scalar(threshold);
    y = Op("Where", {Op("Greater", {x, at}), x, Op("Mul", {Op("Sub", {x, at}), Scalar(slope)})});
  }
  return most.is_null() ? y : Op("Min", {y, Scalar(most.number())});
}

Names Exporter::Softmax() {
  const std::string y = Op("Softmax", {LastInput()});
  SetInt("axis", Integer(*layer_, "axis"));
  return AsLast(y);
}

Names Exporter::Embedding() {
  if (Flag(*layer_, "mask_zero")) {
    for (const base::Layer& other : graph_.layers) {
      if (other.kind == LayerKind::kLSTM || other.kind == LayerKind::kGRU || other.kind == LayerKind::kSimpleRNN ||
          other.kind == LayerKind::kGlobalAveragePooling1D) {
        Refuse(*layer_, "masks time steps of layer " + Quote(other.name));
      }
    }
  }
  const std::string indexes = Op("Cast", {LastInput()});
  SetInt("to", kInt64);
  const std::string y = Op("Gather", {Weight("embeddings"), indexes});
  SetInt("axis", 0);
  return AsLast(y);
}

Names Exporter::Merge(const char* op, bool two) {
  bool first = InputShape().size() == 3;
  for (const int input : call_->inputs) first = first && IsFirst(input);
  std::vector<std::string> inputs;
  for (const int input : call_->inputs) inputs.push_back(first ? First(input) : Last(input));
  std::string y = inputs[0];
  if (!two) y = Op(op, inputs);
  for (size_t i = 1; two && i < inputs.size(); ++i) y = Op(op, {y, inputs[i]});
  return first ? AsFirst(y) : AsLast(y);
}

Names Exporter::Concatenate() {
  bool first = InputShape().size() == 3;
  for (const int input : call_->inputs) first = first && IsFirst(input);
  std::vector<std::string> inputs;
  for (const int input : call_->inputs) inputs.push_back(first ? First(input) : Last(input));
  size_t axis = Axis(*layer_->attributes.Find("axis"));
  if (first) axis = axis % 3 + 1;  // height, width, channels -> 2, 3, 1
  const std::string y = Op("Concat", inputs);
  SetInt("axis", static_cast<int64_t>(axis));
  return first ? AsFirst(y) : AsLast(y);
}

}  // namespace onnx
}  // namespace wire
