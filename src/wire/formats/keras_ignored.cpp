// What a text asks for that has no effect here. ReadKeras has read it before, so that only those settings are left that change nothing: this
// tells those that a user counts on from those that say how Keras computes (layers::LayerDefinition::ignored).
#include <algorithm>

#include "base/literal.hpp"
#include "wire/formats/keras_layer.hpp"
#include "wire/formats/keras_model.hpp"
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

void AddLayers(const Value& list, const std::string& prefix, Collector* found);

void AddLayer(const KerasLayer& layer, const Value& entry, const std::string& prefix, Collector* found) {
  const std::string name = prefix + layer.name;
  AddOwnClass(entry, name, found);
  if (layer.form == KerasLayer::Form::kModel) {
    AddLayers(LayerList(*layer.config), name + "/", found);
    return;
  }
  if (layer.form != KerasLayer::Form::kLayer) {
    AddType(layer.config->Find("dtype"), "dtype", name, found);
    AddLayer(ReadWrapped(layer, "layer"), *layer.config->Find("layer"), prefix, found);
    return;
  }
  // an input has the type of its column
  if (!layer.is_input()) AddType(layer.config->Find("dtype"), "dtype", name, found);
  if (IsSet(layer.config->Find("quantization_config"))) found->Add("quantization_config", name);
  const Value* seed = layer.config->Find("seed");
  // a generator's state in later Kerases
  const bool drawn = seed != nullptr && (seed->is_int() || (seed->is_dict() && IsSet(seed->Find("config"))));
  if (drawn) found->Add("seed", name);
  if (layer.is_input() && IsSet(layer.config->Find("optional"))) found->Add("optional", name);
  for (const auto& [argument, value] : layer.config->dict()) {
    const Value* config = value.Find("class_name") == nullptr ? nullptr : value.Find("config");
    if (config != nullptr && argument != "dtype") AddType(config->Find("dtype"), argument + ".dtype", name, found);
  }
}

void AddLayers(const Value& list, const std::string& prefix, Collector* found) {
  const std::vector<KerasLayer> layers = ReadLayers(list, false);
  for (size_t i = 0; i < layers.size(); ++i) AddLayer(layers[i], list.list()[i], prefix, found);
}

}  // namespace

std::vector<std::string> IgnoredSettings(std::string_view json) {
  const Value text = ParseArchitecture(json);
  const Value& model = FindModel(text);
  const Value& config = *model.Find("config");
  Collector found;
  AddLayers(LayerList(config), "", &found);
  std::vector<std::string> texts = found.Texts();
  if (config.is_dict()) {
    const std::string type = config.Find("dtype") == nullptr ? "" : TypeName(*config.Find("dtype"));
    if (!type.empty() && type != "float32") texts.push_back("dtype " + layers::Quote(type) + " of the model");
  }
  // training_config lies beside the model in a file of weights
  const Value* topology = text.Find("modelTopology");
  for (const char* setting : {"compile_config", "training_config"}) {
    const bool given = IsSet(model.Find(setting)) || IsSet(text.Find(setting)) || (topology != nullptr && IsSet(topology->Find(setting)));
    if (given) texts.push_back(std::string(setting) + " of the model");
  }
  return texts;
}

}  // namespace wire
