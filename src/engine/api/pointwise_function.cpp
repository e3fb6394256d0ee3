#include "engine/api/pointwise_function.hpp"

#include <limits>

namespace engine {

math::PointwiseFunction PlainFunction(math::Pointwise kind) {
  math::PointwiseFunction function;
  function.kind = kind;
  function.limit = std::numeric_limits<double>::infinity();
  return function;
}

bool FindFunction(Activation activation, math::PointwiseFunction* function) {
  switch (activation) {
    case Activation::kReLU6:
      *function = PlainFunction(math::Pointwise::kReLU6);
      return true;
    case Activation::kSoftplus:
      *function = PlainFunction(math::Pointwise::kSoftplus);
      return true;
    case Activation::kSoftsign:
      *function = PlainFunction(math::Pointwise::kSoftsign);
      return true;
    case Activation::kELU:
      *function = PlainFunction(math::Pointwise::kELU);
      return true;
    case Activation::kSELU:
      *function = PlainFunction(math::Pointwise::kELU);
      function->alpha = kSeluAlpha;
      function->scale = kSeluScale;
      return true;
    case Activation::kExponential:
      *function = PlainFunction(math::Pointwise::kExponential);
      return true;
    case Activation::kGELU:
      *function = PlainFunction(math::Pointwise::kGELU);
      return true;
    case Activation::kSwish:
      *function = PlainFunction(math::Pointwise::kSwish);
      return true;
    case Activation::kHardSigmoid:
      *function = PlainFunction(math::Pointwise::kHardSigmoid);
      return true;
    case Activation::kMish:
      *function = PlainFunction(math::Pointwise::kMish);
      return true;
    default:
      return false;
  }
}

}  // namespace engine
