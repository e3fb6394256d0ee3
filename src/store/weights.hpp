// cerebro.weights: a stored model's weights, tensor by tensor, in pieces that any client can fetch.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "store/result_tables.hpp"

namespace store {

/// Rows (position, name, shape, piece, data) in Keras's order; data: raw little-endian float32, at most 64 MB a piece. Errors: those of
/// OpenModelTable; kDataCorrupted when the stored weights are not the architecture's.
std::vector<std::vector<std::optional<std::string>>> WeightPieces(std::string_view model_table, int mst_key);

}  // namespace store
