// Where a group has what in the workspace of a model. In this room only.
#pragma once

#include <cstdint>
#include <vector>

#include "engine/device/kernels/types.hpp"
#include "engine/device/network.hpp"

namespace engine::device {

/// Rows of a stage's product for so many rows of a mini-batch.
int64_t OutputRows(const Stage& stage, int64_t batch_rows);
/// Sums that the gradient of a stage's weights is made of.
int32_t GradientParts(const Stage& stage, int64_t batch_rows);

/// Fills the network's part of the view, with offsets in the workspace of a model; returns its size in floats. stores:
/// all weight gradients go through it. values: offset of each value.
int64_t LayOut(const Network& network, int64_t rows, bool stores, GroupView* view, std::vector<int64_t>* values);

/// Of a model's memory for `room` rows that wait for those of later buffers.
int64_t CarriedBytes(const Network& network, int64_t room);

}  // namespace engine::device
