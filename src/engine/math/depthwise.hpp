// Depthwise convolutions: every channel of an image under a window of its own, and their gradients.
//
// Every element of a result is one chain of terms in the order of its index, wherever it lies in a vector (engine/math/gemm_tiles.hpp says
// how terms are added). Windows are cut off at the image's edges; no padded copy is made.
#pragma once

#include <cstdint>
#include <utility>

#include "engine/math/gemm_tiles.hpp"
#include "engine/math/sliding_window.hpp"

namespace engine::math {

struct DepthwiseShape {
  Slide rows;
  Slide columns;
  int64_t channels = 1;

  /// With strides of 1, the gradient with respect to x is the product of this shape of g and the kernel turned around.
  DepthwiseShape Turned() const {
    DepthwiseShape turned = *this;
    for (Slide* slide : {&turned.rows, &turned.columns}) {
      std::swap(slide->in, slide->out);
      slide->before = (slide->window - 1) * slide->dilation - slide->before;
    }
    return turned;
  }
};

/// Of one image: x (rows.in, columns.in, channels), y and g (rows.out, columns.out, channels), w (rows.window, columns.window, channels).
template <typename T>
struct DepthwiseKernels {
  /// y = f(x * w + bias); bias may be nullptr; relu: f(x) = x < 0 ? 0 : x, else f(x) = x.
  void (*product)(const DepthwiseShape& shape, const T* x, const T* w, const T* bias, bool relu, T* y);
  /// dw, or += when add: the sum over the positions, row by row. Of a row, two sums take turns at columns.
  void (*kernel_gradient)(const DepthwiseShape& shape, const T* x, const T* g, bool add, T* dw);
  /// dx for any strides.
  void (*input_gradient)(const DepthwiseShape& shape, const T* g, const T* w, T* dx);
};

/// Those of a set that the processor has (for tests; the engine takes ChosenInstructionSet()).
template <typename T>
const DepthwiseKernels<T>& DepthwiseKernelsOf(InstructionSet set);

template <typename T>
const DepthwiseKernels<T>& TheDepthwiseKernels();

}  // namespace engine::math
