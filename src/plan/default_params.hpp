// The loss and the metrics that fit an output and its dependent column, as texts that the user's tables take. Called by
// store/builders.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "base/target_contents.hpp"
#include "base/tensor.hpp"

namespace plan {

struct OutputDefaults {
  std::string loss;                  // "categorical_crossentropy"
  std::vector<std::string> metrics;  // the first one decides the leaderboard
};

/// activation: of the output's last layer, as wire::PlanOutputs gives it. No rule of plan::LossRules refuses or warns
/// of the loss.
OutputDefaults DefaultsFor(const base::ColumnSpec& target, base::TargetContents contents,
                           const std::string& activation);

/// compile_params with Adam: optimizer='Adam(lr=0.001)',loss='mse',metrics=['rmse','mae']; lists in the outputs' order
/// for several of them.
std::string CompileParams(const std::vector<OutputDefaults>& outputs);

/// A compile_params_grid with Adam and these learning rates. REQUIRES a rate.
std::string CompileGrid(const std::vector<OutputDefaults>& outputs, const std::vector<double>& learning_rates);

/// What Adam is given in a search.
struct AdamChoices {
  std::vector<double> learning_rates, weight_decays;
  int64_t decay_steps = 0;            // learning rates fall to 0 in so many optimizer steps, along a cosine
  std::vector<double> loss_weights;  // one an output, or empty
};

/// A compile_params_grid of these. REQUIRES a rate and a weight decay.
std::string CompileGrid(const std::vector<OutputDefaults>& outputs, const AdamChoices& choices);

}  // namespace plan
