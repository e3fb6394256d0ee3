// A durable run is changed while it goes on, and done again.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

namespace run {

struct ControlArguments {
  std::string run, action;
  std::optional<int> mst_key, model_id;
  std::optional<std::string> compile_params, fit_params;
  std::optional<bool> from_weights;
  std::optional<int> iterations;
  std::optional<int64_t> priority;
};

/// Writes a row into <run>_control, as the caller; the run reads it when it is committed. What can be known beforehand is
/// checked, as far as the caller may read the run's tables. Errors: kInvalidParameter; kPrerequisiteState for a run that is
/// no durable one or has ended.
void Control(const ControlArguments& arguments);

/// Trains the same run again, as one statement. Errors: kPrerequisiteState unless data, settings and configurations are
/// what they were, and for a run that was a warm start.
void Replay(const std::string& run, const std::string& model_output_table, std::optional<int> workers);

}  // namespace run
