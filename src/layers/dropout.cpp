// Dropout: rate !, noise_shape null or list with the batch in front, entries null or integer; seed null. No weights.
#include "layers/attributes.hpp"

namespace layers {
namespace {

base::Shape OutputShape(const base::Layer& layer, const Shapes& inputs) {
  const base::Value& noise = *layer.attributes.Find("noise_shape");
  if (noise.is_null()) return inputs[0];
  bool fits = noise.list().size() == inputs[0].size() + 1;
  for (size_t i = 0; fits && i < noise.list().size(); ++i) {
    const base::Value& size = noise.list()[i];
    fits = size.is_null() || size.integer() == 1 || (i > 0 && size.integer() == inputs[0][i - 1]);
  }
  if (!fits) {
    Unfit(layer, "argument \"noise_shape\" does not fit the input " + base::FormatShape(inputs[0]), "It starts with the batch: null or 1.");
  }
  return inputs[0];
}

LayerDefinition Define() {
  LayerDefinition dropout;
  dropout.kind = base::LayerKind::kDropout;
  dropout.class_names = {"Dropout"};
  dropout.arguments = {{"rate", ArgumentType::kRate}, {"noise_shape", ArgumentType::kNoiseShape, "None"},
                       {"seed", ArgumentType::kSeed, "None"}};
  dropout.shape = OutputShape;
  dropout.cost.work = Work::kDraws;
  dropout.cost.flops = OneAnElement;
  dropout.zeros = KeepsZeros;
  dropout.range = RangeOfInput;
  dropout.exchange.onnx = "Dropout";
  return dropout;
}

}  // namespace

const LayerDefinition kDropout = Define();

}  // namespace layers
