// What the values of a dependent column are, for those who choose an output layer (wire/builders.hpp) or a loss
// (plan/default_params.hpp).
#pragma once

namespace base {

enum class TargetContents {
  kClasses,  // a row belongs to one class
  kLabels,   // a row has any number of labels: zeros and ones
  kNumbers,  // quantities
};

}  // namespace base
