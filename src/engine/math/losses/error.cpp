// Losses of regression.
#include "engine/math/losses/error_formula.hpp"
#include "engine/math/losses/kernel.hpp"
#include "engine/math/simd/clones.hpp"

namespace engine::math {

namespace {

using error::Squared;
using error::Absolute;
using error::Huber;

}  // namespace

// One function a kernel and type: clones are made of plain functions, not of templates.
#define CEREBRO_DEFINE_ALL(T)                                                                                                \
  CEREBRO_CLONES void SquaredLoss(const T* y, const T* f, int64_t positions, int64_t classes, T* values, T* losses) {        \
    Squared(y, f, positions, classes, values, losses);                                                                       \
  }                                                                                                                          \
  CEREBRO_CLONES void AbsoluteLoss(const T* y, const T* f, int64_t positions, int64_t classes, T* values, T* losses) {       \
    Absolute(y, f, positions, classes, values, losses);                                                                      \
  }                                                                                                                          \
  CEREBRO_CLONES void HuberLoss(T delta, const T* y, const T* f, int64_t positions, int64_t classes, T* values, T* losses) { \
    Huber(delta, y, f, positions, classes, values, losses);                                                                  \
  }

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

template <typename T>
void MeanSquaredErrorKernel(const base::LossConfig&, const T* y, const int64_t* /*index*/, const T* f,
                            int64_t positions, int64_t classes, T* values, T* losses) {
  SquaredLoss(y, f, positions, classes, values, losses);
}

template <typename T>
void MeanAbsoluteErrorKernel(const base::LossConfig&, const T* y, const int64_t* /*index*/, const T* f,
                             int64_t positions, int64_t classes, T* values, T* losses) {
  AbsoluteLoss(y, f, positions, classes, values, losses);
}

template <typename T>
void HuberKernel(const base::LossConfig& config, const T* y, const int64_t* /*index*/, const T* f,
                 int64_t positions, int64_t classes, T* values, T* losses) {
  HuberLoss(static_cast<T>(config.delta), y, f, positions, classes, values, losses);
}

CEREBRO_LOSS_KERNEL(MeanSquaredError)
CEREBRO_LOSS_KERNEL(MeanAbsoluteError)
CEREBRO_LOSS_KERNEL(Huber)

}  // namespace engine::math
