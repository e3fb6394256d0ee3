// Windows that slide over images: the arithmetic that convolutions and pooling share.
#pragma once

#include <algorithm>
#include <cstdint>

namespace engine::math {

/// One dimension under a window. 'same': TensorFlow's rule, the odd element of padding behind (engine/torch/layers/padding.hpp).
struct Slide {
  int64_t in = 0;
  int64_t out = 0;
  int64_t window = 1;  // elements of the window
  int64_t stride = 1;
  int64_t dilation = 1;  // from one element of the window to the next
  int64_t before = 0;    // padding

  Slide(int64_t in_size, int64_t out_size, int64_t window_size, int64_t stride, int64_t spread, bool same)
      : in(in_size), out(out_size), window(window_size), stride(stride), dilation(spread) {
    if (same) before = std::max<int64_t>((out - 1) * stride + dilation * (window - 1) + 1 - in, 0) / 2;
  }
  /// Elements, padding included, that the windows see.
  int64_t seen() const { return (out - 1) * stride + dilation * (window - 1) + 1; }
  bool padded() const { return before > 0 || seen() > in; }
  /// First and one past the last element of window `at` that lie inside (dilation 1).
  int64_t first(int64_t at) const { return std::max<int64_t>(at * stride - before, 0); }
  int64_t last(int64_t at) const { return std::min(at * stride - before + window, in); }
  /// Elements first_tap, ..., end_tap - 1 of window `at` lie inside.
  int64_t first_tap(int64_t at) const { return std::min(window, RoundedUp(before - at * stride, dilation)); }
  int64_t end_tap(int64_t at) const { return std::min(window, RoundedUp(in + before - at * stride, dilation)); }
  /// Element `tap` lies inside in the windows first_at, ..., end_at - 1.
  int64_t first_at(int64_t tap) const { return std::min(out, RoundedUp(before - tap * dilation, stride)); }
  int64_t end_at(int64_t tap) const { return std::min(out, RoundedUp(in + before - tap * dilation, stride)); }

 private:
  // a / b, and zero for a negative a
  static int64_t RoundedUp(int64_t a, int64_t b) { return a <= 0 ? 0 : (a + b - 1) / b; }
};

}  // namespace engine::math
