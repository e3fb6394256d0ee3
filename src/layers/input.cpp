// InputLayer: shape ! list of integers, without the batch. No weights.
#include "layers/attributes.hpp"

namespace layers {
namespace {

base::Shape StatedShape(const base::Layer& layer, const Shapes&) {
  base::Shape shape;
  for (const base::Value& size : layer.attributes.Find("shape")->list()) shape.push_back(size.integer());
  return shape;
}

LayerDefinition Define() {
  LayerDefinition input;
  input.kind = base::LayerKind::kInput;
  input.class_names = {"InputLayer"};
  input.arguments = {{"shape", ArgumentType::kInputShape}, Absent("sparse"), Absent("ragged"), Absent("type_spec")};
  input.ignored = {"optional"};
  input.min_inputs = input.max_inputs = 0;
  input.shape = StatedShape;
  input.cost.work = Work::kGather;
  input.cost.operations = 0;
  input.zeros = [](const base::Layer&) { return Zeros::kData; };
  return input;
}

}  // namespace

const LayerDefinition kInput = Define();

}  // namespace layers
