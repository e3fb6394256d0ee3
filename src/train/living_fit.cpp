#include "train/living_fit.hpp"

#include <algorithm>
#include <limits>
#include <map>
#include <set>
#include <string>
#include <utility>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "plan/architecture_parameters.hpp"
#include "plan/ranking.hpp"
#include "plan/stopping.hpp"
#include "train/memory.hpp"
#include "train/prepare_model.hpp"
#include "train/run_log.hpp"
#include "train/run_parts.hpp"
#include "train/search_features.hpp"
#include "train/value_check.hpp"

namespace train {
namespace {

using base::Error;
using base::ErrorCode;

int64_t MostIterations(const FitArguments& arguments, const PreparedFit& fit) {
  return fit.search ? fit.search->iterations : arguments.num_iterations;
}

const base::Graph& GraphOf(int model_id, PreparedFit* fit) {
  auto& architecture = fit->architectures[model_id];
  if (architecture == nullptr) {
    architecture = std::make_shared<const store::Architecture>(store::ReadArchitecture(fit->architecture_table, model_id, fit->training.spec));
  }
  return *architecture->graph;
}

// Those of the architecture table that obey the constraints.
std::vector<int> SearchedArchitectures(const plan::SearchDescription& search, std::vector<int> model_ids, PreparedFit* fit) {
  if (!search.model_ids.empty()) model_ids = search.model_ids;
  std::sort(model_ids.begin(), model_ids.end());
  model_ids.erase(std::unique(model_ids.begin(), model_ids.end()), model_ids.end());
  if (!search.max_parameters) return model_ids;
  std::vector<int> small;
  int64_t least = std::numeric_limits<int64_t>::max();
  for (const int id : model_ids) {
    const int64_t weights = GraphOf(id, fit).WeightCount();
    least = std::min(least, weights);
    if (weights <= *search.max_parameters) small.push_back(id);
  }
  if (small.empty()) {
    throw Error(ErrorCode::kInvalidParameter, "no architecture of table " + fit->architecture_table.Text() + " has at most " +
                                                  std::to_string(*search.max_parameters) + " parameters",
                "The smallest one has " + std::to_string(least) + ".", "Raise max_parameters, or load a smaller architecture.");
  }
  return small;
}

// What is known of them, for samplers that learn. One that cannot be read fails when it is tried.
void DescribeArchitectures(plan::SearchDescription* search, PreparedFit* fit) {
  if (!plan::LearnsFromArchitectures(*search) || !search->architectures.empty() || search->model_ids.size() < 3) return;
  for (const int id : search->model_ids) {
    try {
      search->architectures.emplace_back(id, plan::ArchitectureParameters(GraphOf(id, fit)));
    } catch (const Error&) {
    }
  }
}

std::vector<int> LoadedArchitectures(const PreparedFit& fit) {
  std::vector<int> ids;
  const std::string statement = "SELECT model_id::pg_catalog.int4 FROM " + fit.architecture_table.Sql() + " WHERE model_id IS NOT NULL ORDER BY 1";
  for (const auto& row : pg::Read(statement).rows) ids.push_back(base::WholeInt(row[0]));
  return ids;
}

// Those that a search names are there.
void RequireArchitectures(const plan::SearchDescription& search, const PreparedFit& fit) {
  if (search.model_ids.empty() && search.architectures.empty()) return;
  const std::vector<int> loaded = LoadedArchitectures(fit);
  const auto require = [&](int id, const char* key) {
    if (std::binary_search(loaded.begin(), loaded.end(), id)) return;
    throw Error(ErrorCode::kInvalidParameter,
                std::string(key) + " of search names model_id " + std::to_string(id) + ", which table " + fit.architecture_table.Text() + " has not",
                pg::HiddenRowsDetail(fit.architecture_table), "SELECT model_id, name FROM " + fit.architecture_table.Sql() + " lists those that it has.");
  };
  for (const int id : search.model_ids) require(id, "model_ids");
  for (const auto& [id, parameters] : search.architectures) require(id, "architectures");
}

// What a policy is asked for and has no occasion to do.
void NoticeUseless(const PreparedFit& fit) {
  const plan::SearchDescription& search = *fit.search;
  if (fit.policy->NeverLearns()) {
    pg::Notice("the search learns nothing: all of its configurations are drawn at random",
               "Its sampler is asked for a configuration when " + std::to_string(search.startup) +
                   " others have been tried. Lower startup or concurrency, or raise max_models.");
  }
  if (fit.policy->NeverHalves()) {
    pg::Notice("the policy " + search.policy + " has a single rung: each of its trials does all iterations",
               "Raise num_iterations, or lower eta or min_iterations.");
  }
}

// Without a monitor a search goes by the first metric, or by the loss of models without metrics.
const std::string& FirstMetric(const PreparedModel& model) {
  const std::vector<std::string>& names = model.metric_names();
  return names[names.size() > 1 ? 1 : 0];
}

// What a search goes by must be a value of each model: what it monitors, or the first metric of its first model. Values of
// two metrics cannot be ranked together.
void RequireMonitor(const PreparedFit& fit, const PreparedModel& model) {
  if (!fit.search) return;
  const std::string& monitor = fit.search->monitor;
  const std::string who = " is no value of mst_key " + std::to_string(model.mst_key);
  std::vector<std::string> known = model.metric_names();
  if (monitor.empty()) {
    const std::string& wanted = FirstMetric(fit.models.empty() ? model : fit.models.front());
    if (FirstMetric(model) == wanted) return;
    throw Error(ErrorCode::kInvalidParameter, "\"" + wanted + "\", by which the search ranks its models," + who,
                "Its first metric is " + FirstMetric(model) + ".", "Give all configurations the same first metric, or give the search a monitor.");
  }
  const size_t metrics = known.size();
  for (size_t k = 0; k < metrics && fit.HasValidation(); k++) known.push_back("val_" + known[k]);
  if (std::find(known.begin(), known.end(), monitor) != known.end()) return;
  std::string list;
  for (const std::string& name : known) list += (list.empty() ? "" : ", ") + name;
  throw Error(ErrorCode::kInvalidParameter, "monitor \"" + monitor + "\" of search" + who, "", "It has " + list + ".");
}

void RequireSmallEnough(const PreparedFit& fit, const PreparedModel& model) {
  if (!fit.search || !fit.search->max_parameters) return;
  const int64_t weights = model.spec->graph->WeightCount();
  if (weights <= *fit.search->max_parameters) return;
  throw Error(ErrorCode::kInvalidParameter, "model_id " + std::to_string(model.architecture->model_id) + " has " + std::to_string(weights) +
                                                " parameters, more than max_parameters of the search, " + std::to_string(*fit.search->max_parameters));
}

}  // namespace

FitTrialMaker FitTrialMaker::OfModelsBefore(PreparedFit* fit) {
  FitTrialMaker maker(fit, nullptr);
  maker.again_ = true;
  return maker;
}

// Whether the tables' values are within the limits of its layers and losses: looked up once for an architecture and its
// losses.
void FitTrialMaker::RequireValues(const PreparedModel& model) {
  const std::pair<const base::Graph*, std::string> what{model.spec->graph.get(), store::LossType(model.spec->config)};
  if (fit_.checked.count(what) != 0) return;
  const std::vector<CheckedModel> checked = {{model.mst_key, model.spec->graph.get(), &model.spec->config}};
  CheckValues(checked, fit_.training, "training table", fit_.options.precision);
  if (fit_.validation) CheckValues(checked, *fit_.validation, "validation table", fit_.options.precision);
  fit_.checked.insert(what);
}

// A model that the run has no memory for fails, and the run goes on. Where it has begun, the coordinator's account has what
// is left; before, it is what may be taken in all. Segments ask the tracker of theirs.
void FitTrialMaker::RequireRoom(const PreparedModel& model) {
  if (pg::OnGreenplum()) return;
  if (request_ == nullptr && left_ < 0) left_ = static_cast<double>(MemoryAllowed().bytes);
  for (size_t m = 0; work_ == 0 && m < fit_.models.size(); m++) {
    const PreparedModel& other = fit_.models[m];
    work_ = std::max(work_, WorkBytes(*other.program, other.spec->config, other.workspace_bytes, fit_.training));
  }
  const int processes = request_ == nullptr ? 1 : std::max(1, request_->workers);
  const double work = WorkBytes(*model.program, model.spec->config, model.workspace_bytes, fit_.training);
  const double need = static_cast<double>(AlignedState(model.state_bytes())) + processes * std::max(0.0, work - work_);
  double& left = request_ == nullptr ? left_ : request_->curves_memory;
  if (need > left) {
    throw Error(ErrorCode::kOutOfMemory, "the model needs " + pg::SizeText(need) + " of memory, which is more than the " + pg::SizeText(left) +
                                             " that the run has left");
  }
  left -= need;
  work_ = std::max(work_, work);
}

void FitTrialMaker::Make(const LivingTrial& trial) {
  if (trial.trial.key > std::numeric_limits<int32_t>::max()) throw Error(ErrorCode::kInvalidParameter, "there are too many trials");
  const plan::Candidate& candidate = trial.trial.candidate;
  std::vector<plan::TrainingDoubt> doubts;  // of a search nobody reads them all
  PreparedModel model = PrepareModel({static_cast<int>(trial.trial.key), candidate.model_id, candidate.params.compile_params, candidate.params.fit_params},
                                     trial.trial.parent != 0, &fit_, &doubts);
  model.configuration = model.mst_key;
  model.past.iterations = trial.trial.began;
  RequireSmallEnough(fit_, model);
  RequireMonitor(fit_, model);
  plan::CheckMonitors(fit_.stopping, {{model.mst_key, model.metric_names()}}, fit_.HasValidation());
  if (!fit_.frozen.columns.empty()) TrainLikeItsArchitecture(&fit_, &model);
  if (trial.trial.parent != 0) {
    model.keeps_optimizer = trial.keeps_optimizer;
    for (size_t m = 0; m < fit_.models.size(); m++) {
      if (fit_.models[m].mst_key == trial.trial.parent) model.parent = static_cast<int>(m);
    }
    const PreparedModel& parent = fit_.models.at(static_cast<size_t>(model.parent));
    if (parent.architecture != model.architecture) {
      throw Error(ErrorCode::kInvalidParameter, "a clone has the architecture of its parent, mst_key " + std::to_string(trial.trial.parent));
    }
  }
  if (!again_) {
    RequireValues(model);
    RequireRoom(model);
  }
  fit_.models.push_back(std::move(model));
  if (request_ == nullptr) return;
  const PreparedModel& added = fit_.models.back();
  plan::Bundle bundle;
  bundle.models = {static_cast<int>(fit_.models.size()) - 1};
  bundle.sequence = FirstSequence(fit_, added);
  bundle.visit_cost = added.visit_seconds;
  fit_.plan.bundles.push_back(std::move(bundle));
  request_->spec.models.push_back(added.spec);
  request_->spec.costs.push_back(added.visit_seconds);
  request_->mst_keys.push_back(added.mst_key);
  request_->metric_names.push_back(added.metric_names());
  request_->programs.push_back(added.program);
  request_->past.push_back(added.past);
  request_->past.back().parent = added.parent;
}

// Models that are at the same visit may be in one bundle.
RoundPlan FitTrialMaker::PlanRound(const std::vector<int>& models, const std::vector<int64_t>& begun) {
  RoundPlan round;
  const int partitions = fit_.training.spec.num_partitions;
  round.plan.partitions = partitions;
  const std::vector<plan::Sequence> sequences = fit_.plan.Sequences(fit_.models.size());
  std::map<int64_t, std::vector<int>> at;
  for (size_t i = 0; i < models.size(); i++) at[begun[i]].push_back(models[i]);
  for (const auto& [visits, together] : at) {
    std::vector<double> costs;
    std::vector<plan::Sequence> own;
    for (const int m : together) {
      costs.push_back(fit_.models[static_cast<size_t>(m)].visit_seconds);
      own.push_back(sequences[static_cast<size_t>(m)]);
    }
    plan::Plan part = plan::MakePlan(costs, own, partitions, BundlesOf(fit_, models.size()));
    for (plan::Bundle& bundle : part.bundles) {
      for (int& m : bundle.models) m = together[static_cast<size_t>(m)];
      round.plan.bundles.push_back(std::move(bundle));
      round.begun.push_back(visits);
    }
  }
  round.fusion = FuseBundles(round.plan, &fit_);
  return round;
}

void ReadSearchAgain(const FitArguments& a, const store::RunRecord* run, PreparedFit* fit) {
  if (a.warm_start) {
    throw Error(ErrorCode::kInvalidParameter, "search cannot be used with warm_start", "A search makes its models itself.",
                "Begin a run under another name.");
  }
  if (a.folds) throw Error(ErrorCode::kInvalidParameter, "search cannot be used with folds", "", "Give a validation_table.");
  if (a.halving) {
    throw Error(ErrorCode::kInvalidParameter, "search cannot be used with halving", "The policy of a search decides who stops.",
                "Take the policy \"hyperband\" or \"asha\".");
  }
  plan::SearchDescription search = plan::ReadSearch(*a.search, a.num_iterations);
  const char* const argument = "model_selection_table";
  const pg::TableName table = pg::ParseTableName(a.model_selection_table, argument);
  std::vector<int> model_ids;
  if (pg::FindColumn(pg::TableColumns(table, argument), "model_arch") != nullptr) {
    pg::RequireSelect(table);
    fit->architecture_table = fit->selection_table = table;
    model_ids = LoadedArchitectures(*fit);
    if (model_ids.empty()) {
      throw Error(ErrorCode::kPrerequisiteState, "architecture table " + table.Text() + " is empty", pg::HiddenRowsDetail(table),
                  "Add an architecture by cerebro.load_model().");
    }
  } else {
    for (const Configuration& row : ReadSelection(a, fit)) {
      search.first.push_back({row.model_id, {row.compile_params, row.fit_params}});
      model_ids.push_back(row.model_id);
    }
  }
  // those that it began with, whatever was loaded since
  if (run != nullptr) {
    std::vector<int> before = SearchedBefore(*run);
    if (!before.empty()) model_ids = std::move(before);
  }
  RequireArchitectures(search, *fit);
  search.model_ids = SearchedArchitectures(search, std::move(model_ids), fit);
  if (run != nullptr) RequireSameSearch(*run, SearchTexts(search, *fit), a.replay ? pg::ParseTableName(*a.replay, "replay") : fit->output.models);
  DescribeArchitectures(&search, fit);
  search.seed = static_cast<uint64_t>(a.seed.value_or(0));
  fit->policy = plan::MakePolicy(search);
  fit->search = std::move(search);
  fit->living = true;
}

void BeginSearch(const FitArguments& a, const store::RunRecord* replayed, PreparedFit* fit) {
  ReadSearchAgain(a, replayed, fit);
  NoticeUseless(*fit);
  FitTrialMaker maker(fit, nullptr);
  const LivingRun run = LivingRunOf(a, *fit, &maker);
  std::vector<ControlAction> none;
  Trials(run, &fit->trials).Decide(0, false, &none);
  fit->decided = 1;
  for (const LivingTrial& trial : fit->trials) {
    if (!fit->models.empty() && trial.model < 0) WarnOfTrial(trial.trial.key, trial.error);
  }
  if (!fit->models.empty()) return;
  for (const LivingTrial& trial : fit->trials) {
    if (!trial.error.empty()) throw Error(ErrorCode::kInvalidParameter, "no trial can be trained: " + trial.error, "It is the first one's error.");
  }
  throw Error(ErrorCode::kInvalidParameter, "the search has no trials");
}

bool CanBeLiving(const PreparedFit& fit) {
  return std::all_of(fit.plan.bundles.begin(), fit.plan.bundles.end(), [](const plan::Bundle& bundle) { return bundle.sequence.shift == 0; });
}

void MakeLiving(const FitArguments& a, PreparedFit* fit) {
  const std::string monitor = MonitorOf(*fit);
  for (size_t m = 0; m < fit->models.size(); m++) {
    const PreparedModel& model = fit->models[m];
    LivingTrial living;
    living.model = static_cast<int>(m);
    plan::Trial& trial = living.trial;
    trial.key = model.mst_key;
    trial.candidate = {model.architecture->model_id, {model.spec->compile_params, model.spec->fit_params}};
    trial.began = trial.iterations = model.past.iterations;
    trial.target = model.past.iterations + a.num_iterations;
    if (model.past.diverged || model.stored_diverged_step != 0) trial.state = plan::TrialState::kDiverged;
    if (fit->progress) {
      const ModelResult& result = fit->progress->models[m];
      trial.iterations += result.stopped_iteration != 0 ? result.stopped_iteration : fit->progress->iteration;
      if (result.diverged_step != 0) {
        trial.state = plan::TrialState::kDiverged;
        trial.iterations = result.iterations_done;
      } else if (result.stopped_iteration != 0) {
        trial.state = plan::TrialState::kStopped;
        trial.remark = result.stopped_by;
      } else if (trial.iterations >= trial.target) {
        trial.state = plan::TrialState::kFinished;
      }
      for (const plan::Evaluation& evaluation : result.evaluations) {
        if (evaluation.iteration <= model.past.iterations || evaluation.iteration > trial.iterations + (result.diverged_step != 0 ? 1 : 0)) continue;
        const std::optional<double> value = MonitoredLoss(monitor, model.metric_names(), evaluation);
        if (value) trial.points.push_back({evaluation.iteration, *value});
      }
    }
    (fit->progress ? fit->progress->trials : fit->trials).push_back(std::move(living));
  }
  if (fit->progress) fit->progress->decided = fit->progress->iteration;
  fit->living = true;
}

std::string MonitorOf(const PreparedFit& fit) {
  if (fit.search) return fit.search->monitor;
  std::vector<const std::vector<std::string>*> names;
  for (size_t m = 0; m < fit.own_models; m++) names.push_back(&fit.models[m].metric_names());
  const std::string metric = plan::CommonMetric(names);
  return (fit.HasValidation() ? "val_" : "") + (metric.empty() ? std::string("loss") : metric);
}

LivingRun LivingRunOf(const FitArguments& a, const PreparedFit& fit, TrialMaker* maker) {
  LivingRun run;
  run.policy = fit.policy.get();
  run.maker = maker;
  run.trials = fit.trials;
  run.decided = fit.decided;
  run.iterations = MostIterations(a, fit);
  run.actions = fit.actions;
  run.replays = a.replay.has_value();
  run.monitor = MonitorOf(fit);
  if (!fit.search) return run;
  run.most_models = fit.policy->MostTrials();
  run.max_failures = fit.search->max_failures;
  run.max_models = fit.search->max_models / fit.search->seeds_per_config * fit.search->seeds_per_config;
  run.adds_to_max_models = fit.search->policy == "external";
  run.time_budget = fit.search->time_budget;
  return run;
}

}  // namespace train
