// Names and layouts of weights.
//
// Keras: "<layer>/<weight>", in Keras's layout. PyTorch: "<layer>.<parameter>" of the module that computes the same, by
// layers::Exchange: dimensions permuted, a GRU's gates in PyTorch's order, two biases of recurrent layers.
//
// PyTorch keeps channels first. A layer behind a Flatten of images (height, width, channels) sees there the elements in
// the order (channels, height, width), and likewise behind one of sequences that a convolution or a pooling made: what
// recurrent layers and tables make has its features last in PyTorch, too. FeatureOrder follows the last dimension of every call back to such a Flatten, and
// the weights along that dimension (a Dense layer's rows, a BatchNormalization's elements) are permuted by it, so that the
// PyTorch model, given images with channels first, computes what ours does.
#include "wire/formats/weight_names.hpp"

#include <cmath>
#include <numeric>

#include "layers/definition.hpp"
#include "layers/refusal.hpp"

namespace wire {
namespace {

using base::ErrorCode;
using base::LayerKind;
using base::Shape;
using layers::Quote;

constexpr int64_t kMostFeatures = int64_t{1} << 26;

// order[i]: which of our features is PyTorch's number i; empty = the same order.
using Order = std::vector<int64_t>;

[[noreturn]] void Unordered(const base::Layer& layer, const char* problem) {
  throw base::Error(ErrorCode::kFeatureNotSupported,
                    "layer " + Quote(layer.name) + " " + problem + ": PyTorch's order of its features cannot be told", {},
                    "Use naming => 'keras'.");
}

// Of an image, or of a sequence with channels first.
Order FlattenedImage(const Shape& image) {
  const int64_t channels = image.back(), positions = base::ElementCount(image) / channels;
  if (channels == 1 || positions == 1) return {};
  if (base::ElementCount(image) > kMostFeatures) {
    throw base::Error(ErrorCode::kLimitExceeded, "an image of shape " + base::FormatShape(image) + " is flattened, which has another order of elements in PyTorch",
                      {}, "Use naming => 'keras'.");
  }
  Order order;
  for (int64_t c = 0; c < channels; ++c) {
    for (int64_t at = 0; at < positions; ++at) order.push_back(at * channels + c);
  }
  return order;
}

class FeatureOrder {
 public:
  explicit FeatureOrder(const base::Graph& graph) : graph_(graph), of_layer_(graph.layers.size()), known_(graph.layers.size()) {
    for (const base::Call& call : graph.calls) {
      order_of_call_.push_back(OrderOf(call));
      channels_first_.push_back(HasChannelsFirst(call));
    }
  }
  /// Of the features that a layer's weights are indexed by.
  const Order& OfInput(size_t layer) const { return of_layer_[layer]; }

 private:
  Order OrderOf(const base::Call& call) {
    const base::Layer& layer = graph_.layers[static_cast<size_t>(call.layer)];
    if (call.inputs.empty()) return {};
    const base::Call& from = graph_.calls[static_cast<size_t>(call.inputs[0])];
    const Order& input = order_of_call_[static_cast<size_t>(call.inputs[0])];
    RecordInput(call, layer, input);
    switch (layer.kind) {
      case LayerKind::kFlatten:
      case LayerKind::kReshape:
        if (call.output_shape.size() == 1 && channels_first_[static_cast<size_t>(call.inputs[0])]) return FlattenedImage(from.output_shape);
        if (!input.empty() && call.output_shape != from.output_shape) Unordered(layer, "reshapes a flattened image");
        return input;
      case LayerKind::kConcatenate: return Concatenated(call, layer);
      default: break;
    }
    bool ordered = false;
    for (const int other : call.inputs) ordered = ordered || !order_of_call_[static_cast<size_t>(other)].empty();
    if (!ordered || layer.kind == LayerKind::kDense) return {};
    for (const int other : call.inputs) {
      if (order_of_call_[static_cast<size_t>(other)] != input) Unordered(layer, "combines a flattened image with something else");
    }
    const bool by_element = layer.weights.empty() || layer.kind == LayerKind::kBatchNormalization || layer.kind == LayerKind::kLayerNormalization;
    if (!by_element || call.output_shape != from.output_shape) Unordered(layer, "stands behind a flattened image");
    return input;
  }

