#include "wire/formats/keras_call.hpp"

#include <algorithm>
#include <map>

#include "layers/argument.hpp"

namespace wire {
namespace {

using base::ErrorCode;
using base::LayerKind;
using base::Value;
using layers::AsInteger;
using layers::Got;
using layers::Quote;
using layers::Refuse;
using layers::Where;

bool IsReference(const Value& value) { return value.is_list() && value.list().size() >= 3 && value.list()[0].is_string(); }

Reference ReadReference(const Value& value, const Where& where) {
  Reference reference;
  const bool shaped = IsReference(value) && value.list().size() <= 4 && AsInteger(value.list()[1], &reference.node) &&
                      AsInteger(value.list()[2], &reference.tensor);
  if (!shaped) Refuse(ErrorCode::kInvalidParameter, where, "an input must be [layer, node index, tensor index]" + Got(value));
  reference.layer = value.list()[0].string();
  if (reference.node < 0 || reference.layer == "_CONSTANT_VALUE") {
    Refuse(ErrorCode::kFeatureNotSupported, where, "an input is a constant, which is not supported" + Got(value));
  }
  if (reference.tensor < 0) Refuse(ErrorCode::kInvalidParameter, where, "an input must be [layer, node index, tensor index]" + Got(value));
  return reference;
}

const Value* History(const Value& value) {
  const Value* config = value.Find("config");
  return config == nullptr ? nullptr : config->Find("keras_history");
}

// All tensors in a nest of lists, in order: Keras 2's tuples or Keras 3's dictionaries.
void ReadTensors(const Value& value, const Where& where, std::vector<Reference>* out) {
  if (IsReference(value)) {
    out->push_back(ReadReference(value, where));
  } else if (value.is_list()) {
    for (const Value& entry : value.list()) ReadTensors(entry, where, out);
  } else if (const Value* history = History(value)) {
    out->push_back(ReadReference(*history, where));
  } else {
    Refuse(ErrorCode::kFeatureNotSupported, where, "an argument of a call is no tensor" + Got(value));
  }
}

bool IsAbsent(const Value& value) {
  return value.is_null() || (value.is_dict() && value.dict().empty()) || (value.is_bool() && !value.boolean());
}

bool IsRecurrent(const KerasLayer& layer) {
  if (layer.form == KerasLayer::Form::kBidirectional) return true;
  if (layer.definition == nullptr) return false;
  const LayerKind kind = layer.definition->kind;
  return kind == LayerKind::kLSTM || kind == LayerKind::kGRU || kind == LayerKind::kSimpleRNN;
}

bool IsAttention(const KerasLayer& layer) {
  if (layer.definition == nullptr) return false;
  const LayerKind kind = layer.definition->kind;
  return kind == LayerKind::kMultiHeadAttention || kind == LayerKind::kAttention || kind == LayerKind::kAdditiveAttention;
}

// Keras 3 writes the default of `training` in the calls of many layers, and trains as it is told all the same. Only where there is no
// such default a user wrote it.
bool MeansInference(const KerasLayer& layer, bool keras_3) {
  return !keras_3 || layer.form == KerasLayer::Form::kModel ||
         (layer.definition != nullptr && layer.definition->kind == LayerKind::kBatchNormalization);
}

constexpr size_t kMostArguments = 16;  // of one call, that differ

class ArgumentReader {
 public:
  ArgumentReader(const KerasLayer& layer, bool keras_3, KerasCall* call) : layer_(layer), where_(layer.where()), keras_3_(keras_3), call_(call) {}

  void Read(const Value& arguments) {
    if (arguments.is_null()) return;
    if (!arguments.is_dict()) Refuse(ErrorCode::kInvalidParameter, where_, "the arguments of a call must be a dictionary" + Got(arguments));
    for (const char* tensor : {"value", "key"}) {  // Keras's order
      const Value* given = arguments.Find(tensor);
      const bool is_tensor = given != nullptr && !IsAbsent(*given) && layer_.definition != nullptr &&
                             layer_.definition->kind == LayerKind::kMultiHeadAttention;
      if (is_tensor) ReadTensors(*given, where_.Inside(tensor), &call_->inputs);
    }
    for (const auto& [name, value] : arguments.dict()) ReadOne(name, value);
  }

