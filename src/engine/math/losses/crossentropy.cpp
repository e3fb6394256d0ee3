// Cross-entropies of logits.
#include "engine/math/losses/crossentropy_formula.hpp"
#include "engine/math/losses/kernel.hpp"
#include "engine/math/simd/clones.hpp"

namespace engine::math {

namespace {

using crossentropy::Categorical;
using crossentropy::SparseCategorical;
using crossentropy::Binary;

}  // namespace

// One function a kernel and type: clones are made of plain functions, not of templates.
#define CEREBRO_DEFINE_ALL(T)                                                                                                          \
  CEREBRO_CLONES void CategoricalLoss(T smoothing, const T* y, const T* f, int64_t positions, int64_t classes, T* values, T* losses) { \
    Categorical(smoothing, y, f, positions, classes, values, losses);                                                                  \
  }                                                                                                                                    \
  CEREBRO_CLONES void SparseCategoricalLoss(const int64_t* y, const T* f, int64_t positions, int64_t classes, T* values, T* losses) {  \
    SparseCategorical(y, f, positions, classes, values, losses);                                                                       \
  }                                                                                                                                    \
  CEREBRO_CLONES void BinaryLoss(T smoothing, const T* y, const T* f, int64_t positions, int64_t classes, T* values, T* losses) {      \
    Binary(smoothing, y, f, positions, classes, values, losses);                                                                       \
  }

CEREBRO_DEFINE_ALL(float)
CEREBRO_DEFINE_ALL(double)

template <typename T>
void CategoricalCrossentropyKernel(const base::LossConfig& config, const T* y, const int64_t* /*index*/, const T* f,
                                   int64_t positions, int64_t classes, T* values, T* losses) {
  CategoricalLoss(static_cast<T>(config.label_smoothing), y, f, positions, classes, values, losses);
}

template <typename T>
void SparseCategoricalCrossentropyKernel(const base::LossConfig&, const T* /*y*/, const int64_t* index, const T* f,
                                         int64_t positions, int64_t classes, T* values, T* losses) {
  SparseCategoricalLoss(index, f, positions, classes, values, losses);
}

template <typename T>
void BinaryCrossentropyKernel(const base::LossConfig& config, const T* y, const int64_t* /*index*/, const T* f,
                              int64_t positions, int64_t classes, T* values, T* losses) {
  BinaryLoss(static_cast<T>(config.label_smoothing), y, f, positions, classes, values, losses);
}

CEREBRO_LOSS_KERNEL(CategoricalCrossentropy)
CEREBRO_LOSS_KERNEL(SparseCategoricalCrossentropy)
CEREBRO_LOSS_KERNEL(BinaryCrossentropy)

}  // namespace engine::math
