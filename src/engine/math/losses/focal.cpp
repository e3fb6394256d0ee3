// Focal cross-entropies (Lin et al., 2017) of logits: a row counts the less the better it is predicted.
#include "engine/math/losses/focal_formula.hpp"
#include "engine/math/losses/kernel.hpp"
#include "engine/math/simd/clones.hpp"

namespace engine::math {

namespace {

using focal::Binary;
using focal::Categorical;

template <typename T>
FocalNumbers<T> NumbersOf(const base::LossConfig& config) {
  return {static_cast<T>(config.alpha), static_cast<T>(config.gamma), static_cast<T>(config.label_smoothing),
          config.apply_class_balancing};
}

}  // namespace

// One function a kernel and type: clones are made of plain functions, not of templates.
#define CEREBRO_DEFINE_ALL(T)                                                                                                        \
  CEREBRO_CLONES void BinaryFocalLoss(const FocalNumbers<T>& k, const T* y, const T* f, int64_t positions, int64_t classes,          \
                                      T* values, T* losses) {                                                                        \
    Binary(k, y, f, positions, classes, values, losses);                                                                             \
  }                                                                                                                                  \
  CEREBRO_CLONES void CategoricalFocalLoss(const FocalNumbers<T>& k, const T* y, const T* f, int64_t positions, int64_t classes,     \
                                           T* values, T* losses) {                                                                   \
    Categorical(k, y, f, positions, classes, values, losses);                                                                        \
  }

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

template <typename T>
void BinaryFocalCrossentropyKernel(const base::LossConfig& config, const T* y, const int64_t* /*index*/, const T* f, int64_t positions,
                                   int64_t classes, T* values, T* losses) {
  BinaryFocalLoss(NumbersOf<T>(config), y, f, positions, classes, values, losses);
}

template <typename T>
void CategoricalFocalCrossentropyKernel(const base::LossConfig& config, const T* y, const int64_t* /*index*/, const T* f, int64_t positions,
                                        int64_t classes, T* values, T* losses) {
  CategoricalFocalLoss(NumbersOf<T>(config), y, f, positions, classes, values, losses);
}

CEREBRO_LOSS_KERNEL(BinaryFocalCrossentropy)
CEREBRO_LOSS_KERNEL(CategoricalFocalCrossentropy)

}  // namespace engine::math
