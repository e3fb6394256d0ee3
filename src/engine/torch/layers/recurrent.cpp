// LSTM (Hochreiter & Schmidhuber 1997; gates as in Keras), GRU (Cho et al. 2014; reset_after: the cuDNN variant) and SimpleRNN (Elman 1990)
// over (batch, time, features).
//
// The products with the inputs of all steps are one multiplication; the steps then add the recurrent product. A masked step keeps the
// state before it, and its output repeats the output before it (zeros at the start, whatever the initial state), as Keras's backend has it;
// with zero_output_for_mask its output is zero.
#include <memory>
#include <tuple>

#include "engine/torch/layers/activation.hpp"
#include "engine/torch/layers/dropout.hpp"
#include "engine/torch/module.hpp"

namespace engine::torch {

namespace {

// What they share: the walk over time.
class RecurrentModule : public Module {
 public:
  explicit RecurrentModule(const base::Layer& layer)
      : units_(IntAttribute(layer, "units")),
        activation_(ActivationAttribute(layer, "activation")),
        use_bias_(BoolAttribute(layer, "use_bias")),
        sequences_(BoolAttribute(layer, "return_sequences")),
        returns_state_(BoolAttribute(layer, "return_state")),
        backwards_(BoolAttribute(layer, "go_backwards")),
        zeros_(BoolAttribute(layer, "zero_output_for_mask")) {
    FindNumber(layer, "dropout", &dropout_);
    FindNumber(layer, "recurrent_dropout", &recurrent_dropout_);
  }

  Value Forward(const Inputs& inputs, const Weights& weights, const Context& context) const override {
    const Value& in = *inputs[0];
    const int64_t batch = in.data.size(0), time = in.data.size(1), features = in.data.size(2);
    at::Tensor x = in.data;
    const at::TensorOptions options = x.options();
    // one mask for all steps, as Keras has it
    if (context.training && dropout_ > 0) {
      x = x * DropoutMask({batch, 1, features}, dropout_, options, context.keys, context.site | uint64_t{1} << 32);
    }
    at::Tensor recurrent_mask;
    if (context.training && recurrent_dropout_ > 0) {
      recurrent_mask = DropoutMask({batch, units_}, recurrent_dropout_, options, context.keys, context.site | uint64_t{2} << 32);
    }

    at::Tensor projected = x.reshape({batch * time, features});
    const at::Tensor bias = InputBias(weights);
    projected = bias.defined() ? at::addmm(bias, projected, weights[0]) : at::mm(projected, weights[0]);
    const std::vector<at::Tensor> steps = projected.view({batch, time, projected.size(1)}).unbind(1);
    std::vector<at::Tensor> masks;
    if (in.mask.defined()) masks = in.mask.unsqueeze(-1).unbind(1);

    const bool begins = inputs.size() > 1;  // with a state that is given
    at::Tensor h = begins ? inputs[1]->data : at::zeros({batch, units_}, options), cell;
    if (HasCell()) cell = begins ? inputs[2]->data : at::zeros({batch, units_}, options);
    // what the layer gives is its state, but for masked steps that are zero
    const bool apart = (begins || zeros_) && !masks.empty();
    const at::Tensor zero = apart ? at::zeros({batch, units_}, options) : at::Tensor();
    at::Tensor output = zero;
    std::vector<at::Tensor> outputs;
    for (int64_t i = 0; i < time; ++i) {
      const int64_t t = backwards_ ? time - 1 - i : i;
      const at::Tensor seen = recurrent_mask.defined() ? h * recurrent_mask : h;
      auto [new_h, new_cell] = Step(steps[t], h, seen, cell, weights);
      if (apart) output = at::where(masks[t], new_h, zeros_ ? zero : output);
      if (!masks.empty()) {
        new_h = at::where(masks[t], new_h, h);
        if (new_cell.defined()) new_cell = at::where(masks[t], new_cell, cell);
      }
      h = new_h;
      cell = new_cell;
      if (!apart) output = h;
      if (sequences_) outputs.push_back(output);
    }
    Value out;
    if (returns_state_) {
      if (!sequences_) outputs.push_back(output);
      outputs.push_back(h);
      if (cell.defined()) outputs.push_back(cell);
    }
    out.data = outputs.empty() ? output : at::stack(outputs, 1);
    if (sequences_) out.mask = in.mask;
    return out;
  }

 protected:
  virtual bool HasCell() const = 0;
  virtual at::Tensor InputBias(const Weights& weights) const { return use_bias_ ? weights[2] : at::Tensor(); }
  /// x: the projected inputs; h: the state; seen: the state after recurrent dropout. Returns the new state and cell.
  virtual std::tuple<at::Tensor, at::Tensor> Step(const at::Tensor& x, const at::Tensor& h, const at::Tensor& seen, const at::Tensor& cell,
                                                  const Weights& weights) const = 0;

