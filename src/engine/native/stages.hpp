// The stages of a network as the calls of its graph join it, in their order.
//
// A call becomes one stage or several, one after the other, or none: its layer's Join function adds them. What a stage
// reads and makes are values, which have numbers: the network's inputs, and every stage's result.
//
// Adding a layer that the native trainer runs: a file in layers/ with its class and its function Join<name> for float
// and double. In base/kinds.inc it is a CEREBRO_NATIVE_LAYER.
#pragma once

#include <memory>
#include <utility>
#include <vector>

#include "base/graph.hpp"
#include "engine/math/activations.hpp"
#include "engine/native/layer.hpp"

namespace engine::native {

/// An input of the network, or what a stage makes.
struct StageValue {
  int64_t elements = 0;  // of a row
  int stage = -1;        // that makes it, or -1
  int input = -1;        // index into Graph::inputs, or -1
};

template <typename T>
struct JoinedStage {
  std::unique_ptr<Layer<T>> layer;
  std::vector<int> inputs;  // values
  int output = 0;           // a value
};

/// What joined so far. Each function returns false when the native trainer does not know the layer's arguments: there
/// is no network then.
template <typename T>
class Stages {
 public:
  explicit Stages(const base::Graph& graph);

  /// Lets the next call of the graph join.
  bool JoinCall(int call);

  // For the Join functions: each goes on from what came last, the call's inputs at first.

  /// A layer without an activation, of as many inputs as the call has. nullptr is one that is not known.
  bool Add(std::unique_ptr<Layer<T>> layer);
  /// A layer that was made with its argument "activation" if that is a FusedActivation. Another one becomes a stage of
  /// its own.
  bool AddWithActivation(const CallSite& site, std::unique_ptr<Layer<T>> layer);
  /// An activation by itself. The layer before it does it when it can and nobody else reads what it makes.
  bool AddActivation(const CallSite& site, math::FusedActivation activation);
  /// An activation layer, or the activation at the end of another layer, that is none of FusedActivation. Likewise.
  bool AddPointwise(const CallSite& site);
  /// Nothing is computed: row-major values stay where they are.
  bool Skip();

  // For the network, when all calls have joined.

  /// What a call returns.
  int ValueOf(int call) const { return results_[static_cast<size_t>(call)].value; }
  /// The activation whose results a call's values are, so that its pre-activations are known, too
  /// (engine/torch/module.hpp, Value).
  math::FusedActivation ActivationOf(int call) const;
  std::vector<StageValue> TakeValues() { return std::move(values_); }
  std::vector<JoinedStage<T>> TakeStages() { return std::move(stages_); }

 private:
  struct Result {
    int value = -1;
    math::FusedActivation last = math::FusedActivation::kLinear;  // at the end of the stage that made it
    bool own_output = false;                                      // the values are what that stage gave
    bool sole = true;                                             // no call before has given the same value to others
  };

  /// The layer that made what comes next, when an activation may be done by it; else nullptr.
  Layer<T>* Maker() const;

  const base::Graph& graph_;
  std::vector<int> readers_;     // by call: how often its value is read, or returned
  std::vector<Result> results_;  // by call
  std::vector<StageValue> values_;
  std::vector<JoinedStage<T>> stages_;
  std::vector<int> current_;  // of the call that joins: what comes next reads these values
  Result last_;               // what is known of the only one of them
};

/// Lets the layer of a call join the stages before it. False when the native trainer does not know it or its arguments.
template <typename T>
bool Join(const CallSite& site, Stages<T>* stages);

// One a layer, in layers/.
#define CEREBRO_LAYER(name, number)
#define CEREBRO_NATIVE_LAYER(name, number) \
  template <typename T>                    \
  bool Join##name(const CallSite& site, Stages<T>* stages);
#include "base/kinds.inc"

// In layers/pointwise.cpp. Each returns nullptr when the native trainer does not know the arguments.
template <typename T>
std::unique_ptr<Layer<T>> MakeActivation(const CallSite& site, math::FusedActivation activation);
template <typename T>
std::unique_ptr<Layer<T>> MakePointwise(const CallSite& site);

/// The function of an activation layer, or at the end of another layer; false when it is no PointwiseFunction.
bool FindPointwise(const CallSite& site, math::PointwiseFunction* function);

}  // namespace engine::native
