// A layer as the engine runs it: a module is built once from a base::Layer and called for every base::Call of that
// layer.
//
// Tensors between modules are as the user sees them: the batch first, channels last, contiguous or a cheap view. A
// module holds no weights and no state: weights are handed in (views over the model's block, in Keras's layouts), so
// that a hop changes pointers only.
//
// Adding a layer: write its module and its function Make<name> in layers/. base/kinds.inc, which its definition is in,
// lists it.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/graph.hpp"
#include "engine/api/layer_arguments.hpp"
#include "engine/math/draw_keys.hpp"
#include "engine/torch/torch.hpp"

namespace engine::torch {

/// Which function turned pre-activations into an output. Losses use it to work on logits, which is stable where
/// probabilities saturate.
enum class Squash { kNone, kSoftmax, kSigmoid };

/// What a call returns.
struct Value {
  at::Tensor data;    // (batch, ...)
  at::Tensor mask;    // bool (batch, time), or undefined: Keras's mask
  at::Tensor logits;  // pre-activations when squash is not kNone, else undefined
  Squash squash = Squash::kNone;
};

/// target = target * momentum + statistic * (1 - momentum), done only once the mini-batch's loss is known to be finite.
struct StatisticUpdate {
  at::Tensor target;
  at::Tensor statistic;
  double momentum = 0;
};

struct Context {
  bool training = false;
  math::DrawKeys keys;
  uint64_t site = 0;                                // base::Call::site
  std::vector<StatisticUpdate>* updates = nullptr;  // set when training
};

using Inputs = std::vector<const Value*>;
using Weights = std::vector<at::Tensor>;

class Module {
 public:
  virtual ~Module() = default;
  /// weights: the layer's tensors in the order of base::Layer::weights.
  virtual Value Forward(const Inputs& inputs, const Weights& weights, const Context& context) const = 0;
};

/// Builds the module of a layer; throws kFeatureNotSupported naming the layer when the engine has none for its kind or
/// an argument.
std::unique_ptr<Module> MakeModule(const base::Layer& layer);

// One a layer, in layers/.
#define CEREBRO_LAYER(name, number) std::unique_ptr<Module> Make##name(const base::Layer& layer);
#include "base/kinds.inc"

}  // namespace engine::torch
