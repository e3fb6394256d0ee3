// Depthwise convolutions: what plain loops give, the same bits on every instruction set, and nothing written outside the results.
#include "engine/math/depthwise.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstring>
#include <string>
#include <vector>

#include "../numbers.hpp"
#include "instruction_sets.hpp"

namespace {

using engine::math::DepthwiseShape;
using engine::math::Slide;

template <typename T>
std::vector<T> Values(int64_t n, uint64_t stream) {
  std::vector<T> values;
  for (double v : fixture::Numbers(static_cast<size_t>(n), stream)) values.push_back(static_cast<T>(v));
  return values;
}

int64_t Elements(const DepthwiseShape& s, bool in) {
  return (in ? s.rows.in * s.columns.in : s.rows.out * s.columns.out) * s.channels;
}

template <typename T>
struct Results {
  std::vector<T> y, dw, dx, turned;
  std::vector<T> all() const {
    std::vector<T> values;
    for (const std::vector<T>* part : {&y, &dw, &dx, &turned}) values.insert(values.end(), part->begin(), part->end());
    return values;
  }
};

// By each position and element of the window.
template <typename T>
Results<T> Plain(const DepthwiseShape& s, const std::vector<T>& x, const std::vector<T>& w, const std::vector<T>& bias, const std::vector<T>& g) {
  Results<T> r;
  r.y.assign(static_cast<size_t>(Elements(s, false)), 0);
  r.dw.assign(w.size(), 0);
  r.dx.assign(x.size(), 0);
  for (int64_t i = 0; i < s.rows.out; ++i) {
    for (int64_t j = 0; j < s.columns.out; ++j) {
      for (int64_t c = 0; c < s.channels; ++c) {
        const auto at = static_cast<size_t>((i * s.columns.out + j) * s.channels + c);
        for (int64_t k = 0; k < s.rows.window; ++k) {
          for (int64_t l = 0; l < s.columns.window; ++l) {
            const int64_t row = i * s.rows.stride - s.rows.before + k * s.rows.dilation;
            const int64_t column = j * s.columns.stride - s.columns.before + l * s.columns.dilation;
            if (row < 0 || row >= s.rows.in || column < 0 || column >= s.columns.in) continue;
            const auto from = static_cast<size_t>((row * s.columns.in + column) * s.channels + c);
            const auto tap = static_cast<size_t>((k * s.columns.window + l) * s.channels + c);
            r.y[at] += x[from] * w[tap];
            r.dw[tap] += x[from] * g[at];
            r.dx[from] += w[tap] * g[at];
          }
        }
        r.y[at] = std::max(T(0), r.y[at] + bias[static_cast<size_t>(c)]);
      }
    }
  }
  for (T& v : r.dw) v *= 2;  // added once more
  if (s.rows.stride == 1 && s.columns.stride == 1) r.turned = r.dx;
  return r;
}

// The kernels' results with an element behind each, which nobody may write.
template <typename T>
Results<T> Of(engine::math::InstructionSet set, const DepthwiseShape& s, const std::vector<T>& x, const std::vector<T>& w,
              const std::vector<T>& bias, const std::vector<T>& g) {
  const engine::math::DepthwiseKernels<T>& kernels = engine::math::DepthwiseKernelsOf<T>(set);
  Results<T> r;
  r.y.assign(static_cast<size_t>(Elements(s, false)) + 1, 77);
  r.dw.assign(w.size() + 1, 77);
  r.dx.assign(x.size() + 1, 77);
  kernels.product(s, x.data(), w.data(), bias.data(), true, r.y.data());
  for (const bool add : {false, true}) kernels.kernel_gradient(s, x.data(), g.data(), add, r.dw.data());
  kernels.input_gradient(s, g.data(), w.data(), r.dx.data());
  if (s.rows.stride == 1 && s.columns.stride == 1) {
    std::vector<T> turned(w.size());
    const auto channels = static_cast<size_t>(s.channels), window = w.size() / channels;
    for (size_t p = 0; p < window; ++p) std::copy_n(w.data() + p * channels, channels, turned.data() + (window - 1 - p) * channels);
    r.turned.assign(x.size() + 1, 77);
    kernels.product(s.Turned(), g.data(), turned.data(), nullptr, false, r.turned.data());
  }
  for (std::vector<T>* part : {&r.y, &r.dw, &r.dx, &r.turned}) {
    if (part->empty()) continue;
    EXPECT_EQ(part->back(), T(77));
    part->pop_back();
  }
  return r;
}

template <typename T>
void CheckShape(const DepthwiseShape& s, double tolerance) {
  SCOPED_TRACE(std::to_string(s.rows.in) + "x" + std::to_string(s.columns.in) + "x" + std::to_string(s.channels) + " window " +
               std::to_string(s.rows.window) + "x" + std::to_string(s.columns.window) + " stride " + std::to_string(s.columns.stride) +
               " dilation " + std::to_string(s.columns.dilation) + " before " + std::to_string(s.columns.before));
  const std::vector<T> x = Values<T>(Elements(s, true), 3), w = Values<T>(s.rows.window * s.columns.window * s.channels, 4);
  const std::vector<T> bias = Values<T>(s.channels, 5), g = Values<T>(Elements(s, false), 6);
  const std::vector<T> plain = Plain(s, x, w, bias, g).all();
  std::vector<T> fused, unfused;
  for (engine::math::InstructionSet set : fixture::InstructionSets()) {
    const std::vector<T> got = Of(set, s, x, w, bias, g).all();
    ASSERT_EQ(got.size(), plain.size());
    for (size_t i = 0; i < got.size(); ++i) ASSERT_NEAR(got[i], plain[i], tolerance * (1 + std::fabs(plain[i])));
    std::vector<T>& same = set == engine::math::InstructionSet::kBaseline ? unfused : fused;
    if (same.empty()) same = got;
    ASSERT_EQ(std::memcmp(got.data(), same.data(), got.size() * sizeof(T)), 0);
  }
}

Slide SlideOf(int64_t in, int64_t window, int64_t stride, int64_t dilation, bool same) {
  const int64_t seen = dilation * (window - 1) + 1, out = same ? (in + stride - 1) / stride : (in - seen) / stride + 1;
  return {in, out, window, stride, dilation, same};
}

template <typename T>
void CheckAll(double tolerance) {
  for (const int64_t channels : {1, 3, 8, 16, 17, 40}) {
    for (const int64_t window : {1, 2, 3, 5, 7}) {
      for (const bool same : {true, false}) {
        CheckShape<T>({SlideOf(9, window, 1, 1, same), SlideOf(13, window, 1, 1, same), channels}, tolerance);
        CheckShape<T>({SlideOf(9, window, 2, 1, same), SlideOf(14, window, 2, 1, same), channels}, tolerance);
      }
      CheckShape<T>({SlideOf(1, 1, 1, 1, false), SlideOf(13, window, 1, 2, true), channels}, tolerance);
      CheckShape<T>({SlideOf(3, window, 1, 1, true), SlideOf(2, window, 1, 1, true), channels}, tolerance);  // windows wider than the image
      CheckShape<T>({SlideOf(2, window, 1, 3, true), SlideOf(3, window, 1, 2, true), channels}, tolerance);
    }
  }
}

}  // namespace

TEST(Depthwise, PlainLoopsAndEverySet) {
  CheckAll<double>(1e-13);
  CheckAll<float>(2e-5);
}
