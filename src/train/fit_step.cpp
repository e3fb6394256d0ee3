#include "train/fit_step.hpp"

#include <cstring>
#include <optional>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "pg/report.hpp"
#include "plan/params.hpp"
#include "plan/training_check.hpp"
#include "data/feature_columns.hpp"
#include "data/packed_table.hpp"
#include "store/architectures.hpp"
#include "store/model_spec.hpp"
#include "store/training_state.hpp"
#include "train/bundle_visit.hpp"
#include "train/visit_context.hpp"

namespace train {

struct FitStep::Own {
  store::ModelSpec spec;
  base::DataSpec data;
  std::unique_ptr<engine::Model> model;
  store::Block block{0};
  std::unique_ptr<BundleVisit> visit;
};

FitStep::FitStep(std::string_view bytes) : own_(std::make_unique<Own>()) {
  const store::StateView state(bytes);
  own_->spec = state.Spec();
  own_->data = base::ReadDataSpec(state.header().data_spec);
  plan::ResolveClassWeights(*own_->spec.graph, own_->data, &own_->spec.config);
  engine::Options options = store::EngineOptions(false);
  options.precision = state.header().precision;  // a state carries its precision along
  own_->model = store::BuildModel(own_->spec, own_->data, options);
  store::CheckState(state, own_->model->program().layout());
  own_->block = store::Block(own_->model->program().layout().bytes);
  store::DecodeState(state, own_->model->program().layout(), own_->block.data());
  own_->model->Attach(own_->block.data());
  own_->visit = std::make_unique<BundleVisit>(std::vector<engine::Model*>{own_->model.get()}, &own_->data);
  visit_ = own_->visit.get();
  visit_->Begin();
}

FitStep::FitStep(int visit_id) {
  ActiveVisit* visit = CurrentVisit();
  if (visit == nullptr || visit->visit_id != visit_id || visit->models->begun()) {
    throw base::Error(base::ErrorCode::kInvalidParameter, "visit " + std::to_string(visit_id) + " is not being trained in this session",
                      "Visit numbers are used by fit_multiple_model() within its own run.",
                      "Call fit_step with a state made by cerebro.init_state() or returned by fit_step.");
  }
  visit_ = visit->models;
  run_ = visit;
  visit_->Begin();
}

FitStep::~FitStep() = default;

bool FitStep::FeedKept(int partition_id, int buffer_id) {
  if (run_ == nullptr || run_->cache == nullptr) return false;
  const std::vector<base::Bytes> columns =
      data::KeptColumns(*run_->table, data::CachedTable::kTraining, partition_id, buffer_id, run_->complete, run_->cache);
  if (columns.empty()) return false;
  visit_->Feed(partition_id, buffer_id, columns, pg::CheckInterrupts);
  return true;
}

bool FitStep::MayLack(size_t column) const { return run_ != nullptr && !run_->table->HasColumn(column); }

void FitStep::Feed(int partition_id, int buffer_id, std::vector<base::Bytes> columns) {
  if (run_ != nullptr) {
    data::PrepareColumns(*run_->table, data::CachedTable::kTraining, partition_id, buffer_id, run_->complete, run_->cache, &columns, &decoded_);
  }
  visit_->Feed(partition_id, buffer_id, columns, pg::CheckInterrupts);
}

std::string FitStep::Finish() {
  visit_->End(pg::CheckInterrupts);
  if (own_ == nullptr) return {};
  own_->model->Detach();
  return store::StateEncoder(own_->data).Encode(own_->spec, own_->model->program().layout(), own_->block.data());
}

std::string InitialState(std::string_view model_arch_table, int model_id, const std::string& compile_params, const std::string& fit_params,
                         std::string_view source_table, uint64_t seed, uint64_t stream) {
  const data::PackedTable source = data::OpenPackedTable(source_table, "source_table");
  const store::Architecture architecture = store::ReadArchitecture(model_arch_table, model_id, source.spec);
  store::ModelSpec spec;
  spec.graph = architecture.graph;
  spec.compile_params = compile_params;
  spec.fit_params = fit_params;
  spec.config = plan::ReadConfig(compile_params, fit_params, *spec.graph);
  for (const plan::TrainingDoubt& doubt : plan::CheckLosses(*spec.graph, spec.config, source.spec)) pg::Warning(doubt.message, doubt.hint);
  plan::ResolveClassWeights(*spec.graph, source.spec, &spec.config);
  const engine::Program program(spec.graph, spec.config, source.spec, store::EngineOptions(false));
  store::Block block(program.layout().bytes);
  program.Initialise(spec.config.optimizer, block.data(), seed, stream, static_cast<uint32_t>(source.spec.num_partitions),
                     pg::CheckInterrupts);
  store::LoadArchitectureWeights(architecture, program, block.data());
  return store::StateEncoder(source.spec).Encode(spec, program.layout(), block.data());
}

namespace {

template <typename T>
std::string ArrayText(std::string_view raw) {
  std::string text = "{";
  for (size_t at = 0; at < raw.size(); at += sizeof(T)) {
    T value;
    std::memcpy(&value, raw.data() + at, sizeof(T));
    if (at > 0) text += ',';
    text += base::FormatNumber(static_cast<double>(value), true);
  }
  return text + "}";
}

}  // namespace

std::vector<std::vector<std::optional<std::string>>> StateTensors(std::string_view bytes) {
  const store::StateView state(bytes);
  const bool wide = state.header().precision == base::DType::kFloat64;
  std::vector<std::vector<std::optional<std::string>>> rows;
  for (const wire::TensorEntry& tensor : state.header().tensors) {
    std::string shape = "{";
    for (size_t i = 0; i < tensor.shape.size(); i++) shape += (i > 0 ? "," : "") + std::to_string(tensor.shape[i]);
    const std::string_view raw = state.Tensor(tensor);
    rows.push_back({std::to_string(rows.size() + 1), tensor.name, shape + "}", tensor.is_slot ? "t" : "f", tensor.trainable ? "t" : "f",
                    wide ? ArrayText<double>(raw) : ArrayText<float>(raw)});
  }
  return rows;
}

}  // namespace train
