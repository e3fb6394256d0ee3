// A trainer of a program of its own.
#pragma once

#include <memory>
#include <vector>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "engine/api/binding.hpp"
#include "engine/native/trainer.hpp"

/// nullptr when the native trainer does not know the model.
inline std::unique_ptr<engine::native::Trainer> MakeTrainer(const base::Graph& graph, const base::TrainConfig& config, const base::DataSpec& data,
                                                            const engine::StateLayout& layout) {
  std::vector<double> weights = config.loss_weights;
  weights.resize(graph.outputs.size(), 1.0);
  const auto program =
      engine::native::Program::Make(graph, engine::BindTargets(graph, config, data), weights, config.class_weight, data, layout);
  return program == nullptr ? nullptr : program->MakeTrainer(config.optimizer, config.batch_size);
}
