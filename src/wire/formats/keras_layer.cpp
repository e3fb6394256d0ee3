#include "wire/formats/keras_layer.hpp"

#include <algorithm>
#include <cctype>
#include <unordered_set>

#include "layers/argument.hpp"

namespace wire {
namespace {

using base::ErrorCode;
using base::List;
using base::Value;
using layers::Got;
using layers::LayerDefinition;
using layers::Quote;
using layers::Refuse;
using layers::Where;

// "MaxPooling2D" -> "max_pooling2d", as Keras names layers.
std::string SnakeCase(const std::string& name) {
  std::string out;
  for (size_t i = 0; i < name.size(); ++i) {
    const auto c = static_cast<unsigned char>(name[i]);
    const bool starts_word = i > 0 && std::isupper(c) && std::islower(static_cast<unsigned char>(name[i - 1]));
    if (starts_word) out += '_';
    out += static_cast<char>(std::tolower(c));
  }
  return out;
}

const LayerDefinition& FindClass(const std::string& class_name, const std::string& name) {
  if (const LayerDefinition* definition = layers::FindLayer(class_name)) return *definition;
  const std::string who = name.empty() ? "layer of class " + Quote(class_name) : "layer " + Quote(name) + " of class " + Quote(class_name);
  if (class_name == "Sequential" || class_name == "Model" || class_name == "Functional") {
    throw base::Error(ErrorCode::kFeatureNotSupported, who + ": a model inside a model is not supported", {},
                      "Build one model that holds the layers themselves.");
  }
  throw base::Error(ErrorCode::kFeatureNotSupported, who + ": the class is unknown", {}, "Known layers are " + layers::KnownLayers() + ".");
}

void CheckKeys(const Value& entry, const Where& where) {
  static const std::vector<std::string> known = {"class_name", "config", "name", "inbound_nodes", "module", "registered_name",
                                                 "build_config", "shared_object_id"};
  for (const auto& item : entry.dict()) {
    if (std::find(known.begin(), known.end(), item.first) == known.end()) {
      Refuse(ErrorCode::kInvalidParameter, where, "the entry " + Quote(item.first) + " beside \"config\" is unknown");
    }
  }
}

// The text's own name of a layer, or "".
std::string StatedName(const Value& entry, const Value& config, size_t position) {
  for (const Value* holder : {&config, &entry}) {
    const Value* name = holder->Find("name");
    if (name == nullptr || name->is_null()) continue;
    if (!name->is_string()) {
      throw base::Error(ErrorCode::kInvalidParameter,
                        "layer number " + std::to_string(position) + ": argument \"name\" must be a string" + Got(*name));
    }
    return name->string();
  }
  return {};
}

}  // namespace

Value KnownSizes(const Value& list, const Where& where) {
  for (size_t i = 0; list.is_list() && i < list.list().size(); ++i) {
    if (!list.list()[i].is_null()) continue;
    Refuse(ErrorCode::kInvalidParameter, where, "leaves the size of dimension " + std::to_string(i + 1) + " open" + Got(list),
           "Give the model an input_shape whose dimensions are all numbers: the rows of a packed table have one size.");
  }
  return layers::ReadArgument({"", layers::ArgumentType::kInputShape}, list, {}, where);
}

std::vector<KerasLayer> ReadLayers(const Value& list, bool frozen) {
  if (!list.is_list() || list.list().empty()) {
    throw base::Error(ErrorCode::kInvalidParameter, "the model has no list of layers" + Got(list));
  }
  if (list.list().size() > kMostLayers) throw base::Error(ErrorCode::kLimitExceeded, "the model has more than 10000 layers");
  std::vector<KerasLayer> layers;
  std::unordered_set<std::string> names;
  size_t position = 0;
  for (const Value& entry : list.list()) {
    const std::string number = "layer number " + std::to_string(++position);
    const Value* class_name = entry.Find("class_name");
    const Value* config = entry.Find("config");
    if (class_name == nullptr || !class_name->is_string()) throw base::Error(ErrorCode::kInvalidParameter, number + " has no class_name");
    // a list is what a model as a layer may have: FindClass says so
    if (config == nullptr || (!config->is_dict() && !config->is_list())) {
      throw base::Error(ErrorCode::kInvalidParameter, number + " has no config");
    }
    KerasLayer layer;
    layer.name = StatedName(entry, *config, position);
    layer.definition = &FindClass(class_name->string(), layer.name);
    if (!config->is_dict()) throw base::Error(ErrorCode::kInvalidParameter, number + ": config must be a dictionary" + Got(*config));
    layer.config = config;
    layer.inbound_nodes = entry.Find("inbound_nodes");
    if (layer.inbound_nodes != nullptr && layer.inbound_nodes->is_null()) layer.inbound_nodes = nullptr;
    names.insert(layer.name);
    CheckKeys(entry, layer.where());
    const Value* trainable = config->Find("trainable");
    if (trainable != nullptr && !trainable->is_null()) {
      if (!trainable->is_bool()) {
        Refuse(ErrorCode::kInvalidParameter, layer.where().Inside("trainable"), "must be true or false" + Got(*trainable));
      }
      layer.trainable = trainable->boolean();
    }
    layer.trainable = layer.trainable && !frozen;
    layers.push_back(layer);
  }
  for (KerasLayer& layer : layers) {
    if (!layer.name.empty()) continue;
    const std::string stem = SnakeCase(layer.definition->class_names[0]);
    layer.name = stem;
    for (int i = 1; !names.insert(layer.name).second; ++i) layer.name = stem + "_" + std::to_string(i);
  }
  return layers;
}

Value WithoutBatch(const Value& shape, const Where& where) {
  if (!shape.is_list() || shape.list().empty()) {
    Refuse(ErrorCode::kInvalidParameter, where, "must be a list that starts with the batch: [null, 28, 28, 1]" + Got(shape));
  }
  if (!shape.list()[0].is_null()) {
    Refuse(ErrorCode::kFeatureNotSupported, where, "states a batch size, which is not supported" + Got(shape),
           "Give an input_shape and no batch_size: fit_params have the batch size.");
  }
  return Value(List(shape.list().begin() + 1, shape.list().end()));
}

Value StatedInputShape(const KerasLayer& layer) {
  const Value& config = *layer.config;
  const Value* length = config.Find("input_length");
  const bool has_length = length != nullptr && length->is_number();
  for (const char* name : {"batch_input_shape", "batch_shape", "input_shape"}) {
    const Value* stated = config.Find(name);
    if (stated == nullptr || stated->is_null()) continue;
    const Where where = layer.where().Inside(name);
    Value shape = *stated;
    if (std::string(name) != "input_shape") shape = WithoutBatch(*stated, where);
    // Keras knows the length of a sequence by this argument alone
    const bool open = shape.is_list() && !shape.list().empty() && shape.list()[0].is_null();
    if (has_length && open) shape.list()[0] = *length;
    return KnownSizes(shape, where);
  }
  // its input_dim is a number of words
  if (layers::HasArgument(*layer.definition, "input_length")) return has_length ? Value(List{*length}) : Value();
  const Value* features = config.Find("input_dim");
  if (features == nullptr || features->is_null()) return Value();
  List shape;
  if (has_length) shape.push_back(*length);
  shape.push_back(*features);
  return KnownSizes(Value(std::move(shape)), layer.where().Inside("input_dim"));
}

Value InputConfig(const KerasLayer& layer) {
  Value shape = StatedInputShape(layer);
  if (shape.is_null()) Refuse(ErrorCode::kInvalidParameter, layer.where().Inside("batch_input_shape"), "is missing");
  base::Dict config = layer.config->dict();
  const auto is_shape = [](const auto& entry) { return entry.first == "shape"; };
  config.erase(std::remove_if(config.begin(), config.end(), is_shape), config.end());
  config.emplace_back("shape", std::move(shape));
  return Value(std::move(config));
}

}  // namespace wire
