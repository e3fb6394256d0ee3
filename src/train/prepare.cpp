#include "train/prepare.hpp"

#include <algorithm>
#include <cmath>
#include <cstdint>
#include <limits>
#include <map>
#include <set>

#include "base/error.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "pg/sql.hpp"
#include "plan/params.hpp"
#include "plan/training_check.hpp"
#include "train/states_decision.hpp"
#include "wire/shape_signature.hpp"
#include "data/buffer_view.hpp"
#include "data/packed_table.hpp"
#include "data/segment_map.hpp"
#include "store/architectures.hpp"
#include "store/model_spec.hpp"
#include "store/result_tables.hpp"
#include "train/arguments.hpp"
#include "train/living_fit.hpp"
#include "train/prepare_model.hpp"
#include "train/prepare_groups.hpp"
#include "train/results.hpp"
#include "train/run_parts.hpp"
#include "train/trial_table.hpp"
#include "train/value_check.hpp"
#include "train/worker_choice.hpp"

namespace train {
namespace {

using base::Error;
using base::ErrorCode;

constexpr int kMostErrorsListed = 20;
constexpr size_t kMostKeysListed = 10;

void CheckArguments(const FitArguments& a) {
  if (a.num_iterations < 1) {
    throw Error(ErrorCode::kInvalidParameter, "num_iterations must be at least 1, got " + std::to_string(a.num_iterations), "",
                "One iteration shows every model all rows once.");
  }
  if (a.metrics_compute_frequency && (*a.metrics_compute_frequency < 1 || *a.metrics_compute_frequency > a.num_iterations)) {
    throw Error(ErrorCode::kInvalidParameter,
                "metrics_compute_frequency must be in the range 1 to " + std::to_string(a.num_iterations) + ", got " +
                    std::to_string(*a.metrics_compute_frequency),
                "", "It counts iterations: with 1 metrics are computed after each of the num_iterations.");
  }
  if (a.workers && *a.workers < 0) {
    throw Error(ErrorCode::kInvalidParameter, "workers must not be negative, got " + std::to_string(*a.workers), "",
                "Use 0 to train in the session itself, or NULL for the default of cerebro.workers.");
  }
}

// What folds cannot be trained with is refused before anything is read.
void CheckFolds(const FitArguments& a, const PreparedFit& fit) {
  if (!a.folds) return;
  const auto refuse = [](const std::string& message, const std::string& detail, const std::string& hint) {
    throw Error(ErrorCode::kInvalidParameter, message, detail, hint);
  };
  const std::string pack = "Pack the table by cerebro.training_preprocessor_dl() with folds => " + std::to_string(std::max(2, *a.folds)) + ".";
  if (*a.folds < 2) refuse("folds must be at least 2, got " + std::to_string(*a.folds), "", "Leave it out to train on all rows.");
  if (fit.training.folds == 0) refuse("packed table " + fit.training.name.Text() + " has no folds", "Folds are made when rows are packed.", pack);
  if (fit.training.folds != *a.folds) {
    refuse("folds is " + std::to_string(*a.folds) + ", but packed table " + fit.training.name.Text() + " has " +
               std::to_string(fit.training.folds) + " folds",
           "", "Give folds => " + std::to_string(fit.training.folds) + ", or pack the table again.");
  }
  if (a.validation_table) {
    refuse("folds cannot be trained with a validation_table", "Each model is validated on the fold that it leaves out.",
           "Leave validation_table out; cerebro.evaluate() scores the models on another table afterwards.");
  }
  if (a.warm_start) {
    refuse("folds cannot be trained with warm_start", "", "Train with more iterations in a new run.");
  }
  if (a.halving) {
    refuse("folds cannot be trained with halving", "Halving drops models one by one, and a configuration needs all of its folds.",
           "Leave one of the two out; early_stopping can be used with folds.");
  }
}

// A durable run that is not over has states in the middle of an iteration, and somebody who waits for its end.
void RequireEnded(const PreparedFit& fit) {
  const std::optional<store::RunRecord> run = store::ReadRunRecord(fit.output);
  if (!run || run->state == store::kRunFinished) return;
  throw Error(ErrorCode::kPrerequisiteState,
              "run " + fit.output.models.Text() + " has not ended: " + std::to_string(run->iteration) + " of " +
                  std::to_string(run->iterations) + " iterations are done",
              "It was begun by cerebro.fit() or cerebro.advance().", "Let it go on by the call that it was begun with, or drop it by cerebro.drop_run().");
}

void CheckOutput(const FitArguments& a, const store::RunRecord* run, PreparedFit* fit) {
  if (run == nullptr && a.warm_start) RequireEnded(*fit);
  if (run != nullptr && run->generation == 0 && !a.warm_start) return;  // the tables are there, and empty
  if (!a.warm_start && run == nullptr) {
    for (const pg::TableName& table : fit->output.All()) pg::RequireAbsent(table, "model_output_table");
    pg::RequireCreate(fit->output.models);
    return;
  }
  // the very tables that have the record, whatever a reader's search_path leads to
  const std::string name = run == nullptr ? a.model_output_table : fit->output.models.Sql();
  fit->stored = store::OpenModelTable(name, "model_output_table", std::nullopt);
  if (run != nullptr || !fit->stored->plan.has_folds()) return;
  throw Error(ErrorCode::kInvalidParameter, "the models of table " + fit->output.models.Text() + " were trained on folds: warm_start cannot go on with them",
              "Each of them has left a part of the rows out.",
              "Train the best configuration of cerebro.fold_leaderboard() on all rows, in a new run without folds.");
}

// Doubts about configurations, each said once with all models that it is about.
class Doubts {
 public:
  void Add(int mst_key, std::vector<plan::TrainingDoubt> doubts) {
    for (plan::TrainingDoubt& doubt : doubts) {
      const auto same = std::find_if(said_.begin(), said_.end(), [&](const Said& said) { return said.doubt.message == doubt.message; });
      if (same != said_.end()) {
        same->mst_keys.push_back(mst_key);
      } else {
        said_.push_back({std::move(doubt), {mst_key}});
      }
    }
  }

