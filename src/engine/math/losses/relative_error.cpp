// Losses of regression for counts and quantities of any size.
#include "engine/math/losses/elements.hpp"
#include "engine/math/losses/kernel.hpp"
#include "engine/math/losses/relative_error_formula.hpp"

namespace engine::math {

namespace {

using relative_error::Cosine;
using relative_error::Logarithmic;
using relative_error::LogCosh;
using relative_error::Percentage;
using relative_error::Poisson;

}  // namespace

CEREBRO_ELEMENT_LOSS(LogCosh, LogCosh)
CEREBRO_ELEMENT_LOSS(Poisson, Poisson)
CEREBRO_ELEMENT_LOSS(Percentage, MeanAbsolutePercentageError)
CEREBRO_ELEMENT_LOSS(Logarithmic, MeanSquaredLogarithmicError)

#define CEREBRO_DEFINE_ALL(T)                                                                                         \
  CEREBRO_CLONES void CosineLoss(const T* y, const T* f, int64_t positions, int64_t classes, T* values, T* losses) {  \
    Cosine(y, f, positions, classes, values, losses);                                                                 \
  }

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

template <typename T>
void CosineSimilarityKernel(const base::LossConfig&, const T* y, const int64_t* /*index*/, const T* f, int64_t positions, int64_t classes,
                            T* values, T* losses) {
  CosineLoss(y, f, positions, classes, values, losses);
}

CEREBRO_LOSS_KERNEL(CosineSimilarity)

}  // namespace engine::math
