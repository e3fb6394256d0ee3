#include "engine/module.hpp"

#include <utility>

#include "base/error.hpp"

namespace engine {

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

[[noreturn]] void ThrowAttribute(const base::Layer& layer, const char* name, const char* problem) {
  throw base::Error(base::ErrorCode::kInternal, "layer \"" + layer.name + "\": argument \"" + name + "\" " + problem);
}

}  // namespace

std::unique_ptr<Module> MakeModule(const base::Layer& layer) {
  for (const Entry& entry : kTable) {
    if (entry.kind == layer.kind) return entry.make(layer);
  }
  throw base::Error(base::ErrorCode::kFeatureNotSupported,
                    "layer \"" + layer.name + "\": the engine has no layer of kind " + std::to_string(static_cast<int>(layer.kind)));
}

const base::Value& Attribute(const base::Layer& layer, const char* name) {
  const base::Value* value = layer.attributes.Find(name);
  if (value == nullptr) ThrowAttribute(layer, name, "is missing");
  return *value;
}

bool BoolAttribute(const base::Layer& layer, const char* name) {
  const base::Value& value = Attribute(layer, name);
  if (!value.is_bool()) ThrowAttribute(layer, name, "is no boolean");
  return value.boolean();
}

double NumberAttribute(const base::Layer& layer, const char* name) {
  const base::Value& value = Attribute(layer, name);
  if (!value.is_number()) ThrowAttribute(layer, name, "is no number");
  return value.number();
}

int64_t IntAttribute(const base::Layer& layer, const char* name) {
  const base::Value& value = Attribute(layer, name);
  if (!value.is_number()) ThrowAttribute(layer, name, "is no integer");
  return value.integer();
}

const std::string& TextAttribute(const base::Layer& layer, const char* name) {
  const base::Value& value = Attribute(layer, name);
  if (!value.is_string()) ThrowAttribute(layer, name, "is no text");
  return value.string();
}

std::pair<int64_t, int64_t> PairAttribute(const base::Layer& layer, const char* name) {
  const base::Value& value = Attribute(layer, name);
  if (!value.is_list() || value.list().size() != 2) ThrowAttribute(layer, name, "is no pair");
  return {value.list()[0].integer(), value.list()[1].integer()};
}

bool FindNumber(const base::Layer& layer, const char* name, double* value) {
  const base::Value* found = layer.attributes.Find(name);
  if (found == nullptr || found->is_null()) return false;
  *value = NumberAttribute(layer, name);
  return true;
}

void ThrowUnsupported(const base::Layer& layer, const char* argument, const std::string& value) {
  throw base::Error(base::ErrorCode::kFeatureNotSupported,
                    "layer \"" + layer.name + "\": " + argument + " = " + value + " is not supported");
}

}  // namespace engine
