#include "data/packed_table.hpp"

#include <algorithm>
#include <limits>
#include <numeric>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "base/preprocessing.hpp"
#include "data/buffer_view.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"
#include "data/packed_format.hpp"
#include "data/packed_scale.hpp"
#include "data/row_sql.hpp"

namespace data {
namespace {

using base::ColumnSpec;
using base::Error;
using base::ErrorCode;
using base::TargetKind;

constexpr const char* kSecurityHint =
    "Give the role a policy for all rows, or work as a role that the table's policies do not bind. To train on a part, pack that part.";
constexpr const char* kHint = "Make it by training_preprocessor_dl() or validation_preprocessor_dl().";

std::string Quoted(const std::string& name) { return "\"" + name + "\""; }

std::vector<int64_t> Integers(const std::string& array) {
  std::vector<int64_t> out;
  for (const pg::Cell& cell : pg::ParseArrayText(array)) out.push_back(base::WholeOrZero(cell));
  return out;
}

void RequireTyped(const std::vector<pg::Column>& columns, const std::string& name, const char* type, const pg::TableName& table) {
  const pg::Column* column = pg::FindColumn(columns, name);
  if (column == nullptr) {
    throw Error(ErrorCode::kUndefinedColumn, "packed table " + Quoted(table.name) + " has no column " + Quoted(name), "", kHint);
  }
  if (column->type != type) {
    throw Error(ErrorCode::kDatatypeMismatch,
                "column " + Quoted(name) + " of packed table " + Quoted(table.name) + " has type " + column->type + ", not " + type,
                "", kHint);
  }
}

// what: the argument that named the table.
std::string PackerOf(std::string_view what) {
  if (what == "validation_table") return "validation_preprocessor_dl()";
  if (what == "test_table") return "validation_preprocessor_dl(), or training_preprocessor_dl() for a training table";
  return "training_preprocessor_dl()";
}

[[noreturn]] void Corrupted(const pg::TableName& summary, const std::string& why) {
  throw Error(ErrorCode::kDataCorrupted, "summary table " + Quoted(summary.name) + " cannot be used: " + why, "", kHint);
}

// A buffer's rows of a column are one value of the server. Who believes the shape of one that is not asks for memory
// that no data will fill.
void RequireStorable(const ColumnSpec& column, int64_t buffer_rows, const pg::TableName& summary) {
  constexpr size_t kMostBytes = size_t{1} << 30;
  const auto rows = static_cast<size_t>(std::max<int64_t>(1, buffer_rows));
  if (column.row_bytes() <= kMostBytes / rows) return;
  Corrupted(summary, std::to_string(rows) + " rows of shape " + base::FormatShape(column.shape) + " of column " + Quoted(column.name) +
                         " are no value of the server");
}

// Apache MADlib's summaries name the columns as ours do, and say nothing of their bytes.
void RefuseTableOfMadlib(const pg::TableName& table, const std::vector<pg::Column>& summary) {
  const auto has = [&summary](const char* name) { return pg::FindColumn(summary, name) != nullptr; };
  if (has("data_spec") || !has("dependent_varname") || !has("independent_varname")) return;
  throw Error(ErrorCode::kWrongObjectType, "packed table " + Quoted(table.name) + " has the format of Apache MADlib", "",
              "Give what cerebro.import_madlib(" + pg::QuoteLiteral(table.Text()) + ", '...'" +
                  (pg::OnGreenplum() ? ") makes of it." : ", copy => false) makes of it: a view of the same buffers.") +
                  " CREATE EXTENSION pg_cerebro_madlib has the function.");
}

void ReadSummary(PackedTable* table, const pg::TableName& summary, const char* what) {
  const std::vector<pg::Column> columns = pg::TableColumns(summary, what);
  RefuseTableOfMadlib(table->name, columns);
  for (const char* name : {"source_table", "num_partitions", "rows", "data_spec", "digest", "partition_rows", "partition_buffers",
                           "max_buffer_rows", "format_version"}) {
    if (pg::FindColumn(columns, name) == nullptr) {
      throw Error(ErrorCode::kUndefinedColumn, "summary table " + Quoted(summary.name) + " has no column " + Quoted(name), "", kHint);
    }
  }
  const pg::Result row = pg::Read(
      "SELECT s.format_version, s.data_spec::pg_catalog.text, s.partition_rows::pg_catalog.text, s.partition_buffers::pg_catalog.text,"
      " s.max_buffer_rows, s.source_table, s.digest FROM " + summary.Sql() + " AS s");
  if (row.empty() && pg::RowSecurityApplies(summary)) {
    throw Error(ErrorCode::kPrerequisiteState, "row-level security hides the row of summary table " + Quoted(summary.name),
                pg::HiddenRowsDetail(summary), kSecurityHint);
  }
  if (row.rows.size() != 1) Corrupted(summary, "it has " + std::to_string(row.rows.size()) + " rows");
  for (const pg::Cell& cell : row.rows[0]) {
    if (!cell) Corrupted(summary, "it holds NULL");
  }
  const int64_t version = base::WholeNumber(row.at(0, 0));
  if (version < kFirstPackedFormatVersion || version > kPackedFormatVersion) {
    throw Error(ErrorCode::kFeatureNotSupported, "packed table " + Quoted(table->name.name) + " has format version " + *row.at(0, 0),
                "This build reads versions " + std::to_string(kFirstPackedFormatVersion) + " to " + std::to_string(kPackedFormatVersion) + ".",
                kHint);
  }
  table->spec = base::ReadDataSpec(*row.at(0, 1));
  table->partition_rows = Integers(*row.at(0, 2));
  table->partition_buffers = Integers(*row.at(0, 3));
  table->max_buffer_rows = base::WholeNumber(row.at(0, 4));
  table->source_table = *row.at(0, 5);
  table->digest = *row.at(0, 6);
  if (pg::FindColumn(columns, "folds") != nullptr) {
    const pg::Result folds = pg::Read("SELECT s.folds::pg_catalog.int4 FROM " + summary.Sql() + " AS s");
    table->folds = folds.empty() || !folds.at(0, 0) ? 0 : base::WholeInt(folds.at(0, 0));
    if (table->folds != 0 && (table->folds < 2 || table->spec.num_partitions % table->folds != 0)) {
      Corrupted(summary, "its folds and partitions do not fit together");
    }
  }
  if (pg::FindColumn(columns, kGroupingColumn) != nullptr) {
    const pg::Result keys = pg::Read(std::string("SELECT s.") + kGroupingColumn + "::pg_catalog.text FROM " + summary.Sql() + " AS s");
    for (const pg::Cell& key : pg::ParseArrayText(keys.at(0, 0).value_or("{}"))) table->grouping.push_back(key.value_or(""));
  }
  const size_t partitions = static_cast<size_t>(table->spec.num_partitions);
  if (partitions == 0 || table->partition_rows.size() != partitions || table->partition_buffers.size() != partitions) {
    Corrupted(summary, "its partitions do not fit together");
  }
  int64_t rows = 0;
  for (size_t p = 0; p < partitions; ++p) {
    if (table->partition_rows[p] < 0 || table->partition_buffers[p] < 0) Corrupted(summary, "a partition has a negative size");
    if (table->partition_rows[p] > std::numeric_limits<int64_t>::max() - rows) Corrupted(summary, "its numbers of rows do not agree");
    rows += table->partition_rows[p];
  }
  if (rows != table->spec.rows || table->max_buffer_rows < 0) Corrupted(summary, "its numbers of rows do not agree");
  // of a refresh: none of its groups may have a row that validates, though the run validates
  const bool may_be_empty = !table->grouping.empty() && std::string_view(what) == "validation_table";
  if (rows == 0 && !may_be_empty) throw Error(ErrorCode::kInvalidData, "packed table " + Quoted(table->name.name) + " has no rows", "", kHint);
  for (const ColumnSpec& c : table->spec.inputs) RequireStorable(c, table->max_buffer_rows, summary);
  for (const ColumnSpec& c : table->spec.targets) RequireStorable(c, table->max_buffer_rows, summary);
}

// Which examples a model sees is decided when they are packed: a buffer is there as a whole, or the run is refused.
void RequireAllBuffers(const PackedTable& table) {
  if (!pg::RowSecurityApplies(table.name)) return;
  const int64_t there = std::accumulate(table.partition_buffers.begin(), table.partition_buffers.end(), int64_t{0});
  const int64_t seen = pg::Read("SELECT pg_catalog.count(*) FROM " + table.name.Sql()).Int();
  if (seen == there) return;
  throw Error(ErrorCode::kPrerequisiteState,
              "row-level security hides " + std::to_string(there - seen) + " of the " + std::to_string(there) + " buffers of packed table " +
                  Quoted(table.name.name),
              pg::HiddenRowsDetail(table.name), kSecurityHint);
}

/// How two columns were packed differently.
struct Difference {
  std::string what;
  std::string first, second;
};

const char* LabelForm(TargetKind kind) {
  switch (kind) {
    case TargetKind::kOneHot: return "one-hot";
    case TargetKind::kClassIndex: return "as class indexes";
    case TargetKind::kReal: return "as real numbers";
    case TargetKind::kArray: return "as arrays";
    case TargetKind::kNone: break;
  }
  return "as inputs";
}

// Two lists with their first difference: "3, of which number 2 is "Bonn"".
Difference ListDifference(const char* what, const std::vector<std::string>& a, const std::vector<std::string>& b) {
  size_t same = 0;
  while (same < a.size() && same < b.size() && a[same] == b[same]) ++same;
  const auto describe = [same](const std::vector<std::string>& list) {
    const std::string count = std::to_string(list.size());
    return same < list.size() ? count + ", of which number " + std::to_string(same + 1) + " is " + Quoted(list[same]) : count;
  };
  return {what, describe(a), describe(b)};
}

// In what a value means.
std::optional<Difference> FindOtherMeaning(const ColumnSpec& a, const ColumnSpec& b) {
  if (a.kind != b.kind) return Difference{"labels packed", LabelForm(a.kind), LabelForm(b.kind)};
  if (a.class_values != b.class_values) return ListDifference("other classes:", a.class_values, b.class_values);
  if (a.num_classes != b.num_classes) return Difference{"other classes:", std::to_string(a.num_classes), std::to_string(b.num_classes)};
  if (a.scale != b.scale) return Difference{"scale", std::to_string(a.scale), std::to_string(b.scale)};
  if (a.mean != b.mean || a.std != b.std || a.exact_standardisation != b.exact_standardisation) return Difference{"other constants of", "its own", "standardisation"};
  if (a.dictionary != b.dictionary) return ListDifference("another dictionary, of strings", a.dictionary, b.dictionary);
  return std::nullopt;
}

// own_bytes: whether b's bytes are read by its own description, not by a's. Then labels may be of another type.
std::optional<Difference> FindDifference(const ColumnSpec& a, const ColumnSpec& b, bool own_bytes) {
  if (a.shape != b.shape) return Difference{"shape", base::FormatShape(a.shape), base::FormatShape(b.shape)};
  const bool labels = a.kind == TargetKind::kOneHot && b.kind == TargetKind::kOneHot;
  if (a.dtype != b.dtype && !(own_bytes && labels)) return Difference{"element type", base::DTypeName(a.dtype), base::DTypeName(b.dtype)};
  return FindOtherMeaning(a, b);
}

// What the user calls a table that is held against the training table.
struct Role {
  const char* name;  // with its article
  const char* hint;
  bool own_bytes;  // its bytes are read by its own description
};

Role RoleOf(const PackedTable& table) {
  if (table.argument == "test_table") return {"the test table", "Pack the test data by validation_preprocessor_dl() with this training table.", true};
  return {"the validation table", "Pack the validation data by validation_preprocessor_dl() with this training table.", false};
}

void RequireSame(const ColumnSpec& training, const ColumnSpec& validation, const Role& role) {
  const std::optional<Difference> found = FindDifference(training, validation, role.own_bytes);
  if (!found) return;
  throw Error(ErrorCode::kInvalidParameter,
              "column " + Quoted(validation.name) + " of " + role.name + " has " + found->what + " " + found->second + ", but column " +
                  Quoted(training.name) + " of the training table has " + found->first,
              "", role.hint);
}

void RequireSameCount(size_t training, size_t validation, const char* what, const Role& role) {
  if (training == validation) return;
  throw Error(ErrorCode::kInvalidParameter,
              std::string(role.name) + " has " + std::to_string(validation) + " " + what + " columns, the training table " +
                  std::to_string(training),
              "", role.hint);
}

}  // namespace

std::string PackedTable::DataColumns() const {
  std::string list;
  const auto add = [&list](const std::string& name) { list += (list.empty() ? "" : ", ") + pg::QuoteIdent(name); };
  for (const ColumnSpec& c : spec.inputs) add(c.name);
  for (const ColumnSpec& c : spec.targets) add(c.name);
  if (spec.has_weights) add(kWeightColumn);
  return list;
}

bool PackedTable::HasColumn(size_t column) const {
  if (column >= spec.inputs.size()) return true;
  if (!fetched.empty() && !fetched[column]) return false;
  if (!spec.inputs[column].feature) return true;
  return std::any_of(features.begin(), features.end(), [&](const FeatureColumn& f) { return f.input == column && !f.table.empty(); });
}

std::string PackedTable::FromClause() const {
  if (features.empty() && fetched.empty()) {
    if (all_groups) return Source() + " q";
    if (group_id == 0) return name.Sql();
    return "(SELECT p.* FROM " + name.Sql() + " p WHERE p." + kGroupColumn + GroupCondition() + ") q";
  }
  std::vector<std::string> from(spec.inputs.size());  // by input: the table that has it
  std::string joins;
  const std::string keys[] = {kPartitionColumn, kBufferColumn, kDistributionColumn};
  const size_t key_count = pg::OnGreenplum() ? 3 : 2;
  for (const FeatureColumn& feature : features) {
    if (!HasColumn(feature.input)) continue;
    const std::string alias = "f" + std::to_string(feature.input);
    from[feature.input] = alias + ".features";
    joins += " JOIN " + feature.table + " " + alias + " ON ";
    for (size_t k = 0; k < key_count; ++k) joins += (k > 0 ? " AND " : "") + (alias + "." + keys[k]) + " OPERATOR(pg_catalog.=) p." + keys[k];
  }
  std::string list;
  for (size_t k = 0; k < key_count; ++k) list += (k > 0 ? ", p." : "p.") + keys[k];
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    const std::string column = pg::QuoteIdent(spec.inputs[i].name);
    list += ", " + (!HasColumn(i) ? std::string("NULL::pg_catalog.bytea") : from[i].empty() ? "p." + column : from[i]) + " AS " + column;
  }
  for (const ColumnSpec& c : spec.targets) list += ", p." + pg::QuoteIdent(c.name);
  if (spec.has_weights) list += std::string(", p.") + kWeightColumn;
  if (group_id != 0) joins += std::string(" WHERE p.") + kGroupColumn + GroupCondition();
  return "(SELECT " + list + " FROM " + Source() + " p" + joins + ") q";
}

