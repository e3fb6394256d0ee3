// The changed groups are a packed table by group of their own (pack/group_refresh.hpp). They are trained from it as any
// other is. Their rows in the run's tables are deleted before, and the results are written there: by one transaction.
#include "run/refresh.hpp"

#include <algorithm>
#include <map>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "base/plain_number.hpp"
#include "data/groups.hpp"
#include "pack/group_refresh.hpp"
#include "pack/packing.hpp"
#include "pg/cluster.hpp"
#include "pg/index_plans.hpp"
#include "pg/names.hpp"
#include "pg/replace_rows.hpp"
#include "pg/report.hpp"
#include "pg/session_claim.hpp"
#include "pg/snapshot.hpp"
#include "pg/sql.hpp"
#include "pg/transaction.hpp"
#include "run/compare_groups.hpp"
#include "run/fit.hpp"
#include "run/groups.hpp"
#include "run/refresh_tables.hpp"
#include "store/group_tables.hpp"
#include "store/result_tables.hpp"
#include "store/runs.hpp"
#include "train/arguments.hpp"
#include "train/prepare.hpp"

namespace run {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kArgument = "model_output_table";
constexpr int64_t kMostGroupsAtOnce = 1000000000;  // more than any table has
constexpr const char* kByGroup[] = {"", "_info", "_groups"};  // with group_id

struct StoredRun {
  pg::TableName output;
  std::string source_table;
  std::optional<std::string> validation_table;
  std::optional<std::string> digest;  // of the packed table that its groups were trained on
  train::FitArguments arguments;
};

/// Claims the run and its packed table, the global run included. What is read of them behind it stays so until the end of
/// the transaction: two refreshes do not work by the same digests.
void ClaimTables(const std::string& model_output_table) {
  const pg::TableName output = pg::ParseTableName(model_output_table, kArgument),
                      summary = output.WithSuffix("_summary");
  RequireTablesOfRun(output);
  store::OpenGroupRun(model_output_table, kArgument);  // refuses what is none
  for (const char* suffix : kByGroup) {
    const pg::TableName name = suffix[0] == '\0' ? output : output.WithSuffix(suffix);
    if (pg::TableExists(name)) pg::RequireOwner(name);
  }
  pg::RequireOwner(summary);
  pg::ClaimOutput(output, kArgument);
  pg::ClaimOutput(output.WithSuffix(store::kGlobalSuffix), kArgument);
  const pg::Result row = pg::Execute("SELECT s.source_table FROM " + summary.Sql() + " AS s");
  if (row.empty() || !row.at(0, 0)) return;  // OpenRun refuses it
  const pg::TableName packed = pg::ParseStoredName(*row.at(0, 0), "source_table", summary);
  if (!pg::TableExists(packed)) return;
  RequirePackedTables(packed);
  pack::ClaimForRefresh(packed);
}

/// REQUIRES ClaimTables, and a snapshot that was taken behind it.
StoredRun OpenRun(const std::string& model_output_table) {
  StoredRun run;
  run.output = store::OpenGroupRun(model_output_table, kArgument).name;
  const pg::TableName summary = run.output.WithSuffix("_summary");
  const pg::Result row = pg::Read(
      "SELECT s.source_table, s.model_selection_table, s.num_iterations, s.metrics_compute_frequency, s.seed, "
      "s.use_gpus,"
      " s.early_stopping, s.halving, s.promote, s.global_mst_key, s.arguments::pg_catalog.text, s.validation_table, "
      "s.data_digest FROM " +
      summary.Sql() + " AS s");
  if (row.rows.size() != 1 || !row.at(0, 0) || !row.at(0, 1) || !row.at(0, 2) || !row.at(0, 10)) {
    throw Error(ErrorCode::kPrerequisiteState, "table " + summary.Text() + " does not say how its run was made");
  }
  const auto optional = [&row](size_t i) { return row.at(0, i); };
  train::FitArguments& a = run.arguments;
  run.digest = row.at(0, 12);
  if (row.at(0, 11)) run.validation_table = pg::ParseStoredName(*row.at(0, 11), "validation_table", summary).Sql();
  run.source_table = pg::ParseStoredName(*row.at(0, 0), "source_table", summary).Sql();
  a.model_selection_table = pg::ParseStoredName(*row.at(0, 1), "model_selection_table", summary).Sql();
  a.num_iterations = static_cast<int>(base::WholeOrZero(row.at(0, 2)));
  if (row.at(0, 3)) a.metrics_compute_frequency = static_cast<int>(base::WholeOrZero(row.at(0, 3)));
  if (row.at(0, 4)) a.seed = base::WholeOrZero(row.at(0, 4));
  a.use_gpus = row.at(0, 5).value_or("f") == "t";
  a.early_stopping = optional(6);
  a.halving = optional(7);
  a.promote = optional(8);
  a.global_model = row.at(0, 9).has_value();
  if (a.global_model) a.global_run = run.output.Sql();
  const base::Value more = base::ParseLiteral(*row.at(0, 10));
  const auto flag = [&more](const char* name) {
    const base::Value* value = more.Find(name);
    return value != nullptr && value->boolean();
  };
  a.restore_best = flag("restore_best");
  a.warm_start_groups = flag("warm_start_groups");
  if (const base::Value* most = more.Find("max_failed_groups")) a.max_failed_groups = most->integer();
  a.quiet = true;
  return run;
}

/// Whether changed groups go on from their weights.
bool ReadStart(const std::optional<std::string>& start_from) {
  if (!start_from || *start_from == "initial") return false;
  if (*start_from == "weights") return true;
  throw Error(ErrorCode::kInvalidParameter, "start_from must be 'initial' or 'weights', got '" + *start_from + "'", "",
              "With 'initial', changed groups are trained as in a new run; with 'weights' they go on from the weights "
              "that they have.");
}

/// Rows that validate follow from the source by the split of the packing, which held them out. Errors:
/// kFeatureNotSupported for a run whose validation table was packed later.
void RequireOwnValidation(const StoredRun& run, const std::optional<pg::TableName>& held) {
  if (!run.validation_table || (held && *run.validation_table == held->Sql())) return;
  throw Error(ErrorCode::kFeatureNotSupported, "run " + run.output.Text() + " cannot be refreshed",
              "Its validation table was not made with the packed table, so rows that validate changed groups are not "
              "known.",
              "Pack with validation_fraction, split_column or split_by_time, and train again.");
}

/// A refresh compares the source with the packed table. Errors: kPrerequisiteState when that is not what the run was
/// trained on: then it would take changed groups for unchanged ones.
void RequireSamePacked(const StoredRun& run, const data::GroupedTable& table) {
  if (run.digest && *run.digest == table.packed.digest) return;
  throw Error(ErrorCode::kPrerequisiteState,
              "packed table " + table.packed.name.Text() + " is not as run " + run.output.Text() + " was trained on it",
              "It was refreshed for another run, or packed again. Which groups this run has to train again is not known.",
              "Train all groups again by cerebro.fit_multiple_model(), and give each run that is to be refreshed a packed "
              "table of its own.");
}

/// Errors: kPrerequisiteState when the configurations are not those of the run.
void RequireSameConfigurations(const StoredRun& run, const train::PreparedFit& fit) {
  std::map<int, std::vector<std::string>> now, then;  // by mst_key
  for (const train::PreparedModel& model : fit.models)
    now[model.mst_key] = {model.architecture->json, model.spec->compile_params, model.spec->fit_params};
  const pg::Result rows =
      pg::Execute("SELECT c.mst_key, c.model_arch::pg_catalog.text, c.compile_params, c.fit_params FROM " +
                  run.output.WithSuffix("_configs").Sql() + " AS c");
  for (const auto& row : rows.rows)
    then[static_cast<int>(base::WholeOrZero(row[0]))] = {row[1].value_or(""), row[2].value_or(""), row[3].value_or("")};
  if (now == then) return;
  int differs = 0;  // the first one that is not the same in both
  for (const auto* each : {&now, &then}) {
    const auto& other = each == &now ? then : now;
    for (const auto& [key, texts] : *each) {
      const auto found = other.find(key);
      if (found != other.end() && found->second == texts) continue;
      if (differs == 0 || key < differs) differs = key;
      break;
    }
  }
  throw Error(ErrorCode::kPrerequisiteState,
              "mst_key " + std::to_string(differs) + " of the selection table is not the configuration of the run",
              "Table " + run.output.Text() + " was made by other configurations than the selection table has now.",
              "Restore the rows of the selection table and its architectures, or train all groups again.");
}

/// The groups of the run that failed or diverged, and stay as they are.
int64_t FailedOthers(const StoredRun& run, const pack::ChangedGroups& changed, bool drop_vanished) {
  const auto absent = [](const pg::TableName& groups) {
    return " AND NOT EXISTS (SELECT 1 FROM " + groups.Sql() + " AS c WHERE c.group_id OPERATOR(pg_catalog.=) g.group_id)";
  };
  return pg::Execute("SELECT pg_catalog.count(*) FROM " + run.output.WithSuffix("_groups").Sql() +
                         " AS g WHERE g.status OPERATOR(pg_catalog.=) ANY ($1)" + absent(changed.groups) +
                         (drop_vanished ? absent(changed.gone) : std::string()),
                     {std::vector<std::string>{store::kStatusFailed, store::kStatusDiverged}})
      .Int();
}

/// Errors: kPrerequisiteState when more groups have failed than the run tolerates: those that were trained now, together
/// with those that stay as they are.
void RequireFew(const StoredRun& run, const pack::ChangedGroups& changed, bool drop_vanished) {
  if (!run.arguments.max_failed_groups) return;
  const pg::Result now = pg::Execute(
      "SELECT g.group_id, g.reason FROM " + run.output.WithSuffix("_groups").Sql() +
          " AS g WHERE g.status OPERATOR(pg_catalog.=) ANY ($1) AND g.group_id IN (SELECT c.group_id FROM " +
          changed.groups.Sql() + " AS c) ORDER BY 1",
      {std::vector<std::string>{store::kStatusFailed, store::kStatusDiverged}});
  if (now.empty()) return;
  const auto here = static_cast<int64_t>(now.rows.size()), failed = here + FailedOthers(run, changed, drop_vanished);
  if (failed <= *run.arguments.max_failed_groups) return;
  std::string first = "group " + now.at(0, 0).value_or("") + ": " + now.at(0, 1).value_or("");
  if (first.back() != '.') first += ".";
  throw Error(ErrorCode::kPrerequisiteState,
              std::to_string(failed) + (failed == 1 ? " group" : " groups") +
                  " of the run failed or diverged, and max_failed_groups is " +
                  std::to_string(*run.arguments.max_failed_groups),
              std::to_string(here) + " of them were trained now. The first is " + first,
              "Correct the data, or train all groups again with a larger max_failed_groups.");
}

pg::TableName WorkingName(const StoredRun& run, const char* what) {
  pg::TableName name = run.output;
  name.name =
      std::string("_cerebro_") + what + "_" + pg::Execute("SELECT pg_catalog.pg_backend_pid()").Text();
  return name;
}

/// Copies the weights of the changed groups, and which models have diverged, to tables of this name and with _info behind it.
void CopyWeights(const StoredRun& run, const data::GroupedTable& table, const pack::ChangedGroups& changed,
                 const pg::TableName& copy) {
  const bool few = data::AreFewGroups(changed.changed, table.groups);
  for (const char* suffix : {"", "_info"}) {
    const bool models = suffix[0] == '\0';
    const pg::TableName from = models ? run.output : run.output.WithSuffix(suffix);
    std::optional<pg::IndexPlans> by_index;
    if (few && pg::HasIndexOn(from, "group_id")) by_index.emplace();
    pg::Execute("CREATE TABLE " + (models ? copy : copy.WithSuffix(suffix)).Sql() +
                " AS SELECT m.group_id, m.mst_key, " + (models ? "m.model_weights" : "m.diverged_step") + " FROM " +
                from.Sql() + " AS m WHERE m.group_id IN (SELECT g.group_id FROM " + changed.groups.Sql() + " AS g)" +
                (pg::OnGreenplum() ? " DISTRIBUTED BY (group_id)" : ""));
  }
}

/// Trains the changed groups. weights: nullptr, or what CopyWeights has made. REQUIRES that some can be trained, and that the
/// run's tables have no rows of them.
train::GroupCounts TrainChanged(const StoredRun& run, const pack::ChangedGroups& changed, const pg::TableName* weights) {
  train::FitArguments a = run.arguments;
  a.source_table = changed.packed.Sql();
  // which decides as in the run, although none of these groups may have a row there
  if (run.validation_table && changed.validation) a.validation_table = changed.validation->Sql();
  a.model_output_table = WorkingName(run, "refit").Sql();
  if (weights != nullptr) a.groups_begin_with = weights->Sql();
  const double began = pg::Now();
  const pg::OlderPlanner planner;
  train::PreparedFit fit = train::PrepareFit(a);
  RequireSameConfigurations(run, fit);
  return FitGroups(a, &fit, began, &run.output);
}

/// Replaces the rows of a run without groups by those of another one, and drops the tables of that.
void ReplaceRun(const pg::TableName& stored, const pg::TableName& made) {
  const pg::FreshSnapshot written;  // the new tables are to be found
  const store::ResultTables to(stored), from(made);
  for (const store::ResultTable which :
       {store::ResultTable::kModels, store::ResultTable::kInfo, store::ResultTable::kSummary, store::ResultTable::kState,
        store::ResultTable::kVisits}) {
    pg::RequireOwner(to[which]);
    const std::vector<pg::Column> missing = store::MissingColumns(to, which);
    if (!missing.empty()) store::AddColumns(to[which], missing);
    pg::ReplaceAllRows(to[which], from[which]);
  }
  pg::Execute("UPDATE " + to.summary.Sql() + " SET model = $1, model_info = $2", {to.models.Sql(), to.info.Sql()});
  store::DropRun(made.Sql());
}

/// Trains the global models of the run again, on the rows of all groups as they are now. Returns the best one's key.
int TrainGlobal(const StoredRun& run, const data::GroupedTable& table) {
  const pg::TableName stored = run.output.WithSuffix(store::kGlobalSuffix), output = WorkingName(run, "global"),
                      pooled = table.packed.name.WithSuffix(data::kPooledSuffix),
                      held = pooled.WithSuffix(pack::kValidationSuffix);
  train::FitArguments a = run.arguments;
  a.source_table = pooled.Sql();
  a.model_output_table = output.Sql();
  if (run.validation_table && pg::TableExists(held)) a.validation_table = held.Sql();
  a.global_model = a.warm_start_groups = false;
  a.promote.reset();
  a.global_run.reset();
  a.max_failed_groups.reset();
  const double began = pg::Now();
  const pg::OlderPlanner planner;
  ClaimOutput(a);
  train::PreparedFit fit = train::PrepareFit(a);
  RequireSameConfigurations(run, fit);
  RunFit(a, &fit, began);
  ReplaceRun(stored, output);
  const int best = BestGlobalModel(stored);
  pg::Execute("UPDATE " + run.output.WithSuffix("_summary").Sql() + " SET global_mst_key = $1::pg_catalog.int4",
              {static_cast<int64_t>(best)});
  return best;
}

/// What is known of changed groups that are all skipped: nothing was trained.
void InsertSkipped(const StoredRun& run, const data::GroupedTable& table, const pack::ChangedGroups& changed) {
  std::string keys;
  for (const pg::Column& key : table.keys) keys += ", " + pg::QuoteIdent(key.name);
  const bool global = run.arguments.global_model;
  pg::Execute(
      "INSERT INTO " + run.output.WithSuffix("_groups").Sql() + " (group_id" + keys +
          ", group_rows, validation_rows, status, reason, chosen, mst_key) SELECT group_id" + keys +
          ", group_rows, validation_rows, $1, reason, " +
          (global ? "'" + std::string(store::kChosenGlobal) + "'::pg_catalog.text, (SELECT s.global_mst_key FROM " +
                        run.output.WithSuffix("_summary").Sql() + " AS s)"
                  : "NULL::pg_catalog.text, NULL::pg_catalog.int4") +
          " FROM " + changed.groups.Sql(),
      {std::string(store::kStatusSkipped)});
}

/// Deletes the results of the groups that are trained again, and of those that go.
void ForgetGroups(const StoredRun& run, const data::GroupedTable& table, const pack::ChangedGroups& changed,
                  bool drop_vanished) {
  for (const char* suffix : kByGroup) {
    const pg::TableName results = suffix[0] == '\0' ? run.output : run.output.WithSuffix(suffix);
    if (!pg::TableExists(results)) continue;
    const auto forget = [&](const pg::TableName& groups, int64_t count) {
      if (count > 0) data::DeleteGroups(results, groups, data::AreFewGroups(count, table.groups));
    };
    if (drop_vanished) forget(changed.gone, changed.vanished);
    forget(changed.groups, changed.added + changed.changed);
  }
}

void UpdateSummary(const StoredRun& run, const pg::TableName& packed) {
  const auto count = [](const char* status) {
    return std::string("pg_catalog.count(CASE WHEN g.status OPERATOR(pg_catalog.=) '") + status +
           "'::pg_catalog.text THEN 1 END)";
  };
  const pg::Result counts =
      pg::Execute("SELECT pg_catalog.count(*), " + count(store::kStatusTrained) + ", " + count(store::kStatusDiverged) +
                  ", " + count(store::kStatusFailed) + ", " + count(store::kStatusSkipped) + " FROM " +
                  run.output.WithSuffix("_groups").Sql() + " AS g");
  pg::Execute("UPDATE " + run.output.WithSuffix("_summary").Sql() +
                  " SET groups = $1, trained_groups = $2, diverged_groups = $3, failed_groups = $4, skipped_groups = "
                  "$5, data_digest ="
                  " (SELECT p.digest FROM " +
                  packed.WithSuffix("_summary").Sql() + " AS p)",
              {base::WholeOrZero(counts.at(0, 0)), base::WholeOrZero(counts.at(0, 1)), base::WholeOrZero(counts.at(0, 2)), base::WholeOrZero(counts.at(0, 3)),
               base::WholeOrZero(counts.at(0, 4))});
}

}  // namespace

