// Digest of a graph. Part of the formats: it is stored with training states and compared between versions.
//
// Hashed, as 8-byte little-endian numbers and length-prefixed texts: the version of this rule; every layer's kind, trainable flag and those
// of its attributes that differ from their defaults, in the definition's order; how many dimensions it is distributed over, if any; every
// call's layer and inputs, behind a mark if it computes as in scoring; the inputs and outputs. Left out: names, initialisers and seeds, which decide neither shape nor function; and defaults, so that an argument that a later
// version learns leaves old digests as they are.
#include <cstring>

#include "base/hash.hpp"
#include "base/literal.hpp"
#include "layers/definition.hpp"
#include "wire/keras.hpp"

namespace wire {
namespace {

using base::Value;

constexpr uint64_t kDigestSeed = 0x6772617068;  // "graph"
constexpr uint64_t kDigestVersion = 1;
constexpr uint64_t kInference = ~uint64_t{0};  // no index of a layer

class GraphHasher {
 public:
  std::string Digest(const base::Graph& graph) {
    hasher_.UpdateU64(kDigestVersion);
    Count(graph.layers.size());
    for (const base::Layer& layer : graph.layers) AddLayer(layer);
    Count(graph.calls.size());
    for (const base::Call& call : graph.calls) {
      if (call.inference) hasher_.UpdateU64(kInference);
      Count(static_cast<size_t>(call.layer));
      AddIndexes(call.inputs);
    }
    AddIndexes(graph.inputs);
    AddIndexes(graph.outputs);
    return base::ToHex(hasher_.Finish());
  }

 private:
  void Count(size_t count) { hasher_.UpdateU64(static_cast<uint64_t>(count)); }

  void AddIndexes(const std::vector<int>& indexes) {
    Count(indexes.size());
    for (const int index : indexes) Count(static_cast<size_t>(index));
  }

  void AddText(const std::string& text) {
    Count(text.size());
    hasher_.Update(text.data(), text.size());
  }

  void AddLayer(const base::Layer& layer) {
    Count(static_cast<size_t>(layer.kind));
    Count(layer.trainable ? 1 : 0);
    const layers::LayerDefinition* definition = layers::FindLayer(layer.kind);
    if (definition == nullptr) return;
    for (const layers::Argument& argument : definition->arguments) {
      const Value* value = layer.attributes.Find(argument.name);
      if (value == nullptr || argument.type == layers::ArgumentType::kInitializer || argument.type == layers::ArgumentType::kSeed) continue;
      if (argument.initial != nullptr) {
        const base::Dict& siblings = layer.attributes.dict();
        if (*value == layers::ReadArgument(argument, base::ParseLiteral(argument.initial), siblings, {})) continue;
      }
      AddText(argument.name);
      AddValue(*value);
    }
    if (layer.time_distributed > 0) {
      AddText("time_distributed");  // the name of no argument
      Count(static_cast<size_t>(layer.time_distributed));
    }
    Count(0);  // no name is empty: the end of the attributes
  }

  void AddValue(const Value& value) {
    AddText(value.type_name());
    if (value.is_bool()) Count(value.boolean() ? 1 : 0);
    if (value.is_int()) hasher_.UpdateU64(static_cast<uint64_t>(value.integer()));
    if (value.is_double()) {
      const double number = value.number();
      uint64_t bits = 0;
      std::memcpy(&bits, &number, sizeof bits);
      hasher_.UpdateU64(bits);
    }
    if (value.is_string()) AddText(value.string());
    if (value.is_list()) {
      Count(value.list().size());
      for (const Value& entry : value.list()) AddValue(entry);
    }
    if (value.is_dict()) {
      Count(value.dict().size());
      for (const auto& entry : value.dict()) {
        AddText(entry.first);
        AddValue(entry.second);
      }
    }
  }

  base::Hasher hasher_{kDigestSeed};
};

}  // namespace

std::string GraphDigest(const base::Graph& graph) { return GraphHasher().Digest(graph); }

}  // namespace wire