  // Whether PyTorch has the channels of this value in front.
  bool HasChannelsFirst(const base::Call& call) const {
    if (call.output_shape.size() == 3) return true;
    if (call.output_shape.size() != 2 || call.inputs.empty()) return false;
    switch (graph_.layers[static_cast<size_t>(call.layer)].kind) {
      case LayerKind::kConv1D:
      case LayerKind::kDepthwiseConv1D:
      case LayerKind::kSeparableConv1D:
      case LayerKind::kMaxPooling1D:
      case LayerKind::kAveragePooling1D: return true;
      case LayerKind::kLSTM:
      case LayerKind::kGRU:
      case LayerKind::kSimpleRNN:
      case LayerKind::kDense:
      case LayerKind::kReshape:
      case LayerKind::kPermute:
      case LayerKind::kEmbedding: return false;
      default: return channels_first_[static_cast<size_t>(call.inputs[0])];
    }
  }

  void RecordInput(const base::Call& call, const base::Layer& layer, const Order& input) {
    if (layer.weights.empty()) return;
    const auto index = static_cast<size_t>(call.layer);
    if (known_[index] && of_layer_[index] != input) Unordered(layer, "is called with images and with something else");
    known_[index] = true;
    of_layer_[index] = input;
  }

  Order Concatenated(const base::Call& call, const base::Layer& layer) {
    bool ordered = false;
    for (const int input : call.inputs) ordered = ordered || !order_of_call_[static_cast<size_t>(input)].empty();
    if (!ordered) return {};
    if (call.output_shape.size() != 1) Unordered(layer, "concatenates flattened images");
    Order order;
    for (const int input : call.inputs) {
      const auto begin = static_cast<int64_t>(order.size());
      const Order& part = order_of_call_[static_cast<size_t>(input)];
      const int64_t size = graph_.calls[static_cast<size_t>(input)].output_shape[0];
      for (int64_t i = 0; i < size; ++i) order.push_back(begin + (part.empty() ? i : part[static_cast<size_t>(i)]));
    }
    return order;
  }

