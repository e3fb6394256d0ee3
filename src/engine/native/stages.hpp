// The stages of a network as its layers join it.
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

/// What joined so far. Each function returns false when the native trainer does not know the layer's arguments: there
/// is no network then.
template <typename T>
class Stages {
 public:
  /// A layer without an activation. nullptr is one that is not known.
  bool Add(std::unique_ptr<Layer<T>> layer);
  /// A layer that was made with its argument "activation" if that is a FusedActivation. Another one becomes a stage of
  /// its own.
  bool AddWithActivation(const CallSite& site, std::unique_ptr<Layer<T>> layer);
  /// An activation by itself. The layer before it does it when it can.
  bool AddActivation(const CallSite& site, math::FusedActivation activation);
  /// An activation layer, or the activation at the end of another layer, that is none of FusedActivation.
  bool AddPointwise(const CallSite& site);
  /// Nothing is computed: row-major values stay where they are.
  bool Skip();

  /// The activation whose results the values are, so that its pre-activations are known, too (engine/torch/module.hpp,
  /// Value).
  math::FusedActivation last() const { return own_output_ ? last_ : math::FusedActivation::kLinear; }
  std::vector<std::unique_ptr<Layer<T>>> Take() { return std::move(layers_); }

 private:
  std::vector<std::unique_ptr<Layer<T>>> layers_;
  math::FusedActivation last_ = math::FusedActivation::kLinear;  // at the end of the last stage
  bool own_output_ = false;  // the values are what it gave
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

}  // namespace engine::native
