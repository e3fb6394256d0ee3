// Masks of inverted dropout from the model's own random streams.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/module.hpp"
#include "engine/torch.hpp"

namespace engine {

/// A tensor of `shape` with zeros at a share of `rate` and 1 / (1 - rate) elsewhere. Element n, row-major with the batch in front, is
/// decided by word n of base::Stream(seed, stream, kDropout, iteration, epoch, place, site): it is dropped when the word is below rate *
/// 2^32. So a mask is a function of (sample, unit) and of the names, and of nothing else. site: index of the call in the graph in the
/// lower half, the number of the mask within the call in the upper half.
at::Tensor DropoutMask(const std::vector<int64_t>& shape, double rate, const at::TensorOptions& options, const DrawKeys& keys,
                       uint64_t site);

/// The same for n elements of a plain array.
void FillDropoutMask(double rate, const DrawKeys& keys, uint64_t site, int64_t n, float* mask);
void FillDropoutMask(double rate, const DrawKeys& keys, uint64_t site, int64_t n, double* mask);

}  // namespace engine
