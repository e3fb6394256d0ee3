// What stands behind engine::Program.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/api/autograd.hpp"
#include "engine/core/program.hpp"
#include "engine/device/network.hpp"
#include "engine/native/trainer.hpp"

namespace engine {

/// Program::Impl, for all of this room.
struct CompiledProgram : ResolvedNetwork {
  CompiledProgram(std::shared_ptr<const base::Graph> graph, const base::TrainConfig& config, const base::DataSpec& data,
                  const Options& options);

  void PlaceOnDevice();

  Options options;
  std::vector<std::string> metric_names;
  size_t sums_size = 0;
  std::vector<base::Shape> output_shapes;
  std::vector<bool> reads;  // by column of the data: ColumnsRead
  std::shared_ptr<const device::Network> on_device;  // nullptr: its models do not train on devices by kernels
  std::string device_refusal;             // why not
  std::vector<device::MetricNumbers> device_metrics;
  bool scores_on_device = false;
  std::shared_ptr<const native::Program> native;  // nullptr: its models train and are scored by autograd
};

struct Program::Impl : CompiledProgram {
  using CompiledProgram::CompiledProgram;
};

}  // namespace engine
