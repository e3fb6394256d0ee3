// GaussianNoise: stddev !; seed null. GaussianDropout: rate !; seed null. No weights.
#include "base/tensor.hpp"
#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::LayerKind;

// Logarithm, root, cosine or sine, two products and the sum.
double Flops(const base::Layer& /*layer*/, const Shapes& /*inputs*/, const base::Shape& output) {
  return 6 * static_cast<double>(base::ElementCount(output));
}

LayerDefinition Define(LayerKind kind, const char* class_name, Argument argument) {
  LayerDefinition noise;
  noise.kind = kind;
  noise.class_names = {class_name};
  noise.arguments = {argument, {"seed", ArgumentType::kSeed, "None"}};
  noise.shape = SameShape;
  noise.cost.work = Work::kDraws;
  noise.range = RangeOfInput;
  noise.cost.flops = Flops;
  return noise;
}

LayerDefinition DefineDropout() {
  LayerDefinition dropout = Define(LayerKind::kGaussianDropout, "GaussianDropout", {"rate", ArgumentType::kRate});
  dropout.zeros = KeepsZeros;
  return dropout;
}

}  // namespace

const LayerDefinition kGaussianNoise = Define(LayerKind::kGaussianNoise, "GaussianNoise", {"stddev", ArgumentType::kNonNegative});
const LayerDefinition kGaussianDropout = DefineDropout();

}  // namespace layers
