#include "layers/digest.hpp"

#include <cstring>
#include <string>

#include "base/literal.hpp"
#include "base/value.hpp"
#include "layers/definition.hpp"

namespace layers {
namespace {

using base::Value;

void AddText(const std::string& text, base::Hasher* hasher) {
  hasher->UpdateU64(text.size());
  hasher->Update(text.data(), text.size());
}

void AddValue(const Value& value, base::Hasher* hasher) {
  AddText(value.type_name(), hasher);
  if (value.is_bool()) hasher->UpdateU64(value.boolean() ? 1 : 0);
  if (value.is_int()) hasher->UpdateU64(static_cast<uint64_t>(value.integer()));
  if (value.is_double()) {
    const double number = value.number();
    uint64_t bits = 0;
    std::memcpy(&bits, &number, sizeof bits);
    hasher->UpdateU64(bits);
  }
  if (value.is_string()) AddText(value.string(), hasher);
  if (value.is_list()) {
    hasher->UpdateU64(value.list().size());
    for (const Value& entry : value.list()) AddValue(entry, hasher);
  }
  if (value.is_dict()) {
    hasher->UpdateU64(value.dict().size());
    for (const auto& entry : value.dict()) {
      AddText(entry.first, hasher);
      AddValue(entry.second, hasher);
    }
  }
}

bool IsDropoutRate(const Argument& argument) {
  return std::strcmp(argument.name, "dropout") == 0 || std::strcmp(argument.name, "recurrent_dropout") == 0;
}

bool IsForTraining(const Argument& argument) {
  return argument.type == ArgumentType::kRegularizer || argument.type == ArgumentType::kConstraint || IsDropoutRate(argument);
}

}  // namespace

void HashAttributes(const base::Layer& layer, bool scoring_only, base::Hasher* hasher) {
  const LayerDefinition* definition = FindLayer(layer.kind);
  if (definition == nullptr) return;
  for (const Argument& argument : definition->arguments) {
    const Value* value = layer.attributes.Find(argument.name);
    if (value == nullptr || argument.type == ArgumentType::kInitializer || argument.type == ArgumentType::kSeed) continue;
    if (scoring_only && IsForTraining(argument)) continue;
    if (argument.initial != nullptr) {
      const base::Dict& siblings = layer.attributes.dict();
      if (*value == ReadArgument(argument, base::ParseLiteral(argument.initial), siblings, {})) continue;
    }
    AddText(argument.name, hasher);
    AddValue(*value, hasher);
  }
  if (layer.time_distributed > 0) {
    AddText("time_distributed", hasher);  // the name of no argument
    hasher->UpdateU64(static_cast<uint64_t>(layer.time_distributed));
  }
  hasher->UpdateU64(0);  // no name is empty: the end of the attributes
}

}  // namespace layers