 private:
  void ReadOne(const std::string& name, const Value& value) {
    const bool heads = layer_.definition != nullptr && layer_.definition->kind == LayerKind::kMultiHeadAttention;
    if (name == "training" && value.is_bool() && !value.boolean()) {
      call_->inference = call_->inference || MeansInference(layer_, keras_3_);
    } else if (IsAbsent(value) || (heads && (name == "value" || name == "key"))) {
      return;
    } else if (name == "initial_state" && IsRecurrent(layer_)) {
      ReadTensors(value, where_.Inside(name), &call_->inputs);
    } else if (name == "use_causal_mask" && IsAttention(layer_) && value.is_bool()) {
      call_->causal = true;
    } else if (name == "y" && layer_.operation && value.is_number()) {
      call_->operand = value.number();
    } else if (name == "y" && layer_.operation) {
      ReadTensors(value, where_.Inside(name), &call_->inputs);
    } else if (name == "name" && layer_.operation) {
      return;
    } else {
      Refuse(ErrorCode::kFeatureNotSupported, where_.Inside(name), "of a call is not supported" + Got(value));
    }
  }

  const KerasLayer& layer_;
  Where where_;
  bool keras_3_;
  KerasCall* call_;
};

}  // namespace

KerasCall ReadCall(const Value& call, const KerasLayer& layer) {
  const Where where = layer.where();
  KerasCall read;
  if (const Value* positional = call.Find("args")) {
    const base::List& given = positional->is_list() ? positional->list() : base::List{*positional};
    const bool with_number = layer.operation && given.size() == 2 && given[1].is_number();
    ReadTensors(with_number ? given[0] : *positional, where, &read.inputs);
    if (with_number) read.operand = given[1].number();
    const Value* named = call.Find("kwargs");
    if (named != nullptr) ArgumentReader(layer, true, &read).Read(*named);
    return read;
  }
  base::List alone;
  if (IsReference(call)) alone.push_back(call);
  const base::List& tuples = alone.empty() && call.is_list() ? call.list() : alone;
  if (tuples.empty()) Refuse(ErrorCode::kInvalidParameter, where, "an entry of \"inbound_nodes\" must be a list of inputs" + Got(call));
  for (const Value& tuple : tuples) read.inputs.push_back(ReadReference(tuple, where));
  // TensorFlow writes the arguments of a call beside each of its inputs
  std::vector<const Value*> seen;
  for (const Value& tuple : tuples) {
    if (tuple.list().size() < 4) continue;
    const Value& arguments = tuple.list()[3];
    if (std::any_of(seen.begin(), seen.end(), [&](const Value* other) { return *other == arguments; })) continue;
    if (seen.size() == kMostArguments) Refuse(ErrorCode::kLimitExceeded, where, "an entry of \"inbound_nodes\" has more than 16 different arguments");
    seen.push_back(&arguments);
    ArgumentReader(layer, false, &read).Read(arguments);
  }
  return read;
}

Ends ReadEnds(const Value& config, const char* what) {
  const Where where{what, "", ""};
  const Value* given = config.Find(what);
  if (given == nullptr) throw base::Error(ErrorCode::kInvalidParameter, std::string("the model's config has no \"") + what + "\"");
  Ends ends;
  const auto add = [&](const Value& value, const std::string* name) {
    ends.references.push_back(ReadReference(value, where));
    ends.names.push_back(name == nullptr ? ends.references.back().layer : *name);
  };
  if (IsReference(*given)) {
    add(*given, nullptr);
  } else if (given->is_dict()) {
    std::map<std::string, const Value*> sorted;
    for (const auto& entry : given->dict()) sorted[entry.first] = &entry.second;
    for (const auto& [name, value] : sorted) add(*value, &name);
  } else if (given->is_list()) {
    for (const Value& entry : given->list()) add(entry, nullptr);
  } else {
    throw base::Error(ErrorCode::kInvalidParameter, std::string("\"") + what + "\" must be a list" + Got(*given));
  }
  return ends;
}

}  // namespace wire
