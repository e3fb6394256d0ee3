// The bytes of a training state (wire/state.hpp: a header, then raw tensors): made from a block of memory, laid over one again, and the weights
// taken out of them. Whoever needs something of stored bytes asks here.
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

#include "base/bytes.hpp"
#include "base/tensor.hpp"
#include "engine/core/model.hpp"
#include "wire/state.hpp"
#include "store/model_spec.hpp"

namespace store {

constexpr size_t kStatePieceBytes = size_t{64} << 20;  // states are stored and sent in pieces of at most this
constexpr size_t kMostWeightBytes = size_t{256} << 20;  // of model_weights: larger ones are read by cerebro.weights()

/// A block as self-contained state bytes (wire/state.hpp). The data specification goes along, so that packed rows are all that
/// further training needs.
std::string EncodeState(const ModelSpec& spec, const base::DataSpec& data, const engine::StateLayout& layout, const void* block);

/// The specification inside a state's header.
ModelSpec SpecOf(const wire::StateHeader& header);

/// How much of stored bytes fitted a block.
enum class StateFit { kWhole, kWeightsOnly };

/// Fills a block from state bytes. Weights must match by name and shape (kInvalidParameter otherwise); when the optimizer slots do not,
/// the slots keep their initial values and kWeightsOnly is returned. Counters come along. Bytes behind the last tensor that the layout asks
/// for may be missing: a layout without slots needs the weights' part only.
StateFit DecodeState(const wire::StateHeader& header, std::string_view bytes, size_t raw_offset, const engine::StateLayout& layout,
                     void* block);

/// Puts the pieces of one state together, in their order. Pieces may end behind the last weight.
class StateWeights {
 public:
  void Add(base::Bytes piece);
  /// Raw float32 in Keras's order; nothing when that is more than kMostWeightBytes. Errors: kDataCorrupted.
  std::optional<std::string> Take();

 private:
  std::string state_;
};

}  // namespace store
