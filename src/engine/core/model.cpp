#include "engine/core/model.hpp"

#include <algorithm>
#include <new>
#include <utility>

#include "base/error.hpp"
#include "engine/api/binding.hpp"
#include "engine/core/autograd_library.hpp"
#include "engine/core/device_visit.hpp"
#include "engine/core/model_impl.hpp"
#include "engine/math/fpenv.hpp"

namespace engine {

namespace {

void CheckConfig(const base::TrainConfig& config) {
  if (config.batch_size >= 1 && config.epochs >= 1) return;
  throw base::Error(base::ErrorCode::kInvalidParameter, "batch_size and epochs must be 1 or more, not " + std::to_string(config.batch_size) +
                                                            " and " + std::to_string(config.epochs));
}

}  // namespace

std::string TextOfEngineError() {
  try {
    throw;
  } catch (const base::Error& error) {
    return error.detail().empty() ? error.what() : std::string(error.what()) + ": " + error.detail();
  } catch (const std::bad_alloc&) {
    return "out of memory";
  }
}

ModelInstance::ModelInstance(std::shared_ptr<const Program> p, const CompiledProgram& compiled, const base::TrainConfig& c)
    : shared_program(std::move(p)), program(compiled), config(c) {
  CheckConfig(config);
  if (program.native != nullptr) native_trainer = program.native->MakeTrainer(config.optimizer, config.batch_size);
}

ModelInstance::~ModelInstance() = default;

Model::Impl::Impl(std::shared_ptr<const Program> p, const base::TrainConfig& c) : ModelInstance(p, *p->impl_, c) {}

AutogradTrainer& ModelInstance::Autograd() {
  if (autograd_trainer == nullptr) {
    autograd_trainer = TheAutogradLibrary().MakeTrainer(program, config.optimizer);
    if (class_weight) autograd_trainer->SetClassWeights(*class_weight);
    if (counters != nullptr) autograd_trainer->Attach(counters);
  }
  return *autograd_trainer;
}

StateCounters& ModelInstance::attached() const {
  if (counters == nullptr) throw base::Error(base::ErrorCode::kInternal, "the model is not attached to a state");
  return *counters;
}

void ModelInstance::Attach(void* block) {
  if (reinterpret_cast<uintptr_t>(block) % kTensorAlignment != 0) {
    throw base::Error(base::ErrorCode::kInternal, "a state does not begin at a multiple of 64 bytes");
  }
  Detach();
  if (autograd_trainer) autograd_trainer->Attach(block);
  if (native_trainer) native_trainer->Attach(block);
  counters = static_cast<StateCounters*>(block);
}

void ModelInstance::Detach() {
  if (counters == nullptr) return;
  device_visit.reset();
  counters = nullptr;
  if (native_trainer) native_trainer->Attach(nullptr);
  if (autograd_trainer) autograd_trainer->Detach();
}

void ModelInstance::CheckBuffer(const base::Buffer& buffer, bool with_targets) const {
  RequireColumns(program.reads, buffer);
  if (buffer.rows >= 0 && (!with_targets || buffer.targets.size() == program.data.targets.size())) return;
  throw base::Error(base::ErrorCode::kInternal, "buffer " + std::to_string(buffer.buffer_id) + " of partition " +
                                                    std::to_string(buffer.partition_id) + " does not have the model's columns");
}

Model::Model(std::shared_ptr<const Program> program, const base::TrainConfig& config)
    : impl_(std::make_unique<Impl>(std::move(program), config)) {}

Model::Model(const base::Graph& graph, const base::TrainConfig& config, const base::DataSpec& data, const Options& options)
    : Model(std::make_shared<const Program>(std::make_shared<const base::Graph>(graph), config, data, options), config) {}

Model::~Model() = default;

const Program& Model::program() const { return *impl_->shared_program; }

void Model::Configure(const base::TrainConfig& config) {
  CheckConfig(config);
  impl_->config = config;
  if (impl_->native_trainer) impl_->native_trainer->Configure(config.optimizer, config.batch_size);
}

void Model::SetClassWeights(const std::map<int, double>& class_weight) {
  impl_->class_weight = class_weight;
  if (impl_->native_trainer) impl_->native_trainer->SetClassWeights(class_weight);
  if (impl_->autograd_trainer) impl_->autograd_trainer->SetClassWeights(class_weight);
}

void Model::Initialise(void* block, uint64_t seed, uint64_t stream, uint32_t partitions) const {
  program().Initialise(impl_->config.optimizer, block, seed, stream, partitions);
}

size_t Model::workspace_bytes(int64_t most_rows) const {
  if (!impl_->native_trainer) return 0;
  const int64_t rows = std::max<int64_t>(1, std::min<int64_t>(impl_->config.batch_size, most_rows));
  impl_->native_trainer->UseWorkspace(nullptr, rows);
  return impl_->native_trainer->WorkspaceBytes(rows);
}

size_t Model::scoring_bytes(int64_t most_rows) const {
  if (!impl_->native_trainer) return 0;
  return impl_->native_trainer->ScoringBytes(std::max<int64_t>(1, std::min(InferenceRows(impl_->config.batch_size), most_rows)));
}

double Model::InputDensity(const base::Buffer& buffer) {
  const math::FtzGuard ftz;
  impl_->CheckBuffer(buffer, false);
  return impl_->native_trainer ? impl_->native_trainer->InputDensity(buffer, kSampleRows) : 1;
}

void Model::Attach(void* block) {
  const math::FtzGuard ftz;
  impl_->Attach(block);
}

void Model::Detach() {
  const math::FtzGuard ftz;
  impl_->Detach();
}

}  // namespace engine
