#include "pack/group_refresh.hpp"

#include <algorithm>
#include <initializer_list>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "base/plain_number.hpp"
#include "data/packed_format.hpp"
#include "data/row_claim.hpp"
#include "data/row_sql.hpp"
#include "pack/group_layout.hpp"
#include "pack/group_packing.hpp"
#include "pack/group_sums.hpp"
#include "pack/preprocessed_columns.hpp"
#include "pack/source_state.hpp"
#include "pg/cluster.hpp"
#include "pg/foreign_code.hpp"
#include "pg/index_plans.hpp"
#include "pg/replace_rows.hpp"
#include "pg/sql.hpp"

namespace pack {
namespace {

using base::Error;
using base::ErrorCode;

/// The source that the table was packed from. Summaries of version 0.1 have a name as its caller wrote it: without a
/// schema it is that of a table beside the packed one, where there is one.
std::string SourceOf(const data::PackedTable& table) {
  const pg::TableName summary = table.name.WithSuffix("_summary");
  pg::TableName source = pg::ParseStoredName(table.source_table, "source_table", summary);
  if (!source.bare) return source.Sql();
  pg::TableName beside = source;
  beside.schema = table.name.schema;
  beside.bare = false;
  return pg::TableExists(beside) ? beside.Sql() : source.Sql();
}

/// The source that the caller names, or else the one that the table was packed from. Errors: kWrongObjectType for one that
/// another role has named, and that could run code of its owner's.
std::string ChooseSource(const data::PackedTable& table, const std::optional<std::string>& named) {
  if (named) return *named;
  const std::string source = SourceOf(table);
  if (pg::IsOwnTable(table.name.WithSuffix("_summary"))) return source;
  const pg::TableName name = pg::ParseTableName(source, "source_table");
  const std::string reason = pg::TableExists(name) ? pg::WhyNotSafe(name, pg::TableUse::kRead, {}) : std::string();
  if (reason.empty()) return source;
  throw Error(ErrorCode::kWrongObjectType,
              "table " + name.Text() + " is not read for packed table " + table.name.Text() + " of another role",
              "It " + reason + ", which could run code of its owner's with the rights of the current role.",
              "Name it as source_table of this call, or refresh the run as the owner of its tables: SET ROLE.");
}

/// The call that packed the table, as its summary keeps it, for the source of this call.
TrainingPackArguments ReadArguments(const data::GroupedTable& table, const std::string& source_table,
                                    BufferPlan* plan) {
  const pg::TableName summary = table.packed.name.WithSuffix("_summary");
  const pg::Result row = pg::Execute(
      "SELECT s.arguments::pg_catalog.text, s.buffer_size::pg_catalog.int8, s.seed,"
      " s.normalizing_const::pg_catalog.float8 FROM " +
      summary.Sql() + " AS s");
  const bool there = !row.empty() && row.at(0, 0) && row.at(0, 1) && row.at(0, 2);
  const base::Value arguments = there ? base::ParseLiteral(*row.at(0, 0)) : base::Value(base::Dict());
  if (arguments.Find("grouping_cols") == nullptr) {
    throw Error(ErrorCode::kDataCorrupted,
                "summary table " + summary.Text() + " does not say how its table was packed");
  }
  const auto text = [&arguments](const char* name) -> std::optional<std::string> {
    const base::Value* value = arguments.Find(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>(value->string());
  };
  const auto number = [&arguments](const char* name) -> std::optional<int64_t> {
    const base::Value* value = arguments.Find(name);
    return value == nullptr ? std::nullopt : std::optional<int64_t>(value->integer());
  };
  const auto flag = [&arguments](const char* name, bool otherwise) {
    const base::Value* value = arguments.Find(name);
    return value == nullptr ? otherwise : value->boolean();
  };
  TrainingPackArguments a;
  a.source_table = source_table;
  if (const auto size = number("buffer_size")) a.buffer_size = static_cast<int32_t>(*size);
  if (const auto partitions = number("num_partitions")) a.num_partitions = static_cast<int32_t>(*partitions);
  a.sample_weight = text("sample_weight");
  a.seed = base::WholeNumber(row.at(0, 2));
  if (row.at(0, 3)) a.normalizing_const = base::RealOrNaN(row.at(0, 3));
  if (const base::Value* fraction = arguments.Find("validation_fraction"))
    a.split.validation_fraction = fraction->number();
  a.split.split_column = text("split_column");
  a.split.split_by_time = text("split_by_time");
  a.split.drop_null_labels = flag("drop_null_labels", true);
  a.groups.columns = text("grouping_cols");
  a.groups.min_rows = number("min_rows");
  a.groups.max_groups = number("max_groups").value_or(kDefaultMaxGroups);
  a.groups.null_groups = flag("null_groups", true);
  a.groups.pooled = false;
  plan->rows = std::max<int64_t>(1, base::WholeNumber(row.at(0, 1)));
  plan->exact = a.buffer_size.has_value();
  return a;
}

/// The state of the source when the table was packed or refreshed. Empty: there is none; tables of version 0.1 have no column.
std::string ReadSourceState(const data::GroupedTable& table) {
  const pg::TableName summary = table.packed.name.WithSuffix("_summary");
  if (pg::FindColumn(pg::TableColumns(summary, "summary"), kSourceStateColumn) == nullptr) return "";
  return pg::Execute("SELECT s.source_state FROM " + summary.Sql() + " AS s").at(0, 0).value_or("");
}

void WriteSourceState(const data::GroupedTable& table, const std::string& state) {
  if (state == ReadSourceState(table)) return;
  const pg::TableName summary = table.packed.name.WithSuffix("_summary");
  if (pg::FindColumn(pg::TableColumns(summary, "summary"), kSourceStateColumn) == nullptr)
    pg::Execute("ALTER TABLE " + summary.Sql() + " ADD COLUMN source_state pg_catalog.text");
  pg::Execute("UPDATE " + summary.Sql() + " SET source_state = $1",
              {state.empty() ? pg::Param(pg::Null{}) : pg::Param(state)});
}

void RefuseOwnConstants(const data::GroupedTable& table) {
  const auto refuse = [&table](const std::string& why) {
    throw Error(ErrorCode::kFeatureNotSupported, "packed table " + table.packed.name.Text() + " cannot be refreshed",
                why, "Pack the source again by training_preprocessor_dl(), and train again.");
  };
  if (table.own_constants)
    refuse("Its groups have learned the constants of their columns themselves (preprocess_per_group).");
  if (!table.packed.spec.preprocessing) return;
  for (const base::SourceInput& source : table.packed.spec.preprocessing->sources) {
    if (source.encoding == base::Encoding::kTarget) {
      refuse("Its column \"" + source.name + "\" is encoded by the target: other rows of a category change it.");
    }
  }
}

std::string NameList(const std::vector<base::ColumnSpec>& columns) {
  std::string list;
  for (const base::ColumnSpec& c : columns) list += (list.empty() ? "" : ", ") + pg::QuoteIdent(c.name);
  return list;
}

Source OpenAgain(const data::PackedTable& table, const TrainingPackArguments& a) {
  std::vector<base::TargetKind> kinds;
  for (const base::ColumnSpec& c : table.spec.targets) kinds.push_back(c.kind);
  Source source = OpenSource(a.source_table, NameList(base::SourceInputs(table.spec)), NameList(table.spec.targets),
                             kinds, a.sample_weight, ClassesOf(table.spec));
  for (size_t i = 0; i < source.targets; ++i) {
    SourceColumn& c = source.columns[source.inputs + i];
    c.form = data::LabelFormOf(c.column, table.spec.targets[i].class_values);
  }
  return source;
}

/// Whether values of both types are compared and stored as one type's.
bool AreOfOneType(const pg::Column& a, const pg::Column& b) {
  const std::initializer_list<const char*> integers = {"smallint", "integer", "bigint"},
                                           texts = {"text", "character varying"};
  const auto in = [](const std::initializer_list<const char*>& types, const pg::Column& column) {
    return std::any_of(types.begin(), types.end(), [&column](const char* type) { return column.base_type == type; });
  };
  if (a.is_array != b.is_array) return false;
  return a.base_type == b.base_type || (in(integers, a) && in(integers, b)) || (in(texts, a) && in(texts, b));
}

/// A source's column may have got another type since it was packed.
void RequireKeyTypes(const Source& source, const data::GroupedTable& table) {
  for (const pg::Column& key : table.keys) {
    const pg::Column* const column = pg::FindColumn(source.all, key.name);
    if (column == nullptr || AreOfOneType(*column, key)) continue;  // what is not there is refused later
    throw Error(ErrorCode::kDatatypeMismatch,
                "column \"" + key.name + "\" of table " + source.Text() + " has type " + column->type +
                    ", as a grouping column it has type " + key.type,
                "", "Give a view that casts the column as source_table, or pack the table anew, and train again.");
  }
}

Output WorkingOutput(const pg::TableName& beside, const std::string& suffix) {
  Output output;
  output.table = beside;
  output.table.name = "_cerebro_changed_" + pg::Execute("SELECT pg_catalog.pg_backend_pid()").Text() + suffix;
  output.summary = output.table.WithSuffix("_summary");
  output.temporary = output.table.schema.rfind("pg_temp", 0) == 0;
  return output;
}

/// Replaces the rows of the groups, or of both tables of groups.
void ReplaceRows(const pg::TableName& into, const pg::TableName& from, const pg::TableName& groups, bool few) {
  data::DeleteGroups(into, groups, few);
  pg::Execute("INSERT INTO " + into.Sql() + " SELECT t.* FROM " + from.Sql() + " AS t" +
              (pg::OnGreenplum() ? "" : " ORDER BY t.group_id"));
}

/// The rows of each class over all groups, as class_weight='balanced' asks for them. The groups have those of all labels,
/// one label behind the other.
void SumClassRows(const pg::TableName& groups_table, base::DataSpec* spec) {
  const size_t classes = ClassCounts(*spec);
  if (classes == 0) return;
  const pg::Result sums = pg::Execute(
      "SELECT pg_catalog.sum(g.class_rows[k.k])::pg_catalog.int8 FROM " + groups_table.Sql() +
          " AS g, pg_catalog.generate_series(1, $1::pg_catalog.int4) AS k(k) GROUP BY k.k ORDER BY k.k",
      {static_cast<int64_t>(classes)});
  size_t first = 0;
  for (base::ColumnSpec& target : spec->targets) {
    if (target.kind != base::TargetKind::kOneHot && target.kind != base::TargetKind::kClassIndex) continue;
    target.class_rows.assign(target.class_values.size(), 0);
    for (size_t c = 0; c < target.class_rows.size() && first + c < sums.rows.size(); ++c) {
      if (sums.at(first + c, 0)) target.class_rows[c] = base::WholeNumber(sums.at(first + c, 0));
    }
    first += static_cast<size_t>(target.num_classes);
  }
}

/// Buffers of a packed table, or of some of its groups.
struct Buffers {
  int64_t count = 0, largest = 0;  // largest: rows
};

/// groups: of those that it names alone; nullptr: of all. few: as DeleteGroups has it.
Buffers CountBuffers(const pg::TableName& packed, const base::DataSpec& spec, const pg::TableName* groups, bool few) {
  std::optional<pg::IndexPlans> by_index;
  if (groups != nullptr && few && pg::HasIndexOn(packed, data::kGroupColumn)) by_index.emplace();
  const std::string shape = "t." + pg::QuoteIdent(spec.inputs.at(0).name + data::kShapeSuffix) + "[1]";
  const pg::Result counts = pg::Execute(
      "SELECT pg_catalog.count(*), pg_catalog.max(" + shape + ") FROM " + packed.Sql() + " AS t" +
      (groups == nullptr ? "" : " WHERE t.group_id IN (SELECT g.group_id FROM " + groups->Sql() + " AS g)"));
  return {base::WholeOrZero(counts.at(0, 0)), base::WholeOrZero(counts.at(0, 1))};
}

/// A packed table of which groups are replaced and dropped: its summary follows. The numbers of its buffers are counted of
/// these groups alone, unless they had the largest buffer.
class SummaryUpdate {
 public:
  SummaryUpdate(const pg::TableName& packed, bool validates, bool few)
      : packed_(packed), validates_(validates), few_(few) {
    const pg::Result row = pg::Execute(
        "SELECT s.data_spec::pg_catalog.text, s.partition_buffers[1]::pg_catalog.int8, s.max_buffer_rows FROM " +
        packed.WithSuffix("_summary").Sql() + " AS s");
    spec_ = base::ReadDataSpec(row.at(0, 0).value_or(""));
    known_ = row.at(0, 1).has_value() && row.at(0, 2).has_value();
    buffers_ = {base::WholeOrZero(row.at(0, 1)), base::WholeOrZero(row.at(0, 2))};
  }

  void Drop(const pg::TableName& groups) {
    const Buffers less = CountBuffers(packed_, spec_, &groups, few_);
    data::DeleteGroups(packed_, groups, few_);
    Count(less, Buffers());
  }

  /// from: a packed table of the groups.
  void Replace(const pg::TableName& from, const pg::TableName& groups) {
    const Buffers less = CountBuffers(packed_, spec_, &groups, few_);
    ReplaceRows(packed_, from, groups, few_);
    Count(less, CountBuffers(from, spec_, nullptr, false));
  }

  /// groups_table: as it is now.
  void Write(const pg::TableName& groups_table, const GroupSums& sums) {
    if (!known_) buffers_ = CountBuffers(packed_, spec_, nullptr, false);
    spec_.rows = validates_ ? sums.held_rows : sums.rows;
    for (base::ColumnSpec& target : spec_.targets) target.class_rows.clear();
    if (!validates_) SumClassRows(groups_table, &spec_);
    pg::Execute("UPDATE " + packed_.WithSuffix("_summary").Sql() +
                    " SET rows = $1, data_spec = $2::pg_catalog.json, digest = $3, partition_rows = ARRAY[$1],"
                    " partition_buffers = ARRAY[$4::pg_catalog.int4], max_buffer_rows = $5, groups = $6, packed_groups ="
                    " $7, largest_group_rows = $8",
                {spec_.rows, base::WriteDataSpec(spec_), validates_ ? sums.digests.held : sums.digests.packed,
                 buffers_.count, buffers_.largest, sums.groups, sums.packed_groups,
                 validates_ ? sums.largest_held_rows : sums.largest_rows});
  }

 private:
  // the largest buffer may have been among those that went alone
  void Count(const Buffers& less, const Buffers& more) {
    known_ = known_ && (less.count == 0 || less.largest < buffers_.largest || more.largest >= buffers_.largest);
    buffers_.count += more.count - less.count;
    buffers_.largest = std::max(buffers_.largest, more.largest);
  }

  const pg::TableName packed_;
  const bool validates_, few_;
  base::DataSpec spec_;
  bool known_ = false;  // buffers_: those of the groups that are there now
  Buffers buffers_;
};

}  // namespace

std::optional<pg::TableName> HeldOutOf(const data::GroupedTable& table) {
  BufferPlan plan;
  if (!ReadArguments(table, "", &plan).split.validates()) return std::nullopt;
  return table.packed.name.WithSuffix(kValidationSuffix);
}

void ClaimForRefresh(const pg::TableName& packed) {
  pg::RequireOwner(packed);
  pg::ClaimOutput(packed, "packed table");
  data::ClaimForChange(packed);
}

ChangedGroups PackChangedGroups(const data::GroupedTable& table, const std::optional<std::string>& source_table,
                                bool drop_vanished, const std::optional<int64_t>& most_groups,
                                std::set<std::string>* told, RefreshRound* round) {
  RefuseOwnConstants(table);
  BufferPlan plan;
  TrainingPackArguments a = ReadArguments(table, ChooseSource(table.packed, source_table), &plan);
  a.groups.drops_vanished = drop_vanished;
  a.groups.most_changed = most_groups;
  a.groups.told = told;
  for (const pg::TableName& owned : {table.packed.name.WithSuffix("_summary"), table.groups_table})
    pg::RequireOwner(owned);
  ClaimForRefresh(table.packed.name);
  const Source source = OpenAgain(table.packed, a);
  RequireKeyTypes(source, table);
  GroupOutputs outputs;
  outputs.packed = WorkingOutput(table.packed.name, "");
  outputs.groups = outputs.packed.table.WithSuffix(data::kGroupsSuffix);
  if (a.split.validates()) outputs.held_out = WorkingOutput(table.packed.name, kValidationSuffix);
  a.output_table = outputs.packed.table.Sql();
  const SegmentChoice choice = pg::OnGreenplum() ? ChooseSegments(std::nullopt) : SegmentChoice();
  GroupPacking packing(a, "{}", choice, source, outputs);
  ChangedGroups changed;
  const std::string before = ReadSourceState(table);
  const bool any = packing.PackChanged(table, before, plan, round);
  const GroupRows& rows = packing.rows();
  changed.changed = rows.changed_groups();
  changed.added = rows.group_count() - rows.changed_groups();
  changed.vanished = rows.vanished_groups();
  changed.waiting = rows.waiting_changed() + rows.waiting_added();
  changed.failed = rows.left_out_changed() + rows.left_out_added();
  changed.failed_added = rows.left_out_added();
  changed.passed = rows.passed_changed() + rows.passed_added();
  changed.unchanged = table.groups - changed.changed - changed.vanished - rows.waiting_changed() -
                      rows.left_out_changed() - rows.passed_changed();
  if (round != nullptr) *round = rows.round();
  changed.trainable = rows.packed_groups();
  changed.validation_rows = rows.split().validation_rows;
  // groups that wait, are passed over or cannot be packed are found again by what they are compared with now
  const bool comparable = FindWrittenSince(before, rows.source_state()).has_value();
  const bool all = changed.waiting + changed.passed + changed.failed == 0;
  changed.source_state = all ? rows.source_state() : comparable ? before : std::string();
  changed.packed = outputs.packed.table;
  if (outputs.held_out) changed.validation = outputs.held_out->table;
  changed.groups = outputs.groups;
  changed.gone = outputs.packed.table;
  changed.gone.name += "_gone";
  pg::Execute((outputs.packed.temporary ? "CREATE TEMPORARY TABLE " : "CREATE UNLOGGED TABLE ") + changed.gone.Sql() +
              " (group_id bigint)" + pg::DistributedBy("group_id"));
  pg::Execute("INSERT INTO " + changed.gone.Sql() + " SELECT v.group_id FROM " + rows.vanished().Sql() + " AS v");
  packing.Finish();
  if (any) return changed;
  changed.validation.reset();
  return changed;
}

void PackPooledAgain(const data::GroupedTable& table, const std::optional<std::string>& source_table) {
  RefuseOwnConstants(table);
  BufferPlan plan;
  TrainingPackArguments a = ReadArguments(table, ChooseSource(table.packed, source_table), &plan);
  const pg::TableName pooled = table.packed.name.WithSuffix(data::kPooledSuffix),
                      held = pooled.WithSuffix(kValidationSuffix);
  if (!pg::TableExists(pooled)) {
    throw Error(ErrorCode::kUndefinedTable, "table " + pooled.Text() + " does not exist",
                "It has the rows of all groups in one shuffle, and global models are trained on it.",
                "Pack the source again with pooled => true, and train again.");
  }
  GroupOutputs outputs;
  outputs.packed = WorkingOutput(table.packed.name, "");
  outputs.pooled = WorkingOutput(table.packed.name, data::kPooledSuffix);
  std::vector<std::pair<pg::TableName, pg::TableName>> moves = {{outputs.pooled->table, pooled}};  // new, old
  if (a.split.validates() && pg::TableExists(held)) {
    outputs.pooled_held_out = WorkingOutput(table.packed.name, std::string(data::kPooledSuffix) + kValidationSuffix);
    outputs.held_out = outputs.pooled_held_out;  // the rows that validate are described, too
    moves.emplace_back(outputs.pooled_held_out->table, held);
  }
  for (const auto& move : moves) {
    for (const pg::TableName& name : {move.second, move.second.WithSuffix("_summary")}) pg::RequireOwner(name);
  }
  a.output_table = pooled.Sql();
  const Source source = OpenAgain(table.packed, a);
  const SegmentChoice choice = pg::OnGreenplum() ? ChooseSegments(std::nullopt) : SegmentChoice();
  GroupPacking packing(a, "{}", choice, source, outputs);
  packing.PackPooledAgain(table.packed.spec);
  packing.Finish();
  for (const auto& [made, old] : moves) {
    pg::Execute("UPDATE " + made.WithSuffix("_summary").Sql() + " SET output_table = $1", {old.Sql()});
    for (const char* suffix : {"", "_summary"}) {
      const auto named = [suffix](const pg::TableName& name) { return *suffix == 0 ? name : name.WithSuffix(suffix); };
      pg::ReplaceAllRows(named(old), named(made));
      pg::Execute("DROP TABLE " + named(made).Sql());
    }
  }
}

void MergeChangedGroups(const data::GroupedTable& table, const ChangedGroups& changed, bool drop_vanished) {
  const bool any = changed.added + changed.changed > 0, drops = drop_vanished && changed.vanished > 0;
  const bool few = data::AreFewGroups(changed.added + changed.changed + changed.vanished, table.groups);
  std::vector<pg::TableName> working = {changed.gone};
  if (any) {
    for (const pg::TableName& name : {changed.packed, changed.packed.WithSuffix("_summary"), changed.groups})
      working.push_back(name);
    if (changed.validation) {
      for (const pg::TableName& name : {*changed.validation, changed.validation->WithSuffix("_summary")})
        working.push_back(name);
    }
  }
  if (any || drops) {
    SummaryUpdate packed(table.packed.name, false, few);
    std::optional<SummaryUpdate> validation;
    const std::optional<pg::TableName> held = HeldOutOf(table);
    if (held && pg::TableExists(*held)) validation.emplace(*held, true, few);
    if (any) {
      packed.Replace(changed.packed, changed.groups);
      if (changed.validation && validation) validation->Replace(*changed.validation, changed.groups);
      ReplaceRows(table.groups_table, changed.groups, changed.groups, few);
    }
    if (drops) {
      packed.Drop(changed.gone);
      data::DeleteGroups(table.groups_table, changed.gone, few);
      if (validation) validation->Drop(changed.gone);
    }
    const GroupSums sums = SumGroups(table.groups_table);
    packed.Write(table.groups_table, sums);
    if (validation) validation->Write(table.groups_table, sums);
    // a few groups change no plan
    if (!few) pg::Execute("ANALYZE " + table.groups_table.Sql());
  }
  WriteSourceState(table, changed.source_state);
  for (const pg::TableName& name : working) pg::Execute("DROP TABLE " + name.Sql());
}

}  // namespace pack
