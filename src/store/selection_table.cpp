#include "store/selection_table.hpp"

#include <algorithm>
#include <set>
#include <string>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "pg/cluster.hpp"
#include "pg/names.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "plan/params.hpp"
#include "plan/search.hpp"

namespace store {
namespace {

using base::Error;
using base::ErrorCode;

constexpr const char* kSelectionArgument = "model_selection_table";
constexpr const char* kArchitectureArgument = "model_arch_table";
constexpr size_t kLongestIndexed = 2000;  // bytes of texts: a row of a B-tree has up to 2704
constexpr const char* kMakeHint = "Choose a new name, or make the table by cerebro.generate_model_configs().";

struct Tables {
  pg::TableName architectures, selection, summary;
};

Tables ParseTables(std::string_view model_arch_table, std::string_view model_selection_table, bool is_new) {
  Tables tables;
  tables.architectures = pg::ParseTableName(model_arch_table, kArchitectureArgument);
  tables.selection = is_new ? pg::ParseNewTableName(model_selection_table, kSelectionArgument)
                            : pg::ParseTableName(model_selection_table, kSelectionArgument);
  tables.summary = tables.selection.WithSuffix("_summary");
  const std::vector<pg::Column> columns = pg::TableColumns(tables.architectures, kArchitectureArgument);
  for (const char* needed : {"model_id", "model_arch"}) {
    if (pg::FindColumn(columns, needed) == nullptr) {
      throw Error(ErrorCode::kUndefinedColumn,
                  "table " + tables.architectures.Text() + " has no column \"" + needed + "\": it is no architecture table", "",
                  "Fill architecture tables by cerebro.load_model().");
    }
  }
  return tables;
}

void RequireModels(const pg::TableName& architectures, const std::vector<int32_t>& model_ids) {
  if (model_ids.empty()) {
    throw Error(ErrorCode::kInvalidParameter, "model_id_list is empty", "",
                "List model ids of table " + architectures.Text() + ", such as ARRAY[1, 2].");
  }
  const std::vector<int64_t> wanted(model_ids.begin(), model_ids.end());
  const pg::Result missing =
      pg::Execute("SELECT DISTINCT w.id FROM pg_catalog.unnest($1) AS w(id) WHERE NOT EXISTS (SELECT 1 FROM " + architectures.Sql() +
                      " a WHERE a.model_id::pg_catalog.int8 OPERATOR(pg_catalog.=) w.id) ORDER BY 1",
                  {wanted});
  if (missing.empty()) return;
  std::string list;
  for (const auto& row : missing.rows) list += (list.empty() ? "" : ", ") + row[0].value_or("NULL");
  throw Error(ErrorCode::kUndefinedObject,
              "model_id " + list + (missing.rows.size() == 1 ? " is" : " are") + " not in table " + architectures.Text(), "",
              "Load architectures by cerebro.load_model(); it returns their model_id.");
}

bool FitsIndex(const plan::Candidate& candidate) {
  return candidate.params.compile_params.size() + candidate.params.fit_params.size() <= kLongestIndexed;
}

// Texts with a function of TorchScript may be longer than an index takes: then what is inserted is compared alone.
void CreateSelectionTable(const Tables& tables, const std::vector<plan::Candidate>& candidates) {
  const bool indexed = std::all_of(candidates.begin(), candidates.end(), FitsIndex);
  pg::RequireCreate(tables.selection);
  pg::Execute("CREATE TABLE " + tables.selection.Sql() +
              " (mst_key serial, model_id pg_catalog.int4, compile_params pg_catalog.varchar, fit_params pg_catalog.varchar" +
              (indexed ? ", UNIQUE (model_id, compile_params, fit_params))" : ")") + pg::DistributedBy("model_id"));
}

void CreateSummary(const Tables& tables) {
  pg::Execute("CREATE TABLE " + tables.summary.Sql() + " (model_arch_table pg_catalog.varchar, object_table pg_catalog.varchar)" + pg::DistributedBy("model_arch_table"));
  pg::Execute("INSERT INTO " + tables.summary.Sql() + " (model_arch_table) VALUES ($1)", {tables.architectures.Sql()});
}

// Rows that are not there yet, in the order given: mst_key counts in that order. Returns how many were added.
size_t InsertCandidates(const Tables& tables, const std::vector<plan::Candidate>& candidates) {
  std::vector<int64_t> ids;
  std::vector<std::string> compile, fit;
  for (const plan::Candidate& candidate : candidates) {
    ids.push_back(candidate.model_id);
    compile.push_back(candidate.params.compile_params);
    fit.push_back(candidate.params.fit_params);
  }
  const std::string same =
      "s.model_id OPERATOR(pg_catalog.=) c.model_id::pg_catalog.int4 AND s.compile_params::pg_catalog.text"
      " OPERATOR(pg_catalog.=) c.compile_params AND s.fit_params::pg_catalog.text OPERATOR(pg_catalog.=) c.fit_params";
  return pg::Execute("INSERT INTO " + tables.selection.Sql() +
                         " (model_id, compile_params, fit_params) SELECT c.model_id, c.compile_params, c.fit_params FROM"
                         " ROWS FROM (pg_catalog.unnest($1), pg_catalog.unnest($2), pg_catalog.unnest($3)) WITH ORDINALITY"
                         " AS c(model_id, compile_params, fit_params, nth)"
                         " WHERE NOT EXISTS (SELECT 1 FROM " +
                         tables.selection.Sql() + " s WHERE " + same + ") ORDER BY c.nth",
                     {ids, compile, fit})
      .processed;
}

// The tables exist: they must be a model selection table made for the same architectures. A summary that was lost is made again.
void RequireAppendable(const Tables& tables) {
  const std::vector<pg::Column> columns = pg::TableColumns(tables.selection, kSelectionArgument);
  for (const char* needed : {"mst_key", "model_id", "compile_params", "fit_params"}) {
    if (pg::FindColumn(columns, needed) == nullptr) {
      throw Error(ErrorCode::kUndefinedColumn,
                  "table " + tables.selection.Text() + " has no column \"" + needed + "\": it is no model selection table", "", kMakeHint);
    }
  }
  if (!pg::TableExists(tables.summary)) {
    CreateSummary(tables);
    return;
  }
  if (pg::FindColumn(pg::TableColumns(tables.summary, kSelectionArgument), "model_arch_table") == nullptr) {
    throw Error(ErrorCode::kUndefinedColumn,
                "table " + tables.summary.Text() + " has no column \"model_arch_table\": it is no summary of a model selection table", "",
                kMakeHint);
  }
  const pg::Result stored = pg::Execute("SELECT DISTINCT model_arch_table FROM " + tables.summary.Sql());
  if (stored.empty()) {
    pg::Execute("INSERT INTO " + tables.summary.Sql() + " (model_arch_table) VALUES ($1)", {tables.architectures.Sql()});
    return;
  }
  const std::string made_for = stored.at(0, 0).value_or("");
  // two spellings may name one table
  bool same = stored.rows.size() == 1;
  if (same && made_for != tables.architectures.Sql()) {
    const pg::TableName other = pg::ParseStoredName(made_for, "model_arch_table", tables.summary);
    same = pg::TableExists(other) &&
           !pg::Execute("SELECT 1 WHERE $1::pg_catalog.regclass OPERATOR(pg_catalog.=) $2::pg_catalog.regclass",
                        {other.Sql(), tables.architectures.Sql()})
                .empty();
  }
  if (same) return;
  throw Error(ErrorCode::kPrerequisiteState,
              "model selection table " + tables.selection.Text() + " was made for architecture table " + made_for + ", not for " +
                  tables.architectures.Text(),
              "All configurations of a model selection table use one architecture table.",
              "Append with model_arch_table " + made_for + ", or choose another model_selection_table.");
}

// Checks each text and drops those that say the same as an earlier one.
std::vector<std::string> DistinctParams(const std::vector<std::string>& texts, const char* what) {
  std::vector<std::string> kept;
  std::set<std::string> seen;
  for (const std::string& text : texts) {
    if (seen.insert(plan::CanonicalParams(text, what)).second) kept.push_back(text);
  }
  if (kept.size() < texts.size()) {
    pg::Notice(std::to_string(texts.size() - kept.size()) + " of " + std::to_string(texts.size()) + " texts of " + what +
               "_list say the same as an earlier one and are left out");
  }
  return kept;
}

void ClaimBoth(const Tables& tables) {
  for (const pg::TableName& table : {tables.selection, tables.summary}) pg::ClaimOutput(table, kSelectionArgument);
}

void RequireTexts(const std::vector<std::string>& texts, const char* argument, const char* example) {
  if (!texts.empty()) return;
  throw Error(ErrorCode::kInvalidParameter, std::string(argument) + " is empty", "",
              std::string("Give at least one text, such as ") + example + ".");
}

void CheckConfig(const std::string& compile_params, const std::string& fit_params) {
  try {
    plan::ReadConfig(compile_params, fit_params);
  } catch (const Error& error) {
    const std::string where = "The configuration is compile_params " + compile_params + " with fit_params " + fit_params + ".";
    throw Error(error.code(), error.what(), error.detail().empty() ? where : error.detail() + "\n" + where, error.hint());
  }
}

}  // namespace

void LoadModelSelectionTable(std::string_view model_arch_table, std::string_view model_selection_table, std::vector<int32_t> model_id_list,
                             const std::vector<std::string>& compile_params_list, const std::vector<std::string>& fit_params_list) {
  const Tables tables = ParseTables(model_arch_table, model_selection_table, true);
  std::sort(model_id_list.begin(), model_id_list.end());
  model_id_list.erase(std::unique(model_id_list.begin(), model_id_list.end()), model_id_list.end());
  RequireModels(tables.architectures, model_id_list);
  RequireTexts(compile_params_list, "compile_params_list",
               "loss='categorical_crossentropy',optimizer='Adam(lr=0.001)',metrics=['accuracy']");
  RequireTexts(fit_params_list, "fit_params_list", "batch_size=32,epochs=1");
  const std::vector<std::string> compile = DistinctParams(compile_params_list, "compile_params");
  const std::vector<std::string> fit = DistinctParams(fit_params_list, "fit_params");
  const double size = static_cast<double>(model_id_list.size()) * static_cast<double>(compile.size()) * static_cast<double>(fit.size());
  if (size > static_cast<double>(plan::kMaxCandidates)) {
    throw Error(ErrorCode::kLimitExceeded,
                "the lists have " + base::FormatNumber(size, true) + " combinations, more than " + std::to_string(plan::kMaxCandidates), "",
                "Use cerebro.generate_model_configs() with search_type => 'random' and num_configs.");
  }
  for (const std::string& c : compile) {
    pg::CheckInterrupts();
    for (const std::string& f : fit) CheckConfig(c, f);
  }
  std::vector<plan::Candidate> candidates;
  for (const int32_t id : model_id_list) {
    for (const std::string& c : compile) {
      for (const std::string& f : fit) candidates.push_back({id, {c, f}});
    }
  }
  ClaimBoth(tables);
  pg::RequireAbsent(tables.selection, kSelectionArgument);
  pg::RequireAbsent(tables.summary, kSelectionArgument);
  CreateSelectionTable(tables, candidates);
  CreateSummary(tables);
  InsertCandidates(tables, candidates);
}

void GenerateModelConfigs(const GridRequest& request) {
  const Tables tables = ParseTables(request.model_arch_table, request.model_selection_table, false);
  RequireModels(tables.architectures, request.model_id_list);
  const std::vector<int> ids(request.model_id_list.begin(), request.model_id_list.end());
  const std::vector<plan::Candidate> candidates = plan::GenerateCandidates(ids, request.compile_params_grid, request.fit_params_grid,
                                                                           request.search_type, request.num_configs, request.random_state);
  if (pg::TableExists(tables.selection)) {
    RequireAppendable(tables);
  } else {
    ClaimBoth(tables);
    pg::RequireAbsent(tables.summary, kSelectionArgument);
    CreateSelectionTable(tables, candidates);
    CreateSummary(tables);
  }
  const size_t added = InsertCandidates(tables, candidates);
  if (added < candidates.size()) {
    pg::Notice(std::to_string(candidates.size() - added) + " of " + std::to_string(candidates.size()) + " configurations were in table " +
               tables.selection.Text() + " already and are not added again");
  }
}

}  // namespace store
