#include "wire/formats/keras_layer.hpp"

#include <algorithm>
#include <cctype>
#include <unordered_set>

#include "layers/argument.hpp"
#include "wire/formats/keras_block.hpp"
#include "wire/graph_builder.hpp"

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

std::string TextOf(const Value& holder, const char* key) {
  const Value* value = holder.Find(key);
  return value != nullptr && value->is_string() ? value->string() : std::string();
}

std::string Who(const std::string& class_name, const std::string& name) {
  return name.empty() ? "layer of class " + Quote(class_name) : "layer " + Quote(name) + " of class " + Quote(class_name);
}

[[noreturn]] void RefuseClass(const std::string& who, const std::string& problem, const std::string& hint) {
  throw base::Error(ErrorCode::kFeatureNotSupported, who + ": " + problem, {}, hint);
}

// ---------------------------------------------------------------- Keras 1

// Names that Keras 1 had and no later one has.
bool IsOfKeras1(const std::string& class_name, const Value& config) {
  for (const char* name : {"Convolution1D", "Convolution2D", "Deconvolution2D", "AtrousConvolution2D", "TimeDistributedDense", "MaxoutDense",
                           "Highway"}) {
    if (class_name == name) return true;
  }
  if (class_name == "Dense" && config.Find("units") == nullptr && config.Find("output_dim") != nullptr) return true;
  for (const char* name : {"nb_filter", "nb_row", "border_mode", "W_regularizer", "W_constraint", "inner_init", "inner_activation"}) {
    if (config.Find(name) != nullptr) return true;
  }
  return false;
}

// ---------------------------------------------------------------- operations

struct Operation {
  const char* name;        // TensorFlow's function in its namespace, or Keras 3's class
  const char* class_name;  // the layer that computes the same
  const char* activation;  // an Activation layer's, or nullptr
  char sign = 0;           // KerasLayer's
};

constexpr Operation kOperations[] = {
    {"__operators__.add", "Add", nullptr, '+'},  {"math.add", "Add", nullptr, '+'},         {"math.subtract", "Subtract", nullptr, '-'},
    {"math.multiply", "Multiply", nullptr, '*'}, {"math.truediv", "Rescaling", nullptr, '/'}, {"math.divide", "Rescaling", nullptr, '/'},
    {"math.maximum", "Maximum", nullptr},        {"math.minimum", "Minimum", nullptr},      {"nn.relu", "Activation", "relu"},
    {"nn.relu6", "Activation", "relu6"},         {"math.sigmoid", "Activation", "sigmoid"}, {"nn.sigmoid", "Activation", "sigmoid"},
    {"math.tanh", "Activation", "tanh"},         {"nn.tanh", "Activation", "tanh"},         {"nn.elu", "Activation", "elu"},
    {"nn.selu", "Activation", "selu"},           {"nn.silu", "Activation", "swish"},        {"nn.swish", "Activation", "swish"},
    {"math.softplus", "Activation", "softplus"}, {"nn.softplus", "Activation", "softplus"},
};

constexpr Operation kKeras3Operations[] = {
    {"Add", "Add", nullptr, '+'},     {"Subtract", "Subtract", nullptr, '-'}, {"Multiply", "Multiply", nullptr, '*'},
    {"Divide", "Rescaling", nullptr, '/'}, {"TrueDivide", "Rescaling", nullptr, '/'}, {"Maximum", "Maximum", nullptr},
    {"Minimum", "Minimum", nullptr},  {"Relu", "Activation", "relu"},         {"Relu6", "Activation", "relu6"},
    {"Sigmoid", "Activation", "sigmoid"}, {"Tanh", "Activation", "tanh"},     {"Elu", "Activation", "elu"},
    {"Selu", "Activation", "selu"},   {"Silu", "Activation", "swish"},        {"Softplus", "Activation", "softplus"},
};

