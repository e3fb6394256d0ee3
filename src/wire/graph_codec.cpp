// Graphs as protobuf. Reading builds the graph anew from layers, attributes and calls, through the same checks as a Keras text, and then
// compares shapes and weights with what the writer noted: bytes that pass are a graph that this version would have made itself.

#include <algorithm>

#include "base/error.hpp"
#include "graph.pb.h"
#include "wire/graph_builder.hpp"
#include "wire/keras.hpp"

namespace wire {
namespace {

using base::ErrorCode;
using base::Value;

constexpr uint32_t kGraphFormatVersion = 1;
constexpr size_t kLargestGraph = size_t{64} << 20;
constexpr int kDeepestValue = 16;

[[noreturn]] void Corrupted(const std::string& what) {
  throw base::Error(ErrorCode::kDataCorrupted, "a stored architecture cannot be read: " + what);
}

void WriteDict(const base::Dict& dict, cerebro::wire::Dict* out);

void WriteValue(const Value& value, cerebro::wire::Value* out) {
  if (value.is_bool()) out->set_boolean(value.boolean());
  if (value.is_int()) out->set_integer(value.integer());
  if (value.is_double()) out->set_number(value.number());
  if (value.is_string()) out->set_text(value.string());
  if (value.is_dict()) WriteDict(value.dict(), out->mutable_dict());
  if (!value.is_list()) return;
  cerebro::wire::List* list = out->mutable_list();
  for (const Value& entry : value.list()) WriteValue(entry, list->add_values());
}

void WriteDict(const base::Dict& dict, cerebro::wire::Dict* out) {
  for (const auto& entry : dict) {
    out->add_keys(entry.first);
    WriteValue(entry.second, out->add_values());
  }
}

base::Dict ReadDict(const cerebro::wire::Dict& in, int depth);

Value ReadValue(const cerebro::wire::Value& in, int depth) {
  if (depth > kDeepestValue) Corrupted("values are nested deeper than 16 levels");
  switch (in.kind_case()) {
    case cerebro::wire::Value::kBoolean: return Value(in.boolean());
    case cerebro::wire::Value::kInteger: return Value(static_cast<int64_t>(in.integer()));
    case cerebro::wire::Value::kNumber: return Value(in.number());
    case cerebro::wire::Value::kText: return Value(std::string(in.text()));
    case cerebro::wire::Value::kDict: return Value(ReadDict(in.dict(), depth));
    case cerebro::wire::Value::kList: {
      base::List list;
      for (const cerebro::wire::Value& entry : in.list().values()) list.push_back(ReadValue(entry, depth + 1));
      return Value(std::move(list));
    }
    case cerebro::wire::Value::KIND_NOT_SET: break;
  }
  return Value();
}

base::Dict ReadDict(const cerebro::wire::Dict& in, int depth) {
  if (in.keys_size() != in.values_size()) {
    Corrupted("a dictionary has " + std::to_string(in.keys_size()) + " keys and " + std::to_string(in.values_size()) + " values");
  }
  base::Dict dict;
  for (int i = 0; i < in.keys_size(); ++i) dict.emplace_back(in.keys(i), ReadValue(in.values(i), depth + 1));
  return dict;
}

template <class Repeated>
base::Shape ToShape(const Repeated& sizes) {
  return base::Shape(sizes.begin(), sizes.end());
}

void CheckShapes(const cerebro::wire::Graph& in, const base::Graph& graph) {
  for (size_t i = 0; i < graph.calls.size(); ++i) {
    if (ToShape(in.calls(static_cast<int>(i)).output_shape()) != graph.calls[i].output_shape) {
      Corrupted("the output shape of call number " + std::to_string(i) + " differs from the noted one");
    }
  }
  for (size_t i = 0; i < graph.layers.size(); ++i) {
    const cerebro::wire::Layer& noted = in.layers(static_cast<int>(i));
    const base::Layer& layer = graph.layers[i];
    bool same = static_cast<size_t>(noted.weights_size()) == layer.weights.size();
    for (size_t w = 0; same && w < layer.weights.size(); ++w) {
      const cerebro::wire::Weight& weight = noted.weights(static_cast<int>(w));
      same = weight.name() == layer.weights[w].name && ToShape(weight.shape()) == layer.weights[w].shape &&
             weight.trainable() == layer.weights[w].trainable;
    }
    if (!same) Corrupted("the weights of layer \"" + layer.name + "\" differ from the noted ones");
  }
}

base::Graph Build(const cerebro::wire::Graph& in) {
  GraphBuilder builder(in.name());
  for (const cerebro::wire::Layer& layer : in.layers()) {
    const layers::LayerDefinition* definition = layers::FindLayer(static_cast<base::LayerKind>(layer.kind()));
    if (definition == nullptr) Corrupted("layer kind " + std::to_string(layer.kind()) + " is unknown");
    builder.AddLayer(layer.name(), *definition, Value(ReadDict(layer.attributes(), 0)), layer.trainable(), layer.time_distributed());
  }
  for (const cerebro::wire::Call& call : in.calls()) {
    builder.AddCall(call.layer(), {call.inputs().begin(), call.inputs().end()}, call.inference());
  }
  return builder.Finish({in.inputs().begin(), in.inputs().end()}, {in.outputs().begin(), in.outputs().end()},
                        {in.output_names().begin(), in.output_names().end()});
}

// Without the later ones that have their defaults: the bytes of a graph that version 0.1 knew stay the same.
base::Dict StoredAttributes(const base::Layer& layer) {
  base::Dict stored = layer.attributes.dict();
  const layers::LayerDefinition* definition = layers::FindLayer(layer.kind);
  if (definition == nullptr) return stored;
  for (const layers::Argument& argument : definition->arguments) {
    const auto same = std::find_if(stored.begin(), stored.end(), [&](const auto& entry) { return entry.first == argument.name; });
    if (same != stored.end() && layers::IsLaterDefault(argument, same->second, layer.attributes.dict())) stored.erase(same);
  }
  return stored;
}

}  // namespace

std::string WriteGraph(const base::Graph& graph) {
  cerebro::wire::Graph out;
  out.set_format_version(kGraphFormatVersion);
  out.set_name(graph.name);
  for (const base::Layer& layer : graph.layers) {
    cerebro::wire::Layer* stored = out.add_layers();
    stored->set_name(layer.name);
    stored->set_kind(static_cast<int>(layer.kind));
    stored->set_trainable(layer.trainable);
    stored->set_time_distributed(layer.time_distributed);
    if (layer.attributes.is_dict()) WriteDict(StoredAttributes(layer), stored->mutable_attributes());
    for (const base::WeightSpec& weight : layer.weights) {
      cerebro::wire::Weight* noted = stored->add_weights();
      noted->set_name(weight.name);
      for (const int64_t size : weight.shape) noted->add_shape(size);
      noted->set_trainable(weight.trainable);
    }
  }
  for (const base::Call& call : graph.calls) {
    cerebro::wire::Call* stored = out.add_calls();
    stored->set_layer(call.layer);
    for (const int input : call.inputs) stored->add_inputs(input);
    for (const int64_t size : call.output_shape) stored->add_output_shape(size);
    stored->set_inference(call.inference);
  }
  for (const int call : graph.inputs) out.add_inputs(call);
  for (const int call : graph.outputs) out.add_outputs(call);
  for (const std::string& name : graph.output_names) out.add_output_names(name);
  return out.SerializeAsString();
}

base::Graph ReadGraph(std::string_view bytes) {
  if (bytes.size() > kLargestGraph) Corrupted("it has " + std::to_string(bytes.size()) + " bytes");
  cerebro::wire::Graph in;
  if (!in.ParseFromArray(bytes.data(), static_cast<int>(bytes.size()))) Corrupted("these are not the bytes of a graph");
  if (in.format_version() != kGraphFormatVersion) {
    Corrupted("its format version is " + std::to_string(in.format_version()) + ", known is " + std::to_string(kGraphFormatVersion));
  }
  base::Graph graph;
  try {
    graph = Build(in);
  } catch (const base::Error& error) {
    if (error.code() == ErrorCode::kDataCorrupted) throw;
    Corrupted(error.what());
  }
  CheckShapes(in, graph);
  return graph;
}

}  // namespace wire
