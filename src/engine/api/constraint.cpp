#include "engine/api/constraint.hpp"

#include "base/error.hpp"

namespace engine {

namespace {

const base::Value* Find(const base::Value& value, const char* key) {
  const base::Value* config = value.Find("config");
  const base::Value* found = config == nullptr ? nullptr : config->Find(key);
  return found == nullptr || found->is_null() ? nullptr : found;
}

double Number(const base::Value& value, const char* key, double otherwise) {
  const base::Value* found = Find(value, key);
  return found == nullptr ? otherwise : found->number();
}

std::string ClassName(const base::Value& value) {
  const base::Value* name = value.Find("class_name");
  return name != nullptr && name->is_string() ? name->string() : std::string("null");
}

[[noreturn]] void Unknown(const char* what, const std::string& name, const std::string& where) {
  throw base::Error(base::ErrorCode::kFeatureNotSupported,
                    std::string(what) + " \"" + name + "\" of weight \"" + where + "\" is not supported");
}

}  // namespace

Regularizer ReadRegularizer(const base::WeightSpec& weight, const std::string& where) {
  const base::Value& value = weight.regularizer;
  if (value.is_null()) return {};
  const std::string name = ClassName(value);
  Regularizer regularizer;
  if (name == "L1L2") {
    regularizer.l1 = Number(value, "l1", 0);
    regularizer.l2 = Number(value, "l2", 0);
    return regularizer;
  }
  if (name == "OrthogonalRegularizer" && weight.shape.size() == 2) {
    regularizer.orthogonal = Number(value, "factor", 0.01);
    const base::Value* mode = Find(value, "mode");
    regularizer.vectors = {weight.shape[0], weight.shape[1], mode != nullptr && mode->string() == "columns"};
    return regularizer;
  }
  Unknown("regularizer", name, where);
}

Constraint ReadConstraint(const base::Value& value, const std::string& where) {
  Constraint constraint;
  if (value.is_null()) return constraint;
  const std::string name = ClassName(value);
  if (name == "MaxNorm") {
    constraint.kind = Constraint::Kind::kMaxNorm;
    constraint.high = Number(value, "max_value", 2);
  } else if (name == "MinMaxNorm") {
    constraint.kind = Constraint::Kind::kMinMaxNorm;
    constraint.low = Number(value, "min_value", 0);
    constraint.high = Number(value, "max_value", 1);
    constraint.rate = Number(value, "rate", 1);
  } else if (name == "UnitNorm") {
    constraint.kind = Constraint::Kind::kUnitNorm;
  } else if (name == "NonNeg") {
    constraint.kind = Constraint::Kind::kNonNeg;
  } else {
    Unknown("constraint", name, where);
  }
  if (const base::Value* axis = Find(value, "axis")) {
    constraint.axis.clear();
    if (axis->is_list()) {
      for (const base::Value& a : axis->list()) constraint.axis.push_back(a.integer());
    } else {
      constraint.axis.push_back(axis->integer());
    }
  }
  return constraint;
}

}  // namespace engine