constexpr const char* kOperationHint = "Build the model with layers for it, such as Add, Multiply, Rescaling, Activation or Reshape.";

void Rewrite(const char* class_name, base::Dict config, KerasLayer* layer) {
  layer->class_name = class_name;
  layer->definition = layers::FindLayer(layer->class_name);
  layer->rewritten = std::make_shared<const Value>(std::move(config));
  layer->config = layer->rewritten.get();
}

// False when no layer computes the same.
template <size_t n>
bool ReadOperation(const Operation (&operations)[n], const std::string& name, KerasLayer* layer) {
  for (const Operation& operation : operations) {
    if (name != operation.name || layers::FindLayer(std::string(operation.class_name)) == nullptr) continue;
    base::Dict config;
    if (operation.activation != nullptr) config.emplace_back("activation", Value(operation.activation));
    Rewrite(operation.class_name, std::move(config), layer);
    layer->operation = true;
    layer->sign = operation.sign;
    return true;
  }
  return false;
}

// ---------------------------------------------------------------- classes

// The legacy layer of a functional text, by its mode.
void ReadMerge(KerasLayer* layer) {
  static const std::pair<const char*, const char*> modes[] = {
      {"sum", "Add"}, {"mul", "Multiply"}, {"ave", "Average"}, {"max", "Maximum"}, {"concat", "Concatenate"}};
  const std::string mode = TextOf(*layer->config, "mode");
  for (const auto& [name, class_name] : modes) {
    if (mode != name) continue;
    base::Dict config;
    const Value* axis = layer->config->Find("concat_axis");
    if (mode == "concat" && axis != nullptr) config.emplace_back("axis", *axis);
    return Rewrite(class_name, std::move(config), layer);
  }
  RefuseClass(Who("Merge", layer->name), "the mode " + (mode.empty() ? "of a function" : Quote(mode)) + " is not supported",
              "Build the model with Add, Multiply, Average, Maximum, Concatenate or Dot.");
}

bool IsKerasModule(const std::string& module) {
  const std::string root = module.substr(0, module.find('.'));
  return module.empty() || root == "keras" || root == "tensorflow" || root == "tf_keras";
}

void ReadClass(const Value& entry, const std::string& class_name, KerasLayer* layer) {
  const std::string module = TextOf(entry, "module");
  layer->class_name = class_name;
  const bool operation = module.find(".ops.") != std::string::npos || class_name == "Operation";
  if (operation) {
    if (ReadOperation(kKeras3Operations, class_name, layer)) return;
    RefuseClass(Who(class_name, layer->name), "an operation outside of a layer is not supported", kOperationHint);
  }
  layer->definition = layers::FindLayer(class_name);
  if (layer->definition != nullptr) {
    layer->class_name = layer->definition->class_names[0];
    return;
  }
  const std::string who = Who(class_name, layer->name);
  if (class_name == "Sequential" || class_name == "Model" || class_name == "Functional") {
    layer->form = KerasLayer::Form::kModel;
  } else if (class_name == "Bidirectional") {
    layer->form = KerasLayer::Form::kBidirectional;
  } else if (class_name == "TimeDistributed") {
    layer->form = KerasLayer::Form::kTimeDistributed;
  } else if (class_name == "Merge") {
    ReadMerge(layer);
  } else if (class_name == "TFOpLambda" || class_name == "SlicingOpLambda" || class_name == "TensorFlowOpLayer") {
    const std::string function = TextOf(*layer->config, "function");
    if (ReadOperation(kOperations, function, layer)) return;
    RefuseClass(who,
                "the operation " + (function.empty() ? std::string("that it wraps") : Quote(function)) + " outside of a layer is not supported",
                kOperationHint);
  } else if (class_name == "Lambda") {
    RefuseClass(who, "it holds code of Python, which is not run here",
                "Compute it by layers, such as Rescaling, Reshape, Permute or Dot, or in the table before it is packed.");
  } else if (!IsKerasModule(module) || TextOf(entry, "registered_name").find('>') != std::string::npos) {
    RefuseClass(who, "it is a class of your own, whose code is not in the text",
                "Build the model with layers that are known: " + layers::KnownLayers() + ".");
  } else {
    RefuseClass(who, "the class is unknown", "Known layers are " + layers::KnownLayers() + ", Bidirectional, TimeDistributed and models.");
  }
}