  int64_t units_;
  Activation activation_;
  bool use_bias_;

 private:
  bool sequences_;
  bool returns_state_;
  bool backwards_;
  bool zeros_;
  double dropout_ = 0;
  double recurrent_dropout_ = 0;
};

// Weights: kernel (features, 4 u), recurrent_kernel (u, 4 u), [bias (4 u)]; gates in the order input, forget, cell, output.
class LSTMModule : public RecurrentModule {
 public:
  explicit LSTMModule(const base::Layer& layer) : RecurrentModule(layer), gate_(ActivationAttribute(layer, "recurrent_activation")) {}

 protected:
  bool HasCell() const override { return true; }

  std::tuple<at::Tensor, at::Tensor> Step(const at::Tensor& x, const at::Tensor&, const at::Tensor& seen, const at::Tensor& cell,
                                          const Weights& weights) const override {
    const std::vector<at::Tensor> gates = at::addmm(x, seen, weights[1]).chunk(4, 1);
    const at::Tensor input = Activate(gate_, gates[0]), forget = Activate(gate_, gates[1]), output = Activate(gate_, gates[3]);
    const at::Tensor new_cell = forget * cell + input * Activate(activation_, gates[2]);
    return {output * Activate(activation_, new_cell), new_cell};
  }

 private:
  Activation gate_;
};

// Weights: kernel (features, 3 u), recurrent_kernel (u, 3 u), [bias (3 u), with reset_after (2, 3 u): input and recurrent]; gates in the
// order update z, reset r, candidate. h' = z h + (1 - z) candidate.
class GRUModule : public RecurrentModule {
 public:
  explicit GRUModule(const base::Layer& layer)
      : RecurrentModule(layer), gate_(ActivationAttribute(layer, "recurrent_activation")), reset_after_(BoolAttribute(layer, "reset_after")) {}

 protected:
  bool HasCell() const override { return false; }

  at::Tensor InputBias(const Weights& weights) const override {
    if (!use_bias_) return {};
    return reset_after_ ? weights[2].select(0, 0) : weights[2];
  }

  std::tuple<at::Tensor, at::Tensor> Step(const at::Tensor& x, const at::Tensor& h, const at::Tensor& seen, const at::Tensor&,
                                          const Weights& weights) const override {
    const at::Tensor& kernel = weights[1];
    const at::Tensor x_gates = x.narrow(1, 0, 2 * units_), x_candidate = x.narrow(1, 2 * units_, units_);
    at::Tensor z, candidate;
    if (reset_after_) {
      const at::Tensor inner = use_bias_ ? at::addmm(weights[2].select(0, 1), seen, kernel) : at::mm(seen, kernel);
      const std::vector<at::Tensor> gates = Activate(gate_, x_gates + inner.narrow(1, 0, 2 * units_)).chunk(2, 1);
      z = gates[0];
      candidate = Activate(activation_, x_candidate + gates[1] * inner.narrow(1, 2 * units_, units_));
    } else {
      const std::vector<at::Tensor> gates = Activate(gate_, at::addmm(x_gates, seen, kernel.narrow(1, 0, 2 * units_))).chunk(2, 1);
      z = gates[0];
      candidate = Activate(activation_, at::addmm(x_candidate, gates[1] * seen, kernel.narrow(1, 2 * units_, units_)));
    }
    return {z * h + (1 - z) * candidate, at::Tensor()};
  }

 private:
  Activation gate_;
  bool reset_after_;
};

// Weights: kernel (features, u), recurrent_kernel (u, u), [bias (u)].
class SimpleRNNModule : public RecurrentModule {
 public:
  using RecurrentModule::RecurrentModule;

 protected:
  bool HasCell() const override { return false; }

  std::tuple<at::Tensor, at::Tensor> Step(const at::Tensor& x, const at::Tensor&, const at::Tensor& seen, const at::Tensor&,
                                          const Weights& weights) const override {
    return {Activate(activation_, at::addmm(x, seen, weights[1])), at::Tensor()};
  }
};

}  // namespace

std::unique_ptr<Module> MakeLSTM(const base::Layer& layer) { return std::make_unique<LSTMModule>(layer); }
std::unique_ptr<Module> MakeGRU(const base::Layer& layer) { return std::make_unique<GRUModule>(layer); }
std::unique_ptr<Module> MakeSimpleRNN(const base::Layer& layer) { return std::make_unique<SimpleRNNModule>(layer); }

}  // namespace engine::torch
