// What Keras calls preprocessing: layers of constants, which nothing trains.
//
// Rescaling: scale ! numbers, offset numbers (0.0), both broadcast to the input.
// Normalization: axis axes or none ([-1]), mean and variance numbers or null, invert false. (x - mean) / max(sqrt(
// variance), 1e-7), one mean for each element of the axes' dimensions. Weights where mean is null, as Keras has them
// after adapt(): mean, variance (the axes' dimensions), count ().
// Discretization: bin_boundaries ! boundaries, output_mode choice int | one_hot | multi_hot | count. The number of
// boundaries that are not above the value.
// CategoryEncoding: num_tokens ! positive, output_mode choice multi_hot | one_hot | count.
#include "base/literal.hpp"
#include "layers/attributes.hpp"

namespace layers {
namespace {

using base::Layer;
using base::LayerKind;
using base::Shape;
using T = ArgumentType;

Shape RescaledShape(const Layer& layer, const Shapes& inputs) {
  CheckBroadcast(layer, "scale", inputs[0]);
  CheckBroadcast(layer, "offset", inputs[0]);
  return inputs[0];
}

double TwoAnElement(const Layer&, const Shapes&, const Shape& output) { return 2 * Elements(output); }

LayerDefinition DefineRescaling() {
  LayerDefinition rescaling;
  rescaling.kind = LayerKind::kRescaling;
  rescaling.class_names = {"Rescaling"};
  rescaling.arguments = {{"scale", T::kNumbers}, {"offset", T::kNumbers, "0.0"}};
  rescaling.shape = RescaledShape;
  rescaling.cost.work = Work::kElements;
  rescaling.cost.operations = 2;
  rescaling.cost.flops = TwoAnElement;
  return rescaling;
}

Shape DimensionsOfAxes(const Layer& layer, const Shape& input) {
  Shape shape;
  for (const size_t axis : AscendingAxes(layer, input)) shape.push_back(input[axis]);
  return shape;
}

void CheckNotNegative(const Layer& layer, const base::Value& numbers) {
  if (numbers.is_list()) {
    for (const base::Value& entry : numbers.list()) CheckNotNegative(layer, entry);
  } else if (numbers.number() < 0) {
    Unfit(layer, "argument \"variance\" has the negative number " + base::FormatNumber(numbers.number()));
  }
}

Shape ShapeOfNormalization(const Layer& layer, const Shapes& inputs) {
  const base::Value &mean = *layer.attributes.Find("mean"), &variance = *layer.attributes.Find("variance");
  const Shape kept = DimensionsOfAxes(layer, inputs[0]);
  if (mean.is_null() != variance.is_null()) Unfit(layer, "arguments \"mean\" and \"variance\" belong together: one of them is null");
  if (mean.is_null()) return inputs[0];
  CheckBroadcast(layer, "mean", kept);
  CheckBroadcast(layer, "variance", kept);
  CheckNotNegative(layer, variance);
  return inputs[0];
}

std::vector<base::WeightSpec> WeightsOfNormalization(const Layer& layer, const Shapes& inputs) {
  if (!layer.attributes.Find("mean")->is_null()) return {};
  const Shape kept = DimensionsOfAxes(layer, inputs[0]);
  return {ConstantWeight("mean", kept, "Zeros"), ConstantWeight("variance", kept, "Ones"), ConstantWeight("count", {}, "Zeros")};
}

LayerDefinition DefineNormalization() {
  LayerDefinition normalization;
  normalization.kind = LayerKind::kNormalization;
  normalization.class_names = {"Normalization"};
  normalization.arguments = {{"axis", T::kAxesOrNone, "[-1]"}, {"mean", T::kNumbersOrNull, "None"}, {"variance", T::kNumbersOrNull, "None"},
                             {"invert", T::kBool, "False"}};
  normalization.shape = ShapeOfNormalization;
  normalization.weights = WeightsOfNormalization;
  normalization.cost.work = Work::kElements;
  normalization.cost.operations = 4;
  normalization.cost.flops = TwoAnElement;
  normalization.range = AnyRange;
  return normalization;
}

// What Keras's encode_categorical_inputs makes of indexes from 0 to depth - 1.
Shape EncodedShape(const Layer& layer, const Shape& input, int64_t depth) {
  const std::string& mode = Text(layer, "output_mode");
  Shape shape = input;
  if (mode == "int") return shape;
  if (mode != "one_hot" && input.size() != 1) {
    Unfit(layer, "output_mode " + Quote(mode) + " needs an input of shape (indexes), got " + base::FormatShape(input),
          "A Flatten in front of it makes one.");
  }
  if (mode != "one_hot" || (!shape.empty() && shape.back() == 1)) shape.pop_back();
  shape.push_back(depth);
  return shape;
}

Shape DiscretizedShape(const Layer& layer, const Shapes& inputs) {
  return EncodedShape(layer, inputs[0], static_cast<int64_t>(layer.attributes.Find("bin_boundaries")->list().size()) + 1);
}

Shape ShapeOfCategories(const Layer& layer, const Shapes& inputs) { return EncodedShape(layer, inputs[0], Int(layer, "num_tokens")); }

// A search among the boundaries.
double FlopsOfDiscretization(const Layer&, const Shapes& inputs, const Shape&) { return 8 * Elements(inputs[0]); }

LayerDefinition Define(LayerKind kind, const char* class_name, std::vector<Argument> arguments,
                       Shape (*shape)(const Layer&, const Shapes&)) {
  LayerDefinition encoding;
  encoding.kind = kind;
  encoding.class_names = {class_name};
  encoding.arguments = std::move(arguments);
  encoding.shape = shape;
  encoding.cost.work = Work::kElements;
  encoding.cost.operations = 3;
  encoding.range = [](const Layer& layer, size_t) {
    const std::string& mode = Text(layer, "output_mode");
    return mode == "one_hot" || mode == "multi_hot" ? Range::kZeroToOne : Range::kNotNegative;
  };
  return encoding;
}

LayerDefinition DefineDiscretization() {
  LayerDefinition discretization =
      Define(LayerKind::kDiscretization, "Discretization",
             {{"bin_boundaries", T::kBoundaries}, {"output_mode", T::kChoice, "'int'", "int one_hot multi_hot count"}, Absent("sparse")},
             DiscretizedShape);
  discretization.ignored = {"num_bins", "epsilon"};  // what adapt() makes the boundaries from
  discretization.cost.flops = FlopsOfDiscretization;
  return discretization;
}

}  // namespace

const LayerDefinition kRescaling = DefineRescaling();
const LayerDefinition kNormalization = DefineNormalization();
const LayerDefinition kDiscretization = DefineDiscretization();
const LayerDefinition kCategoryEncoding = Define(
    LayerKind::kCategoryEncoding, "CategoryEncoding",
    {{"num_tokens", T::kPositive}, {"output_mode", T::kChoice, "'multi_hot'", "multi_hot one_hot count"}, Absent("sparse")},
    ShapeOfCategories);

}  // namespace layers
