// cerebro.register: a model, or a run over groups, becomes a version. Its number is taken, its state is written, then its row;
// the first version of a model is deployed at once.
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/plain_number.hpp"
#include "pg/report.hpp"
#include "pg/table_watch.hpp"
#include "store/group_models.hpp"
#include "store/loaded_model.hpp"
#include "store/registered_groups.hpp"
#include "store/registry.hpp"
#include "store/registry_rows.hpp"
#include "store/result_rows.hpp"
#include "store/training_state.hpp"

namespace store {
namespace {

using base::Error;
using base::ErrorCode;
using registry::AddRole;
using registry::Change;
using registry::CheckName;
using registry::Claim;
using registry::FindOwned;
using registry::OrNull;
using registry::OwnedModel;
using registry::Quoted;
using registry::SetDeployed;
using registry::kModels;
using registry::kNames;
using registry::kPieces;
using registry::kVersions;

constexpr uint64_t kDigestSeed = 0x6d6f64656c;  // "model": a format, since digests are kept

int NextVersion(const std::string& name) {
  const pg::Result found = Change("UPDATE " + std::string(kNames) + " SET last_version = last_version OPERATOR(pg_catalog.+) 1 WHERE name OPERATOR(pg_catalog.=) $1"
                                  " RETURNING last_version", {name});
  if (!found.empty()) return static_cast<int>(found.Int());
  Change("INSERT INTO " + std::string(kNames) + " (name, last_version) VALUES ($1, 1)", {name});
  return 1;
}

/// What a run says of a model.
struct Origin {
  std::string trained_on;
  pg::Cell data_digest, metric, iterations, parameters, training_loss, training_metric, validation_loss, validation_metric;
};

Origin ReadOrigin(const ModelTable& table, int mst_key) {
  const ResultTables tables(table.name);
  const ResultReader info(tables.info, ResultTable::kInfo, "model_table",
                          {"iterations_done", "parameters", "training_loss_final", "training_metrics_final", "validation_loss_final", "validation_metrics_final",
                           "metric_names"});
  const ResultReader summary(tables.summary, ResultTable::kSummary, "model_table", {"source_table", "data_digest"});
  const pg::Result row = pg::Execute("SELECT " + info.Columns("i") + ", " + summary.Columns("s") + " FROM " + info.Sql() + " i CROSS JOIN " + summary.Sql() +
                                         " s WHERE i.mst_key OPERATOR(pg_catalog.=) $1::pg_catalog.int4",
                                     {static_cast<int64_t>(mst_key)});
  Origin origin;
  if (row.empty()) return origin;
  const std::vector<pg::Cell>& cells = row.rows.front();
  origin.iterations = cells[0];
  origin.parameters = cells[1];
  origin.training_loss = cells[2];
  origin.training_metric = cells[3];
  origin.validation_loss = cells[4];
  origin.validation_metric = cells[5];
  if (cells[6]) {
    const std::vector<pg::Cell> names = pg::ParseArrayText(*cells[6]);
    if (names.size() > 1) origin.metric = names[1];
  }
  origin.trained_on = cells[7].value_or("");
  origin.data_digest = cells[8];
  return origin;
}

/// Of all that predictions follow from, and of nothing else: equal models have equal digests, whoever registers them.
std::string DigestOf(const wire::StateHeader& header, const engine::StateLayout& layout, const void* block) {
  base::Hasher hasher(kDigestSeed);
  for (const std::string& text : {header.graph_digest, header.compile_params, header.fit_params, header.data_spec, std::string(base::DTypeName(header.precision))}) {
    hasher.UpdateU64(text.size());
    hasher.Update(text.data(), text.size());
  }
  for (const engine::StateTensor& tensor : layout.tensors) {
    hasher.Update(static_cast<const char*>(block) + tensor.offset, tensor.count * base::DTypeSize(layout.precision));
  }
  return base::ToHex(hasher.Finish());
}

struct WrittenState {
  std::string digest;
  int64_t bytes = 0;
  std::optional<int64_t> parameters;  // where the run's tables do not say so
};

WrittenState WriteState(const std::string& name, int version, const ModelTable& table, const StoredModel& stored) {
  const LoadedModel loaded = LoadModelForScoring(table, stored, table.data, ScoringOptions(table, false));
  const engine::StateLayout& layout = loaded.model->program().layout();
  StateEncoder encoder(table.data);
  const std::string head = encoder.Head(ScoringSpec(stored), layout, loaded.block->data());
  WrittenState written;
  written.digest = DigestOf(StateView(head).header(), layout, loaded.block->data());
  StoredPieces pieces(head, loaded.block->data(), layout);
  const std::string insert = "INSERT INTO " + std::string(kPieces) + " (name, version, piece, data) VALUES ($1, $2::pg_catalog.int4, $3::pg_catalog.int4, $4)";
  for (size_t i = 0; i < pieces.count(); ++i) {
    pg::CheckInterrupts();
    const std::string_view piece = pieces[i];
    written.bytes += static_cast<int64_t>(piece.size());
    Change(insert, {name, static_cast<int64_t>(version), static_cast<int64_t>(i), pg::Bytea{piece}});
  }
  return written;
}

/// What is registered: where it comes from, and how it is written.
struct Registered {
  pg::TableName model_table;
  std::optional<int> mst_key;  // of a run over groups: of its global model
  std::optional<std::string> compile_params, fit_params;
  int64_t rows = 0;
  Origin origin;
  std::function<WrittenState(int version)> write;
};

int AddVersion(const std::string& name, const Registered& registered, const std::optional<std::string>& remark) {
  const Origin& origin = registered.origin;
  Claim(name);
  const std::optional<OwnedModel> model = FindOwned(name);
  const pg::Role owner = pg::CurrentRole();
  if (!model) {
    pg::Params params = {name};
    AddRole(owner, &params);
    Change("INSERT INTO " + std::string(kModels) + " (name, owner, owner_id, owner_system, deployed_before)"
           " VALUES ($1, $2, $3::pg_catalog.oid, $4, '{}'::pg_catalog.int4[])", params);
  }
  const int version = NextVersion(name);
  const WrittenState written = registered.write(version);
  const pg::Cell parameters = written.parameters ? std::to_string(*written.parameters) : origin.parameters;
  const std::optional<std::string> mst_key = registered.mst_key ? std::optional<std::string>(std::to_string(*registered.mst_key)) : std::nullopt;
  Change("INSERT INTO " + std::string(kVersions) +
             " (name, version, digest, bytes, model_table, mst_key, trained_on, data_digest, rows, parameters, iterations, compile_params, fit_params, metric,"
             " training_loss, training_metric, validation_loss, validation_metric, registered_by, registered_at, remark)"
             " VALUES ($1, $2::pg_catalog.int4, $3, $4, $5, $6::pg_catalog.int4, $7, $8, $9, $10::pg_catalog.int8, $11::pg_catalog.int8, $12, $13, $14,"
             " $15::pg_catalog.float8, $16::pg_catalog.float8, $17::pg_catalog.float8, $18::pg_catalog.float8, $19, pg_catalog.now(), $20)",
         {name, static_cast<int64_t>(version), written.digest, written.bytes, registered.model_table.Sql(), OrNull(mst_key), origin.trained_on,
          OrNull(origin.data_digest), registered.rows, OrNull(parameters), OrNull(origin.iterations), OrNull(registered.compile_params),
          OrNull(registered.fit_params), OrNull(origin.metric), OrNull(origin.training_loss), OrNull(origin.training_metric), OrNull(origin.validation_loss),
          OrNull(origin.validation_metric), owner.name, OrNull(remark)});
  if (!model || !model->deployed) {
    SetDeployed(name, version, model ? model->before : std::vector<int>());
  } else {
    pg::Notice("version " + std::to_string(*model->deployed) + " of model " + Quoted(name) + " stays deployed",
               "Deploy the new one by cerebro.deploy('" + name + "', " + std::to_string(version) + "), or by cerebro.promote_if_better().");
    pg::AnnounceChange(RegistryTable());
  }
  return version;
}

/// Values over all groups, weighted by their rows: of the model that predicts for each.
Origin ReadGroupsOrigin(const GroupRunTable& run) {
  const ResultTables tables = run.Tables();
  const std::string chosen = "(CASE WHEN g.chosen OPERATOR(pg_catalog.=) 'own' THEN g.value ELSE g.global_value END)",
                    counts = "CASE WHEN " + chosen + " OPERATOR(pg_catalog.<>) 'NaN'::pg_catalog.float8 THEN ";
  const auto mean = [&](const std::string& rows) {
    const std::string weight = counts + rows + "::pg_catalog.float8 END";
    return "pg_catalog.sum(" + chosen + " OPERATOR(pg_catalog.*) (" + weight + ")) OPERATOR(pg_catalog./) NULLIF(pg_catalog.sum(" + weight +
           "), 0::pg_catalog.float8)";
  };
  const std::string groups = " FROM " + tables.groups.Sql() + " AS g)";
  const pg::Result row = pg::Execute("SELECT (SELECT pg_catalog.max(g.metric)" + groups + ", (SELECT " + mean("g.group_rows") + groups + ", (SELECT " +
                                     mean("g.validation_rows") + groups + ", s.source_table, s.data_digest, s.validation_table FROM " +
                                     tables.summary.Sql() + " AS s");
  Origin origin;
  if (row.empty()) return origin;
  const std::vector<pg::Cell>& cells = row.rows.front();
  const bool loss = cells[0].value_or("") == "loss", validated = cells[5].has_value();
  if (!loss) origin.metric = cells[0];
  pg::Cell& as_validated = loss ? origin.validation_loss : origin.validation_metric;
  pg::Cell& as_trained = loss ? origin.training_loss : origin.training_metric;
  (validated ? as_validated : as_trained) = cells[validated ? 2 : 1];
  origin.trained_on = cells[3].value_or("");
  origin.data_digest = cells[4];
  return origin;
}

int RegisterGroups(const std::string& name, const std::string& model_table, std::optional<int> mst_key, const std::optional<std::string>& remark) {
  const std::unique_ptr<GroupModels> models = OpenGroupModels(model_table, "model_table");
  const GroupRunTable& run = models->run();
  if (mst_key) {
    throw Error(ErrorCode::kInvalidParameter, "mst_key cannot be given: each group of table " + run.name.Text() + " has a model that was chosen for it", "",
                "Leave mst_key out; cerebro.group_leaderboard() shows the chosen models.");
  }
  const std::optional<ModelTable> global = models->Global();
  Registered registered;
  registered.model_table = run.name;
  if (global) registered.mst_key = global->models.front().mst_key;
  registered.rows = run.data.rows;
  registered.origin = ReadGroupsOrigin(run);
  registered.write = [&](int version) {
    const WrittenGroups groups = WriteRegisteredGroups(models.get(), registered.mst_key, name, version, Change);
    WrittenState written;
    written.digest = groups.digest;
    written.bytes = groups.bytes;
    written.parameters = groups.parameters;
    if (!global) return written;
    const WrittenState state = WriteState(name, version, *global, global->models.front());
    const std::string both = groups.digest + state.digest;
    written.digest = base::ToHex(base::Hash(both.data(), both.size(), kDigestSeed));
    written.bytes += state.bytes;
    return written;
  };
  return AddVersion(name, registered, remark);
}

}  // namespace

int Register(const std::string& name, const std::string& model_table, std::optional<int> mst_key, const std::optional<std::string>& remark) {
  CheckName(name, "name");
  if (IsGroupRun(pg::ParseTableName(model_table, "model_table"))) return RegisterGroups(name, model_table, mst_key, remark);
  const ModelTable table = OpenOneModel(model_table, mst_key);
  if (table.registered) {
    throw Error(ErrorCode::kWrongObjectType, table.name.name + " is a registered model already", "",
                "Give the model_output_table of a finished cerebro.fit_multiple_model(). A model is renamed by cerebro.rename_model().");
  }
  const StoredModel& stored = table.models.front();
  Registered registered;
  registered.model_table = table.name;
  registered.mst_key = stored.mst_key;
  registered.compile_params = stored.compile_params;
  registered.fit_params = stored.fit_params;
  registered.rows = table.data.rows;
  registered.origin = ReadOrigin(table, stored.mst_key);
  registered.write = [&](int version) { return WriteState(name, version, table, stored); };
  return AddVersion(name, registered, remark);
}

}  // namespace store
