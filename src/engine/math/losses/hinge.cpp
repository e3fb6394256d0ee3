// Losses of margins. A maximum passes a NaN on.
#include "engine/math/losses/elements.hpp"
#include "engine/math/losses/hinge_formula.hpp"
#include "engine/math/losses/kernel.hpp"

namespace engine::math {

namespace {

using hinge::Categorical;
using hinge::Hinge;
using hinge::SquaredHinge;

}  // namespace

CEREBRO_ELEMENT_LOSS(Hinge, Hinge)
CEREBRO_ELEMENT_LOSS(SquaredHinge, SquaredHinge)

#define CEREBRO_DEFINE_ALL(T)                                                                                                   \
  CEREBRO_CLONES void CategoricalHingeLoss(const T* y, const T* f, int64_t positions, int64_t classes, T* values, T* losses) {  \
    Categorical(y, f, positions, classes, values, losses);                                                                      \
  }

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

template <typename T>
void CategoricalHingeKernel(const base::LossConfig&, const T* y, const int64_t* /*index*/, const T* f, int64_t positions, int64_t classes,
                            T* values, T* losses) {
  CategoricalHingeLoss(y, f, positions, classes, values, losses);
}

CEREBRO_LOSS_KERNEL(CategoricalHinge)

}  // namespace engine::math
