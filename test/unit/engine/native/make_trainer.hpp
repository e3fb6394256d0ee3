// A trainer of a program of its own.
#pragma once

#include <memory>

#include "base/config.hpp"
#include "base/graph.hpp"
#include "base/tensor.hpp"
#include "engine/api/binding.hpp"
#include "engine/native/trainer.hpp"

/// nullptr when the native trainer does not know the model.
inline std::unique_ptr<engine::native::Trainer> MakeTrainer(const base::Graph& graph, const base::TrainConfig& config, const base::DataSpec& data,
                                                            const engine::StateLayout& layout) {
  const double weight = config.loss_weights.empty() ? 1 : config.loss_weights[0];
  const auto program =
      engine::native::Program::Make(graph, engine::BindTargets(graph, config, data)[0], weight, config.class_weight, data, layout);
  return program == nullptr ? nullptr : program->MakeTrainer(config.optimizer, config.batch_size);
}