// Arguments that Keras 3 renamed.
void ReadRenamed(KerasLayer* layer) {
  if (layer->definition == nullptr || layer->definition->kind != base::LayerKind::kLeakyReLU) return;
  if (layer->config->Find("negative_slope") == nullptr || layer->config->Find("alpha") != nullptr) return;
  base::Dict config = layer->config->dict();
  for (auto& entry : config) {
    if (entry.first == "negative_slope") entry.first = "alpha";
  }
  layer->rewritten = std::make_shared<const Value>(std::move(config));
  layer->config = layer->rewritten.get();
}

// Keras 3 has another function by a name of Keras 2's. It writes a layer's type as a policy.
void CheckKeras3(const KerasLayer& layer) {
  const Value* type = layer.config->Find("dtype");
  if (type == nullptr || TextOf(*type, "class_name") != "DTypePolicy") return;
  for (const char* argument : {"activation", "recurrent_activation"}) {
    if (TextOf(*layer.config, argument) != "hard_sigmoid") continue;
    Refuse(ErrorCode::kFeatureNotSupported, layer.where().Inside(argument), "is the hard_sigmoid of Keras 3, which is not supported",
           "It is relu6(x + 3) / 6; hard_sigmoid is here what Keras 2 has by this name. Use \"sigmoid\".");
  }
}

void CheckKeys(const Value& entry, const Where& where) {
  static const std::vector<std::string> known = {"class_name", "config", "name", "inbound_nodes", "module", "registered_name",
                                                 "build_config", "compile_config", "shared_object_id", "keras_version", "backend"};
  for (const auto& item : entry.dict()) {
    if (std::find(known.begin(), known.end(), item.first) == known.end()) {
      Refuse(ErrorCode::kInvalidParameter, where, "the entry " + Quote(item.first) + " beside \"config\" is unknown");
    }
  }
}

// The text's own name of a layer, or "".
std::string StatedName(const Value& entry, const Value& config, const std::string& number) {
  for (const Value* holder : {&config, &entry}) {
    const Value* name = holder->Find("name");
    if (name == nullptr || name->is_null()) continue;
    if (!name->is_string()) throw base::Error(ErrorCode::kInvalidParameter, number + ": argument \"name\" must be a string" + Got(*name));
    return name->string();
  }
  return {};
}

