#include "wire/keras.hpp"

#include <algorithm>
#include <vector>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "wire/formats/keras_block.hpp"
#include "wire/formats/keras_model.hpp"

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

void RefuseKeras1(const Value& model) {
  const Value* version = model.Find("keras_version");
  if (version == nullptr || !version->is_string() || version->string().compare(0, 2, "1.") != 0) return;
  throw base::Error(ErrorCode::kFeatureNotSupported, "the model architecture was written by Keras " + version->string().substr(0, 20), {},
                    "Load the model in Keras 2, and take what its model.to_json() gives.");
}

// A text's model with all that it needs to live.
class KerasText {
 public:
  explicit KerasText(std::string_view json) : text_(ParseArchitecture(json)) {
    const Value& model = FindModel(text_);
    CheckKeys(model,
              {"class_name", "config", "keras_version", "backend", "name", "module", "registered_name", "build_config", "compile_config",
               "training_config"},
              "the model architecture");
    RefuseKeras1(model);
    const Value* class_name = model.Find("class_name");
    const Value* config = model.Find("config");
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
    top_.form = KerasLayer::Form::kModel;
    top_.class_name = class_name->string();
    top_.name = ModelName(*config);
    top_.config = config;
    top_.trainable = !IsFrozen(*config);
    if (top_.class_name == "Sequential") {
      model_ = MakeSequential(*config, top_, {});
    } else if (top_.class_name == "Model" || top_.class_name == "Functional") {
      model_ = MakeFunctional(*config, top_, {});
    } else {
      throw base::Error(ErrorCode::kFeatureNotSupported, "models of class " + Quote(top_.class_name) + " are not supported", {},
                        "Known are Sequential, Model and Functional.");
    }
  }

  KerasText(const KerasText&) = delete;
  KerasText& operator=(const KerasText&) = delete;

  ModelBlock& model() { return *model_; }

 private:
  Value text_;
  KerasLayer top_;
  std::unique_ptr<ModelBlock> model_;
};

}  // namespace

Value ParseArchitecture(std::string_view json) {
  if (json.size() > kLongestArchitecture) {
    throw base::Error(ErrorCode::kLimitExceeded, "the model architecture has " + std::to_string(json.size()) + " bytes, more than 64 MB", {}, kHint);
  }
  try {
    return base::ParseLiteral(json);
  } catch (const base::Error& error) {
    throw base::Error(error.code(), std::string("the model architecture is no JSON: ") + error.what(), error.detail(), kHint);
  }
}

const Value& FindModel(const Value& text) {
  const Value* model = &text;
  const Value* format = text.Find("format");
  if (format != nullptr && format->is_string() && format->string() == "graph-model") {
    throw base::Error(ErrorCode::kFeatureNotSupported, "the text is a graph model of TensorFlow.js, which has operations and no layers", {},
                      "Convert the Keras model with --output_format=tfjs_layers_model, or take what its model.to_json() gives.");
  }
  for (const char* holder : {"modelTopology", "model_config"}) {
    const Value* held = model->Find(holder);
    if (held != nullptr && model->Find("class_name") == nullptr) model = held;
  }
  if (model->is_dict()) return *model;
  throw base::Error(ErrorCode::kInvalidParameter, std::string("the model architecture must be a dictionary, got ") + model->type_name(), {},
                    kHint);
}

base::Graph ReadKeras(std::string_view json, const base::DataSpec* data) {
  KerasText text(json);
  if (data == nullptr) return text.model().Build({});
  std::vector<base::Shape> columns;
  for (const base::ColumnSpec& column : base::SourceColumns(data->inputs)) columns.push_back(column.shape);
  InputShapes shapes;
  shapes.columns = &columns;
  return text.model().Build(shapes);
}

std::optional<base::Graph> CheckKeras(std::string_view json) {
  KerasText text(json);
  if (!text.model().HasOpenInput()) return text.model().Build({});
  InputShapes shapes;
  shapes.checked_only = true;
  text.model().Build(shapes);
  return std::nullopt;
}

}  // namespace wire
