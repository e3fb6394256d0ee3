#include "run/state_weights.hpp"

#include <cstring>
#include <utility>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "engine/model.hpp"
#include "pg/cluster.hpp"
#include "run/wave_step.hpp"
#include "wire/state.hpp"

namespace run {

void StateWeights::Add(base::Bytes piece) { state_.append(reinterpret_cast<const char*>(piece.data), piece.size); }

std::optional<std::string> StateWeights::Take() {
  const std::string state = std::move(state_);
  size_t raw_offset = 0;
  const wire::StateHeader header = wire::ReadStateHeader(state, &raw_offset);
  const size_t element = base::DTypeSize(header.precision);
  size_t count = 0;
  for (const wire::TensorEntry& tensor : header.tensors) {
    if (!tensor.is_slot) count += static_cast<size_t>(base::ElementCount(tensor.shape));
  }
  if (count * sizeof(float) > kMostWeightBytes) return std::nullopt;
  std::string weights;
  weights.reserve(count * sizeof(float));
  for (const wire::TensorEntry& tensor : header.tensors) {
    if (tensor.is_slot) continue;
    const size_t n = static_cast<size_t>(base::ElementCount(tensor.shape));
    const size_t at = raw_offset + tensor.offset;
    if (at > state.size() || state.size() - at < n * element) {
      throw base::Error(base::ErrorCode::kDataCorrupted, "a training state is cut short: " + std::to_string(state.size()) + " bytes");
    }
    if (header.precision == base::DType::kFloat32) {
      weights.append(state, at, n * element);
      continue;
    }
    for (size_t i = 0; i < n; i++) {
      double wide;
      std::memcpy(&wide, state.data() + at + i * sizeof(wide), sizeof(wide));
      const auto narrow = static_cast<float>(wide);
      weights.append(reinterpret_cast<const char*>(&narrow), sizeof(narrow));
    }
  }
  return weights;
}

std::string SegmentReport() {
  const WaveHoldings holdings = CurrentWaveHoldings();
  return base::FormatJson(base::Dict{{"library", pg::LibraryBuildId()},
                                     {"build", engine::BuildDescription()},
                                     {"models", holdings.models},
                                     {"buffer_bytes", holdings.buffer_bytes},
                                     {"reserved_bytes", holdings.reserved_bytes}});
}

}  // namespace run
