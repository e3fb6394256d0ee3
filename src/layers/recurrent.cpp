// LSTM: units !, activation tanh, recurrent_activation sigmoid, use_bias true, kernel_initializer,
// recurrent_initializer, bias_initializer, unit_forget_bias true, kernel_regularizer, recurrent_regularizer,
// bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint, dropout 0.0 rate, recurrent_dropout 0.0
// rate, return_sequences false, go_backwards false.
// GRU: likewise with reset_after true in place of unit_forget_bias.
// Weights: kernel (in, columns) recurrent_kernel (units, columns) [bias (columns); a GRU's with reset_after (2,
// columns)], with columns 4 * units in an LSTM and 3 * units in a GRU, a gate after another.
//
// The bias of an LSTM with unit_forget_bias has the initializer
//   {"class_name": "UnitForgetBias", "config": {"bias_initializer": {..}}}
// The second quarter (the forget gate) is ones, the other three are filled by bias_initializer as one tensor of 3 *
// units elements would be, in order.
#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::LayerKind;
using base::Shape;
using base::Value;
using T = ArgumentType;

constexpr int64_t kGatesOfLSTM = 4, kGatesOfGRU = 3;

Shape OutputShape(const Layer& layer, const Shapes& inputs) {
  if (inputs[0].size() != 2) {
    Unfit(layer, "needs an input of shape (time, features), got " + base::FormatShape(inputs[0]),
          "A recurrent layer in front of another needs return_sequences = true.");
  }
  const int64_t units = Int(layer, "units");
  return Bool(layer, "return_sequences") ? Shape{inputs[0][0], units} : Shape{units};
}

std::vector<base::WeightSpec> Kernels(const Layer& layer, const Shapes& inputs, int64_t gates) {
  const int64_t units = Int(layer, "units"), columns = units * gates;
  return {Weight(layer, "kernel", "kernel", {inputs[0].back(), columns}),
          Weight(layer, "recurrent_kernel", "recurrent", {units, columns})};
}

std::vector<base::WeightSpec> WeightsOfLSTM(const Layer& layer, const Shapes& inputs) {
  std::vector<base::WeightSpec> weights = Kernels(layer, inputs, kGatesOfLSTM);
  if (!Bool(layer, "use_bias")) return weights;
  base::WeightSpec bias = Weight(layer, "bias", "bias", {Int(layer, "units") * kGatesOfLSTM});
  if (Bool(layer, "unit_forget_bias")) {
    base::Dict config = {{"bias_initializer", std::move(bias.initializer)}};
    bias.initializer = Value(base::Dict{{"class_name", Value("UnitForgetBias")}, {"config", Value(std::move(config))}});
  }
  weights.push_back(std::move(bias));
  return weights;
}

std::vector<base::WeightSpec> WeightsOfGRU(const Layer& layer, const Shapes& inputs) {
  std::vector<base::WeightSpec> weights = Kernels(layer, inputs, kGatesOfGRU);
  if (!Bool(layer, "use_bias")) return weights;
  const int64_t columns = Int(layer, "units") * kGatesOfGRU;
  weights.push_back(Weight(layer, "bias", "bias", Bool(layer, "reset_after") ? Shape{2, columns} : Shape{columns}));
  return weights;
}

// A time step: the two products, and about 4 operations a gate and unit.
double Flops(const Layer& layer, const Shapes& inputs, int64_t gates) {
  const double units = static_cast<double>(Int(layer, "units")), columns = units * static_cast<double>(gates);
  const double time = static_cast<double>(inputs[0][0]), features = static_cast<double>(inputs[0][1]);
  return time * (2 * columns * (features + units) + 4 * columns);
}

// A gate, which lies between 0 and 1, multiplies what the activation gave.
Range GatedRange(const Layer& layer, size_t rank) {
  const Range inner = RangeOfActivation(layer, rank);
  return inner == Range::kSigmoid || inner == Range::kSoftmax ? Range::kZeroToOne : inner;
}

LayerDefinition Define(LayerKind kind, const char* class_name, const Argument& variant) {
  LayerDefinition recurrent;
  recurrent.kind = kind;
  recurrent.class_names = {class_name};
  recurrent.arguments = {{"units", T::kPositive}, Activation("activation", "'tanh'"), Activation("recurrent_activation", "'sigmoid'"),
                         kUseBias, kKernelInitializer, Initializer("recurrent_initializer", "'orthogonal'"), kBiasInitializer, variant,
                         Regularizer("kernel_regularizer"), Regularizer("recurrent_regularizer"), Regularizer("bias_regularizer"),
                         Constraint("kernel_constraint"), Constraint("recurrent_constraint"), Constraint("bias_constraint"),
                         {"dropout", T::kRate, "0.0"}, {"recurrent_dropout", T::kRate, "0.0"}, {"return_sequences", T::kBool, "False"},
                         {"go_backwards", T::kBool, "False"}, Absent("return_state"), Absent("stateful"), Absent("time_major"),
                         Absent("zero_output_for_mask"), kNoActivityRegularizer};
  recurrent.ignored = {"implementation", "unroll", "seed", "use_cudnn"};  // how Keras computes, not what
  recurrent.shape = OutputShape;
  recurrent.cost.work = Work::kRecurrent;
  recurrent.cost.operations = 12;
  recurrent.cost.each_time_step = true;
  recurrent.zeros = ZerosOfActivation;
  recurrent.range = GatedRange;
  recurrent.exchange.onnx = class_name;
  return recurrent;
}

LayerDefinition DefineLSTM() {
  LayerDefinition lstm = Define(LayerKind::kLSTM, "LSTM", {"unit_forget_bias", T::kBool, "True"});
  lstm.weights = WeightsOfLSTM;
  lstm.cost.flops = [](const Layer& layer, const Shapes& inputs, const Shape&) { return Flops(layer, inputs, kGatesOfLSTM); };
  // both have the gates input, forget, cell, output; PyTorch's second bias is zero
  lstm.exchange.weights = {{"kernel", "weight_ih_l0", {1, 0}}, {"recurrent_kernel", "weight_hh_l0", {1, 0}}, {"bias", "bias_ih_l0", {}}};
  return lstm;
}

// PyTorch has a GRU's gates in another order: no permutation of dimensions gives its weights.
LayerDefinition DefineGRU() {
  LayerDefinition gru = Define(LayerKind::kGRU, "GRU", {"reset_after", T::kBool, "True"});
  gru.weights = WeightsOfGRU;
  gru.cost.flops = [](const Layer& layer, const Shapes& inputs, const Shape&) { return Flops(layer, inputs, kGatesOfGRU); };
  return gru;
}

}  // namespace

const LayerDefinition kLSTM = DefineLSTM();
const LayerDefinition kGRU = DefineGRU();

}  // namespace layers