// The table; of a view of all groups its buffers, numbered in the order of the groups.
std::string PackedTable::Source() const {
  if (!all_groups) return name.Sql();
  return "(SELECT 0 AS partition_id, (pg_catalog.row_number() OVER (ORDER BY g.group_id, g.partition_id, g.buffer_id)"
         " OPERATOR(pg_catalog.-) 1)::pg_catalog.int4 AS buffer_id, " + DataColumns() + " FROM " + name.Sql() + " g)";
}

std::string PackedTable::GroupCondition() const { return " OPERATOR(pg_catalog.=) '" + std::to_string(group_id) + "'::pg_catalog.int8"; }

size_t PackedTable::RowBytes() const {
  size_t bytes = data::RowBytes(spec);
  for (size_t i = 0; i < spec.inputs.size(); ++i) {
    if (!spec.inputs[i].feature && !HasColumn(i)) bytes -= spec.inputs[i].row_bytes();
  }
  return bytes;
}

int FormatVersionOf(const base::DataSpec& spec) {
  const bool first = std::none_of(spec.inputs.begin(), spec.inputs.end(),
                                  [](const ColumnSpec& c) { return c.exact_standardisation || !c.members.empty(); });
  if (spec.preprocessing) return kPreprocessedFormatVersion;
  return first ? kFirstPackedFormatVersion : kSecondPackedFormatVersion;
}

