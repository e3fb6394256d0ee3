#include "layers/attributes.hpp"

#include <algorithm>
#include <map>

namespace layers {
namespace {

using base::Layer;
using base::Shape;

base::Value AttributeOrNull(const Layer& layer, const std::string& name) {
  const base::Value* value = layer.attributes.Find(name);
  return value == nullptr ? base::Value() : *value;
}

}  // namespace

bool Bool(const Layer& layer, const char* name) { return layer.attributes.Find(name)->boolean(); }
int64_t Int(const Layer& layer, const char* name) { return layer.attributes.Find(name)->integer(); }
const std::string& Text(const Layer& layer, const char* name) { return layer.attributes.Find(name)->string(); }
int64_t ListElement(const Layer& layer, const char* name, size_t index) {
  return layer.attributes.Find(name)->list()[index].integer();
}

std::vector<size_t> Axes(const Layer& layer, const Shape& shape) { return Positions(layer, "axis", shape); }

std::vector<size_t> Positions(const Layer& layer, const char* name, const Shape& shape) {
  const base::Value& axis = *layer.attributes.Find(name);
  std::vector<size_t> positions;
  for (const base::Value& entry : axis.is_list() ? axis.list() : base::List{axis}) {
    const int64_t rank = static_cast<int64_t>(shape.size()) + 1;
    const int64_t given = entry.integer(), position = given < 0 ? given + rank : given;
    if (position < 1 || position >= rank) {
      Unfit(layer, "argument " + Quote(name) + " = " + std::to_string(given) + " is no dimension of the input " + base::FormatShape(shape),
            "Axis 0 is the batch; -1 is the last dimension.");
    }
    positions.push_back(static_cast<size_t>(position - 1));
  }
  return positions;
}

void Unfit(const Layer& layer, const std::string& problem, const std::string& hint) {
  Refuse(base::ErrorCode::kInvalidParameter, {layer.name, DefinitionOf(layer).class_names[0], ""}, problem, hint);
}

Shape SameShape(const Layer&, const Shapes& inputs) { return inputs[0]; }

std::vector<size_t> AscendingAxes(const Layer& layer, const Shape& shape) {
  std::vector<size_t> axes = Axes(layer, shape);
  if (std::adjacent_find(axes.begin(), axes.end(), [](size_t a, size_t b) { return a >= b; }) != axes.end()) {
    Unfit(layer, "argument \"axis\" must name dimensions in ascending order, each once");
  }
  return axes;
}

Shape ShapeOfNumbers(const base::Value& numbers) {
  Shape shape;
  for (const base::Value* inner = &numbers; inner->is_list(); inner = &inner->list()[0]) {
    shape.push_back(static_cast<int64_t>(inner->list().size()));
  }
  return shape;
}

void CheckBroadcast(const Layer& layer, const char* name, const Shape& shape) {
  const Shape given = ShapeOfNumbers(*layer.attributes.Find(name));
  bool fits = true;
  for (size_t i = 0; i < given.size(); ++i) {  // from the end
    const int64_t size = given[given.size() - 1 - i];
    fits = fits && (size == 1 || (i < shape.size() && size == shape[shape.size() - 1 - i]));
  }
  if (fits) return;
  Unfit(layer, "argument " + Quote(name) + " has numbers of shape " + base::FormatShape(given) + ", which do not fit " +
                   base::FormatShape(shape),
        "A number fits everything; a list has one number for each element of the last dimension.");
}

Shape NormalizedShape(const Layer& layer, const Shapes& inputs) {
  AscendingAxes(layer, inputs[0]);
  return inputs[0];
}

const Shape& Image(const Layer& layer, const Shapes& inputs) {
  if (inputs[0].size() != 3) {
    Unfit(layer, "needs an input of shape (height, width, channels), got " + base::FormatShape(inputs[0]),
          "A Reshape or another input shape adds the dimension of the channels.");
  }
  return inputs[0];
}

const Shape& Sequence(const Layer& layer, const Shapes& inputs) {
  if (inputs[0].size() != 2) {
    Unfit(layer, "needs an input of shape (time, channels), got " + base::FormatShape(inputs[0]),
          "A Reshape, an Embedding or another input shape gives it two dimensions.");
  }
  return inputs[0];
}

const Shape& UnderWindow(const Layer& layer, const Shapes& inputs, const char* window_name) {
  const bool one = layer.attributes.Find(window_name)->list().size() == 1;
  return one ? Sequence(layer, inputs) : Image(layer, inputs);
}

int64_t Slide(const Layer& layer, const Shape& image, size_t dimension, const char* window_name, int64_t window, int64_t stride) {
  const int64_t size = image[dimension];
  if (Text(layer, "padding") != "valid") return (size + stride - 1) / stride;
  if (window > size) {
    Unfit(layer, std::string(window_name) + " covers " + std::to_string(window) + " elements of a dimension of " + std::to_string(size) +
                     ", the input is " + base::FormatShape(image),
          "Use padding = \"same\", a smaller window, or fewer layers that make the image smaller.");
  }
  return (size - window) / stride + 1;
}

Shape UnderKernel(const Layer& layer, const Shapes& inputs) {
  Shape shape = UnderWindow(layer, inputs, "kernel_size");
  bool strided = false, dilated = false;
  for (size_t i = 0; i + 1 < shape.size(); ++i) {
    const int64_t stride = ListElement(layer, "strides", i), dilation = ListElement(layer, "dilation_rate", i);
    strided = strided || stride > 1;
    dilated = dilated || dilation > 1;
    shape[i] = Slide(layer, inputs[0], i, "the kernel", (ListElement(layer, "kernel_size", i) - 1) * dilation + 1, stride);
  }
  if (strided && dilated) {
    Unfit(layer, "arguments \"strides\" and \"dilation_rate\" are both greater than 1", "Keras has one or the other.");
  }
  return shape;
}

double WindowElements(const Layer& layer, const char* window_name) {
  double count = 1;
  for (const base::Value& size : layer.attributes.Find(window_name)->list()) count *= static_cast<double>(size.integer());
  return count;
}

double Elements(const Shape& shape) {
  double count = 1;
  for (const int64_t size : shape) count *= static_cast<double>(size);
  return count;
}

base::WeightSpec ConstantWeight(const std::string& name, Shape shape, const char* initializer) {
  base::WeightSpec weight;
  weight.name = name;
  weight.shape = std::move(shape);
  weight.trainable = false;
  weight.initializer = base::Value(base::Dict{{"class_name", base::Value(initializer)}, {"config", base::Value(base::Dict{})}});
  return weight;
}

base::WeightSpec Weight(const Layer& layer, const std::string& name, const std::string& prefix, Shape shape, bool trainable) {
  base::WeightSpec weight;
  weight.name = name;
  weight.shape = std::move(shape);
  weight.trainable = trainable;
  weight.initializer = AttributeOrNull(layer, prefix + "_initializer");
  weight.regularizer = AttributeOrNull(layer, prefix + "_regularizer");
  weight.constraint = AttributeOrNull(layer, prefix + "_constraint");
  const base::Value* regularizer = weight.regularizer.Find("class_name");
  if (regularizer != nullptr && regularizer->string() == "OrthogonalRegularizer" && weight.shape.size() != 2) {
    Unfit(layer, "argument \"" + prefix + "_regularizer\": OrthogonalRegularizer is for matrices, the weight \"" + name + "\" has shape " +
                     base::FormatShape(weight.shape));
  }
  return weight;
}

double OneAnElement(const Layer&, const Shapes&, const Shape& output) { return Elements(output); }

double Finishing(const Layer& layer, const Shape& output) {
  return Elements(output) * ((Bool(layer, "use_bias") ? 1 : 0) + (Text(layer, "activation") == "linear" ? 0 : 1));
}

Zeros KeepsZeros(const Layer&) { return Zeros::kKept; }

Zeros ZerosOfActivation(const Layer& layer) {
  const base::Value* activation = layer.attributes.Find("activation");
  return activation != nullptr && activation->is_string() && activation->string() == "relu" ? Zeros::kMade : Zeros::kNone;
}

Range AnyRange(const Layer&, size_t) { return Range::kAny; }
Range RangeOfInput(const Layer&, size_t) { return Range::kOfInput; }

Range RangeOfActivation(const Layer& layer, size_t) {
  static const std::map<std::string, Range> ranges = {
      {"linear", Range::kAny}, {"relu", Range::kNotNegative}, {"relu6", Range::kNotNegative}, {"sigmoid", Range::kSigmoid},
      {"hard_sigmoid", Range::kZeroToOne}, {"tanh", Range::kAny}, {"softmax", Range::kSoftmax}, {"log_softmax", Range::kAny},
      {"softplus", Range::kNotNegative}, {"softsign", Range::kAny}, {"elu", Range::kAny}, {"selu", Range::kAny}, {"swish", Range::kAny},
      {"gelu", Range::kAny}, {"exponential", Range::kNotNegative}, {"mish", Range::kAny}};
  const auto found = ranges.find(Text(layer, "activation"));
  return found == ranges.end() ? Range::kUnknown : found->second;
}

}  // namespace layers
