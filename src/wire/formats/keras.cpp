#include "wire/keras.hpp"

#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "wire/formats/keras_layer.hpp"

namespace wire {
namespace {

using base::ErrorCode;
using base::Value;
using layers::Got;
using layers::Quote;

constexpr const char* kHint = "An architecture is what model.to_json() of Keras returns.";

void CheckKeys(const Value& dict, const std::vector<std::string>& known, const char* where) {
  for (const auto& entry : dict.dict()) {
    if (std::find(known.begin(), known.end(), entry.first) != known.end()) continue;
    throw base::Error(ErrorCode::kInvalidParameter, std::string(where) + " has the unknown entry " + Quote(entry.first), {}, kHint);
  }
}

Value Parse(std::string_view json) {
  try {
    return base::ParseLiteral(json);
  } catch (const base::Error& error) {
    throw base::Error(error.code(), std::string("the model architecture is no JSON: ") + error.what(), error.detail(), kHint);
  }
}

// The model's name and whether it as a whole is frozen; both are optional.
std::string ModelName(const Value& config) {
  const Value* name = config.Find("name");
  if (name == nullptr || name->is_null()) return {};
  if (!name->is_string()) throw base::Error(ErrorCode::kInvalidParameter, "the model's \"name\" must be a string" + Got(*name));
  return name->string();
}

bool IsFrozen(const Value& config) {
  const Value* trainable = config.Find("trainable");
  return trainable != nullptr && trainable->is_bool() && !trainable->boolean();
}

}  // namespace

base::Graph ReadKeras(std::string_view json) {
  const Value text = Parse(json);
  if (!text.is_dict()) {
    throw base::Error(ErrorCode::kInvalidParameter, std::string("the model architecture must be a dictionary, got ") + text.type_name(), {},
                      kHint);
  }
  CheckKeys(text,
            {"class_name", "config", "keras_version", "backend", "name", "module", "registered_name", "build_config", "compile_config"},
            "the model architecture");
  const Value* class_name = text.Find("class_name");
  const Value* config = text.Find("config");
  if (class_name == nullptr || !class_name->is_string()) {
    throw base::Error(ErrorCode::kInvalidParameter, "the model architecture has no \"class_name\"", {}, kHint);
  }
  if (config == nullptr || (!config->is_dict() && !config->is_list())) {
    throw base::Error(ErrorCode::kInvalidParameter, "the model architecture has no \"config\"", {}, kHint);
  }
  if (config->is_dict()) {
    CheckKeys(*config, {"name", "layers", "build_input_shape", "input_layers", "output_layers", "trainable", "dtype"},
              "the model's config");
  }
  const std::string& kind = class_name->string();
  if (kind == "Sequential") return ReadSequential(*config, ModelName(*config), IsFrozen(*config));
  if (kind == "Model" || kind == "Functional") return ReadFunctional(*config, ModelName(*config), IsFrozen(*config));
  throw base::Error(ErrorCode::kFeatureNotSupported, "models of class " + Quote(kind) + " are not supported", {},
                    "Known are Sequential, Model and Functional.");
}

}  // namespace wire
