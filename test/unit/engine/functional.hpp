// Functional models, call by call, for tests of graphs.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "base/graph.hpp"
#include "wire/keras.hpp"

namespace fixture {

/// What a call of a layer returns.
struct Tensor {
  std::string layer;
  int node = 0;
  int index = 0;  // of several outputs
};

/// A model's text in the making. Names of layers are the caller's.
class Functional {
 public:
  /// shape: "4, 5, 2".
  Tensor Input(const std::string& name, const std::string& shape) {
    layers_.push_back({"InputLayer", name, R"("batch_input_shape": [null, )" + shape + "]", {}, {}});
    inputs_.push_back({name, 0, 0});
    return inputs_.back();
  }

  /// arguments: R"("units": 3, "activation": "relu")".
  Tensor Call(const std::string& kind, const std::string& name, const std::string& arguments, const std::vector<Tensor>& inputs) {
    layers_.push_back({kind, name, arguments, {inputs}, {}});
    std::swap(layers_.back().call_arguments, next_);
    return {name, 0, 0};
  }

  /// Arguments of the first call of the layer that comes next: R"("training": false)".
  void NextCallWith(const std::string& call_arguments) { next_ = call_arguments; }

  /// One more call of a layer.
  Tensor Again(const Tensor& layer, const std::vector<Tensor>& inputs) {
    for (Layer& known : layers_) {
      if (known.name != layer.layer) continue;
      known.nodes.push_back(inputs);
      return {known.name, static_cast<int>(known.nodes.size()) - 1, 0};
    }
    return {};
  }

  Tensor Dense(const std::string& name, int units, const std::string& activation, const Tensor& input, const std::string& more = {}) {
    return Call("Dense", name, R"("units": )" + std::to_string(units) + R"(, "activation": ")" + activation + "\"" + more, {input});
  }

  std::string Text(const std::vector<Tensor>& outputs) const {
    std::string text = R"({"class_name": "Functional", "config": {"name": "m", "layers": [)";
    for (size_t i = 0; i < layers_.size(); ++i) {
      const Layer& layer = layers_[i];
      text += (i > 0 ? ", " : "") + (R"({"class_name": ")" + layer.kind + R"(", "name": ")" + layer.name) + R"(", "config": {"name": ")" +
              layer.name + "\"" + (layer.arguments.empty() ? "" : ", " + layer.arguments) + R"(}, "inbound_nodes": [)";
      for (size_t n = 0; n < layer.nodes.size(); ++n) text += (n > 0 ? ", [" : "[") + List(layer.nodes[n], ", {" + (n == 0 ? layer.call_arguments : "") + "}") + "]";
      text += "]}";
    }
    return text + R"(], "input_layers": [)" + List(inputs_, "") + R"(], "output_layers": [)" + List(outputs, "") + "]}}";
  }

  base::Graph Build(const std::vector<Tensor>& outputs) const { return wire::ReadKeras(Text(outputs)); }

 private:
  struct Layer {
    std::string kind, name, arguments;
    std::vector<std::vector<Tensor>> nodes;
    std::string call_arguments;
  };

  static std::string List(const std::vector<Tensor>& tensors, const std::string& rest) {
    std::string text;
    for (size_t i = 0; i < tensors.size(); ++i) {
      text += (i > 0 ? ", [\"" : "[\"") + tensors[i].layer + "\", " + std::to_string(tensors[i].node) + ", " + std::to_string(tensors[i].index) + rest + "]";
    }
    return text;
  }

  std::vector<Layer> layers_;
  std::vector<Tensor> inputs_;
  std::string next_;
};

}  // namespace fixture
