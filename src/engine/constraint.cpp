#include "engine/constraint.hpp"

#include "base/error.hpp"

namespace engine {

namespace {

constexpr double kEpsilon = 1e-7;  // Keras's backend.epsilon()

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

double Regularizer::Loss(const at::Tensor& weight) const {
  double loss = 0;
  if (l1 != 0) loss += l1 * at::sum(at::abs(weight)).item<double>();
  if (l2 != 0) loss += l2 * at::sum(weight * weight).item<double>();
  return loss;
}

void Regularizer::AddGradient(const at::Tensor& weight, at::Tensor* gradient) const {
  if (l1 != 0) gradient->add_(at::sign(weight), l1);
  if (l2 != 0) gradient->add_(weight, 2 * l2);
}

Regularizer ReadRegularizer(const base::Value& value, const std::string& where) {
  if (value.is_null()) return {};
  const std::string name = ClassName(value);
  if (name == "L1L2") return {Number(value, "l1", 0), Number(value, "l2", 0)};
  if (name == "L1") return {Number(value, "l1", 0.01), 0};
  if (name == "L2") return {0, Number(value, "l2", 0.01)};
  Unknown("regularizer", name, where);
}

void Constraint::Apply(at::Tensor* weight) const {
  if (kind == Kind::kNone) return;
  if (kind == Kind::kNonNeg) {
    weight->clamp_min_(0);
    return;
  }
  const at::Tensor norms = at::sqrt(at::sum(*weight * *weight, axis, true));
  if (kind == Kind::kUnitNorm) {
    weight->div_(norms + kEpsilon);
    return;
  }
  at::Tensor wanted = kind == Kind::kMaxNorm ? at::clamp(norms, 0.0, high) : at::clamp(norms, low, high) * rate + norms * (1 - rate);
  weight->mul_(wanted / (norms + kEpsilon));
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
