#include "train/group_trainer.hpp"

#include <algorithm>
#include <cstring>
#include <map>
#include <utility>

#include "base/error.hpp"
#include "engine/api/state.hpp"
#include "plan/training_check.hpp"
#include "train/group_run.hpp"
#include "wire/shape_signature.hpp"

namespace train {

void AddBuffer(base::Buffer buffer, GroupRows* group) {
  group->rows += buffer.rows;
  const auto there = static_cast<int64_t>(group->partitions.size());
  const bool next = buffer.partition_id == there;
  if (!next && (there == 0 || buffer.partition_id != there - 1)) group->in_order = false;
  if (!group->in_order) return;  // such a group is not trained
  if (next) group->partitions.emplace_back();
  group->partitions.back().push_back(std::move(buffer));
}

void RequirePartitions(const GroupRows& group, const std::string& table, size_t most) {
  if (group.in_order && group.partitions.size() <= most) return;
  throw base::Error(base::ErrorCode::kDataCorrupted,
                    "packed table " + table + " has other partitions of the group than its table of groups says");
}

std::vector<plan::FusionModel> FusionModelsOf(const RunRequest& request, int64_t most_rows) {
  std::vector<plan::FusionModel> models;
  std::map<const base::Graph*, std::string> signatures;
  for (size_t m = 0; m < request.spec.models.size(); m++) {
    const store::ModelSpec& spec = *request.spec.models[m];
    const engine::Program& program = *request.programs[m];
    std::string& signature = signatures[spec.TrainedGraph().get()];
    if (signature.empty()) signature = wire::ShapeSignature(*spec.TrainedGraph());
    plan::FusionModel model;
    model.signature = signature;
    model.batch_size = spec.config.batch_size;
    model.epochs = spec.config.epochs;
    model.shuffle = spec.config.shuffle;
    model.kernels = program.has_kernels();
    model.state_bytes = static_cast<double>(program.layout().bytes);
    const int64_t rows = std::min<int64_t>(most_rows, spec.config.batch_size);
    model.workspace_bytes =
        static_cast<double>(request.pool->Lend(request.programs[m], spec.config)->workspace_bytes(rows));
    models.push_back(std::move(model));
  }
  return models;
}

GroupTrainer::GroupTrainer(RunRequest request, engine::ModelPool* pool, const std::vector<const void*>& first_states,
                           const plan::FusionData& typical, const plan::FusionSwitches& switches, engine::Poll poll,
                           std::function<double()> now)
    : request_(std::move(request)),
      typical_(typical),
      switches_(switches),
      poll_(std::move(poll)),
      now_(std::move(now)),
      workspace_(std::make_shared<engine::Workspace>()) {
  fusion_models_ = FusionModelsOf(request_, static_cast<int64_t>(typical.rows) + 1);
  for (size_t m = 0; m < request_.programs.size(); m++) {
    const size_t bytes = request_.programs[m]->layout().bytes;
    first_.emplace_back(bytes);
    std::memcpy(first_.back().data(), first_states[m], bytes);
    blocks_.emplace_back(bytes);
    models_.push_back(pool->Lend(request_.programs[m], request_.spec.models[m]->config));
  }
  best_.resize(models_.size());
  reweighted_.assign(models_.size(), false);
  // sequences and sums are those of whole tables: a group has no folds
  request_.spec.plan = plan::Plan();
  request_.spec.plan.partitions = 1;
}

GroupTrainer::~GroupTrainer() {
  for (size_t m = 0; m < reweighted_.size(); m++) {  // models go back to their pool
    if (reweighted_[m]) models_[m]->SetClassWeights(request_.spec.models[m]->config.class_weight);
  }
}

RunResult GroupTrainer::Train(const GroupRows& training, const GroupRows* validation, const GroupStart& start) {
  training_ = &training;
  validation_ = validation;
  start_ = &start;
  partitions_ = static_cast<int>(training.partitions.size());
  iterations_done_ = 0;
  rows_trained_ = 0;
  request_.spec.validation.spec.num_partitions = validation != nullptr ? 1 : 0;
  SilentObserver observer;
  try {
    return Coordinator(request_, this, &observer, now_).Run();
  } catch (...) {
    for (Bundle& bundle : bundles_) {
      for (const std::unique_ptr<engine::ModelGroup>& models : bundle.models) models->DropVisit();
    }
    for (engine::LentModel& model : models_) model->Detach();
    throw;
  }
}

std::vector<uint64_t> GroupTrainer::Enter() {
  trains_.assign(models_.size(), true);
  has_best_.assign(models_.size(), false);
  for (size_t m = 0; m < blocks_.size(); m++) {
    std::memcpy(blocks_[m].data(), first_[m].data(), blocks_[m].size());
    CountersOf(m)->partitions = static_cast<uint32_t>(partitions_);
    Begin(m);
  }
  return std::vector<uint64_t>(models_.size(), 0);
}

// What a group has of its own.
void GroupTrainer::Begin(size_t m) {
  if (!start_->weights.empty() && start_->weights[m] != nullptr) {
    const engine::Program& program = *request_.programs[m];
    program.LoadWeights(blocks_[m].data(), start_->weights[m], program.layout().weight_count, poll_);
  }
  if (start_->class_rows == nullptr || !start_->balanced[m]) return;
  const std::vector<int64_t> class_rows(start_->class_rows, start_->class_rows + start_->classes);
  models_[m]->SetClassWeights(plan::BalancedClassWeights(class_rows));
  reweighted_[m] = true;
}

// Models that train, by sequence; those of one partition have one sequence, so that most groups need no other bundles
// than the group before.
void GroupTrainer::PlanBundles() {
  if (planned_partitions_ == partitions_ && planned_ == trains_) return;
  bundles_.clear();
  planned_ = trains_;
  planned_partitions_ = partitions_;
  std::map<plan::Sequence, std::vector<int>> by_sequence;
  for (size_t m = 0; m < models_.size(); m++) {
    if (!trains_[m]) continue;
    const auto stream = static_cast<uint64_t>(static_cast<int64_t>(request_.mst_keys[m]));
    by_sequence[plan::SequenceOf(stream, partitions_)].push_back(static_cast<int>(m));
  }
  plan::Plan plan;
  plan.partitions = partitions_;
  for (const auto& [sequence, members] : by_sequence) plan.bundles.push_back({members, sequence, 0});
  plan::FusionData data = typical_;
  data.partitions = partitions_;
  data.buffers = partitions_;
  const plan::Fusion fusion = plan::PlanFusion(plan, fusion_models_, data, switches_);
  for (size_t b = 0; b < plan.bundles.size(); b++) {
    Bundle bundle;
    bundle.sequence = plan.bundles[b].sequence;
    const auto add = [&](const std::vector<int>& members, int batches_per_switch) {
      std::vector<engine::Model*> together;
      for (const int m : members) together.push_back(models_[static_cast<size_t>(m)].get());
      bundle.members.push_back(members);
      bundle.models.push_back(
          std::make_unique<engine::ModelGroup>(std::move(together), batches_per_switch, workspace_));
    };
    for (const plan::FusionGroup& fused : fusion.bundles[b].fusion_groups) {
      if (fused.horizontal.applied) {
        add(fused.models, fused.batches_per_switch);
      } else {
        for (const int m : fused.models) add({m}, 0);
      }
    }
    bundles_.push_back(std::move(bundle));
  }
}

int64_t GroupTrainer::Train(int64_t iteration, VisitSink* sink) {
  const double started = now_();
  std::vector<Sum> sums(models_.size());
  std::vector<int> trained;
  for (size_t m = 0; m < models_.size(); m++) {
    if (!trains_[m]) continue;
    trained.push_back(static_cast<int>(m));
    models_[m]->Attach(blocks_[m].data());
  }
  for (; iterations_done_ < iteration; iterations_done_++) {
    for (int visit = 0; visit < partitions_; visit++) {
      PlanBundles();
      for (Bundle& bundle : bundles_) Visit(&bundle, iterations_done_, visit, &sums);
      DropDiverged(&sums);
    }
    // a group whose models have all diverged has nothing left to do, however many iterations are asked for
    if (std::none_of(trains_.begin(), trains_.end(), [](bool trains) { return trains; }))
      iterations_done_ = iteration - 1;
  }
  double own = 0;
  for (const int m : trained) {
    models_[static_cast<size_t>(m)]->Detach();
    own += sums[static_cast<size_t>(m)].seconds;
  }
  const double share =
      trained.empty() ? 0 : std::max(0.0, now_() - started - own) / static_cast<double>(trained.size());
  double from = started;
  for (const int m : trained) {
    const Sum& sum = sums[static_cast<size_t>(m)];
    VisitRecord record;
    record.model = m;
    record.iteration = iteration - 1;
    record.started = from;
    record.ended = from + sum.seconds + share;
    record.seconds = sum.seconds;
    record.rows = sum.rows;
    record.loss = sum.rows > 0 ? sum.loss / static_cast<double>(sum.rows) : 0;
    record.diverged_step = sum.diverged_step;
    from = record.ended;
    rows_trained_ += sum.rows;
    sink->Visit(record);
  }
  sink->Progress(rows_trained_);
  return iteration;
}

// As train::BundleVisit: every model begins its visit, sees the buffers in their order, and ends it.
void GroupTrainer::Visit(Bundle* bundle, int64_t iteration, int visit, std::vector<Sum>* sums) {
  const int partition = bundle->sequence.PartitionAt(partitions_, iteration, visit);
  for (const std::vector<int>& members : bundle->members) {
    for (const int m : members) models_[static_cast<size_t>(m)]->BeginVisit(engine::BufferEnd::kCarries);
  }
  for (const base::Buffer& buffer : training_->partitions[static_cast<size_t>(partition)]) {
    for (size_t g = 0; g < bundle->models.size(); g++)
      Add(bundle->members[g], bundle->models[g]->Train(buffer, poll_), sums);
  }
  for (size_t g = 0; g < bundle->models.size(); g++) Add(bundle->members[g], bundle->models[g]->EndVisit(poll_), sums);
}

void GroupTrainer::Add(const std::vector<int>& members, const std::vector<engine::TrainResult>& parts,
                       std::vector<Sum>* sums) const {
  for (size_t i = 0; i < parts.size(); i++) {
    Sum& sum = (*sums)[static_cast<size_t>(members[i])];
    sum.rows += parts[i].rows;
    sum.loss += parts[i].loss_sum;
    sum.seconds += parts[i].seconds;
  }
}

// Models that have diverged make no further visit.
void GroupTrainer::DropDiverged(std::vector<Sum>* sums) {
  for (size_t m = 0; m < models_.size(); m++) {
    if (!trains_[m] || CountersOf(m)->diverged_step == 0) continue;
    (*sums)[m].diverged_step = CountersOf(m)->diverged_step;
    trains_[m] = false;
  }
}

// Sums of partitions are added in their order, as those of a table are, whoever computes them.
void GroupTrainer::SumRows(const GroupRows& rows, engine::StateScorer* scorer, const engine::Poll& poll,
                           std::vector<double>* sums) {
  std::vector<double> partition;
  for (const std::vector<base::Buffer>& buffers : rows.partitions) {
    partition.assign(sums->size(), 0.0);
    for (const base::Buffer& buffer : buffers) scorer->Evaluate(buffer, partition.data(), poll);
    for (size_t k = 0; k < sums->size(); k++) (*sums)[k] += partition[k];
  }
}

std::vector<std::vector<double>> GroupTrainer::Score(ScoredTable table, const std::vector<int>& models, VisitSink*) {
  if (scorer_ == nullptr || scored_ != models) {
    std::vector<engine::ScoredState> states;
    for (const int index : models) {
      const auto m = static_cast<size_t>(index);
      states.push_back({request_.programs[m], &request_.spec.models[m]->config, blocks_[m].data()});
    }
    scorer_ = std::make_unique<engine::StateScorer>(std::move(states), workspace_);
    scored_ = models;
  }
  std::vector<double> sums(scorer_->sums_size(), 0.0);
  SumRows(table == ScoredTable::kValidation ? *validation_ : *training_, scorer_.get(), poll_, &sums);
  std::vector<std::vector<double>> values;
  const double* at = sums.data();
  for (const int index : models) {
    const engine::Program& program = *request_.programs[static_cast<size_t>(index)];
    values.push_back(program.Finish(at));
    at += program.sums_size();
  }
  return values;
}

std::vector<double> GroupTrainer::ScoreState(size_t model, void* block, const GroupRows& rows) {
  std::vector<engine::ScoredState> states = {{request_.programs[model], &request_.spec.models[model]->config, block}};
  engine::StateScorer scorer(std::move(states), workspace_);
  std::vector<double> sums(scorer.sums_size(), 0.0);
  SumRows(rows, &scorer, poll_, &sums);
  return request_.programs[model]->Finish(sums.data());
}

void GroupTrainer::KeepBest(const std::vector<int>& models) {
  for (const int index : models) {
    const auto m = static_cast<size_t>(index);
    best_[m].clear();
    request_.programs[m]->StoreWeights(blocks_[m].data(), &best_[m], poll_);
    has_best_[m] = true;
  }
}

void GroupTrainer::StoreWeights(size_t model, std::string* out) const {
  if (has_best_[model]) {
    *out = best_[model];
    return;
  }
  out->clear();
  request_.programs[model]->StoreWeights(blocks_[model].data(), out, poll_);
}

void GroupTrainer::Retire(const std::vector<int>& models) {
  for (const int m : models) trains_[static_cast<size_t>(m)] = false;
}

void GroupTrainer::Collect(RunResult* result) {
  for (size_t m = 0; m < models_.size(); m++) {
    result->models[m].iterations_done = static_cast<int64_t>(CountersOf(m)->iterations_done);
  }
}

}  // namespace train
