// What a text asks for that has no effect here. ReadKeras has read it before, so that only those settings are left that change nothing: this
// tells those that a user counts on from those that say how Keras computes (layers::LayerDefinition::ignored).
#include <algorithm>

#include "base/literal.hpp"
#include "wire/formats/keras_layer.hpp"
#include "wire/keras.hpp"

namespace wire {
namespace {

using base::Value;

constexpr size_t kMostLayersListed = 5;
constexpr const char* kOwnModules[] = {"keras", "tensorflow", "tf_keras"};

/// One setting with all layers that have it.
struct Setting {
  std::string text;
  std::vector<std::string> layers;
};

class Collector {
 public:
  void Add(const std::string& text, const std::string& layer) {
    const auto same = std::find_if(settings_.begin(), settings_.end(), [&](const Setting& s) { return s.text == text; });
    if (same == settings_.end()) {
      settings_.push_back({text, {layer}});
    } else if (same->layers.back() != layer) {
      same->layers.push_back(layer);
    }
  }

  std::vector<std::string> Texts() const {
    std::vector<std::string> texts;
    for (const Setting& setting : settings_) {
      std::string layers;
      for (size_t i = 0; i < setting.layers.size() && i < kMostLayersListed; ++i) {
        layers += (i == 0 ? "" : ", ") + layers::Quote(setting.layers[i]);
      }
      if (setting.layers.size() > kMostLayersListed) layers += ", and " + std::to_string(setting.layers.size() - kMostLayersListed) + " more";
      texts.push_back(setting.text + (setting.layers.size() == 1 ? " of layer " : " of layers ") + layers);
    }
    return texts;
  }

 private:
  std::vector<Setting> settings_;
};

// A type's name or a policy: "float32", {"class_name": "Policy", "config": {"name": "mixed_float16"}}, or a variable's type alone.
std::string TypeName(const Value& value) {
  if (value.is_string()) return value.string();
  const Value* config = value.Find("config");
  const Value* name = config == nullptr ? value.Find("name") : config->Find("name");
  return name != nullptr && name->is_string() ? name->string() : std::string();
}

void AddType(const Value* value, const std::string& what, const std::string& layer, Collector* found) {
  if (value == nullptr) return;
  const std::string type = TypeName(*value);
  if (!type.empty() && type != "float32") found->Add(what + " " + layers::Quote(type), layer);
}

bool IsSet(const Value* value) { return value != nullptr && !value->is_null() && !(value->is_bool() && !value->boolean()); }

// The class of a layer in its own package has a name that one of Keras's has, too.
void AddOwnClass(const Value& entry, const std::string& layer, Collector* found) {
  const Value* module = entry.Find("module");
  if (module != nullptr && module->is_string()) {
    const std::string root = module->string().substr(0, module->string().find('.'));
    if (std::find(std::begin(kOwnModules), std::end(kOwnModules), root) == std::end(kOwnModules)) {
      found->Add("module " + layers::Quote(module->string()), layer);
      return;
    }
  }
  const Value* registered = entry.Find("registered_name");
  if (registered != nullptr && registered->is_string() && registered->string().find('>') != std::string::npos) {
    found->Add("registered_name " + layers::Quote(registered->string()), layer);
  }
}

void AddLayer(const KerasLayer& layer, const Value& entry, Collector* found) {
  AddOwnClass(entry, layer.name, found);
  // an input has the type of its column
  if (layer.definition->kind != base::LayerKind::kInput) AddType(layer.config->Find("dtype"), "dtype", layer.name, found);
  if (IsSet(layer.config->Find("quantization_config"))) found->Add("quantization_config", layer.name);
  const Value* seed = layer.config->Find("seed");
  // a generator's state in later Kerases
  const bool drawn = seed != nullptr && (seed->is_int() || (seed->is_dict() && IsSet(seed->Find("config"))));
  if (drawn) found->Add("seed", layer.name);
  const bool optional = layer.definition->kind == base::LayerKind::kInput && IsSet(layer.config->Find("optional"));
  if (optional) found->Add("optional", layer.name);
  for (const auto& [name, value] : layer.config->dict()) {
    const Value* config = value.Find("class_name") == nullptr ? nullptr : value.Find("config");
    if (config != nullptr && name != "dtype") AddType(config->Find("dtype"), name + ".dtype", layer.name, found);
  }
}

}  // namespace

std::vector<std::string> IgnoredSettings(std::string_view json) {
  const Value text = base::ParseLiteral(json);
  const Value& config = *text.Find("config");
  const Value* list = config.is_list() ? &config : config.Find("layers");
  Collector found;
  const std::vector<KerasLayer> layers = ReadLayers(*list, false);
  for (size_t i = 0; i < layers.size(); ++i) AddLayer(layers[i], list->list()[i], &found);
  std::vector<std::string> texts = found.Texts();
  if (config.is_dict()) {
    const std::string type = config.Find("dtype") == nullptr ? "" : TypeName(*config.Find("dtype"));
    if (!type.empty() && type != "float32") texts.push_back("dtype " + layers::Quote(type) + " of the model");
  }
  if (IsSet(text.Find("compile_config"))) texts.push_back("compile_config of the model");
  return texts;
}

}  // namespace wire
