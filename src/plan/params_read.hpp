// Readers of the parts of compile_params. Inside of src/plan only.
#pragma once

#include <string>
#include <string_view>
#include <utility>

#include "base/config.hpp"
#include "base/error.hpp"
#include "base/value.hpp"

namespace plan {

/// Name(...) of an optimizer, with Keras's arguments (src/plan/params_optimizer.cpp has the table).
base::OptimizerConfig ReadOptimizer(std::string_view text);
/// The optimizer's name as Keras writes it, or empty when it is unknown.
std::string OptimizerName(std::string_view name);

base::LossConfig ReadLoss(std::string_view text);
/// The loss's long name, or empty when it is unknown.
std::string LossName(std::string_view name);

base::MetricConfig ReadMetric(const std::string& text);

/// A parameter of some owner ("optimizer Adam", "fit_params"), checked for type and range. Errors: kInvalidParameter naming both.
class Parameter {
 public:
  Parameter(std::string owner, std::string name, const base::Value& value)
      : owner_(std::move(owner)), name_(std::move(name)), value_(value) {}

  bool Boolean() const;
  /// A finite number in [low, high]; `open_low` leaves out low itself, `open_high` high.
  double Number(double low, double high, bool open_low = false, bool open_high = false) const;
  int64_t Integer(int64_t low, int64_t high) const;
  const std::string& Text() const;
  [[noreturn]] void Refuse(const std::string& expected) const;

 private:
  std::string owner_;
  std::string name_;
  const base::Value& value_;  // outlives this object
};

}  // namespace plan
