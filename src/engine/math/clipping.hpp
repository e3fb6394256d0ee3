// The element-wise loops of ClipGradients and of weight decay (optimizer.cpp). Each is one pass over a tensor; overloads for float and
// double.
#pragma once

#include <cstdint>

namespace engine::math {

/// sums[i mod 16] += values[i]^2, in double.
void AddSquares(const float* values, int64_t n, double* sums);
void AddSquares(const double* values, int64_t n, double* sums);

/// values[i] = clamp(values[i], -limit, limit); NaN stays.
void ClampValues(float* values, int64_t n, float limit);
void ClampValues(double* values, int64_t n, double limit);

/// values[i] *= factor.
void ScaleValues(float* values, int64_t n, float factor);
void ScaleValues(double* values, int64_t n, double factor);

/// values[i] -= values[i] * share.
void ShrinkValues(float* values, int64_t n, float share);
void ShrinkValues(double* values, int64_t n, double share);

constexpr int kSquareLanes = 16;

}  // namespace engine::math
