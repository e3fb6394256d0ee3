// The weights inside a training state, where the state is a row of pieces on a segment.
#pragma once

#include <cstddef>
#include <optional>
#include <string>

#include "base/bytes.hpp"

namespace run {

constexpr size_t kMostWeightBytes = size_t{256} << 20;  // of model_weights: larger ones are read by cerebro.weights()

/// Puts the pieces of one state together, in their order. Pieces may end behind the last weight.
class StateWeights {
 public:
  void Add(base::Bytes piece);
  /// Raw float32 in Keras's order; nothing when that is more than kMostWeightBytes. Errors: kDataCorrupted.
  std::optional<std::string> Take();

 private:
  std::string state_;
};

/// What a segment tells of itself, as JSON: {"library": build id, "build": engine::BuildDescription(), "models": kept, "buffer_bytes": kept,
/// "reserved_bytes": taken}.
std::string SegmentReport();

}  // namespace run
