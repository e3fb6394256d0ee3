// The stages of a network as the calls of its graph join it, in their order.
//
// A call becomes one stage or several, one after the other, or none: its layer's Join function adds them. What a stage
// reads and makes are values, which have numbers: the network's inputs, and every stage's result.
//
// A mask is a value, too: 1 for a step that counts and 0 for one that does not. It follows the values of the calls by
// the same rules as in engine/torch. A layer that looks at it reads it as its last input.
//
// A layer that is distributed over leading dimensions joins as if its call had the shapes of each element; its stages
// then run on rows times elements.
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

/// Keras's mask of a call's values.
struct StageMask {
  int value = -1;   // that holds it, or -1: there is none
  size_t dims = 0;  // of its row: 1 where each step of a sequence counts or not
};

template <typename T>
struct JoinedStage {
  std::unique_ptr<Layer<T>> layer;
  std::vector<int> inputs;  // values
  int output = 0;           // a value
  bool frozen = false;      // base::Call::frozen: computes in training what it computes in scoring
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
  /// Whether the call's input has a mask.
  bool masked(size_t input = 0) const { return masks_[input].value >= 0; }
  /// Like Add; the layer reads the masks of these inputs of the call behind its other inputs.
  bool AddMasked(std::unique_ptr<Layer<T>> layer, const std::vector<size_t>& of = {0});
  /// Makes a mask of the call's first input: that of what the call returns, and from now on of that input.
  void MakeMask(std::unique_ptr<Layer<T>> layer, size_t dims);

  // For the network, when all calls have joined.

  /// What a call returns.
  int ValueOf(int call) const { return results_[static_cast<size_t>(call)].value; }
  /// The activation whose results a call's values are, so that its pre-activations are known, too
  /// (engine/torch/module.hpp, Value).
  math::FusedActivation ActivationOf(int call) const;
  /// The mask of what a call returns.
  const StageMask& MaskOf(int call) const { return results_[static_cast<size_t>(call)].mask; }
  std::vector<StageValue> TakeValues() { return std::move(values_); }
  std::vector<JoinedStage<T>> TakeStages() { return std::move(stages_); }

 private:
  struct Result {
    int value = -1;
    math::FusedActivation last = math::FusedActivation::kLinear;  // at the end of the stage that made it
    bool own_output = false;                                      // the values are what that stage gave
    bool sole = true;                                             // no call before has given the same value to others
    StageMask mask;
  };

  /// The graph with the shapes of each element around a call of a distributed layer.
  const base::Graph& GraphOfEach(int call);
  /// A stage that reads these values. Returns what it makes.
  int AddStage(std::unique_ptr<Layer<T>> layer, std::vector<int> inputs);
  /// The mask of what the call returns, by its layer. False when the native trainer does not know the rule.
  bool FindMask(const CallSite& site, StageMask* mask);
  bool JoinMasks(StageMask* mask);
  bool SliceMask(const CallSite& site, StageMask* mask);

  /// The layer that made what comes next, when an activation may be done by it; else nullptr.
  Layer<T>* Maker() const;

  const base::Graph& graph_;
  std::vector<int> readers_;     // by call: how often its value is read, or returned
  std::vector<Result> results_;  // by call
  std::vector<StageValue> values_;
  std::vector<JoinedStage<T>> stages_;
  std::vector<int> current_;  // of the call that joins: what comes next reads these values
  Result last_;               // what is known of the only one of them
  std::vector<StageMask> masks_;          // of the call's inputs
  int first_ = 0;                         // the value of the first of them
  StageMask made_;                        // by MakeMask
  int64_t each_ = 0;                      // of a distributed layer: elements of a row that it runs on; else 0
  std::unique_ptr<base::Graph> of_each_;  // once a layer is distributed
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

// In layers/masking.cpp. Masks have `elements` numbers a row.
/// The product of masks: what counts in all of them.
template <typename T>
std::unique_ptr<Layer<T>> MakeMaskProduct(int64_t elements, size_t masks);
/// Elements begin, ..., begin + size - 1 of a mask.
template <typename T>
std::unique_ptr<Layer<T>> MakeMaskSlice(int64_t elements, int64_t begin, int64_t size);
/// Of indexes: those that are not zero count.
template <typename T>
std::unique_ptr<Layer<T>> MakeIndexMask(int64_t elements);

// In layers/distributed.cpp.
/// A layer that runs on each of the `times` parts of a row, with the same weights.
template <typename T>
std::unique_ptr<Layer<T>> MakeDistributed(std::unique_ptr<Layer<T>> each, int64_t times);

/// The function of an activation layer, or at the end of another layer; false when it is no PointwiseFunction.
bool FindPointwise(const CallSite& site, math::PointwiseFunction* function);

}  // namespace engine::native
