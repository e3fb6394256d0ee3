#include "train/run_parts.hpp"

#include <algorithm>
#include <map>
#include <set>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/plain_number.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "pg/settings.hpp"
#include "pg/sql.hpp"
#include "store/result_rows.hpp"
#include "store/result_tables.hpp"
#include "train/prepare_model.hpp"
#include "train/trial_table.hpp"

namespace train {
namespace {

using base::Error;
using base::ErrorCode;

constexpr size_t kMostDifferencesListed = 10;
constexpr uint64_t kDigestSeed = 0;  // stored: never another one

std::string Digest(const std::string& text) { return base::ToHex(base::Hash(text.data(), text.size(), kDigestSeed)); }

std::string Pair(const std::string& name, const std::string& value) { return name + "=" + value; }

// Names of tables with their schemas, so that they mean the same under every search_path. The output table is the one
// that has the record: cerebro.rename_run() changes it.
std::vector<std::string> ArgumentTexts(const FitArguments& a) {
  std::vector<std::string> texts;
  const auto add = [&](const char* name, const std::string& value) { texts.push_back(Pair(name, value)); };
  const auto flag = [&](const char* name, bool value) { add(name, value ? "true" : "false"); };
  add("source_table", pg::ParseTableName(a.source_table, "source_table").Sql());
  add("model_selection_table", pg::ParseTableName(a.model_selection_table, "model_selection_table").Sql());
  add("num_iterations", std::to_string(a.num_iterations));
  flag("use_gpus", a.use_gpus);
  if (a.validation_table) add("validation_table", pg::ParseTableName(*a.validation_table, "validation_table").Sql());
  if (a.metrics_compute_frequency) add("metrics_compute_frequency", std::to_string(*a.metrics_compute_frequency));
  flag("warm_start", a.warm_start);
  if (a.name) add("name", *a.name);
  if (a.description) add("description", *a.description);
  add("seed", std::to_string(a.seed.value_or(0)));
  flag("restore_best", a.restore_best);
  if (a.early_stopping) add("early_stopping", *a.early_stopping);
  if (a.halving) add("halving", *a.halving);
  if (a.search) add("search", *a.search);
  return texts;
}

std::vector<std::string> SettingTexts() {
  const pg::Settings settings = pg::CurrentSettings();
  return {Pair("cerebro.precision", settings.float64 ? "float64" : "float32"),
          Pair("cerebro.threads", std::to_string(settings.threads)),
          Pair("cerebro.feature_precision", settings.feature_precision)};
}

std::vector<std::string> DataTexts(const PreparedFit& fit) {
  std::vector<std::string> texts = {Pair("source_table", fit.training.digest)};
  if (fit.validation) texts.push_back(Pair("validation_table", fit.validation->digest));
  return texts;
}

// Of one that is not there, or cannot be read, a word.
std::string DigestOfArchitecture(int model_id, const PreparedFit& fit) {
  const auto known = fit.architectures.find(model_id);
  if (known != fit.architectures.end() && known->second != nullptr) return ArchitectureDigest(*known->second);
  try {
    return ArchitectureDigest(store::ReadArchitecture(fit.architecture_table, model_id, fit.training.spec));
  } catch (const Error&) {
    return "unreadable";
  }
}

// most: those that the run began with; others may have been added since.
std::vector<std::string> ModelTexts(const PreparedFit& fit, size_t most) {
  std::map<const store::Architecture*, std::string> architectures;
  std::vector<std::string> texts;
  for (const PreparedModel& model : fit.models) {
    if (texts.size() == most) break;
    std::string& architecture = architectures[model.architecture.get()];
    if (architecture.empty()) architecture = ArchitectureDigest(*model.architecture);
    texts.push_back(std::to_string(model.mst_key) + ":" + std::to_string(model.architecture->model_id) + ":" +
                    Digest(model.spec->compile_params) + ":" + Digest(model.spec->fit_params) + ":" + architecture);
  }
  return texts;
}

std::map<std::string, std::string> PairsOf(const std::vector<std::string>& texts) {
  std::map<std::string, std::string> pairs;
  for (const std::string& text : texts) {
    const size_t equals = text.find('=');
    pairs[text.substr(0, equals)] = equals == std::string::npos ? "" : text.substr(equals + 1);
  }
  return pairs;
}

// A sentence for each name whose value is another one, or is given on one side only.
std::vector<std::string> Differences(const std::vector<std::string>& before, const std::vector<std::string>& now) {
  const std::map<std::string, std::string> old_pairs = PairsOf(before), new_pairs = PairsOf(now);
  std::vector<std::string> names;
  for (const std::string& text : before) names.push_back(text.substr(0, text.find('=')));
  for (const std::string& text : now) {
    if (old_pairs.count(text.substr(0, text.find('='))) == 0) names.push_back(text.substr(0, text.find('=')));
  }
  std::vector<std::string> differences;
  for (const std::string& name : names) {
    const auto was = old_pairs.find(name), is = new_pairs.find(name);
    if (was != old_pairs.end() && is != new_pairs.end() && was->second == is->second) continue;
    differences.push_back(name + " was " + (was != old_pairs.end() ? was->second : "not given") + ", now it is " +
                          (is != new_pairs.end() ? is->second : "not given") + ".");
  }
  return differences;
}

std::vector<std::string> Split(const std::string& text) {
  std::vector<std::string> parts;
  size_t from = 0;
  for (size_t colon = text.find(':'); colon != std::string::npos; colon = text.find(':', from)) {
    parts.push_back(text.substr(from, colon - from));
    from = colon + 1;
  }
  parts.push_back(text.substr(from));
  return parts;
}

std::vector<std::string> ModelDifferences(const std::vector<std::string>& before, const std::vector<std::string>& now) {
  constexpr const char* kParts[] = {"mst_key", "model_id", "compile_params", "fit_params", "architecture", "weights of the architecture"};
  std::map<std::string, std::vector<std::string>> missing;  // by mst_key
  for (const std::string& text : before) missing[Split(text).at(0)] = Split(text);
  std::vector<std::string> differences;
  for (const std::string& text : now) {
    const std::vector<std::string> parts = Split(text);
    const auto known = missing.find(parts[0]);
    if (known == missing.end()) {
      differences.push_back("mst_key " + parts[0] + " was not there.");
      continue;
    }
    std::string names;
    for (size_t i = 1; i < parts.size(); i++) {
      if (i >= known->second.size() || known->second[i] != parts[i]) names += (names.empty() ? "" : ", ") + std::string(kParts[std::min<size_t>(i, 5)]);
    }
    if (!names.empty()) differences.push_back("mst_key " + parts[0] + " has another " + names + ".");
    missing.erase(known);
  }
  for (const auto& [key, parts] : missing) differences.push_back("mst_key " + key + " is missing.");
  return differences;
}

void RequireNone(const std::vector<std::string>& differences, const pg::TableName& output, const char* what, const char* hint) {
  if (differences.empty()) return;
  std::string detail;
  for (size_t i = 0; i < differences.size() && i < kMostDifferencesListed; i++) detail += (i > 0 ? "\n" : "") + differences[i];
  if (differences.size() > kMostDifferencesListed) {
    detail += "\nand " + std::to_string(differences.size() - kMostDifferencesListed) + " more.";
  }
  throw Error(ErrorCode::kPrerequisiteState, "run " + output.Text() + " was begun with other " + what, detail, hint);
}

constexpr const char* kSameHint =
    "Call it as it was begun, drop the run by cerebro.drop_run(), or give another model_output_table.";

constexpr const char* kFirstTrials = "first trials";  // stored

void RequireSameDigests(const std::vector<std::string>& before, const std::vector<std::string>& now, const pg::TableName& name) {
  std::vector<std::string> differences;
  for (const std::string& text : Differences(before, now)) differences.push_back("The digest of " + text);
  RequireNone(differences, name, "data",
              "Where rows were appended since the run began, begin another run, by warm_start from its models if you like. Else pack the same rows with the "
              "same arguments again.");
}

std::vector<int64_t> ReadDue(const PreparedFit& fit) {
  const store::ResultReader summary(fit.output.summary, store::ResultTable::kSummary, "model_output_table", {"metrics_iters"});
  const pg::Result row = pg::Read("SELECT " + summary.Columns("s") + " FROM " + summary.Sql() + " s");
  std::vector<int64_t> due;
  for (const pg::Cell& cell : pg::ParseArrayText(row.at(0, 0).value_or("{}"))) due.push_back(base::WholeNumber(cell.value_or("0")));
  return due;
}

}  // namespace

std::string ArchitectureDigest(const store::Architecture& architecture) {
  return Digest(architecture.json) + ":" + (architecture.weights ? Digest(*architecture.weights) : "none");
}

store::RunRecord NewRunRecord(const FitArguments& arguments, const PreparedFit& fit, double started_at) {
  store::RunRecord run;
  run.iterations = arguments.num_iterations;
  run.started_at = started_at;
  run.arguments = ArgumentTexts(arguments);
  run.settings = SettingTexts();
  run.data = DataTexts(fit);
  if (fit.search) {
    for (std::string& text : SearchTexts(*fit.search, fit)) run.data.push_back(std::move(text));
  }
  run.models = ModelTexts(fit, fit.models.size());
  run.build = engine::BuildDescription();
  for (const PreparedModel& model : fit.models) {
    run.past_iterations.push_back(model.past.iterations);
    run.past_evaluations.push_back(static_cast<int64_t>(model.past.evaluations.size()));
    run.past_seconds.push_back(model.past.training_seconds);
    run.past_diverged.push_back(static_cast<int64_t>(model.stored_diverged_step));
  }
  return run;
}

FitArguments ArgumentsOf(const store::RunRecord& run) {
  const std::map<std::string, std::string> pairs = PairsOf(run.arguments);
  const auto value = [&](const char* name) {
    const auto found = pairs.find(name);
    return found == pairs.end() ? std::nullopt : std::optional<std::string>(found->second);
  };
  const auto is_true = [&](const char* name) { return value(name) == "true"; };
  FitArguments a;
  a.source_table = value("source_table").value_or("");
  a.model_selection_table = value("model_selection_table").value_or("");
  a.num_iterations = static_cast<int>(run.iterations);
  a.use_gpus = is_true("use_gpus");
  a.validation_table = value("validation_table");
  if (const auto frequency = value("metrics_compute_frequency")) a.metrics_compute_frequency = base::WholeInt(frequency);
  a.warm_start = is_true("warm_start");
  a.name = value("name");
  a.description = value("description");
  a.seed = base::WholeNumber(value("seed").value_or("0"));
  a.restore_best = is_true("restore_best");
  a.early_stopping = value("early_stopping");
  a.halving = value("halving");
  a.search = value("search");
  return a;
}

std::vector<std::string> DifferentArguments(const store::RunRecord& run, const FitArguments& arguments) {
  return Differences(run.arguments, ArgumentTexts(arguments));
}

void RequireSameArguments(const store::RunRecord& run, const FitArguments& arguments, const pg::TableName& output) {
  RequireNone(DifferentArguments(run, arguments), output, "arguments", kSameHint);
}

void RequireSameData(const store::RunRecord& run, const PreparedFit& fit, const pg::TableName& name) {
  RequireNone(Differences(run.settings, SettingTexts()), name, "settings", "Set them as they were: results depend on them.");
  // what a search chooses from is compared when it is read
  std::vector<std::string> tables;
  for (const std::string& text : run.data) {
    const std::string what = text.substr(0, text.find('='));
    if (what == "source_table" || what == "validation_table") tables.push_back(text);
  }
  RequireSameDigests(tables, DataTexts(fit), name);
}

void RequireUnchangedData(const PreparedFit& fit) {
  std::vector<std::string> now;
  const auto read = [&](const char* argument, const data::PackedTable& table) {
    // both statements keep the lock of a reader
    pg::Execute("SELECT 1 FROM " + table.name.Sql() + " LIMIT 1");
    const pg::Result digest = pg::Execute("SELECT s.digest FROM " + table.name.WithSuffix("_summary").Sql() + " s");
    now.push_back(Pair(argument, digest.rows.size() == 1 ? digest.at(0, 0).value_or("") : ""));
  };
  read("source_table", fit.training);
  if (fit.validation) read("validation_table", *fit.validation);
  RequireSameDigests(DataTexts(fit), now, fit.output.models);
}

// Of a model that was deleted nothing is left to be compared.
void RequireSameModels(const store::RunRecord& run, const PreparedFit& fit, const pg::TableName& name) {
  const size_t most = fit.living ? run.models.size() : fit.models.size();
  std::set<std::string> deleted;
  for (const PreparedModel& model : fit.models) {
    if (model.deleted) deleted.insert(std::to_string(model.mst_key));
  }
  const auto left = [&](std::vector<std::string> texts) {
    texts.erase(std::remove_if(texts.begin(), texts.end(), [&](const std::string& text) { return deleted.count(Split(text).at(0)) != 0; }), texts.end());
    return texts;
  };
  RequireNone(ModelDifferences(left(run.models), left(ModelTexts(fit, most))), name, "configurations", kSameHint);
}

std::vector<std::string> SearchTexts(const plan::SearchDescription& search, const PreparedFit& fit) {
  std::string first;
  for (const plan::Candidate& candidate : search.first) {
    first += std::to_string(candidate.model_id) + "\n" + candidate.params.compile_params + "\n" + candidate.params.fit_params + "\n";
  }
  std::vector<std::string> texts = {Pair(kFirstTrials, Digest(first))};
  for (const int id : search.model_ids) texts.push_back(Pair("model_id " + std::to_string(id), DigestOfArchitecture(id, fit)));
  return texts;
}

std::vector<int> SearchedBefore(const store::RunRecord& run) {
  constexpr std::string_view kModel = "model_id ";
  std::vector<int> ids;
  for (const auto& [name, digest] : PairsOf(run.data)) {
    if (name.compare(0, kModel.size(), kModel) == 0) ids.push_back(base::WholeInt(name.substr(kModel.size())));
  }
  std::sort(ids.begin(), ids.end());
  return ids;
}

void RequireSameSearch(const store::RunRecord& run, const std::vector<std::string>& now, const pg::TableName& name) {
  std::map<std::string, std::string> before = PairsOf(run.data);
  if (before.count(kFirstTrials) == 0) return;  // an earlier version did not keep them
  std::vector<std::string> differences;
  for (const auto& [what, digest] : PairsOf(now)) {
    if (before[what] == digest) continue;
    differences.push_back(what == kFirstTrials ? "The rows of the selection table are others." : "The architecture or the weights of " + what + " are others.");
  }
  RequireNone(differences, name, "configurations", kSameHint);
}

void RequireSameTrials(const store::ResultTables& tables, const std::vector<LivingTrial>& trials, bool deleted_too, const pg::TableName& name,
                       const PreparedFit& fit) {
  const std::map<int64_t, std::string> before = ReadArchitecturesOfTrials(tables);
  std::map<int, std::string> now;  // by model_id
  std::vector<std::string> differences;
  for (const LivingTrial& trial : trials) {
    const auto known = before.find(trial.trial.key);
    if (known == before.end() || (trial.deleted && !deleted_too)) continue;
    std::string& digest = now[trial.trial.candidate.model_id];
    if (digest.empty()) digest = DigestOfArchitecture(trial.trial.candidate.model_id, fit);
    if (digest == known->second) continue;
    differences.push_back("mst_key " + std::to_string(trial.trial.key) + " has another architecture, or weights of it.");
  }
  RequireNone(differences, name, "configurations", kSameHint);
}

void RequirePermanent(const FitArguments& arguments, const PreparedFit& fit) {
  if (fit.grouped) {
    throw Error(ErrorCode::kFeatureNotSupported, "packed table " + fit.training.name.Text() + " is packed by group: a run over groups is one transaction", "",
                "Use cerebro.fit_multiple_model().");
  }
  const std::pair<const pg::TableName*, const char*> tables[] = {{&fit.output.models, "model_output_table"},
                                                                 {&fit.training.name, "source_table"},
                                                                 {fit.validation ? &fit.validation->name : nullptr, "validation_table"},
                                                                 {&fit.selection_table, "model_selection_table"},
                                                                 {&fit.architecture_table, "model_arch_table"}};
  for (const auto& [table, argument] : tables) {
    if (table == nullptr || (table->schema != "pg_temp" && !(pg::TableExists(*table) && pg::IsTemporary(*table)))) continue;
    throw Error(ErrorCode::kFeatureNotSupported,
                std::string(argument) + " must be no temporary table: " + table->Text() + " goes with this session, a durable run does not",
                "", "Use permanent tables, or cerebro.fit_multiple_model(), which is one transaction.");
  }
}

void GoOn(const store::RunRecord& run, PreparedFit* fit) {
  RunProgress& progress = fit->progress.emplace();
  progress.iteration = run.iteration;
  progress.seconds = run.seconds;
  progress.visits = run.visits;
  progress.due = ReadDue(*fit);
  progress.trials = fit->trials;
  progress.decided = fit->decided;
  std::map<int, const LivingTrial*> trials;
  for (const LivingTrial& trial : progress.trials) trials[static_cast<int>(trial.trial.key)] = &trial;
  std::map<int, store::StoredHistory> stored;
  for (store::StoredHistory& history : store::ReadHistory(fit->output, "model_output_table")) stored[history.mst_key] = std::move(history);
  for (size_t m = 0; m < fit->models.size(); m++) {
    PreparedModel& model = fit->models[m];
    const auto found = stored.find(model.mst_key);
    const bool added = m >= run.models.size();
    const auto past = static_cast<size_t>(added ? 0 : run.past_evaluations[m]);
    model.parent = -1;
    if (model.deleted) {
      progress.models.emplace_back();
      continue;
    }
    if (found == stored.end() || found->second.evaluations.size() < past) {
      throw Error(ErrorCode::kDataCorrupted, "table " + fit->output.info.Text() + " has not what the run knew of mst_key " +
                                                 std::to_string(model.mst_key) + " at its last commit");
    }
    const store::StoredHistory& history = found->second;
    model.stored = true;
    model.began_here = added || (run.past_iterations[m] == 0 && run.past_diverged[m] == 0 && past == 0);
    model.stored_diverged_step = history.diverged_step;
    model.past.iterations = added ? trials.at(model.mst_key)->trial.began : run.past_iterations[m];
    model.past.training_seconds = added ? 0 : run.past_seconds[m];
    model.past.diverged = !added && run.past_diverged[m] != 0;
    model.past.evaluations.assign(history.evaluations.begin(), history.evaluations.begin() + static_cast<std::ptrdiff_t>(past));
    ModelResult result;
    result.evaluations = history.evaluations;
    result.training_seconds = history.training_seconds - model.past.training_seconds;
    result.iterations_done = history.iterations_done;
    result.diverged_step = history.diverged_step;
    if (history.stopped_iteration != 0) {
      result.stopped_iteration = history.stopped_iteration - model.past.iterations;
      result.stopped_by = history.stopped_by;
    }
    for (size_t e = past; e < history.evaluations.size() && history.best_iteration != 0; e++) {
      if (history.evaluations[e].iteration == history.best_iteration) result.best = static_cast<int64_t>(e);
    }
    model.keeps_weights = result.best >= 0;
    progress.models.push_back(std::move(result));
  }
  WarnOfOtherBuild(run, fit->output.models, "its further training");
}

void WarnOfOtherBuild(const store::RunRecord& run, const pg::TableName& name, const char* what) {
  if (run.build == engine::BuildDescription()) return;
  pg::Warning("run " + name.Text() + " was begun by another build (" + run.build + "): " + what + " will not repeat bit for bit",
              "This server's build is " + engine::BuildDescription() + ".");
}

void GoOnWith(RunResult result, PreparedFit* fit) {
  RunProgress progress;
  progress.iteration = result.iteration;
  progress.seconds = result.seconds;
  progress.visits = (fit->progress ? fit->progress->visits : 0) + result.visits.size();
  progress.due = std::move(result.due);
  progress.models = std::move(result.models);
  progress.trials = std::move(result.trials);
  progress.decided = result.decided;
  for (size_t m = 0; m < fit->models.size(); m++) {
    PreparedModel& model = fit->models[m];
    model.past.diverged = fit->progress ? model.past.diverged : model.stored_diverged_step != 0;
    if (!model.stored) model.began_here = true;
    model.stored = !model.deleted;
    model.stored_diverged_step = progress.models[m].diverged_step;
    model.keeps_weights = progress.models[m].best >= 0;
    model.parent = -1;
  }
  if (fit->living) fit->fusion = FuseBundles(fit->plan, fit);
  fit->progress = std::move(progress);
  if (!fit->stored) fit->stored.emplace();
  fit->stored->name = fit->output.models;
}

}  // namespace train