Refreshed RefreshGroups(const RefreshArguments& arguments) {
  const double began = pg::Now();
  const bool from_weights = ReadStart(arguments.start_from);
  ClaimTables(arguments.model_output_table);
  const pg::FreshSnapshot claimed;
  const StoredRun run = OpenRun(arguments.model_output_table);
  const data::GroupedTable table = data::OpenGroupedTable(run.source_table, "source_table");
  RequireSamePacked(run, table);
  const std::optional<pg::TableName> held = pack::HeldOutOf(table);
  RequireOwnValidation(run, held);
  RequirePackedTables(table, held, arguments.global_model);
  RequireSelection(run.output, run.arguments.model_selection_table);
  if (arguments.global_model && !run.arguments.global_model) {
    throw Error(ErrorCode::kInvalidParameter, "run " + run.output.Text() + " has no global models to be refreshed", "",
                "Leave global_model out, or train again with global_model => true.");
  }
  const pack::ChangedGroups changed = pack::PackChangedGroups(table, arguments.source_table, arguments.drop_vanished,
                                                              arguments.most_groups, arguments.told, arguments.round);
  Refreshed done;
  done.added = changed.added;
  done.changed = changed.changed;
  done.vanished = changed.vanished;
  done.unchanged = changed.unchanged;
  done.waiting = changed.waiting;
  done.failed = changed.failed;
  done.unpacked_added = changed.failed_added;
  std::optional<int> global;
  if (arguments.global_model) pack::PackPooledAgain(table, arguments.source_table);
  {
    const pg::FreshSnapshot packed;  // training reads what was packed
    if (arguments.global_model) global = TrainGlobal(run, table);
    std::optional<pg::TableName> weights;
    if (from_weights && changed.trainable > 0) {
      weights = WorkingName(run, "weights");
      CopyWeights(run, table, changed, *weights);
    }
    ForgetGroups(run, table, changed, arguments.drop_vanished);
    if (changed.trainable > 0) {
      const pg::FreshSnapshot copied;
      const train::GroupCounts counts = TrainChanged(run, changed, weights ? &*weights : nullptr);
      done.trained = counts.trained;
      done.skipped = counts.skipped;
      done.failed += counts.failed + counts.diverged;
      if (counts.failed + counts.diverged > 0) RequireFew(run, changed, arguments.drop_vanished);
      if (weights) {
        for (const pg::TableName& copy : {*weights, weights->WithSuffix("_info")}) pg::Execute("DROP TABLE " + copy.Sql());
      }
    } else if (changed.added + changed.changed > 0) {
      done.skipped = changed.added + changed.changed;
      InsertSkipped(run, table, changed);
    }
  }
  pack::MergeChangedGroups(table, changed, arguments.drop_vanished);
  if (global) {
    const pg::FreshSnapshot merged;
    std::optional<data::GroupedTable> validation;
    if (run.validation_table) validation = data::OpenGroupedTable(*run.validation_table, "validation_table");
    CompareGroups(run.output, *global, table, validation, run.arguments.promote.has_value());
  }
  UpdateSummary(run, table.packed.name);
  done.seconds = pg::Now() - began;
  return done;
}

