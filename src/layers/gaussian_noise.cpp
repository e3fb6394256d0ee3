// GaussianNoise: stddev !; seed null. No weights.
#include "base/tensor.hpp"
#include "layers/attributes.hpp"

namespace layers {
namespace {

base::Shape OutputShape(const base::Layer& /*layer*/, const Shapes& inputs) { return inputs[0]; }

// Logarithm, root, cosine or sine, two products and the sum.
double Flops(const base::Layer& /*layer*/, const Shapes& /*inputs*/, const base::Shape& output) {
  return 6 * static_cast<double>(base::ElementCount(output));
}

LayerDefinition Define() {
  LayerDefinition noise;
  noise.kind = base::LayerKind::kGaussianNoise;
  noise.class_names = {"GaussianNoise"};
  noise.arguments = {{"stddev", ArgumentType::kNonNegative}, {"seed", ArgumentType::kSeed, "None"}};
  noise.shape = OutputShape;
  noise.cost.work = Work::kDraws;
  noise.range = RangeOfInput;
  noise.cost.flops = Flops;
  return noise;
}

}  // namespace

const LayerDefinition kGaussianNoise = Define();

}  // namespace layers
