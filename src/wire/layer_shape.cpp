#include "wire/layer_rules.hpp"

#include <algorithm>

#include "wire/where.hpp"

namespace wire {
namespace {

using base::Layer;
using base::Shape;

[[noreturn]] void Unfit(const Layer& layer, const std::string& problem, const std::string& hint = {}) {
  Refuse(base::ErrorCode::kInvalidParameter, {layer.name, FindLayer(layer.kind)->class_names[0], ""}, problem, hint);
}

// Image layers: (height, width, channels).
const Shape& Image(const Layer& layer, const Shapes& inputs) {
  if (inputs[0].size() != 3) {
    Unfit(layer, "needs an input of shape (height, width, channels), got " + base::FormatShape(inputs[0]),
          "A Reshape or another input shape adds the dimension of the channels.");
  }
  return inputs[0];
}

// One dimension under a sliding window. TensorFlow: "same" ceil(size / stride), "valid" ceil((size - window + 1) / stride).
int64_t Slide(const Layer& layer, const Shape& image, size_t dimension, const char* window_name, int64_t window, int64_t stride) {
  const int64_t size = image[dimension];
  if (Text(layer, "padding") == "same") return (size + stride - 1) / stride;
  if (window > size) {
    Unfit(layer, std::string(window_name) + " covers " + std::to_string(window) + " elements of a dimension of " + std::to_string(size) +
                     ", the input is " + base::FormatShape(image),
          "Use padding = \"same\", a smaller window, or fewer layers that make the image smaller.");
  }
  return (size - window) / stride + 1;
}

}  // namespace

bool Bool(const Layer& layer, const char* name) { return layer.attributes.Find(name)->boolean(); }
int64_t Int(const Layer& layer, const char* name) { return layer.attributes.Find(name)->integer(); }
const std::string& Text(const Layer& layer, const char* name) { return layer.attributes.Find(name)->string(); }
int64_t PairElement(const Layer& layer, const char* name, size_t index) {
  return layer.attributes.Find(name)->list()[index].integer();
}

double Elements(const Shape& shape) {
  double count = 1;
  for (const int64_t size : shape) count *= static_cast<double>(size);
  return count;
}

std::vector<size_t> Axes(const Layer& layer, const Shape& shape) {
  const base::Value& axis = *layer.attributes.Find("axis");
  std::vector<size_t> positions;
  for (const base::Value& entry : axis.is_list() ? axis.list() : base::List{axis}) {
    const int64_t rank = static_cast<int64_t>(shape.size()) + 1;
    const int64_t given = entry.integer(), position = given < 0 ? given + rank : given;
    if (position < 1 || position >= rank) {
      Unfit(layer, "argument \"axis\" = " + std::to_string(given) + " is no dimension of the input " + base::FormatShape(shape),
            "Axis 0 is the batch; -1 is the last dimension.");
    }
    positions.push_back(static_cast<size_t>(position - 1));
  }
  return positions;
}

Shape InputShape(const Layer& layer, const Shapes&) {
  Shape shape;
  for (const base::Value& size : layer.attributes.Find("shape")->list()) shape.push_back(size.integer());
  return shape;
}

Shape SameShape(const Layer& layer, const Shapes& inputs) {
  const bool softmax = layer.kind == base::LayerKind::kActivation && Text(layer, "activation").find("softmax") != std::string::npos;
  if (softmax && inputs[0].empty()) Unfit(layer, "needs an input with a dimension, got a scalar");
  return inputs[0];
}

Shape DropoutShape(const Layer& layer, const Shapes& inputs) {
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

Shape DenseShape(const Layer& layer, const Shapes& inputs) {
  if (inputs[0].empty()) Unfit(layer, "needs an input with a dimension, got a scalar");
  Shape shape = inputs[0];
  shape.back() = Int(layer, "units");
  return shape;
}

Shape Conv2DShape(const Layer& layer, const Shapes& inputs) {
  const Shape& image = Image(layer, inputs);
  const int64_t groups = Int(layer, "groups"), filters = Int(layer, "filters");
  if (image[2] % groups != 0) {
    Unfit(layer, "the " + std::to_string(image[2]) + " channels of the input cannot be split into " + std::to_string(groups) + " groups");
  }
  if (filters % groups != 0) {
    Unfit(layer, "the " + std::to_string(filters) + " filters cannot be split into " + std::to_string(groups) + " groups");
  }
  Shape shape(3);
  bool strided = false, dilated = false;
  for (size_t i = 0; i < 2; ++i) {
    const int64_t stride = PairElement(layer, "strides", i), dilation = PairElement(layer, "dilation_rate", i);
    strided = strided || stride > 1;
    dilated = dilated || dilation > 1;
    shape[i] = Slide(layer, image, i, "the kernel", (PairElement(layer, "kernel_size", i) - 1) * dilation + 1, stride);
  }
  if (strided && dilated) {
    Unfit(layer, "arguments \"strides\" and \"dilation_rate\" are both greater than 1", "Keras has one or the other.");
  }
  shape[2] = filters;
  return shape;
}

Shape Pooling2DShape(const Layer& layer, const Shapes& inputs) {
  Shape shape = Image(layer, inputs);
  for (size_t i = 0; i < 2; ++i) {
    shape[i] = Slide(layer, inputs[0], i, "the pool", PairElement(layer, "pool_size", i), PairElement(layer, "strides", i));
  }
  return shape;
}

Shape GlobalPooling2DShape(const Layer& layer, const Shapes& inputs) {
  const Shape& image = Image(layer, inputs);
  return Bool(layer, "keepdims") ? Shape{1, 1, image[2]} : Shape{image[2]};
}

Shape ZeroPadding2DShape(const Layer& layer, const Shapes& inputs) {
  Shape shape = Image(layer, inputs);
  const base::List& sides = layer.attributes.Find("padding")->list();
  for (size_t i = 0; i < 2; ++i) shape[i] += sides[i].list()[0].integer() + sides[i].list()[1].integer();
  return shape;
}

Shape FlattenShape(const Layer&, const Shapes& inputs) { return {base::ElementCount(inputs[0])}; }

Shape ReshapeShape(const Layer& layer, const Shapes& inputs) {
  const int64_t count = base::ElementCount(inputs[0]);
  Shape shape;
  double known = 1;  // a product of sizes up to 2^31: may pass what an integer holds
  for (const base::Value& size : layer.attributes.Find("target_shape")->list()) {
    shape.push_back(size.integer());
    if (shape.back() > 0) known *= static_cast<double>(shape.back());
  }
  const auto open = std::find(shape.begin(), shape.end(), -1);
  const bool fits = known <= static_cast<double>(count) &&
                    (open == shape.end() ? static_cast<int64_t>(known) == count : count % static_cast<int64_t>(known) == 0);
  if (!fits) {
    Unfit(layer, "the " + std::to_string(count) + " elements of the input " + base::FormatShape(inputs[0]) + " do not fit target_shape " +
                     base::FormatShape(shape));
  }
  if (open != shape.end()) *open = count / static_cast<int64_t>(known);
  return shape;
}

Shape NormalizationShape(const Layer& layer, const Shapes& inputs) {
  const std::vector<size_t> axes = Axes(layer, inputs[0]);
  if (std::adjacent_find(axes.begin(), axes.end(), [](size_t a, size_t b) { return a >= b; }) != axes.end()) {
    Unfit(layer, "argument \"axis\" must name dimensions in ascending order, each once");
  }
  return inputs[0];
}

Shape EmbeddingShape(const Layer& layer, const Shapes& inputs) {
  const base::Value& length = *layer.attributes.Find("input_length");
  if (!length.is_null()) {
    Shape given;
    for (const base::Value& size : length.list()) given.push_back(size.integer());
    if (given != inputs[0]) {
      Unfit(layer, "argument \"input_length\" " + base::FormatShape(given) + " does not fit the input " + base::FormatShape(inputs[0]));
    }
  }
  Shape shape = inputs[0];
  shape.push_back(Int(layer, "output_dim"));
  return shape;
}

Shape RecurrentShape(const Layer& layer, const Shapes& inputs) {
  if (inputs[0].size() != 2) {
    Unfit(layer, "needs an input of shape (time, features), got " + base::FormatShape(inputs[0]),
          "A recurrent layer in front of another needs return_sequences = true.");
  }
  const int64_t units = Int(layer, "units");
  return Bool(layer, "return_sequences") ? Shape{inputs[0][0], units} : Shape{units};
}

Shape MergeShape(const Layer& layer, const Shapes& inputs) {
  Shape shape = inputs[0];
  for (const Shape& input : inputs) {
    bool fits = input.size() == shape.size();
    for (size_t i = 0; fits && i < shape.size(); ++i) {
      fits = input[i] == shape[i] || input[i] == 1 || shape[i] == 1;
      shape[i] = std::max(shape[i], input[i]);
    }
    if (!fits) {
      Unfit(layer, "the shapes of its inputs differ: " + base::FormatShape(inputs[0]) + " and " + base::FormatShape(input),
            "Dimensions must be equal or 1.");
    }
  }
  return shape;
}

Shape ConcatenateShape(const Layer& layer, const Shapes& inputs) {
  const size_t axis = Axes(layer, inputs[0])[0];
  Shape shape = inputs[0];
  for (size_t n = 1; n < inputs.size(); ++n) {
    bool fits = inputs[n].size() == shape.size();
    for (size_t i = 0; fits && i < shape.size(); ++i) fits = i == axis || inputs[n][i] == shape[i];
    if (!fits) {
      Unfit(layer, "inputs of shapes " + base::FormatShape(inputs[0]) + " and " + base::FormatShape(inputs[n]) +
                       " cannot be concatenated along axis " + std::to_string(Int(layer, "axis")),
            "All other dimensions must be equal.");
    }
    shape[axis] += inputs[n][axis];
  }
  return shape;
}

}  // namespace wire