void RefreshInParts(RefreshArguments arguments, int64_t groups_at_once) {
  if (groups_at_once < 1) {
    throw Error(ErrorCode::kInvalidParameter, "groups_at_once is " + std::to_string(groups_at_once), "",
                "It is the number of groups that are trained between two commits, 1 or more.");
  }
  pg::RequireWritable("CALL cerebro.refresh_in_parts");
  ReadStart(arguments.start_from);
  arguments.most_groups = groups_at_once;
  pack::RefreshRound round;  // a source of which every group always differs, as a view with now(), ends it, too
  arguments.round = &round;
  pg::Transactions transactions;
  const pg::TableName output = pg::ParseTableName(arguments.model_output_table, kArgument);
  arguments.model_output_table = output.Sql();  // whatever the search_path becomes
  const pg::SessionClaim claim(output);
  transactions.Commit();
  std::set<std::string> told;
  arguments.told = &told;
  for (int64_t waiting = 1; waiting > 0;) {
    const Refreshed part = RefreshGroups(arguments);
    waiting = part.waiting;
    // those that could not be packed are found again; changed ones are passed
    arguments.most_groups = std::min(groups_at_once, kMostGroupsAtOnce) + part.unpacked_added;
    transactions.Commit();
    const int64_t done = part.added + part.changed;
    pg::Info(std::to_string(done) + (done == 1 ? " group is" : " groups are") + " up to date again, " +
             std::to_string(waiting) + " left");
  }
}

}  // namespace run