PackedTable OpenPackedTable(std::string_view name, const char* what) {
  PackedTable table = OpenAnyPackedTable(name, what);
  if (table.grouping.empty()) return table;
  const pg::TableName pooled = table.name.WithSuffix(kPooledSuffix);
  throw Error(ErrorCode::kWrongObjectType, "packed table " + Quoted(table.name.name) + " is packed by group",
              std::string("It was given as ") + what + ", where a table without groups is wanted.",
              pg::TableExists(pooled) ? "Give " + Quoted(pooled.name) + ", which has the rows of all groups without them."
                                      : "Pack the rows once more, without grouping_cols.");
}

PackedTable OpenAnyPackedTable(std::string_view name, const char* what) {
  PackedTable table;
  table.name = pg::ParseTableName(name, what);
  table.packer = PackerOf(what);
  table.argument = what;
  const std::vector<pg::Column> columns = pg::TableColumns(table.name, what);
  const pg::TableName summary = table.name.WithSuffix("_summary");
  if (!pg::TableExists(summary)) {
    throw Error(ErrorCode::kUndefinedTable, "table " + Quoted(table.name.name) + " is no packed table: " + Quoted(summary.name) +
        " does not exist",
                std::string("It was given as ") + what + ".", kHint);
  }
  pg::RequireSelect(table.name);
  pg::RequireSelect(summary);
  ReadSummary(&table, summary, what);
  for (const ColumnSpec& c : table.spec.inputs) RequireTyped(columns, c.name, "bytea", table.name);
  for (const ColumnSpec& c : table.spec.targets) RequireTyped(columns, c.name, "bytea", table.name);
  if (table.spec.has_weights) RequireTyped(columns, kWeightColumn, "bytea", table.name);
  if (!table.grouping.empty()) RequireTyped(columns, kGroupColumn, "bigint", table.name);
  RequireTyped(columns, kPartitionColumn, "integer", table.name);
  RequireTyped(columns, kBufferColumn, "integer", table.name);
  RequireAllBuffers(table);
  table.temporary = pg::IsTemporary(table.name);
  return table;
}