// number: how messages call an entry without a name.
KerasLayer ReadEntry(const Value& entry, const std::string& number, bool frozen) {
  const Value* class_name = entry.Find("class_name");
  const Value* config = entry.Find("config");
  if (class_name == nullptr || !class_name->is_string()) throw base::Error(ErrorCode::kInvalidParameter, number + " has no class_name");
  if (config == nullptr || (!config->is_dict() && !config->is_list())) {
    throw base::Error(ErrorCode::kInvalidParameter, number + " has no config");
  }
  KerasLayer layer;
  layer.name = StatedName(entry, *config, number);
  layer.config = config;
  if (IsOfKeras1(class_name->string(), *config)) {
    RefuseClass(Who(class_name->string(), layer.name), "it is written as Keras 1 wrote layers",
                "Load the model in Keras 2, and take what its model.to_json() gives.");
  }
  ReadClass(entry, class_name->string(), &layer);
  const bool dictionary = config->is_dict() || layer.form == KerasLayer::Form::kModel;
  if (!dictionary) throw base::Error(ErrorCode::kInvalidParameter, number + ": config must be a dictionary" + Got(*config));
  layer.inbound_nodes = entry.Find("inbound_nodes");
  if (layer.inbound_nodes != nullptr && layer.inbound_nodes->is_null()) layer.inbound_nodes = nullptr;
  CheckKeys(entry, layer.where());
  CheckKeras3(layer);
  ReadRenamed(&layer);
  const Value* trainable = config->Find("trainable");
  if (trainable != nullptr && !trainable->is_null()) {
    if (!trainable->is_bool()) {
      Refuse(ErrorCode::kInvalidParameter, layer.where().Inside("trainable"), "must be true or false" + Got(*trainable));
    }
    layer.trainable = trainable->boolean();
  }
  layer.trainable = layer.trainable && !frozen;
  return layer;
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

// Sizes that are positive integers, or null.
Value OpenSizes(const Value& list, const Where& where) {
  Value filled = list;
  for (size_t i = 0; filled.is_list() && i < filled.list().size(); ++i) {
    if (filled.list()[i].is_null()) filled.list()[i] = Value(1);
  }
  const Value read = layers::ReadArgument({"", layers::ArgumentType::kInputShape}, filled, {}, where);
  List sizes = read.list();
  for (size_t i = 0; i < sizes.size(); ++i) {
    if (list.list()[i].is_null()) sizes[i] = Value();
  }
  return Value(std::move(sizes));
}

// The shape of the columns that feed input number `position`.
base::Shape ColumnsShape(const InputShapes& shapes, size_t position, size_t inputs, const Where& where) {
  const std::vector<base::Shape>& columns = *shapes.columns;
  if (columns.size() == inputs) return columns[position].empty() ? base::Shape{1} : columns[position];
  int64_t elements = 0;
  bool flat = inputs == 1;
  for (const base::Shape& column : columns) {
    flat = flat && column.size() <= 1;
    elements += base::ElementCount(column);
  }
  if (flat) return {elements};
  Refuse(ErrorCode::kInvalidParameter, where,
         "leaves its shape to the packed table, which has " + std::to_string(columns.size()) + " independent columns for " +
             std::to_string(inputs) + (inputs == 1 ? " input" : " inputs"),
         "Give the model input shapes whose dimensions are all numbers, or pack a column for each input.");
}

}  // namespace

void RewriteOperand(double operand, KerasLayer* layer) {
  double scale = 1, offset = 0;
  switch (layer->sign) {
    case '+': offset = operand; break;
    case '-': offset = -operand; break;
    case '*': scale = operand; break;
    case '/': scale = 1 / operand; break;
    default: break;
  }
  const bool known = layer->sign != 0 && layers::FindLayer(std::string("Rescaling")) != nullptr;
  if (!known) Refuse(ErrorCode::kFeatureNotSupported, layer->where(), "has a number as its second operand, which is not supported");
  Rewrite("Rescaling", {{"scale", Value(scale)}, {"offset", Value(offset)}}, layer);
}

const Value& LayerList(const Value& config) {
  if (config.is_list()) return config;
  const Value* list = config.Find("layers");
  if (list == nullptr) throw base::Error(ErrorCode::kInvalidParameter, "the model's config has no \"layers\"");
  return *list;
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
    layers.push_back(ReadEntry(entry, "layer number " + std::to_string(++position), frozen));
    names.insert(layers.back().name);
  }
  for (KerasLayer& layer : layers) {
    if (!layer.name.empty()) continue;
    const std::string stem = SnakeCase(layer.class_name);
    layer.name = stem;
    for (int i = 1; !names.insert(layer.name).second; ++i) layer.name = stem + "_" + std::to_string(i);
  }
  return layers;
}

