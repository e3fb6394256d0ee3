// The training state as bytes: what fit_step returns and <out>_state keeps.
//
//   bytes = magic "PGCB" | u32 format version | u64 header size | header (protobuf StateHeader) | raw tensor bytes (engine's block after
//   its counters), all little-endian.
//
// The header holds all that is needed to go on training with nothing but packed rows: the graph, the configuration's
// texts, the data specification, the counters and the list of tensors.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "base/graph.hpp"
#include "base/tensor.hpp"

namespace wire {

constexpr uint32_t kStateFormatVersion = 1;

struct TensorEntry {
  std::string name;
  base::Shape shape;
  uint64_t offset = 0;  // in the raw part
  bool is_slot = false;
  bool trainable = false;
};

struct StateHeader {
  std::string graph_digest;
  std::string graph_bytes;                    // the message Graph (wire/keras.hpp, WriteGraph)
  std::shared_ptr<const base::Graph> graph;  // what it says; WriteStateHeader does not look at it
  std::string compile_params;  // canonical texts
  std::string fit_params;
  std::string data_spec;       // base::WriteDataSpec
  base::DType precision = base::DType::kFloat32;
  uint64_t seed = 0, stream = 0, step = 0, iterations_done = 0, diverged_step = 0, rows_seen = 0;
  uint32_t visits_in_iteration = 0, partitions = 0;
  std::vector<TensorEntry> tensors;
  uint64_t raw_bytes = 0;
  std::string build;           // engine::BuildDescription() of the writer
};

/// Everything before the raw tensor bytes.
std::string WriteStateHeader(const StateHeader& header);

/// Reads the head of a state. Sets *raw_offset to where the tensor bytes begin. Throws kDataCorrupted for bytes that
/// are no state (wrong magic, cut short, tensors outside the raw part) and kFeatureNotSupported for a newer format
/// version.
StateHeader ReadStateHeader(std::string_view bytes, size_t* raw_offset);

}  // namespace wire
