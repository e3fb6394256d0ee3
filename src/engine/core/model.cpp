#include "engine/core/model.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "engine/api/binding.hpp"
#include "engine/api/constraint.hpp"
#include "engine/core/model_impl.hpp"
#include "engine/math/blas_library.hpp"
#include "engine/math/fpenv.hpp"
#include "engine/math/initializer.hpp"
#include "engine/math/metrics.hpp"
#include "engine/math/optimizer.hpp"
#include "engine/core/autograd_library.hpp"

namespace engine {

namespace {

constexpr size_t kFixedSums = 2;  // rows, loss

void CheckPrecision(base::DType precision) {
  if (precision != base::DType::kFloat32 && precision != base::DType::kFloat64) {
    throw base::Error(base::ErrorCode::kInvalidParameter, std::string("models do not compute in ") + base::DTypeName(precision), {},
                      "Use float32 or float64.");
  }
}

// Values of any type into a tensor of the block.
template <typename From>
void Write(const StateLayout& layout, const StateTensor& tensor, const From* values, void* block) {
  char* at = static_cast<char*>(block) + tensor.offset;
  if (layout.precision == base::DType::kFloat64) {
    std::copy(values, values + tensor.count, reinterpret_cast<double*>(at));
  } else {
    std::transform(values, values + tensor.count, reinterpret_cast<float*>(at), [](From v) { return static_cast<float>(v); });
  }
}

}  // namespace

Model::Impl::Impl(const base::Graph& g, const base::TrainConfig& c, const base::DataSpec& d, const Options& o) : options(o) {
  graph = g;
  config = c;
  data = d;
  device = options.device;
  CheckPrecision(options.precision);
  losses = BindTargets(graph, config, data);
  layout = MakeStateLayout(graph, math::SlotNames(config.optimizer), options.precision);
  const size_t outputs = graph.outputs.size();
  loss_weights = config.loss_weights;
  if (loss_weights.empty()) loss_weights.assign(outputs, 1.0);
  metric_names.push_back("loss");
  sums_size = kFixedSums;
  for (size_t i = 0; i < outputs; ++i) {
    output_shapes.push_back(graph.calls[static_cast<size_t>(graph.outputs[i])].output_shape);
    for (base::MetricConfig metric : config.metrics) {
      if (metric.kind == base::MetricKind::kLoss) continue;
      metric.kind = math::ResolveMetric(metric.kind, losses[i].kind, output_shapes[i]);
      metric_names.push_back(outputs == 1 ? metric.name : OutputName(graph, i) + "_" + metric.name);
      sums_size += math::MetricSums(metric, math::ClassesOf(output_shapes[i]));
      metrics.push_back(metric);
      metric_outputs.push_back(static_cast<int>(i));
    }
  }
  if (config.batch_size < 1 || config.epochs < 1) {
    throw base::Error(base::ErrorCode::kInvalidParameter, "batch_size and epochs must be 1 or more, not " +
                                                              std::to_string(config.batch_size) + " and " + std::to_string(config.epochs));
  }
  // what Attach would refuse is refused now
  for (const base::Layer& layer : graph.layers) {
    for (const base::WeightSpec& weight : layer.weights) {
      ReadRegularizer(weight.regularizer, layer.name + "/" + weight.name);
      ReadConstraint(weight.constraint, layer.name + "/" + weight.name);
    }
  }
  if (options.kernels && device < 0 && outputs == 1) native_trainer = native::Trainer::Make(graph, config, losses[0], data, layout);
  if (native_trainer == nullptr) Autograd();  // what it would refuse is refused now
}

AutogradTrainer& Model::Impl::Autograd() {
  if (autograd_trainer == nullptr) {
    autograd_trainer = TheAutogradLibrary().MakeTrainer(*this);
    if (counters != nullptr) autograd_trainer->Attach(counters);
  }
  return *autograd_trainer;
}

StateCounters& Model::Impl::attached() const {
  if (counters == nullptr) throw base::Error(base::ErrorCode::kInternal, "the model is not attached to a state");
  return *counters;
}

void Model::Impl::CheckBuffer(const base::Buffer& buffer, bool with_targets) const {
  const bool complete =
      buffer.rows >= 0 && buffer.inputs.size() == data.inputs.size() && (!with_targets || buffer.targets.size() == data.targets.size());
  if (!complete) {
    throw base::Error(base::ErrorCode::kInternal, "buffer " + std::to_string(buffer.buffer_id) + " of partition " +
                                                      std::to_string(buffer.partition_id) + " does not have the model's columns");
  }
}

Model::Model(const base::Graph& graph, const base::TrainConfig& config, const base::DataSpec& data, const Options& options) {
  math::ChooseBlasKernels();
  const math::FtzGuard ftz;
  impl_ = std::make_unique<Impl>(graph, config, data, options);
}

Model::~Model() = default;

const StateLayout& Model::layout() const { return impl_->layout; }
bool Model::has_kernels() const { return impl_->native_trainer != nullptr; }
size_t Model::workspace_bytes() const {
  return impl_->native_trainer ? impl_->native_trainer->WorkspaceBytes(impl_->config.batch_size) : 0;
}
bool Model::uses_sparse_product() const { return impl_->native_trainer && impl_->native_trainer->uses_sparse_product(); }

double Model::InputDensity(const base::Buffer& buffer) {
  const math::FtzGuard ftz;
  impl_->CheckBuffer(buffer, false);
  return impl_->native_trainer ? impl_->native_trainer->InputDensity(buffer, kSampleRows) : 1;
}

const std::vector<std::string>& Model::metric_names() const { return impl_->metric_names; }
size_t Model::sums_size() const { return impl_->sums_size; }
const std::vector<base::Shape>& Model::output_shapes() const { return impl_->output_shapes; }

void Model::Initialise(void* block, uint64_t seed, uint64_t stream, uint32_t partitions) const {
  const math::FtzGuard ftz;
  const StateLayout& layout = impl_->layout;
  std::memset(block, 0, layout.bytes);
  StateCounters counters;
  counters.seed = seed;
  counters.stream = stream;
  counters.partitions = partitions;
  std::memcpy(block, &counters, sizeof(counters));

  size_t index = 0;
  for (const base::Layer& layer : impl_->graph.layers) {
    for (const base::WeightSpec& weight : layer.weights) {
      const std::vector<double> values = math::InitialValues(weight, layer.name, seed, stream, index);
      Write(layout, layout.tensors[index], values.data(), block);
      ++index;
    }
  }
  const double slot_value = math::SlotInitialValue(impl_->config.optimizer);
  if (slot_value == 0) return;
  for (; index < layout.tensors.size(); ++index) {
    const std::vector<double> values(layout.tensors[index].count, slot_value);
    Write(layout, layout.tensors[index], values.data(), block);
  }
}

void Model::LoadWeights(void* block, const float* weights, int64_t count) const {
  const StateLayout& layout = impl_->layout;
  if (count != layout.weight_count) {
    throw base::Error(base::ErrorCode::kInvalidParameter,
                      "the weights have " + std::to_string(count) + " elements but the model has " + std::to_string(layout.weight_count));
  }
  for (const StateTensor& tensor : layout.tensors) {
    if (tensor.is_slot) break;
    Write(layout, tensor, weights, block);
    weights += tensor.count;
  }
}

void Model::StoreWeights(const void* block, std::string* out) const {
  const StateLayout& layout = impl_->layout;
  std::vector<float> values;
  for (const StateTensor& tensor : layout.tensors) {
    if (tensor.is_slot) break;
    const char* at = static_cast<const char*>(block) + tensor.offset;
    if (layout.precision == base::DType::kFloat64) {
      const double* from = reinterpret_cast<const double*>(at);
      values.resize(tensor.count);
      std::transform(from, from + tensor.count, values.begin(), [](double v) { return static_cast<float>(v); });
      at = reinterpret_cast<const char*>(values.data());
    }
    out->append(at, tensor.count * sizeof(float));
  }
}

void Model::Attach(void* block) {
  const math::FtzGuard ftz;
  if (reinterpret_cast<uintptr_t>(block) % kTensorAlignment != 0) {
    throw base::Error(base::ErrorCode::kInternal, "a state does not begin at a multiple of 64 bytes");
  }
  Detach();
  if (impl_->autograd_trainer) impl_->autograd_trainer->Attach(block);
  if (impl_->native_trainer) impl_->native_trainer->Attach(block);
  impl_->counters = static_cast<StateCounters*>(block);
}

void Model::Detach() {
  const math::FtzGuard ftz;
  if (impl_->counters == nullptr) return;
  impl_->counters = nullptr;
  if (impl_->native_trainer) impl_->native_trainer->Attach(nullptr);
  if (impl_->autograd_trainer) impl_->autograd_trainer->Detach();
}

}  // namespace engine
