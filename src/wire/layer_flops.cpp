#include "wire/layer_rules.hpp"

namespace wire {
namespace {

using base::Layer;
using base::Shape;

// Bias and activation, one operation each an output element.
double Finishing(const Layer& layer, const Shape& output) {
  return Elements(output) * ((Bool(layer, "use_bias") ? 1 : 0) + (Text(layer, "activation") == "linear" ? 0 : 1));
}

double PairProduct(const Layer& layer, const char* name) {
  return static_cast<double>(PairElement(layer, name, 0)) * static_cast<double>(PairElement(layer, name, 1));
}

}  // namespace

double ElementFlops(const Layer&, const Shapes&, const Shape& output) { return Elements(output); }

double DenseFlops(const Layer& layer, const Shapes& inputs, const Shape& output) {
  return 2 * Elements(output) * static_cast<double>(inputs[0].back()) + Finishing(layer, output);
}

double Conv2DFlops(const Layer& layer, const Shapes& inputs, const Shape& output) {
  const double window = PairProduct(layer, "kernel_size");
  const double channels = static_cast<double>(inputs[0].back() / Int(layer, "groups"));
  return 2 * Elements(output) * window * channels + Finishing(layer, output);
}

double Pooling2DFlops(const Layer& layer, const Shapes&, const Shape& output) {
  return Elements(output) * PairProduct(layer, "pool_size");
}

double GlobalPooling2DFlops(const Layer&, const Shapes& inputs, const Shape&) { return Elements(inputs[0]); }

// Mean 1, variance 3, normalising 2, scale and shift 2.
double NormalizationFlops(const Layer&, const Shapes&, const Shape& output) { return 8 * Elements(output); }

// A step: the two products, and about 4 operations a gate and unit.
double RecurrentFlops(const Layer& layer, const Shapes& inputs, const Shape&) {
  const double units = static_cast<double>(Int(layer, "units")), columns = units * (layer.kind == base::LayerKind::kLSTM ? 4 : 3);
  const double time = static_cast<double>(inputs[0][0]), features = static_cast<double>(inputs[0][1]);
  return time * (2 * columns * (features + units) + 4 * columns);
}

double MergeFlops(const Layer&, const Shapes& inputs, const Shape& output) {
  return static_cast<double>(inputs.size() - 1) * Elements(output);
}

}  // namespace wire
