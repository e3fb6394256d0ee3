#include "store/training_state.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "engine/core/model.hpp"
#include "plan/params.hpp"
#include "wire/keras.hpp"
#include "store/model_spec.hpp"

namespace store {
namespace {

engine::StateCounters& Counters(void* block) { return *static_cast<engine::StateCounters*>(block); }

}  // namespace

std::string EncodeState(const ModelSpec& spec, const base::DataSpec& data, const engine::StateLayout& layout, const void* block) {
  const auto& counters = *static_cast<const engine::StateCounters*>(block);
  wire::StateHeader header;
  header.graph_digest = wire::GraphDigest(spec.graph);
  header.graph = spec.graph;
  header.compile_params = spec.compile_params;
  header.fit_params = spec.fit_params;
  header.data_spec = base::WriteDataSpec(data);
  header.precision = layout.precision;
  header.seed = counters.seed;
  header.stream = counters.stream;
  header.step = counters.step;
  header.iterations_done = counters.iterations_done;
  header.diverged_step = counters.diverged_step;
  header.rows_seen = counters.rows_seen;
  header.visits_in_iteration = counters.visits_in_iteration;
  header.partitions = counters.partitions;
  for (const engine::StateTensor& tensor : layout.tensors) {
    header.tensors.push_back({tensor.name, tensor.shape, tensor.offset - engine::kStateCountersBytes, tensor.is_slot, tensor.trainable});
  }
  header.raw_bytes = layout.bytes - engine::kStateCountersBytes;
  header.build = engine::BuildDescription();
  std::string bytes = wire::WriteStateHeader(header);
  bytes.append(static_cast<const char*>(block) + engine::kStateCountersBytes, header.raw_bytes);
  return bytes;
}

ModelSpec SpecOf(const wire::StateHeader& header) {
  ModelSpec spec;
  spec.graph = header.graph;
  spec.compile_params = header.compile_params;
  spec.fit_params = header.fit_params;
  spec.config = plan::ReadConfig(spec.compile_params, spec.fit_params);
  return spec;
}

StateFit DecodeState(const wire::StateHeader& header, std::string_view bytes, size_t raw_offset, const engine::StateLayout& layout,
                     void* block) {
  const size_t raw_bytes = bytes.size() - std::min(raw_offset, bytes.size());
  if (header.precision != layout.precision) {
    throw base::Error(base::ErrorCode::kInvalidParameter,
                      std::string("the training state is in ") + base::DTypeName(header.precision) + ", this session trains in " +
                          base::DTypeName(layout.precision),
                      "", "Set cerebro.precision to the precision of the first training.");
  }
  const size_t element = base::DTypeSize(layout.precision);
  std::map<std::string, const wire::TensorEntry*> stored;
  for (const wire::TensorEntry& entry : header.tensors) stored[entry.name] = &entry;

  const auto find = [&](const engine::StateTensor& tensor) -> const wire::TensorEntry* {
    const auto it = stored.find(tensor.name);
    if (it == stored.end() || it->second->shape != tensor.shape || it->second->is_slot != tensor.is_slot) return nullptr;
    const wire::TensorEntry* entry = it->second;
    if (entry->offset > header.raw_bytes || header.raw_bytes - entry->offset < tensor.count * element) return nullptr;
    return entry;
  };
  StateFit fit = StateFit::kWhole;
  for (const engine::StateTensor& tensor : layout.tensors) {
    if (find(tensor) != nullptr) continue;
    if (!tensor.is_slot) {
      throw base::Error(base::ErrorCode::kInvalidParameter,
                        "the training state does not fit the model: weight \"" + tensor.name + "\" of shape " +
                            base::FormatShape(tensor.shape) + " is not in it",
                        "", "Train the changed architecture under a new mst_key, or without warm_start.");
    }
    fit = StateFit::kWeightsOnly;
  }
  const char* raw = bytes.data() + raw_offset;
  for (const engine::StateTensor& tensor : layout.tensors) {
    if (tensor.is_slot && fit == StateFit::kWeightsOnly) continue;
    const size_t offset = find(tensor)->offset, size = tensor.count * element;
    if (offset > raw_bytes || raw_bytes - offset < size) {
      throw base::Error(base::ErrorCode::kDataCorrupted, "a training state is cut short: " + std::to_string(bytes.size()) + " bytes");
    }
    std::memcpy(static_cast<char*>(block) + tensor.offset, raw + offset, size);
  }
  engine::StateCounters& counters = Counters(block);
  counters.seed = header.seed;
  counters.stream = header.stream;
  counters.step = fit == StateFit::kWhole ? header.step : 0;
  counters.iterations_done = header.iterations_done;
  counters.diverged_step = header.diverged_step;
  counters.rows_seen = header.rows_seen;
  counters.visits_in_iteration = header.visits_in_iteration;
  counters.partitions = header.partitions;
  return fit;
}

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

}  // namespace store