namespace {

/// The first source whose preprocessing is another, and how; names aside.
std::optional<std::string> FindOtherPreprocessing(const base::DataSpec& a, const base::DataSpec& b) {
  if (!a.preprocessing && !b.preprocessing) return std::nullopt;
  if (!a.preprocessing || !b.preprocessing)
    return std::string("its columns are ") + (b.preprocessing ? "" : "not ") + "preprocessed";
  const std::vector<base::SourceInput>& first = a.preprocessing->sources;
  const std::vector<base::SourceInput>& second = b.preprocessing->sources;
  if (first.size() != second.size())
    return "it has " + std::to_string(second.size()) + " preprocessed columns instead of " +
           std::to_string(first.size());
  for (size_t i = 0; i < first.size(); ++i) {
    if (const auto found = base::FindDifference(first[i], second[i]))
      return "column " + Quoted(second[i].name) + " has " + *found;
  }
  return std::nullopt;
}

}  // namespace

void RequireCompatible(const PackedTable& training, const PackedTable& validation) {
  const Role role = RoleOf(validation);
  if (const auto found = FindOtherPreprocessing(training.spec, validation.spec)) {
    throw Error(ErrorCode::kInvalidParameter,
                std::string(role.name) + " is preprocessed in another way than the training table",
                "Reason: " + *found + ".", role.hint);
  }
  RequireSameCount(base::SourceColumns(training.spec.inputs).size(), base::SourceColumns(validation.spec.inputs).size(), "independent", role);
  RequireSameCount(training.spec.targets.size(), validation.spec.targets.size(), "dependent", role);
  const std::vector<ColumnSpec> mine = base::SourceColumns(training.spec.inputs);
  std::vector<ColumnSpec> theirs = base::SourceColumns(validation.spec.inputs);
  if (role.own_bytes) ApplyPackedScale(mine, validation, &theirs);
  for (size_t i = 0; i < mine.size(); ++i) RequireSame(mine[i], theirs[i], role);
  // as many columns, packed together in the same way: equal but for their names
  for (size_t i = 0; i < training.spec.inputs.size(); ++i) {
    if (i < validation.spec.inputs.size() && training.spec.inputs[i].shape == validation.spec.inputs[i].shape) continue;
    throw Error(ErrorCode::kInvalidParameter,
                std::string(role.name) + "'s scalar columns are not packed together as the training table's are", "", role.hint);
  }
  for (size_t i = 0; i < training.spec.targets.size(); ++i) RequireSame(training.spec.targets[i], validation.spec.targets[i], role);
  const auto notice = [&role](const std::vector<ColumnSpec>& first, const std::vector<ColumnSpec>& second) {
    std::vector<std::string> names;
    for (const ColumnSpec& column : second) names.push_back(column.name);
    NoticeMovedColumns(first, names, role.name);
  };
  notice(base::SourceInputs(training.spec), base::SourceInputs(validation.spec));
  notice(training.spec.targets, validation.spec.targets);
}

