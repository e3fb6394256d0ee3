#include "engine/torch/module.hpp"

#include <utility>

#include "base/error.hpp"

namespace engine::torch {

namespace {

using base::LayerKind;

struct Entry {
  LayerKind kind;
  std::unique_ptr<Module> (*make)(const base::Layer&);
};

constexpr Entry kTable[] = {
    {LayerKind::kInput, MakeInput},
    {LayerKind::kDense, MakeDense},
    {LayerKind::kConv2D, MakeConv2D},
    {LayerKind::kMaxPooling2D, MakePooling2D},
    {LayerKind::kAveragePooling2D, MakePooling2D},
    {LayerKind::kGlobalAveragePooling2D, MakeGlobalPooling2D},
    {LayerKind::kGlobalMaxPooling2D, MakeGlobalPooling2D},
    {LayerKind::kFlatten, MakeFlatten},
    {LayerKind::kReshape, MakeReshape},
    {LayerKind::kZeroPadding2D, MakeZeroPadding2D},
    {LayerKind::kDropout, MakeDropout},
    {LayerKind::kBatchNormalization, MakeBatchNormalization},
    {LayerKind::kLayerNormalization, MakeLayerNormalization},
    {LayerKind::kActivation, MakeActivation},
    {LayerKind::kReLU, MakeReLU},
    {LayerKind::kLeakyReLU, MakeLeakyReLU},
    {LayerKind::kELU, MakeELU},
    {LayerKind::kSoftmax, MakeSoftmax},
    {LayerKind::kEmbedding, MakeEmbedding},
    {LayerKind::kLSTM, MakeLSTM},
    {LayerKind::kGRU, MakeGRU},
    {LayerKind::kAdd, MakeMerge},
    {LayerKind::kMultiply, MakeMerge},
    {LayerKind::kAverage, MakeMerge},
    {LayerKind::kMaximum, MakeMerge},
    {LayerKind::kConcatenate, MakeConcatenate},
};

}  // namespace

std::unique_ptr<Module> MakeModule(const base::Layer& layer) {
  for (const Entry& entry : kTable) {
    if (entry.kind == layer.kind) return entry.make(layer);
  }
  throw base::Error(base::ErrorCode::kFeatureNotSupported,
                    "layer \"" + layer.name + "\": the engine has no layer of kind " + std::to_string(static_cast<int>(layer.kind)));
}

}  // namespace engine::torch