KerasLayer ReadWrapped(const KerasLayer& wrapper, const char* key) {
  const Value* entry = wrapper.config->Find(key);
  if (entry == nullptr || !entry->is_dict()) {
    Refuse(ErrorCode::kInvalidParameter, wrapper.where().Inside(key), entry == nullptr ? "is missing" : "must be a layer" + Got(*entry));
  }
  KerasLayer layer = ReadEntry(*entry, "layer " + Quote(wrapper.name) + ": its \"" + key + "\"", !wrapper.trainable);
  layer.name = wrapper.name;
  return layer;
}

Value StatedInputShape(const KerasLayer& layer, std::string* argument) {
  const Value& config = *layer.config;
  const Value* length = config.Find("input_length");
  const bool has_length = length != nullptr && length->is_number();
  for (const char* name : {"batch_input_shape", "batch_shape", "input_shape"}) {
    const Value* stated = config.Find(name);
    if (stated == nullptr || stated->is_null()) continue;
    *argument = name;
    const Where where = layer.where().Inside(name);
    Value shape = *stated;
    if (std::string(name) != "input_shape") shape = WithoutBatch(*stated, where);
    // Keras knows the length of a sequence by this argument alone
    const bool open = shape.is_list() && !shape.list().empty() && shape.list()[0].is_null();
    if (has_length && open) shape.list()[0] = *length;
    return OpenSizes(shape, where);
  }
  // its input_dim is a number of words
  if (layer.definition != nullptr && layers::HasArgument(*layer.definition, "input_length")) {
    *argument = "input_length";
    return has_length ? OpenSizes(Value(List{*length}), layer.where().Inside("input_length")) : Value();
  }
  const Value* features = config.Find("input_dim");
  if (features == nullptr || features->is_null()) return Value();
  *argument = "input_dim";
  List shape;
  if (has_length) shape.push_back(*length);
  shape.push_back(*features);
  return OpenSizes(Value(std::move(shape)), layer.where().Inside("input_dim"));
}

bool IsOpen(const Value& stated) {
  if (stated.is_null()) return true;
  return std::any_of(stated.list().begin(), stated.list().end(), [](const Value& size) { return size.is_null(); });
}

Value InputShape(const Value& stated, const InputShapes& shapes, size_t position, size_t inputs, const Where& where,
                 const std::string& missing, const std::string& hint) {
  if (!IsOpen(stated)) return stated;
  if (shapes.checked_only) return Value(List{});
  if (shapes.columns == nullptr) {
    if (stated.is_null()) Refuse(ErrorCode::kInvalidParameter, where, missing, hint);
    size_t open = 0;
    while (!stated.list()[open].is_null()) ++open;
    Refuse(ErrorCode::kInvalidParameter, where, "leaves the size of dimension " + std::to_string(open + 1) + " open" + Got(stated),
           "Give the model an input_shape whose dimensions are all numbers: the rows of a packed table have one size.");
  }
  base::Shape column = ColumnsShape(shapes, position, inputs, where);
  List shape;
  if (stated.is_null()) {
    shape.assign(column.begin(), column.end());
    return Value(std::move(shape));
  }
  const base::Shape given = column;
  while (column.size() < stated.list().size()) column.push_back(1);
  bool fits = column.size() == stated.list().size();
  for (size_t i = 0; fits && i < column.size(); ++i) {
    const Value& size = stated.list()[i];
    fits = size.is_null() || size.integer() == column[i];
    shape.emplace_back(column[i]);
  }
  if (fits) return Value(std::move(shape));
  Refuse(ErrorCode::kInvalidParameter, where, "does not fit the packed table's column of shape " + base::FormatShape(given) + Got(stated),
         "Pack the column in the shape that the model expects, or change the model.");
}

Value InputConfig(const KerasLayer& layer, Value shape) {
  base::Dict config = layer.config->dict();
  const auto is_shape = [](const auto& entry) { return entry.first == "shape"; };
  config.erase(std::remove_if(config.begin(), config.end(), is_shape), config.end());
  config.emplace_back("shape", std::move(shape));
  return Value(std::move(config));
}

}  // namespace wire
