#include "engine/torch/module.hpp"

#include "base/error.hpp"

namespace engine::torch {

std::unique_ptr<Module> MakeModule(const base::Layer& layer) {
  switch (layer.kind) {
#define CEREBRO_LAYER(name, number) \
  case base::LayerKind::k##name:    \
    return Make##name(layer);
#define CEREBRO_RESERVED_LAYER(name, number) case base::LayerKind::k##name:
#include "base/kinds.inc"
    break;
  }
  throw base::Error(base::ErrorCode::kFeatureNotSupported,
                    "layer \"" + layer.name + "\": the engine has no layer of kind " + std::to_string(static_cast<int>(layer.kind)));
}

}  // namespace engine::torch
