#include "engine/api/layer_arguments.hpp"

#include "base/error.hpp"

namespace engine {

namespace {

struct Name {
  const char* name;
  Activation activation;
};

constexpr Name kNames[] = {
    {"linear", Activation::kLinear}, {"relu", Activation::kReLU}, {"relu6", Activation::kReLU6},
    {"sigmoid", Activation::kSigmoid}, {"tanh", Activation::kTanh}, {"softmax", Activation::kSoftmax},
    {"log_softmax", Activation::kLogSoftmax}, {"softplus", Activation::kSoftplus}, {"softsign", Activation::kSoftsign},
    {"elu", Activation::kELU}, {"selu", Activation::kSELU}, {"exponential", Activation::kExponential},
    {"gelu", Activation::kGELU}, {"swish", Activation::kSwish}, {"silu", Activation::kSwish},
    {"hard_sigmoid", Activation::kHardSigmoid}, {"mish", Activation::kMish},
};

[[noreturn]] void ThrowAttribute(const base::Layer& layer, const char* name, const char* problem) {
  throw base::Error(base::ErrorCode::kInternal, "layer \"" + layer.name + "\": argument \"" + name + "\" " + problem);
}

}  // namespace

const base::Value& Attribute(const base::Layer& layer, const char* name) {
  const base::Value* value = layer.attributes.Find(name);
  if (value == nullptr) ThrowAttribute(layer, name, "is missing");
  return *value;
}

bool BoolAttribute(const base::Layer& layer, const char* name) {
  const base::Value& value = Attribute(layer, name);
  if (!value.is_bool()) ThrowAttribute(layer, name, "is no boolean");
  return value.boolean();
}

double NumberAttribute(const base::Layer& layer, const char* name) {
  const base::Value& value = Attribute(layer, name);
  if (!value.is_number()) ThrowAttribute(layer, name, "is no number");
  return value.number();
}

int64_t IntAttribute(const base::Layer& layer, const char* name) {
  const base::Value& value = Attribute(layer, name);
  if (!value.is_number()) ThrowAttribute(layer, name, "is no integer");
  return value.integer();
}

const std::string& TextAttribute(const base::Layer& layer, const char* name) {
  const base::Value& value = Attribute(layer, name);
  if (!value.is_string()) ThrowAttribute(layer, name, "is no text");
  return value.string();
}

std::pair<int64_t, int64_t> PairAttribute(const base::Layer& layer, const char* name) {
  const base::Value& value = Attribute(layer, name);
  if (!value.is_list() || value.list().size() != 2) ThrowAttribute(layer, name, "is no pair");
  return {value.list()[0].integer(), value.list()[1].integer()};
}

bool FindNumber(const base::Layer& layer, const char* name, double* value) {
  const base::Value* found = layer.attributes.Find(name);
  if (found == nullptr || found->is_null()) return false;
  *value = NumberAttribute(layer, name);
  return true;
}

void ThrowUnsupported(const base::Layer& layer, const char* argument, const std::string& value) {
  throw base::Error(base::ErrorCode::kFeatureNotSupported,
                    "layer \"" + layer.name + "\": " + argument + " = " + value + " is not supported");
}

Activation ActivationAttribute(const base::Layer& layer, const char* name) {
  const base::Value& value = Attribute(layer, name);
  if (value.is_null()) return Activation::kLinear;
  const std::string& text = TextAttribute(layer, name);
  for (const Name& known : kNames) {
    if (text == known.name) return known.activation;
  }
  ThrowUnsupported(layer, name, "\"" + text + "\"");
}

void CheckIndexes(const std::string& layer, int64_t smallest, int64_t largest, int64_t count) {
  if (smallest >= 0 && largest < count) return;
  throw base::Error(base::ErrorCode::kInvalidData,
                    "index " + std::to_string(smallest < 0 ? smallest : largest) + " is outside the table of layer \"" + layer + "\"",
                    "The layer has input_dim = " + std::to_string(count) + ": indexes 0 to " + std::to_string(count - 1) + ".",
                    "Set input_dim to the largest index plus one.");
}

}  // namespace engine
