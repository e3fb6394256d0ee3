// Convolutions as layers that other layers are made of. In layers/ only.
#pragma once

#include <cstdint>
#include <memory>

#include "base/graph.hpp"
#include "engine/math/activations.hpp"
#include "engine/math/sliding_window.hpp"
#include "engine/native/layer.hpp"

namespace engine::native {

/// How a layer's kernel slides over an image, or over a sequence, which is an image of one row. height, width: of the
/// kernel. The layer has the arguments strides, padding and dilation_rate.
struct KernelSlides {
  KernelSlides(const CallSite& site, int64_t height, int64_t width);

  math::Slide rows;
  math::Slide columns;
};

/// Weights: kernel (height, width, in, out), bias (out). looks_for_zeros: the pass back leaves out what a gradient of
/// mostly zeros gives.
template <typename T>
std::unique_ptr<Layer<T>> MakeConvolution(const KernelSlides& slides, int64_t in, int64_t out, bool use_bias, math::FusedActivation activation,
                                          int graph_layer, bool looks_for_zeros);

/// Weights: kernel (height, width, in, multiplier), bias (in * multiplier). Output channel c * multiplier + m comes from
/// channel c.
template <typename T>
std::unique_ptr<Layer<T>> MakeDepthwise(const KernelSlides& slides, int64_t in, int64_t multiplier, bool use_bias,
                                        math::FusedActivation activation, int graph_layer);

}  // namespace engine::native