void WarnOfOtherMeanings(const base::DataSpec& before, const PackedTable& now) {
  if (const auto found = FindOtherPreprocessing(before, now.spec)) {
    pg::Warning("models go on with other data than before: packed table " + now.name.Text() +
                    " is preprocessed in another way: " + *found,
                "Pack further data by validation_preprocessor_dl() with the first training table: then values mean the same.");
    return;
  }
  for (const auto columns : {&base::DataSpec::inputs, &base::DataSpec::targets}) {
    const std::vector<ColumnSpec> first = base::SourceColumns(before.*columns);
    std::vector<ColumnSpec> second = base::SourceColumns(now.spec.*columns);
    ApplyPackedScale(first, now, &second);
    for (size_t i = 0; i < std::min(first.size(), second.size()); ++i) {
      const std::optional<Difference> found = FindOtherMeaning(first[i], second[i]);
      if (!found) continue;
      pg::Warning("models go on with other data than before: column " + Quoted(second[i].name) + " of packed table " +
                      now.name.Text() + " has " + found->what + " " + found->second + ", the stored run had " +
                      found->first,
                  "Pack further data by validation_preprocessor_dl() with the first training table: then values mean the same.");
      return;
    }
  }
}

// Rows added or deleted behind the summary's back would train another model than the one that the run's summary describes.
void CheckVisitedRows(const PackedTable& table, int partition, int64_t rows) {
  const int64_t expected = table.partition_rows[static_cast<size_t>(partition)];
  if (rows == expected) return;
  throw Error(ErrorCode::kDataCorrupted,
              "partition " + std::to_string(partition) + " of packed table " + table.name.Text() + " has " + std::to_string(rows) +
                  " rows, its summary says " + std::to_string(expected),
              "The packed table was changed after it was made.", "Pack the data again by " + table.packer + ".");
}

}  // namespace data
