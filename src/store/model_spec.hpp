// What makes a model: its architecture and its configuration; how one is built.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/graph_cut.hpp"
#include "base/tensor.hpp"
#include "engine/core/model.hpp"

namespace store {

/// Models of one architecture share its graph.
struct ModelSpec {
  std::shared_ptr<const base::Graph> graph;
  std::string compile_params;  // for people and for tables
  std::string fit_params;
  base::TrainConfig config;    // of the two texts
  std::vector<base::FeatureCut> cuts;           // of the graph, in a run that reads features of its frozen part
  std::shared_ptr<const base::Graph> trained;   // what is left of the graph then; nullptr: all of it

  /// What trains and is scored within a run. What is stored, predicted and exported is the whole graph.
  const std::shared_ptr<const base::Graph>& TrainedGraph() const { return trained == nullptr ? graph : trained; }
};

/// Memory for one training state: zeroed, aligned to 64 bytes.
class Block {
 public:
  /// Throws std::bad_alloc.
  explicit Block(size_t bytes);
  ~Block();
  Block(Block&& other) noexcept;
  Block& operator=(Block&& other) noexcept;
  void* data() const;
  size_t size() const { return size_; }

 private:
  void* memory_ = nullptr;
  size_t size_ = 0;
};

/// The engine's options from the settings of this session; device -1 unless use_gpus. Sets the thread count of the
/// process.
engine::Options EngineOptions(bool use_gpus);

/// Tells the engine of this session's settings for devices.
void SetDeviceOptions();
/// Processes of this host that can use its devices at the same time.
int DeviceProcesses();
/// Tells the user what the engine has to say of devices.
void TellOfDevices();

/// A model of a program of its own. A run takes its models from an engine::ModelPool.
std::unique_ptr<engine::Model> BuildModel(const ModelSpec& spec, const base::DataSpec& data, const engine::Options& options);

}  // namespace store
