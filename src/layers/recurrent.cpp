// LSTM: units !, activation tanh, recurrent_activation sigmoid, use_bias true, kernel_initializer,
// recurrent_initializer, bias_initializer, unit_forget_bias true, kernel_regularizer, recurrent_regularizer,
// bias_regularizer, kernel_constraint, recurrent_constraint, bias_constraint, dropout 0.0 rate, recurrent_dropout 0.0
// rate, return_sequences false, return_state false, go_backwards false, zero_output_for_mask false.
// GRU: likewise with reset_after true in place of unit_forget_bias. SimpleRNN: likewise without recurrent_activation
// and without either.
// Weights: kernel (in, columns) recurrent_kernel (units, columns) [bias (columns); a GRU's with reset_after (2,
// columns)], with columns 4 * units in an LSTM, 3 * units in a GRU, a gate after another, and units in a SimpleRNN.
//
// Inputs: the sequence, and perhaps the initial state: h (units), in an LSTM h and c. Without them it is zero.
// With return_state the output holds what Keras returns as several tensors, one below the other: (rows + states, units)
// with the output's rows (time, or 1 without return_sequences), then h, in an LSTM then c. Slice takes them apart.
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

constexpr int64_t kGatesOfLSTM = 4, kGatesOfGRU = 3, kGatesOfSimpleRNN = 1;

int64_t StatesOf(const Layer& layer) { return layer.kind == LayerKind::kLSTM ? 2 : 1; }

void CheckInitialState(const Layer& layer, const Shapes& inputs) {
  const auto states = static_cast<size_t>(StatesOf(layer));
  const Shape wanted = {Int(layer, "units")};
  if (inputs.size() == 1) return;
  if (inputs.size() != 1 + states) {
    Unfit(layer, "takes a sequence alone or with " + std::to_string(states) + (states == 1 ? " tensor" : " tensors") +
                     " of an initial state, got " + std::to_string(inputs.size()) + " inputs");
  }
  for (size_t i = 1; i < inputs.size(); ++i) {
    if (inputs[i] == wanted) continue;
    Unfit(layer, "its initial state must have the shape " + base::FormatShape(wanted) + ", got " + base::FormatShape(inputs[i]));
  }
}

