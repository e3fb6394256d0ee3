// What stands behind engine::Program.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "engine/api/autograd.hpp"
#include "engine/core/program.hpp"
#include "engine/native/trainer.hpp"

namespace engine {

struct Program::Impl : ResolvedNetwork {
  Impl(std::shared_ptr<const base::Graph> graph, const base::TrainConfig& config, const base::DataSpec& data, const Options& options);

  Options options;
  std::vector<std::string> metric_names;
  size_t sums_size = 0;
  std::vector<base::Shape> output_shapes;
  std::vector<bool> reads;  // by column of the data: ColumnsRead
  std::shared_ptr<const native::Program> native;  // nullptr: its models train and are scored by autograd
};

}  // namespace engine