  const base::Graph& graph_;
  std::vector<Order> order_of_call_;    // of every call's last dimension
  std::vector<bool> channels_first_;    // of every call: an image, or a sequence that is kept like one
  std::vector<Order> of_layer_;
  std::vector<bool> known_;
};

// A tensor of PyTorch's as a view of ours: an element's offset is the sum of its indexes' offsets.
struct View {
  Shape shape;
  size_t begin = 0;
  std::vector<std::vector<int64_t>> offsets;  // of each dimension's indexes, in elements
};

View ViewOf(const layers::Exchange::Weight& exchanged, const Shape& ours, size_t row, const Order& order) {
  Shape shape = ours;
  View view;
  if (exchanged.torch_second != nullptr && ours.size() == 2) {
    shape = {ours[1]};
    view.begin = row * static_cast<size_t>(ours[1]);
  }
  if (exchanged.depthwise) {
    shape.back() *= shape[shape.size() - 2];
    shape[shape.size() - 2] = 1;
  }
  std::vector<int64_t> strides(shape.size(), 1);
  for (size_t i = shape.size(); i-- > 1;) strides[i - 1] = strides[i] * shape[i];
  for (size_t i = 0; i < shape.size(); ++i) {
    const size_t from = exchanged.axes.empty() ? i : static_cast<size_t>(exchanged.axes[i]);
    const int64_t size = shape[from];
    view.shape.push_back(size);
    std::vector<int64_t> indexes(static_cast<size_t>(size));
    std::iota(indexes.begin(), indexes.end(), 0);
    if (i == 0 && !exchanged.gates.empty()) {
      const int64_t block = size / static_cast<int64_t>(exchanged.gates.size());
      for (int64_t n = 0; n < size; ++n) {
        indexes[static_cast<size_t>(n)] = exchanged.gates[static_cast<size_t>(n / block)] * block + n % block;
      }
    }
    if (from == 0 && static_cast<int64_t>(order.size()) == size) indexes = order;
    for (int64_t& index : indexes) index *= strides[from];
    view.offsets.push_back(std::move(indexes));
  }
  return view;
}

// Calls use(offset in ours) for PyTorch's elements in their order.
template <typename F>
void Walk(const View& view, size_t dimension, size_t offset, const F& use) {
  if (dimension == view.offsets.size()) return use(offset);
  for (const int64_t stride : view.offsets[dimension]) Walk(view, dimension + 1, offset + static_cast<size_t>(stride), use);
}

float Element(std::string_view data, size_t i) {
  float value = 0;
  std::memcpy(&value, data.data() + i * sizeof value, sizeof value);
  return value;
}

const layers::Exchange& ExchangeOf(const base::Layer& layer) {
  const layers::LayerDefinition& definition = layers::DefinitionOf(layer);
  const char* lack = definition.exchange.weights.empty() ? "PyTorch has no module with its weights" : nullptr;
  if (lack == nullptr && definition.exchange.torch_lacks != nullptr) lack = definition.exchange.torch_lacks(layer);
  if (lack == nullptr) return definition.exchange;
  throw base::Error(ErrorCode::kFeatureNotSupported,
                    "layer " + Quote(layer.name) + " (" + definition.class_names[0] + ") has no counterpart in PyTorch", std::string(lack) + ".",
                    "Use naming => 'keras'.");
}

// Whether a weight is indexed by the features that come in: a Dense layer's rows, all of a normalisation's.
bool ByFeature(const base::Layer& layer, const base::WeightSpec& spec) {
  return layer.kind == LayerKind::kDense ? spec.name == "kernel" : true;
}

const GraphWeight* FindSpec(const std::vector<GraphWeight>& weights, const base::Layer& layer, const char* name) {
  for (const GraphWeight& weight : weights) {
    if (weight.layer == &layer && weight.spec->name == name) return &weight;
  }
  return nullptr;
}

// One of PyTorch's tensors and what it is made of. ours == nullptr: constants that our layer has not.
struct TorchTensor {
  const base::Layer* layer;
  std::string name;          // of the parameter
  const GraphWeight* ours;
  View view;
  double constant = 0;       // without ours
  bool second_of_one = false;  // a second bias where ours is one
};

std::vector<TorchTensor> TorchTensors(const base::Graph& graph, const std::vector<GraphWeight>& weights) {
  const FeatureOrder features(graph);
  std::vector<TorchTensor> tensors;
  size_t begin = 0;
  for (size_t index = 0; index < graph.layers.size(); ++index) {
    const base::Layer& layer = graph.layers[index];
    if (layer.weights.empty()) continue;
    const std::vector<GraphWeight> own(weights.begin() + static_cast<std::ptrdiff_t>(begin),
                                       weights.begin() + static_cast<std::ptrdiff_t>(begin + layer.weights.size()));
    for (const layers::Exchange::Weight& exchanged : ExchangeOf(layer).weights) {
      const GraphWeight* found = FindSpec(own, layer, exchanged.name);
      if (found == nullptr) {
        if (!std::isnan(exchanged.absent)) {
          tensors.push_back({&layer, exchanged.torch_name, nullptr, ViewOf(exchanged, own[0].spec->shape, 0, {}), exchanged.absent});
        }
        continue;
      }
      const GraphWeight* ours = &weights[begin + static_cast<size_t>(found - own.data())];
      const Order& order = ByFeature(layer, *ours->spec) ? features.OfInput(index) : Order();
      tensors.push_back({&layer, exchanged.torch_name, ours, ViewOf(exchanged, ours->spec->shape, 0, order)});
      if (exchanged.torch_second == nullptr) continue;
      tensors.push_back({&layer, exchanged.torch_second, ours, ViewOf(exchanged, ours->spec->shape, 1, order), 0,
                         ours->spec->shape.size() == 1});
      if (ours->spec->shape.size() == 1) tensors.back().view.begin = 0;
    }
    begin += layer.weights.size();
  }
  return tensors;
}

void RequireShape(const FileTensor& tensor, const Shape& needed, const std::string& what) {
  if (tensor.shape == needed) return;
  throw base::Error(ErrorCode::kInvalidParameter,
                    "tensor " + Quote(tensor.name) + " of the file has shape " + base::FormatShape(tensor.shape) + ", " + what + " needs " +
                        base::FormatShape(needed));
}

const std::string& NameInFile(const LayerNames& names, const std::string& layer) {
  const auto other = names.find(layer);
  return other == names.end() ? layer : other->second;
}

[[noreturn]] void Missing(const TensorNames& known, const std::string& name, const base::Layer& layer, const char* other_naming) {
  throw base::Error(ErrorCode::kInvalidParameter, "the file has no tensor " + Quote(name) + " for layer " + Quote(layer.name), known.Known(),
                    "Where layers have other names in the file give names => '{\"" + layer.name + "\": \"...\"}'" + other_naming + ".");
}

}  // namespace

void RequireLayers(const base::Graph& graph, const LayerNames& names) {
  for (const auto& entry : names) {
    bool found = false;
    for (const base::Layer& layer : graph.layers) found = found || (layer.name == entry.first && !layer.weights.empty());
    if (found) continue;
    throw base::Error(ErrorCode::kInvalidParameter, "names gives a name to layer " + Quote(entry.first) + ", the architecture has no such layer with weights");
  }
}

std::vector<GraphWeight> WeightsOf(const base::Graph& graph) {
  std::vector<GraphWeight> weights;
  size_t offset = 0;
  for (const base::Layer& layer : graph.layers) {
    for (const base::WeightSpec& spec : layer.weights) {
      const auto elements = static_cast<size_t>(base::ElementCount(spec.shape));
      weights.push_back({&layer, &spec, offset, elements});
      offset += elements;
    }
  }
  return weights;
}

void AppendWeight(const GraphWeight& weight, const FileTensor& tensor, std::string* out) {
  RequireShape(tensor, weight.spec->shape, Quote(weight.spec->name) + " of layer " + Quote(weight.layer->name));
  AppendFloats(tensor, out);
}

TensorFile NameWeights(const base::Graph& graph, std::string_view weights) {
  TensorFile file;
  for (const GraphWeight& weight : WeightsOf(graph)) {
    file.tensors.push_back({weight.layer->name + "/" + weight.spec->name, weight.spec->shape, ElementType::kFloat32,
                            weights.substr(weight.offset * sizeof(float), weight.elements * sizeof(float))});
  }
  return file;
}

TensorFile NameTorchWeights(const base::Graph& graph, std::string_view weights) {
  const std::vector<GraphWeight> ours = WeightsOf(graph);
  TensorFile file;
  for (const TorchTensor& tensor : TorchTensors(graph, ours)) {
    std::string data;
    data.reserve(static_cast<size_t>(base::ElementCount(tensor.view.shape)) * sizeof(float));
    Walk(tensor.view, 0, tensor.view.begin, [&](size_t offset) {
      float value = static_cast<float>(tensor.constant);
      if (tensor.ours != nullptr && !tensor.second_of_one) value = Element(weights, tensor.ours->offset + offset);
      data.append(reinterpret_cast<const char*>(&value), sizeof value);
    });
    file.Add(tensor.layer->name + "." + tensor.name, tensor.view.shape, std::move(data));
  }
  return file;
}

ImportedWeights FindWeights(const base::Graph& graph, const TensorFile& file, const LayerNames& names) {
  TensorNames known(file, '/');
  ImportedWeights imported;
  for (const GraphWeight& weight : WeightsOf(graph)) {
    const std::string& layer = NameInFile(names, weight.layer->name);
    const FileTensor* tensor = known.Find(layer, weight.spec->name);
    if (tensor == nullptr) Missing(known, layer + "/" + weight.spec->name, *weight.layer, ", where they are PyTorch's naming => 'torch'");
    AppendWeight(weight, *tensor, &imported.weights);
  }
  imported.unused = known.Unused();
  return imported;
}

ImportedWeights FindTorchWeights(const base::Graph& graph, const TensorFile& file, const LayerNames& names) {
  TensorNames known(file, '.');
  const std::vector<GraphWeight> ours = WeightsOf(graph);
  // nothing is reserved that the file has no bytes for: tensors are found before
  struct Match { TorchTensor tensor; const FileTensor* found; };
  std::vector<Match> matches;
  for (TorchTensor& tensor : TorchTensors(graph, ours)) {
    const std::string& layer = NameInFile(names, tensor.layer->name);
    const FileTensor* found = known.Find(layer, tensor.name);
    if (found == nullptr) {
      if (tensor.ours == nullptr || tensor.second_of_one) continue;
      Missing(known, layer + "." + tensor.name, *tensor.layer, "");
    }
    RequireShape(*found, tensor.view.shape, "layer " + Quote(tensor.layer->name));
    matches.push_back({std::move(tensor), found});
  }
  ImportedWeights imported;
  imported.weights.resize(static_cast<size_t>(graph.WeightCount()) * sizeof(float));
  for (const Match& match : matches) {
    const TorchTensor& tensor = match.tensor;
    std::string data;
    AppendFloats(*match.found, &data);
    size_t at = 0;
    Walk(tensor.view, 0, tensor.view.begin, [&](size_t offset) {
      float value = Element(data, at++);
      if (tensor.ours == nullptr) {
        if (value == static_cast<float>(tensor.constant)) return;
        throw base::Error(ErrorCode::kInvalidParameter,
                          "tensor " + Quote(match.found->name) + " of the file is not all " + std::to_string(static_cast<int>(tensor.constant)) +
                              ", and layer " + Quote(tensor.layer->name) + " has no such weight",
                          {}, "Load an architecture whose layer has it.");
      }
      const size_t to = tensor.ours->offset + offset;
      if (tensor.second_of_one) value += Element(imported.weights, to);
      std::memcpy(imported.weights.data() + to * sizeof value, &value, sizeof value);
    });
  }
  imported.unused = known.Unused();
  return imported;
}

}  // namespace wire
