// What makes a model: its architecture and its configuration; how one is built, and how its state becomes bytes and a block again.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "engine/model.hpp"
#include "wire/state.hpp"

namespace run {

struct ModelSpec {
  base::Graph graph;
  std::string compile_params;
  std::string fit_params;
  base::TrainConfig config;  // of the two texts
};

/// Memory for one training state: zeroed, aligned to 64 bytes.
class Block {
 public:
  explicit Block(size_t bytes);
  ~Block();
  Block(Block&& other) noexcept;
  Block& operator=(Block&& other) noexcept;
  void* data() const { return data_; }
  size_t size() const { return size_; }

 private:
  void* data_ = nullptr;
  size_t size_ = 0;
};

/// The engine's options from the settings of this session; device -1 unless use_gpus. Sets the thread count of the process.
engine::Options EngineOptions(bool use_gpus);

std::unique_ptr<engine::Model> BuildModel(const ModelSpec& spec, const base::DataSpec& data, const engine::Options& options);

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

}  // namespace run
