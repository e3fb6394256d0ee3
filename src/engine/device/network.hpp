// A network as devices compute it: stages that read values and make one, compiled from a graph. Pure: no device is
// needed for it.
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
  int value = 0;  // the input that it is a part of
};

/// What stages read and make: an input of the network, or results.
struct Value {
  int64_t elements = 0;  // of a row
  bool has_gradient = false;
};

/// Positions, before they lie on a device.
struct PositionTable {
  std::vector<int32_t> from, first, to;
};

/// Immutable; shared by all models of a program.
class Network {
 public:
  /// nullptr, with a sentence of why in *refusal, when the network has no kernels for devices.
  static std::shared_ptr<const Network> Make(const ResolvedNetwork& resolved, std::string* refusal);

  std::vector<Stage> stages;              // in their order; offsets in the workspace are left to the group
  std::vector<std::string> stage_layers;  // by stage: the layer that it is of
  std::vector<Value> values;
  std::vector<PositionTable> tables;
  std::vector<Tensor> tensors;            // offsets likewise
  std::vector<std::string> tensor_names;  // "<layer>/<weight>"
  std::vector<int> dropout_sites;         // of random streams, by dropout stage
  std::vector<ColumnPart> inputs;
  ColumnPart target;
  bool has_row_weights = false;
  std::vector<float> class_weights;  // by class; empty: none
  LossNumbers loss;
  int output = 0;  // the value that the loss is of
  int32_t positions = 1, classes = 1, target_elements = 1;
  int64_t state_bytes = 0;
  int64_t weight_bytes = 0;  // of the state: from the first weight to the last
  bool small_chain = false;  // one input, stage after stage, and the persistent kernel has all of them

  /// The metrics as devices sum them; false when one of them is summed on the processor only.
  bool MetricsOf(const std::vector<base::MetricConfig>& metrics, std::vector<MetricNumbers>* numbers) const;
};

/// The update of a configuration's optimizer.
UpdateKind UpdateKindOf(const base::OptimizerConfig& optimizer);

}  // namespace engine::device
