#include "engine/native/stages.hpp"

#include "engine/api/layer_arguments.hpp"

namespace engine::native {

template <typename T>
bool Stages<T>::Add(std::unique_ptr<Layer<T>> layer) {
  if (!layer) return false;
  layers_.push_back(std::move(layer));
  last_ = math::FusedActivation::kLinear;
  own_output_ = false;
  return true;
}

template <typename T>
bool Stages<T>::AddWithActivation(const CallSite& site, std::unique_ptr<Layer<T>> layer) {
  if (!Add(std::move(layer))) return false;
  math::FusedActivation activation = math::FusedActivation::kLinear;
  if (!FindFusedActivation(Attribute(site.layer(), "activation"), &activation)) return AddPointwise(site);
  last_ = activation;
  own_output_ = true;
  return true;
}

template <typename T>
bool Stages<T>::AddActivation(const CallSite& site, math::FusedActivation activation) {
  if (activation == math::FusedActivation::kLinear) return true;
  const bool taken = own_output_ && !layers_.empty() && layers_.back()->TakeActivation(activation);
  if (!taken && !Add(MakeActivation<T>(site, activation))) return false;
  last_ = activation;
  own_output_ = true;
  return true;
}

template <typename T>
bool Stages<T>::AddPointwise(const CallSite& site) {
  return Add(MakePointwise<T>(site));
}

template <typename T>
bool Stages<T>::Skip() {
  own_output_ = false;
  return true;
}

template <typename T>
bool Join(const CallSite& site, Stages<T>* stages) {
  switch (site.layer().kind) {
#define CEREBRO_LAYER(name, number)
#define CEREBRO_NATIVE_LAYER(name, number) \
  case base::LayerKind::k##name:           \
    return Join##name(site, stages);
#include "base/kinds.inc"
    default:
      return false;
  }
}

template class Stages<float>;
template class Stages<double>;
template bool Join(const CallSite&, Stages<float>*);
template bool Join(const CallSite&, Stages<double>*);

}  // namespace engine::native
