#include "layers/objects.hpp"

#include <algorithm>
#include <string>
#include <vector>

#include "layers/argument.hpp"

namespace layers {
namespace {

using base::Dict;
using base::ErrorCode;
using base::List;
using base::Value;

// Names of one object; the first is the one that it gets.
struct ObjectRow {
  std::vector<const char*> names;
  std::vector<Argument> arguments;
};

// A name, or {"class_name", "config"} and what later Kerases add to it.
struct ObjectText {
  std::string name;
  Value config;  // null when only a name was written
};

ObjectText ReadObject(const Value& value, const char* what, const Where& where) {
  if (value.is_string()) return {value.string(), Value()};
  const Value* name = value.Find("class_name");
  if (name == nullptr || !name->is_string()) {
    Refuse(ErrorCode::kInvalidParameter, where,
           std::string("must be the name of ") + what + " or {\"class_name\": .., \"config\": {..}}" + Got(value));
  }
  ObjectText object{name->string(), Value()};
  for (const auto& entry : value.dict()) {
    if (entry.first == "config") {
      object.config = entry.second;
    } else if (entry.first != "class_name" && entry.first != "module" && entry.first != "registered_name" &&
               entry.first != "shared_object_id" && entry.first != "build_config") {
      Refuse(ErrorCode::kInvalidParameter, where.Inside(entry.first), "is unknown");
    }
  }
  return object;
}

std::string KnownNames(const std::vector<ObjectRow>& table) {
  std::string known;
  for (const ObjectRow& row : table) known += (known.empty() ? "" : ", ") + std::string(row.names[0]);
  return known;
}

const ObjectRow& FindRow(const std::vector<ObjectRow>& table, const ObjectText& object, const char* what, const Where& where) {
  std::string name = object.name;
  // TensorFlow 1.14 to 2.3 tell the generations of a class by a suffix
  const std::string suffix = name.size() > 2 ? name.substr(name.size() - 2) : "";
  if (suffix == "V1" || suffix == "V2") name.resize(name.size() - 2);
  for (const ObjectRow& row : table) {
    if (std::any_of(row.names.begin(), row.names.end(), [&](const char* known) { return name == known; })) return row;
  }
  Refuse(ErrorCode::kFeatureNotSupported, where, std::string("names the unknown ") + what + " " + Quote(object.name),
         "Known are " + KnownNames(table) + ".");
}

const std::vector<ObjectRow>& Initializers() {
  using T = ArgumentType;
  static const Argument kSeedArgument{"seed", T::kSeed, "None"};
  // newer versions of Keras 3 write these; null is what others have
  static const Argument kNoInputAxes{"input_axes", T::kAbsent}, kNoOutputAxes{"output_axes", T::kAbsent};
  static const std::vector<ObjectRow> table = {
      {{"Zeros", "zeros", "zero"}, {}},
      {{"Ones", "ones", "one"}, {}},
      {{"Constant", "constant"}, {{"value", T::kNumber, "0.0"}}},
      {{"RandomNormal", "random_normal", "normal"}, {{"mean", T::kNumber, "0.0"}, {"stddev", T::kNonNegative, "0.05"}, kSeedArgument}},
      {{"RandomUniform", "random_uniform", "uniform"}, {{"minval", T::kNumber, "-0.05"}, {"maxval", T::kNumber, "0.05"}, kSeedArgument}},
      {{"TruncatedNormal", "truncated_normal"}, {{"mean", T::kNumber, "0.0"}, {"stddev", T::kNonNegative, "0.05"}, kSeedArgument}},
      {{"VarianceScaling", "variance_scaling"},
       {{"scale", T::kNonNegative, "1.0"}, {"mode", T::kChoice, "'fan_in'", "fan_in fan_out fan_avg"},
        {"distribution", T::kChoice, "'truncated_normal'", "truncated_normal untruncated_normal uniform normal"}, kSeedArgument, kNoInputAxes, kNoOutputAxes}},
      {{"Orthogonal", "orthogonal", "OrthogonalInitializer"}, {{"gain", T::kNumber, "1.0"}, kSeedArgument}},
      {{"Identity", "identity", "IdentityInitializer"}, {{"gain", T::kNumber, "1.0"}}},
      {{"GlorotUniform", "glorot_uniform"}, {kSeedArgument, kNoInputAxes, kNoOutputAxes}},
      {{"GlorotNormal", "glorot_normal"}, {kSeedArgument, kNoInputAxes, kNoOutputAxes}},
      {{"HeUniform", "he_uniform"}, {kSeedArgument, kNoInputAxes, kNoOutputAxes}},
      {{"HeNormal", "he_normal"}, {kSeedArgument, kNoInputAxes, kNoOutputAxes}},
      {{"LecunUniform", "lecun_uniform"}, {kSeedArgument, kNoInputAxes, kNoOutputAxes}},
      {{"LecunNormal", "lecun_normal"}, {kSeedArgument, kNoInputAxes, kNoOutputAxes}},
  };
  return table;
}

struct VarianceFamily {
  const char* name;
  double scale;
  const char* mode;
  const char* distribution;
};

// Glorot & Bengio (2010), He et al. (2015), LeCun et al. (1998), as tf.keras has them.
constexpr VarianceFamily kVarianceFamily[] = {
    {"GlorotUniform", 1.0, "fan_avg", "uniform"}, {"GlorotNormal", 1.0, "fan_avg", "truncated_normal"},
    {"HeUniform", 2.0, "fan_in", "uniform"},      {"HeNormal", 2.0, "fan_in", "truncated_normal"},
    {"LecunUniform", 1.0, "fan_in", "uniform"},   {"LecunNormal", 1.0, "fan_in", "truncated_normal"},
};

const std::vector<ObjectRow>& Regularizers() {
  using T = ArgumentType;
  static const std::vector<ObjectRow> table = {
      {{"L1L2", "l1_l2"}, {{"l1", T::kNonNegativeOrNull, "0.0"}, {"l2", T::kNonNegativeOrNull, "0.0"}}},
      {{"L1", "l1"}, {{"l1", T::kNonNegativeOrNull, "0.01"}}},
      {{"L2", "l2"}, {{"l2", T::kNonNegativeOrNull, "0.01"}}},
      {{"OrthogonalRegularizer", "orthogonal_regularizer"},
       {{"factor", T::kNonNegative, "0.01"}, {"mode", T::kChoice, "'rows'", "rows columns"}}},
  };
  return table;
}

const std::vector<ObjectRow>& Constraints() {
  using T = ArgumentType;
  static const Argument kAxisArgument{"axis", T::kWeightAxes, "0"};
  static const std::vector<ObjectRow> table = {
      {{"MaxNorm", "max_norm", "maxnorm"}, {{"max_value", T::kNonNegative, "2.0"}, kAxisArgument}},
      {{"NonNeg", "non_neg", "nonneg"}, {}},
      {{"UnitNorm", "unit_norm", "unitnorm"}, {kAxisArgument}},
      {{"MinMaxNorm", "min_max_norm"},
       {{"min_value", T::kNonNegative, "0.0"}, {"max_value", T::kNonNegative, "1.0"}, {"rate", T::kFraction, "1.0"}, kAxisArgument}},
  };
  return table;
}

Value MakeObject(const char* class_name, Dict config) {
  return Value(Dict{{"class_name", Value(class_name)}, {"config", Value(std::move(config))}});
}

double NumberOr0(const Value& config, const char* key) {
  const Value* value = config.Find(key);
  return value == nullptr || value->is_null() ? 0.0 : value->number();
}

const char* const kActivations[] = {"linear",   "relu", "relu6", "sigmoid", "hard_sigmoid", "tanh",        "softmax", "log_softmax",
                                    "softplus", "softsign", "elu", "selu", "swish",    "gelu",         "exponential", "mish"};

Value NamedActivation(const std::string& name, const Where& where) {
  if (name == "silu") return Value("swish");
  std::string known;
  for (const char* activation : kActivations) {
    if (name == activation) return Value(name);
    known += (known.empty() ? "" : ", ") + std::string(activation);
  }
  Refuse(ErrorCode::kFeatureNotSupported, where, "names the unknown activation " + Quote(name), "Known are " + known + ".");
}

// A layer as activation: only where it does what a name does.
Value LayerActivation(const ObjectText& object, const Where& where) {
  if (object.name == "function" && object.config.is_string()) return NamedActivation(object.config.string(), where);
  const auto number = [&](const char* key, double otherwise) {
    const Value* value = object.config.Find(key);
    return value == nullptr || value->is_null() ? otherwise : value->is_number() ? value->number() : -1e9;
  };
  if (object.name == "Activation") {
    const Value* inner = object.config.Find("activation");
    if (inner != nullptr && inner->is_string()) return NamedActivation(inner->string(), where);
  }
  if (object.name == "ReLU" && number("negative_slope", 0) == 0 && number("threshold", 0) == 0) {
    const double limit = number("max_value", 0);
    const bool has_limit = object.config.Find("max_value") != nullptr && !object.config.Find("max_value")->is_null();
    if (!has_limit) return Value("relu");
    if (limit == 6) return Value("relu6");
  }
  if (object.name == "Softmax" && number("axis", -1) == -1) return Value("softmax");
  if (object.name == "ELU" && number("alpha", 1) == 1) return Value("elu");
  Refuse(ErrorCode::kFeatureNotSupported, where, "names the layer " + Quote(object.name) + " as activation, which is not supported",
         "Give a linear activation and add the layer " + Quote(object.name) + " behind this one.");
}

}  // namespace

Value ReadActivation(const Value& value, const Where& where) {
  if (value.is_null()) return Value("linear");
  if (value.is_string()) return NamedActivation(value.string(), where);
  return LayerActivation(ReadObject(value, "an activation", where), where);
}

Value ReadInitializer(const Value& value, const Where& where) {
  const ObjectText object = ReadObject(value, "an initializer", where);
  const ObjectRow& row = FindRow(Initializers(), object, "initializer", where);
  Dict config = ReadArguments(row.arguments, {"dtype"}, object.config, where);
  const std::string name = row.names[0];
  for (const VarianceFamily& member : kVarianceFamily) {
    if (name != member.name) continue;
    return MakeObject("VarianceScaling", {{"scale", Value(member.scale)}, {"mode", Value(member.mode)},
                                          {"distribution", Value(member.distribution)}, {"seed", config.at(0).second}});
  }
  if (name == "VarianceScaling") {
    Value& distribution = config.at(2).second;
    if (distribution.string() == "normal") distribution = Value("truncated_normal");
    const Value& scale = config.at(0).second;
    if (scale.number() <= 0) Refuse(ErrorCode::kInvalidParameter, where.Inside("scale"), "must be greater than 0" + Got(scale));
  }
  if (name == "RandomUniform" && config.at(0).second.number() > config.at(1).second.number()) {
    Refuse(ErrorCode::kInvalidParameter, where.Inside("minval"), "must not be greater than maxval" + Got(Value(config)));
  }
  return MakeObject(row.names[0], std::move(config));
}

Value ReadRegularizer(const Value& value, const Where& where) {
  if (value.is_null()) return value;
  const ObjectText object = ReadObject(value, "a regularizer", where);
  const ObjectRow& row = FindRow(Regularizers(), object, "regularizer", where);
  Value config(ReadArguments(row.arguments, {}, object.config, where));
  if (std::string(row.names[0]) == "OrthogonalRegularizer") {
    return NumberOr0(config, "factor") == 0 ? Value() : MakeObject(row.names[0], config.dict());
  }
  // the bare name l1_l2 stands for Keras's defaults of that function
  const bool bare = object.config.is_null() && std::string(row.names[0]) == "L1L2";
  const double l1 = bare ? 0.01 : NumberOr0(config, "l1"), l2 = bare ? 0.01 : NumberOr0(config, "l2");
  if (l1 == 0 && l2 == 0) return Value();
  return MakeObject("L1L2", {{"l1", Value(l1)}, {"l2", Value(l2)}});
}

Value ReadConstraint(const Value& value, const Where& where) {
  if (value.is_null()) return value;
  const ObjectText object = ReadObject(value, "a constraint", where);
  const ObjectRow& row = FindRow(Constraints(), object, "constraint", where);
  return MakeObject(row.names[0], ReadArguments(row.arguments, {}, object.config, where));
}

}  // namespace layers
