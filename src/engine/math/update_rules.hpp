// The element-wise loops of optimizer.cpp. Each is one pass over a tensor; overloads for float and double.
#pragma once

#include <cstdint>

namespace engine::math {

/// Scalars of one step, rounded to T.
template <typename T>
struct Coefficients {
  T rate = 0;             // learning rate, with Adam's bias correction
  T momentum = 0;
  T rho = 0;              // RMSprop
  T one_minus_first = 0;  // 1 - beta_1
  T one_minus_second = 0; // 1 - beta_2, 1 - rho
  T epsilon = 0;
  T shrink = 0;           // AdamW: learning rate * weight decay
};

/// w, g: n elements; slots as SlotNames lists them.
template <typename T>
using UpdateKernel = void (*)(Coefficients<T> k, T* w, const T* g, T* const* slots, int64_t n);

#define CEREBRO_UPDATE_KERNEL(name)                                                              \
  void name(Coefficients<float> k, float* w, const float* g, float* const* slots, int64_t n);    \
  void name(Coefficients<double> k, double* w, const double* g, double* const* slots, int64_t n)

CEREBRO_UPDATE_KERNEL(UpdateSgd);
CEREBRO_UPDATE_KERNEL(UpdateMomentum);
CEREBRO_UPDATE_KERNEL(UpdateNesterov);
CEREBRO_UPDATE_KERNEL(UpdateAdam);
CEREBRO_UPDATE_KERNEL(UpdateAdamAmsgrad);
CEREBRO_UPDATE_KERNEL(UpdateAdamW);
CEREBRO_UPDATE_KERNEL(UpdateAdamWAmsgrad);
CEREBRO_UPDATE_KERNEL(UpdateRmsprop);
CEREBRO_UPDATE_KERNEL(UpdateRmspropCentered);
CEREBRO_UPDATE_KERNEL(UpdateRmspropMomentum);
CEREBRO_UPDATE_KERNEL(UpdateRmspropCenteredMomentum);
CEREBRO_UPDATE_KERNEL(UpdateAdagrad);

#undef CEREBRO_UPDATE_KERNEL

/// sums[i mod 16] += values[i]^2, in double.
void AddSquares(const float* values, int64_t n, double* sums);
void AddSquares(const double* values, int64_t n, double* sums);

/// values[i] = clamp(values[i], -limit, limit); NaN stays.
void ClampValues(float* values, int64_t n, float limit);
void ClampValues(double* values, int64_t n, double limit);

/// values[i] *= factor.
void ScaleValues(float* values, int64_t n, float factor);
void ScaleValues(double* values, int64_t n, double factor);

constexpr int kSquareLanes = 16;

}  // namespace engine::math
