#include "workers/group_memory.hpp"

#include <algorithm>
#include <cstring>

#include "base/error.hpp"
#include "base/record.hpp"
#include "base/whole_characters.hpp"
#include "workers/shared_memory.hpp"

namespace workers {
namespace {

size_t RoundUp(size_t bytes, size_t unit) { return (bytes + unit - 1) / unit * unit; }

void WriteOptional(const std::optional<std::string>& text, base::RecordWriter* w) {
  w->Number(text ? 1 : 0);
  w->Text(text.value_or(""));
}

std::optional<std::string> ReadOptional(base::RecordReader* r) {
  const bool there = r->Number() != 0;
  std::string text = r->Text();
  return there ? std::optional<std::string>(std::move(text)) : std::nullopt;
}

struct Offsets {
  size_t spec, first_states, compared, tasks, entries, slabs, end;
};

Offsets PlaceParts(const train::RunRequest& request, int compared_model, const std::string& spec_text, size_t groups,
                   size_t tasks, size_t slab_bytes) {
  Offsets o{};
  size_t at = RoundUp(sizeof(GroupWindowHead), train::kStateAlignment);
  const auto take = [&at](size_t bytes) {
    const size_t here = at;
    at = RoundUp(at + bytes, train::kStateAlignment);
    return here;
  };
  o.spec = take(spec_text.size());
  o.first_states = take(FirstStateOffsets(request).back());
  o.compared = take(compared_model < 0 ? 0 : request.programs[static_cast<size_t>(compared_model)]->layout().bytes);
  o.tasks = take(tasks * sizeof(plan::GroupTask));
  o.entries = take(groups * sizeof(GroupEntry));
  o.slabs = at;
  o.end = at + groups * slab_bytes;
  return o;
}

}  // namespace

void WriteGroupFailure(const base::Error& error, GroupEntry* entry) {
  const std::string text = error.detail().empty() ? error.what() : std::string(error.what()) + ". " + error.detail();
  const std::string_view kept = base::WholeCharacters(text, sizeof(entry->error) - 1);
  std::memcpy(entry->error, kept.data(), kept.size());
  entry->state = GroupState::kFailed;
}

std::string WriteGroupRun(const train::GroupRun& run) {
  base::RecordWriter w;
  w.Text(WriteRunSpec(run.spec));
  for (const int key : run.mst_keys) w.Number(key);
  w.Number(run.iterations);
  w.Number(run.metrics_frequency.value_or(0));
  WriteOptional(run.early_stopping, &w);
  WriteOptional(run.halving, &w);
  w.Number(run.keep_best ? 1 : 0);
  w.Number(run.validated ? 1 : 0);
  for (size_t m = 0; m < run.spec.models.size(); m++) w.Number(m < run.balanced.size() && run.balanced[m] ? 1 : 0);
  w.Number(static_cast<int64_t>(run.classes));
  w.Number(run.compared_model);
  const plan::FusionData& d = run.typical;
  for (const double value : {d.rows, d.partitions, d.buffers, d.row_bytes, d.row_elements, d.cached_bytes})
    w.Real(value);
  w.Number(run.switches.horizontal ? 1 : 0);
  w.Number(run.switches.shared_scan ? 1 : 0);
  w.Real(run.switches.memory);
  return w.Take();
}

train::GroupRun ReadGroupRun(const char* data, size_t bytes) {
  base::RecordReader r({data, bytes}, "the run's specification");
  train::GroupRun run;
  const std::string spec = r.Text();
  run.spec = ReadRunSpec(spec.data(), spec.size());
  run.mst_keys.resize(run.spec.models.size());
  for (int& key : run.mst_keys) key = static_cast<int>(r.Number());
  run.iterations = r.Number();
  const int64_t frequency = r.Number();
  if (frequency > 0) run.metrics_frequency = frequency;
  run.early_stopping = ReadOptional(&r);
  run.halving = ReadOptional(&r);
  run.keep_best = r.Number() != 0;
  run.validated = r.Number() != 0;
  for (size_t m = 0; m < run.spec.models.size(); m++) run.balanced.push_back(r.Number() != 0);
  run.classes = static_cast<size_t>(r.Number());
  run.compared_model = static_cast<int>(r.Number());
  plan::FusionData& d = run.typical;
  for (double* value : {&d.rows, &d.partitions, &d.buffers, &d.row_bytes, &d.row_elements, &d.cached_bytes})
    *value = r.Real();
  run.switches.horizontal = r.Number() != 0;
  run.switches.shared_scan = r.Number() != 0;
  run.switches.memory = r.Real();
  return run;
}

SlabLayout::SlabLayout(const train::RunRequest& request, const train::GroupRun& run)
    : balanced_(run.balanced), classes_(run.classes), most_evaluations_(static_cast<size_t>(request.due.count())) {
  const int compared_model = run.compared_model;
  const auto take = [this](size_t bytes, size_t unit) {
    bytes_ = RoundUp(bytes_, unit);
    const size_t here = bytes_;
    bytes_ += bytes;
    return here;
  };
  for (const auto& program : request.programs) {
    Model model;
    model.values = program->metric_names().size();
    model.entry = take(sizeof(GroupModelEntry), 8);
    model.evaluations = take(most_evaluations_ * model.doubles() * sizeof(double), 8);
    model.weight_bytes = static_cast<size_t>(program->layout().weight_count) * sizeof(float);
    model.weights = take(model.weight_bytes, 8);
    models_.push_back(model);
  }
  if (compared_model >= 0) compared_values_ = models_[static_cast<size_t>(compared_model)].values;
  compared_ = take((1 + compared_values_) * sizeof(double), 8);
  class_rows_ = take(classes_ * sizeof(int64_t), 8);
  bytes_ = RoundUp(bytes_, train::kStateAlignment);
}

void SlabLayout::StoreWeights(const std::string& weights, size_t model, char* slab) const {
  if (weights.size() != models_[model].weight_bytes)
    throw base::Error(base::ErrorCode::kInternal, "a model has other weights than its program says");
  std::memcpy(slab + models_[model].weights, weights.data(), weights.size());
}

void SlabLayout::StoreClassRows(const std::vector<int64_t>& class_rows, char* slab) const {
  for (size_t c = 0; c < classes_; c++) {
    const int64_t rows = c < class_rows.size() ? class_rows[c] : 0;
    std::memcpy(slab + class_rows_ + c * sizeof(rows), &rows, sizeof(rows));
  }
}

train::GroupStart SlabLayout::Start(bool has_weights, const char* slab) const {
  train::GroupStart start;
  for (size_t m = 0; has_weights && m < models_.size(); m++)
    start.weights.push_back(reinterpret_cast<const float*>(slab + models_[m].weights));
  if (classes_ == 0) return start;
  start.balanced = balanced_;
  start.class_rows = reinterpret_cast<const int64_t*>(slab + class_rows_);
  start.classes = classes_;
  return start;
}

void SlabLayout::Store(const train::RunResult& result, const train::GroupTrainer& trainer,
                       const std::vector<double>& compared, char* slab) const {
  std::string weights;
  for (size_t m = 0; m < models_.size(); m++) {
    trainer.StoreWeights(m, &weights);
    StoreWeights(weights, m, slab);
  }
  StoreResult(result, compared, slab);
}

// An evaluation: iteration, elapsed, how many values of each table (0 or all), then the values.
void SlabLayout::StoreResult(const train::RunResult& result, const std::vector<double>& compared, char* slab) const {
  for (size_t m = 0; m < models_.size(); m++) {
    const Model& model = models_[m];
    const train::ModelResult& from = result.models[m];
    if (from.evaluations.size() > most_evaluations_)
      throw base::Error(base::ErrorCode::kInternal, "a group has more evaluations than iterations are due");
    GroupModelEntry entry{};
    entry.training_seconds = from.training_seconds;
    entry.iterations_done = from.iterations_done;
    entry.stopped_iteration = from.stopped_iteration;
    entry.best = from.best;
    entry.evaluations = static_cast<int64_t>(from.evaluations.size());
    entry.diverged_step = from.diverged_step;
    std::strncpy(entry.stopped_by, from.stopped_by.c_str(), sizeof(entry.stopped_by) - 1);
    std::memcpy(slab + model.entry, &entry, sizeof(entry));
    auto* at = reinterpret_cast<double*>(slab + model.evaluations);
    for (const plan::Evaluation& evaluation : from.evaluations) {
      at[0] = static_cast<double>(evaluation.iteration);
      at[1] = evaluation.elapsed;
      at[2] = static_cast<double>(evaluation.training.size());
      at[3] = static_cast<double>(evaluation.validation.size());
      std::copy(evaluation.training.begin(), evaluation.training.end(), at + 4);
      std::copy(evaluation.validation.begin(), evaluation.validation.end(), at + 4 + model.values);
      at += model.doubles();
    }
  }
  auto* at = reinterpret_cast<double*>(slab + compared_);
  at[0] = static_cast<double>(compared.size());
  std::copy(compared.begin(), compared.end(), at + 1);
}

void SlabLayout::Load(const char* slab, train::GroupOutcome* outcome) const {
  for (const Model& model : models_) {
    GroupModelEntry entry;
    std::memcpy(&entry, slab + model.entry, sizeof(entry));
    train::ModelResult result;
    result.training_seconds = entry.training_seconds;
    result.iterations_done = entry.iterations_done;
    result.stopped_iteration = entry.stopped_iteration;
    result.best = entry.best;
    result.diverged_step = entry.diverged_step;
    result.stopped_by = entry.stopped_by;
    const auto* at = reinterpret_cast<const double*>(slab + model.evaluations);
    for (int64_t e = 0; e < entry.evaluations; e++) {
      plan::Evaluation evaluation;
      evaluation.iteration = static_cast<int64_t>(at[0]);
      evaluation.elapsed = at[1];
      evaluation.training.assign(at + 4, at + 4 + static_cast<size_t>(at[2]));
      evaluation.validation.assign(at + 4 + model.values, at + 4 + model.values + static_cast<size_t>(at[3]));
      result.evaluations.push_back(std::move(evaluation));
      at += model.doubles();
    }
    outcome->models.push_back(std::move(result));
    outcome->weights.emplace_back(slab + model.weights, model.weight_bytes);
  }
  const auto* at = reinterpret_cast<const double*>(slab + compared_);
  outcome->compared.assign(at + 1, at + 1 + static_cast<size_t>(at[0]));
}

std::vector<size_t> FirstStateOffsets(const train::RunRequest& request) {
  std::vector<size_t> offsets = {0};
  for (const auto& program : request.programs)
    offsets.push_back(offsets.back() + train::AlignedState(program->layout().bytes));
  return offsets;
}

size_t GroupWindowBytes(const train::RunRequest& request, int compared_model, const std::string& spec_text,
                        size_t groups, size_t tasks, size_t slab_bytes) {
  return PlaceParts(request, compared_model, spec_text, groups, tasks, slab_bytes).end;
}

GroupWindowHead* LayOutGroupWindow(void* block, size_t bytes, const train::RunRequest& request, int compared_model,
                                   const std::string& spec_text, const std::vector<const void*>& first_states,
                                   const void* compared, const std::vector<data::Group>& groups,
                                   const std::vector<plan::GroupTask>& tasks, size_t slab_bytes) {
  const Offsets o = PlaceParts(request, compared_model, spec_text, groups.size(), tasks.size(), slab_bytes);
  std::memset(block, 0, o.slabs);
  auto* window = static_cast<GroupWindowHead*>(block);
  window->bytes = bytes;
  window->spec_offset = o.spec;
  window->spec_bytes = spec_text.size();
  window->first_states_offset = o.first_states;
  window->compared_offset = o.compared;
  window->tasks_offset = o.tasks;
  window->entries_offset = o.entries;
  window->slabs_offset = o.slabs;
  window->slab_bytes = slab_bytes;
  window->groups = static_cast<int64_t>(groups.size());
  window->tasks = static_cast<int64_t>(tasks.size());
  window->sync.Init();
  std::memcpy(At<char>(window, o.spec), spec_text.data(), spec_text.size());
  const std::vector<size_t> offsets = FirstStateOffsets(request);
  for (size_t m = 0; m < first_states.size(); m++) {
    std::memcpy(At<char>(window, o.first_states + offsets[m]), first_states[m], request.programs[m]->layout().bytes);
  }
  if (compared_model >= 0) {
    std::memcpy(At<char>(window, o.compared), compared,
                request.programs[static_cast<size_t>(compared_model)]->layout().bytes);
  }
  std::copy(tasks.begin(), tasks.end(), At<plan::GroupTask>(window, o.tasks));
  for (size_t g = 0; g < groups.size(); g++) {
    GroupEntry& entry = *EntryOf(window, g);
    entry.group_id = groups[g].id;
    entry.rows = groups[g].rows;
    entry.validation_rows = groups[g].validation_rows;
    entry.partitions = groups[g].partitions;
    entry.worker = -1;
  }
  return window;
}

}  // namespace workers