Shape OutputShape(const Layer& layer, const Shapes& inputs) {
  if (inputs[0].size() != 2) {
    Unfit(layer, "needs an input of shape (time, features), got " + base::FormatShape(inputs[0]),
          "A recurrent layer in front of another needs return_sequences = true.");
  }
  CheckInitialState(layer, inputs);
  const int64_t units = Int(layer, "units"), rows = Bool(layer, "return_sequences") ? inputs[0][0] : 1;
  if (Bool(layer, "return_state")) return {rows + StatesOf(layer), units};
  return Bool(layer, "return_sequences") ? Shape{rows, units} : Shape{units};
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

std::vector<base::WeightSpec> WeightsOfSimpleRNN(const Layer& layer, const Shapes& inputs) {
  std::vector<base::WeightSpec> weights = Kernels(layer, inputs, kGatesOfSimpleRNN);
  if (Bool(layer, "use_bias")) weights.push_back(Weight(layer, "bias", "bias", {Int(layer, "units")}));
  return weights;
}

// A time step: the two products, and about 4 operations a gate and unit.
double Flops(const Layer& layer, const Shapes& inputs, int64_t gates) {
  const double units = static_cast<double>(Int(layer, "units")), columns = units * static_cast<double>(gates);
  const double time = static_cast<double>(inputs[0][0]), features = static_cast<double>(inputs[0][1]);
  return time * (2 * columns * (features + units) + 4 * columns);
}

// A gate, which lies between 0 and 1, multiplies what the activation gave. An LSTM's state c has no bounds.
Range GatedRange(const Layer& layer, size_t rank) {
  const base::Value* state = layer.attributes.Find("return_state");
  if (state != nullptr && state->boolean()) return Range::kUnknown;
  const Range inner = RangeOfActivation(layer, rank);
  if (layer.kind == LayerKind::kSimpleRNN) return inner;
  return inner == Range::kSigmoid || inner == Range::kSoftmax ? Range::kZeroToOne : inner;
}

// Its own arguments: those behind the activation, and those behind the initializers.
LayerDefinition Define(LayerKind kind, const char* class_name, const std::vector<Argument>& gates, const std::vector<Argument>& variants) {
  LayerDefinition recurrent;
  recurrent.kind = kind;
  recurrent.class_names = {class_name};
  recurrent.arguments = {{"units", T::kPositive}, Activation("activation", "'tanh'")};
  const auto add = [&recurrent](const std::vector<Argument>& arguments) {
    recurrent.arguments.insert(recurrent.arguments.end(), arguments.begin(), arguments.end());
  };
  add(gates);
  add({kUseBias, kKernelInitializer, Initializer("recurrent_initializer", "'orthogonal'"), kBiasInitializer});
  add(variants);
  add({Regularizer("kernel_regularizer"), Regularizer("recurrent_regularizer"), Regularizer("bias_regularizer"),
       Constraint("kernel_constraint"), Constraint("recurrent_constraint"), Constraint("bias_constraint"), {"dropout", T::kRate, "0.0"},
       {"recurrent_dropout", T::kRate, "0.0"}, {"return_sequences", T::kBool, "False"}, Later({"return_state", T::kBool, "False"}),
       {"go_backwards", T::kBool, "False"}, Later({"zero_output_for_mask", T::kBool, "False"}),
       Absent("stateful"), Absent("time_major"), kNoActivityRegularizer});
  recurrent.ignored = {"implementation", "unroll", "seed", "use_cudnn"};  // how Keras computes, not what
  recurrent.max_inputs = kind == LayerKind::kLSTM ? 3 : 2;
  recurrent.shape = OutputShape;
  recurrent.cost.work = Work::kRecurrent;
  recurrent.cost.operations = 12;
  recurrent.cost.each_time_step = true;
  recurrent.zeros = ZerosOfActivation;
  recurrent.range = GatedRange;
  recurrent.exchange.onnx = class_name;
  return recurrent;
}

constexpr Argument kGate = Activation("recurrent_activation", "'sigmoid'");

LayerDefinition DefineLSTM() {
  LayerDefinition lstm = Define(LayerKind::kLSTM, "LSTM", {kGate}, {{"unit_forget_bias", T::kBool, "True"}});
  lstm.class_names.push_back("CuDNNLSTM");  // the same with the activations that are its defaults
  lstm.weights = WeightsOfLSTM;
  lstm.cost.flops = [](const Layer& layer, const Shapes& inputs, const Shape&) { return Flops(layer, inputs, kGatesOfLSTM); };
  // both have the gates input, forget, cell, output
  lstm.exchange.weights = {{"kernel", "weight_ih_l0", {1, 0}},
                           {"recurrent_kernel", "weight_hh_l0", {1, 0}},
                           {"bias", "bias_ih_l0", {}, {}, "bias_hh_l0"}};
  return lstm;
}

const char* LackOfGRU(const Layer& layer) {
  return Bool(layer, "reset_after") ? nullptr : "PyTorch's GRU resets after the product: reset_after = false has no counterpart";
}

LayerDefinition DefineGRU() {
  LayerDefinition gru = Define(LayerKind::kGRU, "GRU", {kGate}, {{"reset_after", T::kBool, "True"}});
  gru.class_names.push_back("CuDNNGRU");
  gru.weights = WeightsOfGRU;
  gru.cost.flops = [](const Layer& layer, const Shapes& inputs, const Shape&) { return Flops(layer, inputs, kGatesOfGRU); };
  // ours are update, reset, candidate; PyTorch's reset, update, candidate
  gru.exchange.weights = {{"kernel", "weight_ih_l0", {1, 0}, {1, 0, 2}},
                          {"recurrent_kernel", "weight_hh_l0", {1, 0}, {1, 0, 2}},
                          {"bias", "bias_ih_l0", {}, {1, 0, 2}, "bias_hh_l0"}};
  gru.exchange.torch_lacks = LackOfGRU;
  return gru;
}

LayerDefinition DefineSimpleRNN() {
  LayerDefinition rnn = Define(LayerKind::kSimpleRNN, "SimpleRNN", {}, {});
  rnn.weights = WeightsOfSimpleRNN;
  rnn.cost.operations = 4;
  rnn.cost.flops = [](const Layer& layer, const Shapes& inputs, const Shape&) { return Flops(layer, inputs, kGatesOfSimpleRNN); };
  rnn.exchange = {"RNN", {{"kernel", "weight_ih_l0", {1, 0}}, {"recurrent_kernel", "weight_hh_l0", {1, 0}}, {"bias", "bias_ih_l0", {}}}};
  return rnn;
}

}  // namespace

const LayerDefinition kLSTM = DefineLSTM();
const LayerDefinition kGRU = DefineGRU();
const LayerDefinition kSimpleRNN = DefineSimpleRNN();

}  // namespace layers
