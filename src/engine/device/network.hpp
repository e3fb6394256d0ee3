// A network as devices compute it: a chain of stages, compiled from a graph. Pure: no device is needed for it.
//
// Which networks have kernels for devices is a function of graph, configuration and columns alone. Refusals say what is
// in the way; such models train on the processor.
#pragma once

#include <cstdint>
#include <memory>
#include <string>
#include <vector>

#include "base/config.hpp"
#include "engine/api/autograd.hpp"
#include "engine/api/binding.hpp"
#include "engine/device/kernels/types.hpp"

namespace engine::device {

/// A part of a packed column that is decoded for the network, with its constants, one an element.
struct ColumnPart {
  int column = 0;  // of DataSpec::inputs
  int64_t first_bytes = 0;
  ColumnView view;  // without memory
  std::vector<float> mean, std;
  std::vector<double> exact_mean, exact_std;
};

/// Immutable; shared by all models of a program.
class Network {
 public:
  /// nullptr, with a sentence of why in *refusal, when the network has no kernels for devices.
  static std::shared_ptr<const Network> Make(const ResolvedNetwork& resolved, std::string* refusal);

  std::vector<Stage> stages;              // offsets in the workspace are left to the group
  std::vector<Tensor> tensors;            // likewise
  std::vector<std::string> tensor_names;  // "<layer>/<weight>"
  std::vector<int> dropout_sites;         // of random streams, by dropout stage
  std::vector<ColumnPart> inputs;
  ColumnPart target;
  bool has_row_weights = false;
  std::vector<float> class_weights;  // by class; empty: none
  LossNumbers loss;
  int64_t in = 0;  // elements of a row of the input
  int32_t positions = 1, classes = 1, target_elements = 1;
  int64_t state_bytes = 0;
  int64_t weight_bytes = 0;  // of the state: from the first weight to the last
  bool small_chain = false;  // the persistent kernel has all of its stages

  /// The metrics as devices sum them; false when one of them is summed on the processor only.
  bool MetricsOf(const std::vector<base::MetricConfig>& metrics, std::vector<MetricNumbers>* numbers) const;
};

/// The update of a configuration's optimizer.
UpdateKind UpdateKindOf(const base::OptimizerConfig& optimizer);

}  // namespace engine::device