  void Say() const {
    for (const Said& said : said_) {
      std::string keys;
      for (size_t i = 0; i < said.mst_keys.size() && i < kMostKeysListed; i++) keys += (i > 0 ? ", " : "") + std::to_string(said.mst_keys[i]);
      if (said.mst_keys.size() > kMostKeysListed) keys += ", and " + std::to_string(said.mst_keys.size() - kMostKeysListed) + " more";
      pg::Warning("mst_key " + keys + ": " + said.doubt.message, said.doubt.hint);
    }
  }

 private:
  struct Said {
    plan::TrainingDoubt doubt;
    std::vector<int> mst_keys;
  };
  std::vector<Said> said_;
};

// A configuration's models: one, or one a fold. Those of one configuration have consecutive keys.
void AddModels(PreparedModel model, PreparedFit* fit) {
  model.configuration = model.mst_key;
  for (int fold = 1; fold <= fit->folds; fold++) {
    model.fold = fold;
    model.mst_key = (model.configuration - 1) * fit->folds + fold;
    fit->models.push_back(model);
  }
  if (fit->folds == 0) fit->models.push_back(std::move(model));
}

void CheckFoldKeys(const std::vector<Configuration>& selection, const PreparedFit& fit) {
  if (fit.folds == 0) return;
  for (const Configuration& row : selection) {
    if (row.mst_key >= 1 && row.mst_key <= std::numeric_limits<int32_t>::max() / fit.folds) continue;
    throw Error(ErrorCode::kInvalidParameter,
                "mst_key " + std::to_string(row.mst_key) + " of table " + fit.selection_table.Text() + " cannot be trained on folds",
                "The models of a configuration get the keys from (mst_key - 1) * folds + 1 to mst_key * folds.",
                "Give the configuration a key between 1 and " + std::to_string(std::numeric_limits<int32_t>::max() / fit.folds) + ".");
  }
}

// Every configuration is read and its program compiled, so that whatever is wrong is known before any training.
// warm_start: models have weights of an earlier run.
void ReadModels(const std::vector<Configuration>& selection, bool warm_start, PreparedFit* fit) {
  std::vector<std::pair<int, Error>> errors;
  Doubts doubts;
  for (const Configuration& row : selection) {
    pg::CheckInterrupts();
    try {
      std::vector<plan::TrainingDoubt> doubted;
      AddModels(PrepareModel(row, warm_start, fit, &doubted), fit);
      doubts.Add(row.mst_key, std::move(doubted));
    } catch (const Error& error) {
      errors.emplace_back(row.mst_key, error);
    }
  }
  if (errors.empty()) {
    doubts.Say();
    return;
  }
  if (errors.size() == 1) {
    const Error& error = errors.front().second;
    throw Error(error.code(), "mst_key " + std::to_string(errors.front().first) + ": " + error.what(), error.detail(), error.hint());
  }
  std::string detail;
  for (size_t i = 0; i < errors.size() && i < kMostErrorsListed; i++) {
    detail += (i > 0 ? "\n" : "") + ("mst_key " + std::to_string(errors[i].first)) + ": " + errors[i].second.what();
  }
  if (errors.size() > kMostErrorsListed) detail += "\nand " + std::to_string(errors.size() - kMostErrorsListed) + " more.";
  throw Error(errors.front().second.code(),
              std::to_string(errors.size()) + " of " + std::to_string(selection.size()) + " configurations cannot be trained", detail,
              errors.front().second.hint());
}

// A mini-batch ends with its partition.
void AnnounceLargeBatches(const PreparedFit& fit) {
  const std::vector<int64_t>& rows = fit.training.partition_rows;
  const int64_t most = rows.empty() ? 0 : *std::max_element(rows.begin(), rows.end());
  size_t larger = 0, configurations = 0;
  int largest = 0;
  for (const PreparedModel& model : fit.models) {
    if (model.fold > 1) continue;
    ++configurations;
    if (model.spec->config.batch_size <= most) continue;
    ++larger;
    largest = std::max(largest, model.spec->config.batch_size);
  }
  if (larger == 0) return;
  pg::Notice("a partition of packed table " + fit.training.name.Text() + " has " + std::to_string(most) +
                 " rows: mini-batches have no more, although batch_size is larger in " + std::to_string(larger) + " of " +
                 std::to_string(configurations) + " configurations (up to " + std::to_string(largest) + ")",
             fit.training.spec.num_partitions > 1 ? "Pack the table with a smaller num_partitions for larger mini-batches." : "");
}

void CheckStopping(const PreparedFit& fit) {
  std::vector<std::pair<int, std::vector<std::string>>> names;
  for (const PreparedModel& model : fit.models) names.emplace_back(model.mst_key, model.metric_names());
  plan::CheckMonitors(fit.stopping, names, fit.HasValidation());
}

// The tables' values, as far as models have limits for them: the last check, because it reads packed columns.
void CheckTables(const PreparedFit& fit) {
  std::vector<CheckedModel> models;
  for (const PreparedModel& model : fit.models) {
    if (model.fold <= 1) models.push_back({model.configuration, model.spec->graph.get(), &model.spec->config});
  }
  CheckValues(models, fit.training, "training table", fit.options.precision);
  if (fit.validation) CheckValues(models, *fit.validation, "validation table", fit.options.precision);
}

// Which stored models go on, and with what behind them.
void MatchStored(PreparedFit* fit) {
  if (!fit->stored) return;
  std::map<int, store::StoredHistory> stored;
  for (store::StoredHistory& history : store::ReadHistory(fit->output, "model_output_table")) stored[history.mst_key] = std::move(history);
  for (PreparedModel& model : fit->models) {
    const auto it = stored.find(model.mst_key);
    model.stored = it != stored.end();
    if (!model.stored) continue;
    store::StoredHistory& history = it->second;
    model.stored_diverged_step = history.diverged_step;
    model.stored_shift = history.shift;
    model.past.iterations = history.iterations_done;
    model.past.training_seconds = history.training_seconds;
    model.past.diverged = history.diverged_step != 0;
    if (history.metric_names == model.metric_names() && history.loss_type == store::LossType(model.spec->config)) {
      model.past.evaluations = std::move(history.evaluations);
    } else if (!history.evaluations.empty()) {
      pg::Notice("the curves of model mst_key=" + std::to_string(model.mst_key) +
                 " begin anew: its loss or metrics are others than before");
    }
  }
}

// The random streams of a model are those that it began with.
void NoticeOtherSeed(const FitArguments& a, const PreparedFit& fit) {
  const auto goes_on = std::count_if(fit.models.begin(), fit.models.end(), [](const PreparedModel& model) { return model.stored; });
  if (!a.seed || *a.seed == fit.stored->seed || goes_on == 0) return;
  pg::Notice("seed " + std::to_string(*a.seed) + " is for new models only: " + std::to_string(goes_on) + (goes_on == 1 ? " model goes" : " models go") +
             " on with the seed of the earlier run, " + std::to_string(fit.stored->seed));
}

void NoticeOtherPartitions(const PreparedFit& fit) {
  if (!fit.stored || fit.stored->plan.partitions == fit.training.spec.num_partitions) return;
  pg::Notice("the packed table has " + std::to_string(fit.training.spec.num_partitions) + " partitions, the stored run had " +
             std::to_string(fit.stored->plan.partitions) + ": its models go on in the order that belongs to the new number");
}

// A durable run keeps its bundles, whatever the server has become: their models are at the same visit.
void GoOnWithPlan(PreparedFit* fit) {
  fit->plan = fit->stored->plan;
  for (plan::Bundle& bundle : fit->plan.bundles) {
    bundle.visit_cost = 0;
    for (const int m : bundle.models) {
      const PreparedModel& model = fit->models[static_cast<size_t>(m)];
      bundle.visit_cost += model.visit_seconds;
      if (bundle.sequence.shift != 0) bundle.sequence.first = model.past.iterations;
    }
  }
}

// A model that goes on keeps the sequence of its stored run, whoever trains beside it.
void MakePlan(PreparedFit* fit) {
  const int partitions = fit->training.spec.num_partitions;
  if (fit->progress && !fit->segments && !fit->living) {
    GoOnWithPlan(fit);
    return;
  }
  std::map<int, plan::Sequence> stored;  // by mst_key
  if (fit->stored && fit->stored->plan.partitions == partitions) {
    for (const plan::Bundle& bundle : fit->stored->plan.bundles) {
      for (const int m : bundle.models) stored[fit->stored->models.at(static_cast<size_t>(m)).mst_key] = bundle.sequence;
    }
  }
  std::vector<double> costs;
  std::vector<plan::Sequence> sequences;
  for (const PreparedModel& model : fit->models) {
    const auto known = stored.find(model.mst_key);
    plan::Sequence sequence = FirstSequence(*fit, model);
    if (known != stored.end() && model.stored) sequence = known->second;
    if (sequence.shift != 0) sequence.first = model.past.iterations;
    sequences.push_back(sequence);
    costs.push_back(model.visit_seconds);
  }
  fit->plan = plan::MakePlan(costs, sequences, partitions, BundlesOf(*fit, fit->models.size()));
}

// What a fusion is planned from besides the models.
void DescribeData(PreparedFit* fit) {
  plan::FusionData& data = fit->fusion_data;
  data = plan::FusionData();
  data.rows = static_cast<double>(fit->training.spec.rows);
  data.partitions = fit->training.spec.num_partitions;
  data.buffers = data.partitions;
  if (fit->training.max_buffer_rows > 0) {
    data.buffers = 0;
    const auto most = static_cast<double>(fit->training.max_buffer_rows);
    for (const int64_t rows : fit->training.partition_rows) data.buffers += std::ceil(static_cast<double>(rows) / most);
  }
  const data::PackedTable table = fit->frozen.TableOf(fit->training);
  data.row_bytes = static_cast<double>(table.RowBytes());
  for (size_t i = 0; i < table.spec.inputs.size(); ++i) {
    const bool read = fit->frozen.model_reads.empty() || fit->frozen.model_reads[i];
    if (read) data.row_elements += static_cast<double>(base::ElementCount(table.spec.inputs[i].shape));
  }
  data.cached_bytes = static_cast<double>(pg::CurrentSettings().cache_mem) + fit->frozen.decision.kept_bytes;
}

// Nothing is trained of a model that was deleted: where it cannot be made any more, another one stands for it, so that those behind it keep their
// numbers.
void MakeAgain(const LivingTrial& trial, const std::vector<LivingTrial>& trials, FitTrialMaker* maker, PreparedFit* fit) {
  try {
    maker->Make(trial);
    return;
  } catch (const Error&) {
    if (!trial.deleted) throw;
  }
  std::optional<PreparedModel> other;
  if (!fit->models.empty()) {
    other = fit->models.front();
  } else {
    for (const LivingTrial& later : trials) {
      if (other || later.model < 0 || later.deleted || later.trial.parent != 0) continue;
      maker->Make(later);
      other = std::move(fit->models.back());
      fit->models.pop_back();
    }
  }
  if (!other) throw Error(ErrorCode::kPrerequisiteState, "run " + fit->output.models.Text() + " has no model left that can be made", "", "Begin another run.");
  other->mst_key = other->configuration = static_cast<int>(trial.trial.key);
  other->parent = -1;
  fit->models.push_back(*std::move(other));
}

// Models of a run that goes on: those that it began with and those that were added.
void ReadTrialsAgain(const FitArguments& a, const store::RunRecord& run, PreparedFit* fit) {
  std::vector<LivingTrial> trials = ReadTrials(fit->output);
  if (trials.empty()) return;
  if (a.search) ReadSearchAgain(a, &run, fit);
  RequireSameTrials(fit->output, trials, false, fit->output.models, *fit);
  fit->living = true;
  FitTrialMaker maker = FitTrialMaker::OfModelsBefore(fit);
  for (const LivingTrial& trial : trials) {
    if (trial.model < 0) continue;
    if (static_cast<size_t>(trial.model) >= fit->models.size()) MakeAgain(trial, trials, &maker, fit);
    fit->models[static_cast<size_t>(trial.model)].deleted = trial.deleted;
  }
  fit->decided = run.decided.value_or(0);
  fit->trials = std::move(trials);
}

}  // namespace

PreparedFit PrepareFit(const FitArguments& a, const store::RunRecord* run) {
  CheckArguments(a);
  PreparedFit fit(a.warm_start ? pg::ParseTableName(a.model_output_table, "model_output_table")
                               : pg::ParseNewTableName(a.model_output_table, "model_output_table"));
  OpenTables(a, &fit);
  CheckGroups(a, fit);
  std::optional<store::RunRecord> replayed;
  if (a.replay) replayed = store::ReadRunRecord(store::ResultTables(pg::ParseTableName(*a.replay, "replay")));
  const pg::TableName run_name = replayed ? pg::ParseTableName(*a.replay, "replay") : fit.output.models;
  const store::RunRecord* const same = replayed ? &*replayed : run;  // whose data and configurations these must be
  if (same != nullptr) RequireSameData(*same, fit, run_name);
  CheckFolds(a, fit);
  fit.folds = a.folds.value_or(0);
  fit.stopping = plan::ReadStopping(a.early_stopping, a.halving, a.num_iterations, fit.HasValidation());
  fit.options = store::EngineOptions(a.use_gpus && !pg::OnGreenplum());
  fit.pool = std::make_shared<engine::ModelPool>(fit.training.spec, fit.options);
  const bool goes_on = run != nullptr && run->generation > 0;
  std::vector<Configuration> selection;
  if (!a.search) selection = ReadSelection(a, &fit);
  CheckFoldKeys(selection, fit);
  CheckOutput(a, run, &fit);
  if (fit.grouped) {
    for (const pg::TableName& table : fit.output.OfGroups()) pg::RequireAbsent(table, "model_output_table");
  }
  if (!a.search) ReadModels(selection, fit.stored.has_value(), &fit);
  fit.own_models = fit.models.size();
  if (a.search && !goes_on) BeginSearch(a, same, &fit);
  if (same != nullptr && !(goes_on && a.search)) RequireSameModels(*same, fit, run_name);
  if (goes_on) ReadTrialsAgain(a, *run, &fit);
  if (goes_on && a.search) RequireSameModels(*run, fit, run_name);
  CheckStopping(fit);
  if (a.use_gpus && !pg::OnGreenplum()) AnnounceProcessor(fit);
  if (!fit.grouped) AnnounceLargeBatches(fit);
  if (goes_on) {
    GoOn(*run, &fit);
  } else {
    MatchStored(&fit);
  }
  if (fit.stored && !fit.progress) {
    RequireRewritable(fit);
    data::WarnOfOtherMeanings(fit.stored->data, fit.training);
    NoticeOtherSeed(a, fit);
  }
  if (pg::OnGreenplum() && !fit.grouped) fit.segments = data::FindSegments(fit.training);
  fit.due = plan::DueIterations(a.num_iterations, a.metrics_compute_frequency, fit.stopping);
  // a search looks at each iteration of a trial
  if (a.restore_best && !goes_on && !fit.policy && fit.due.count() == 1 && a.num_iterations > 1) {
    pg::Notice("restore_best has only the last iteration to choose from: metrics are computed after no other one",
               "Give metrics_compute_frequency => 1 to have them computed after each iteration.");
  }
  fit.seed = static_cast<uint64_t>(a.seed.value_or(0));
  fit.use_gpus = a.use_gpus;
  if (fit.grouped) {
    RequireSmallWeights(fit);
    fit.plan.partitions = 1;
    return fit;
  }
  if (!fit.progress) NoticeOtherPartitions(fit);
  MakePlan(&fit);
  ChooseWorkers(a, &fit);
  // the plan of bundles follows from what is left to train, and nobody sees it before
  if (PlanFrozen(a, &fit)) {
    MakePlan(&fit);
    ChooseWorkers(a, &fit);
  }
  DescribeData(&fit);
  fit.fusion = FuseBundles(fit.plan, &fit);
  std::vector<size_t> states;
  for (const PreparedModel& model : fit.models) states.push_back(model.state_bytes());
  fit.states = DecideStates(states, fit.workers);
  if (fit.segments) fit.states.location = StatesLocation::kSegments;
  if (!a.search) CheckTables(fit);  // a search looks at each trial
  if (a.replay) {
    const store::ResultTables tables(run_name);
    RequireSameTrials(tables, ReadTrials(tables), true, run_name, fit);
    fit.actions = ReadActionsDone(store::ResultTables(run_name));
  }
  if (a.replay && !fit.living) MakeLiving(a, &fit);
  for (const PreparedModel& model : fit.models) fit.checked.insert({model.spec->graph.get(), store::LossType(model.spec->config)});
  return fit;
}

}  // namespace train
