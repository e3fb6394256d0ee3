// What decides a network's shape and cost, as a text: models whose texts are equal can train side by side (plan/fusion.hpp).
//
// A line a layer with its kind, whether it is trained, and those of its arguments that decide what is computed; then a line a call with its
// inputs and the shape of its output. Left out: names, seeds, initialisers, rates, momenta, regularisers and constraints, and arguments that
// version 0.1 did not know, while they have their defaults.
#include "wire/shape_signature.hpp"

#include "base/hash.hpp"
#include "base/literal.hpp"
#include "layers/definition.hpp"

namespace wire {
namespace {

using layers::ArgumentType;

constexpr uint64_t kSignatureSeed = 0x7368617065;  // "shape"

bool DecidesShape(ArgumentType type) {
  switch (type) {
    case ArgumentType::kInitializer:
    case ArgumentType::kRegularizer:
    case ArgumentType::kConstraint:
    case ArgumentType::kSeed:
    case ArgumentType::kRate:
    case ArgumentType::kFraction:
    case ArgumentType::kAbsent: return false;
    default: return true;
  }
}

std::string Indexes(const std::vector<int>& indexes) {
  std::string text;
  for (const int index : indexes) text += (text.empty() ? "" : " ") + std::to_string(index);
  return text;
}

}  // namespace

std::string ShapeText(const base::Graph& graph) {
  std::string text;
  for (const base::Layer& layer : graph.layers) {
    const layers::LayerDefinition* definition = layers::FindLayer(layer.kind);
    text += definition == nullptr ? std::to_string(static_cast<int>(layer.kind)) : definition->class_names.front();
    if (!layer.trainable) text += " frozen";
    if (layer.time_distributed > 0) text += " time_distributed=" + std::to_string(layer.time_distributed);
    for (size_t i = 0; definition != nullptr && i < definition->arguments.size(); i++) {
      const layers::Argument& argument = definition->arguments[i];
      const base::Value* value = layer.attributes.Find(argument.name);
      if (value == nullptr || !DecidesShape(argument.type) || layers::IsLaterDefault(argument, *value, layer.attributes.dict())) continue;
      text += std::string(" ") + argument.name + "=" + base::FormatJson(*value);
    }
    text += '\n';
  }
  for (const base::Call& call : graph.calls) {
    text += (call.inference ? "inference " : "") + std::to_string(call.layer) + "(" + Indexes(call.inputs) + ") " + base::FormatShape(call.output_shape) + "\n";
  }
  return text + "inputs " + Indexes(graph.inputs) + "\noutputs " + Indexes(graph.outputs) + "\n";
}

std::string ShapeSignature(const base::Graph& graph) {
  const std::string text = ShapeText(graph);
  return base::ToHex(base::Hash(text.data(), text.size(), kSignatureSeed));
}

}  // namespace wire
