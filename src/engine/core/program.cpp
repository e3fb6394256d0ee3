#include "engine/core/program.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

#include "base/error.hpp"
#include "base/record.hpp"
#include "definitions/torchscript.hpp"
#include "engine/api/binding.hpp"
#include "engine/api/constraint.hpp"
#include "engine/core/autograd_library.hpp"
#include "engine/core/program_impl.hpp"
#include "engine/core/device_context.hpp"
#include "engine/core/devices.hpp"
#include "engine/math/fpenv.hpp"
#include "engine/math/initializer.hpp"
#include "engine/math/metrics.hpp"
#include "engine/math/optimizer.hpp"
#include "engine/math/poll.hpp"

namespace engine {

namespace {

constexpr size_t kRows = 0, kLoss = 1, kFirstMetric = 2;  // positions in the sums

void CheckPrecision(base::DType precision) {
  if (precision != base::DType::kFloat32 && precision != base::DType::kFloat64) {
    throw base::Error(base::ErrorCode::kInvalidParameter, std::string("models do not compute in ") + base::DTypeName(precision), {},
                      "Use float32 or float64.");
  }
}

constexpr size_t kChunk = 1024 * 1024;  // elements or, in a whole block, bytes that are written between two looks for interrupts

// Values of any type into the elements first, ..., first + n - 1 of a tensor of the block.
template <typename From>
void Write(const StateLayout& layout, const StateTensor& tensor, const From* values, size_t first, size_t n, void* block) {
  char* at = static_cast<char*>(block) + tensor.offset;
  if (layout.precision == base::DType::kFloat64) {
    std::copy(values, values + n, reinterpret_cast<double*>(at) + first);
  } else {
    std::transform(values, values + n, reinterpret_cast<float*>(at) + first, [](From v) { return static_cast<float>(v); });
  }
}

/// Calls part(first, n) for 0, ..., count - 1 in parts, with a look for interrupts before each.
template <typename Part>
void InParts(size_t count, Part part) {
  for (size_t first = 0; first < count; first += kChunk) {
    math::PollInterrupts();
    part(first, std::min(kChunk, count - first));
  }
}

/// Devices that LibTorch can use. None where its library cannot be opened: what has kernels trains without it.
int DevicesOfLibTorch() {
  try {
    return AutogradDeviceCount();
  } catch (const base::Error& error) {
    if (error.code() != base::ErrorCode::kEngine) throw;
    return 0;
  }
}

}  // namespace

DeviceTraining TrainingOnDevice(const std::shared_ptr<const base::Graph>& graph, const base::TrainConfig& config,
                                const base::DataSpec& data, const Options& options) {
  if (options.device < 0) return {};
  const math::FtzGuard ftz;
  const CompiledProgram compiled(graph, config, data, options);
  return {compiled.on_device != nullptr || compiled.device >= 0, compiled.device_refusal};
}

std::string ProgramKey(const base::TrainConfig& config) {
  base::RecordWriter key;
  for (const base::LossConfig& loss : config.losses) {
    key.Number(static_cast<int64_t>(loss.kind));
    key.Number(loss.from_logits ? 1 : 0);
    key.Real(loss.label_smoothing);
    key.Real(loss.delta);
    key.Real(loss.alpha);
    key.Real(loss.gamma);
    key.Number(loss.apply_class_balancing ? 1 : 0);
    key.Text(loss.name);  // messages say it
  }
  for (const double weight : config.loss_weights) key.Real(weight);
  for (const base::MetricConfig& metric : config.metrics) {
    key.Number(static_cast<int64_t>(metric.kind));
    key.Number(metric.k);
    key.Number(metric.output);
    key.Text(metric.name);  // with its arguments
  }
  for (const auto& [index, weight] : config.class_weight) {
    key.Number(index);
    key.Real(weight);
  }
  for (const std::string& slot : math::SlotNames(config.optimizer)) key.Text(slot);
  for (const size_t count : {config.losses.size(), config.loss_weights.size(), config.metrics.size(), config.class_weight.size()}) {
    key.Number(static_cast<int64_t>(count));
  }
  return key.Take();
}

CompiledProgram::CompiledProgram(std::shared_ptr<const base::Graph> network, const base::TrainConfig& config, const base::DataSpec& columns, const Options& o)
    : options(o) {
  graph = std::move(network);
  data = columns;
  device = options.device;
  class_weight = config.class_weight;
  CheckPrecision(options.precision);
  losses = BindTargets(*graph, config, data);
  layout = MakeStateLayout(*graph, math::SlotNames(config.optimizer), options.precision);
  const size_t outputs = graph->outputs.size();
  loss_weights = config.loss_weights;
  if (loss_weights.empty()) loss_weights.assign(outputs, 1.0);
  metric_names.push_back("loss");
  sums_size = kFirstMetric;
  for (size_t i = 0; i < outputs; ++i) {
    output_shapes.push_back(graph->calls[static_cast<size_t>(graph->outputs[i])].output_shape);
    for (base::MetricConfig metric : config.metrics) {
      if (metric.kind == base::MetricKind::kLoss || (metric.output >= 0 && metric.output != static_cast<int>(i))) continue;
      metric.kind = math::ResolveMetric(metric.kind, losses[i].kind, output_shapes[i]);
      const std::string name = definitions::ShownName(metric.name);
      metric_names.push_back(outputs == 1 ? name : OutputName(*graph, i) + "_" + name);
      sums_size += math::MetricSums(metric, math::ClassesOf(output_shapes[i]));
      metrics.push_back(metric);
      metric_outputs.push_back(static_cast<int>(i));
    }
  }
  // what Attach would refuse is refused now
  for (const base::Layer& layer : graph->layers) {
    for (const base::WeightSpec& weight : layer.weights) {
      ReadRegularizer(weight, layer.name + "/" + weight.name);
      ReadConstraint(weight.constraint, layer.name + "/" + weight.name);
    }
  }
  const bool functions = std::any_of(metrics.begin(), metrics.end(),
                                     [](const base::MetricConfig& metric) { return metric.kind == definitions::kTorchScriptMetric; });
  options.kernels = options.kernels && !functions;  // LibTorch alone can call them
  if (functions && device >= 0 && KernelDeviceCount() > 0 && DevicesOfLibTorch() == 0) {
    device = -1;
    device_refusal = "a metric is a function of TorchScript";
  }
  PlaceOnDevice();
  if (options.kernels && device < 0) native = native::Program::Make(*graph, losses, loss_weights, class_weight, data, layout);
  // what it would refuse is refused now; what a device trains needs neither LibTorch nor a BLAS, but where the device's memory is short
  if (native == nullptr && on_device == nullptr) TheAutogradLibrary().MakeTrainer(*this, config.optimizer);
  reads = ColumnsRead(*graph, data);
}

// A device computes by our kernels where the network has them; the processor's are made as well, for when the device's
// memory is short. Else LibTorch computes on the device, if it can; else the processor.
void CompiledProgram::PlaceOnDevice() {
  if (device < 0) return;
  const int of_kernels = options.kernels ? KernelDeviceCount() : 0;
  if (of_kernels > 0) on_device = device::Network::Make(*this, &device_refusal);
  if (on_device != nullptr) scores_on_device = on_device->MetricsOf(metrics, &device_metrics);
  if (on_device != nullptr || (of_kernels > 0 && DevicesOfLibTorch() == 0)) device = -1;
  if (device >= 0) ShareDeviceContext();
}

Program::Program(std::shared_ptr<const base::Graph> graph, const base::TrainConfig& config, const base::DataSpec& data, const Options& options) {
  const math::FtzGuard ftz;
  impl_ = std::make_unique<Impl>(std::move(graph), config, data, options);
}

Program::~Program() = default;

const base::Graph& Program::graph() const { return *impl_->graph; }
const std::vector<bool>& Program::reads() const { return impl_->reads; }
const StateLayout& Program::layout() const { return impl_->layout; }
bool Program::has_kernels() const { return impl_->native != nullptr || impl_->on_device != nullptr; }
bool Program::uses_sparse_product() const { return impl_->native && impl_->native->uses_sparse_product(); }
const std::vector<std::string>& Program::metric_names() const { return impl_->metric_names; }
size_t Program::sums_size() const { return impl_->sums_size; }
const std::vector<base::Shape>& Program::output_shapes() const { return impl_->output_shapes; }

void Program::Initialise(const base::OptimizerConfig& optimizer, void* block, uint64_t seed, uint64_t stream, uint32_t partitions,
                         const Poll& poll) const {
  const math::FtzGuard ftz;
  const math::PollScope scope(poll);
  const StateLayout& layout = impl_->layout;
  InParts(layout.bytes, [&](size_t first, size_t n) { std::memset(static_cast<char*>(block) + first, 0, n); });
  StateCounters counters;
  counters.seed = seed;
  counters.stream = stream;
  counters.partitions = partitions;
  std::memcpy(block, &counters, sizeof(counters));

  size_t index = 0;
  for (const base::Layer& layer : impl_->graph->layers) {
    for (const base::WeightSpec& weight : layer.weights) {
      size_t first = 0;
      math::FillInitialValues(weight, layer.name, seed, stream, index, [&](const double* values, size_t n) {
        Write(layout, layout.tensors[index], values, first, n, block);
        first += n;
      });
      ++index;
    }
  }
  const size_t slots = math::SlotNames(optimizer).size();
  for (size_t slot = 0; index < layout.tensors.size(); ++index, slot = (slot + 1) % slots) {
    const double slot_value = math::SlotInitialValue(optimizer, slot);
    if (slot_value == 0) continue;
    const StateTensor& tensor = layout.tensors[index];
    const std::vector<double> values(std::min(kChunk, tensor.count), slot_value);
    InParts(tensor.count, [&](size_t first, size_t n) { Write(layout, tensor, values.data(), first, n, block); });
  }
}

void Program::LoadWeights(void* block, const float* weights, int64_t count, const Poll& poll) const {
  const math::PollScope scope(poll);
  const StateLayout& layout = impl_->layout;
  if (count != layout.weight_count) {
    throw base::Error(base::ErrorCode::kInvalidParameter,
                      "the weights have " + std::to_string(count) + " elements but the model has " + std::to_string(layout.weight_count));
  }
  for (const StateTensor& tensor : layout.tensors) {
    if (tensor.is_slot) break;
    InParts(tensor.count, [&](size_t first, size_t n) { Write(layout, tensor, weights + first, first, n, block); });
    weights += tensor.count;
  }
}

void Program::StoreWeights(const void* block, std::string* out, const Poll& poll) const {
  const math::PollScope scope(poll);
  const StateLayout& layout = impl_->layout;
  out->reserve(out->size() + static_cast<size_t>(layout.weight_count) * sizeof(float));
  std::vector<float> values;
  for (const StateTensor& tensor : layout.tensors) {
    if (tensor.is_slot) break;
    const char* tensor_begin = static_cast<const char*>(block) + tensor.offset;
    InParts(tensor.count, [&](size_t first, size_t n) {
      const char* at = tensor_begin + first * base::DTypeSize(layout.precision);
      if (layout.precision == base::DType::kFloat64) {
        const double* from = reinterpret_cast<const double*>(at);
        values.resize(n);
        std::transform(from, from + n, values.begin(), [](double v) { return static_cast<float>(v); });
        at = reinterpret_cast<const char*>(values.data());
      }
      out->append(at, n * sizeof(float));
    });
  }
}

std::vector<double> Program::Finish(const double* sums) const {
  const math::FtzGuard ftz;
  std::vector<double> values{sums[kRows] > 0 ? sums[kLoss] / sums[kRows] : 0.0};
  sums += kFirstMetric;
  for (size_t i = 0; i < impl_->metrics.size(); ++i) {
    const base::MetricConfig& metric = impl_->metrics[i];
    const int64_t classes = math::ClassesOf(impl_->output_shapes[static_cast<size_t>(impl_->metric_outputs[i])]);
    values.push_back(math::FinishMetric(metric, classes, sums));
    sums += math::MetricSums(metric, classes);
  }
  return values;
}

}  // namespace engine
