#include "pack/summary_table.hpp"


#include "base/error.hpp"
#include "base/plain_number.hpp"
#include "pg/cluster.hpp"
#include "pg/sql.hpp"
#include "data/packed_format.hpp"
#include "data/packed_table.hpp"
#include "data/row_sql.hpp"
#include "pack/source.hpp"
#include "pack/source_state.hpp"

namespace pack {
namespace {

/// Collects the columns of a one-row table: name, type and value.
class RowMaker {
 public:
  void Add(const std::string& name, const std::string& type, pg::Param value, const std::string& through = {}) {
    params_.push_back(std::move(value));
    const std::string number = "$" + std::to_string(params_.size());
    definitions_ += (definitions_.empty() ? "" : ", ") + pg::QuoteIdent(name) + " " + type;
    values_ += (values_.empty() ? "" : ", ") + number + through + "::" + type;
  }
  void Write(const pg::TableName& table, bool temporary) const {
    pg::Execute((temporary ? "CREATE TEMPORARY TABLE " : "CREATE TABLE ") + table.Sql() + " (" + definitions_ + ")" +
                pg::DistributedBy("output_table"));
    pg::Execute("INSERT INTO " + table.Sql() + " VALUES (" + values_ + ")", params_);
  }

 private:
  std::string definitions_, values_;
  pg::Params params_;
};

/// Old servers have no arrays of domains, nor of a literal's unknown type.
bool HasArrays(const std::string& type) {
  return pg::Execute("SELECT pg_catalog.count(*) FROM pg_catalog.pg_type AS t WHERE t.oid OPERATOR(pg_catalog.=) $1::pg_catalog.regtype"
                     " AND t.typarray OPERATOR(pg_catalog.<>) 0::pg_catalog.oid",
                     {type})
             .Int() > 0;
}

/// A text[] literal's parameter whose padding is NULL needs the text form: {"a","b",NULL}.
std::string ArrayText(const std::vector<std::string>& values, int64_t size) {
  std::string text = "{";
  for (int64_t i = 0; i < size; ++i) {
    if (i > 0) text += ",";
    if (static_cast<size_t>(i) >= values.size()) {
      text += "NULL";
      continue;
    }
    text += '"';
    for (char c : values[static_cast<size_t>(i)]) {
      if (c == '"' || c == '\\') text += '\\';
      text += c;
    }
    text += '"';
  }
  return text + "}";
}

void AddGroups(const GroupSummary& groups, RowMaker* row) {
  row->Add(data::kGroupingColumn, "pg_catalog.text[]", groups.keys);
  row->Add("groups_table", "pg_catalog.text", groups.groups_table);
  row->Add("groups", "bigint", groups.groups);
  row->Add("packed_groups", "bigint", groups.packed_groups);
  row->Add("largest_group_rows", "bigint", groups.largest_rows);
  row->Add("validates", "boolean", groups.validates);
  row->Add("own_constants", "boolean", groups.own_constants);
  row->Add("arguments", "pg_catalog.json", groups.arguments, "::pg_catalog.text");
  row->Add(kSourceStateColumn, "pg_catalog.text", groups.source_state.empty() ? pg::Param(pg::Null{}) : pg::Param(groups.source_state));
}

}  // namespace

void WriteSummary(const pg::TableName& name, bool temporary, const Source& source, const PackSummary& summary) {
  std::vector<std::string> dependents, independents, types, classes;
  for (size_t i = 0; i < source.inputs + source.targets; ++i) {
    const SourceColumn& c = source.columns[i];
    (i < source.inputs ? independents : dependents).push_back(c.column.name);
    if (i >= source.inputs) types.push_back(c.column.type);
  }
  RowMaker row;
  row.Add("source_table", "pg_catalog.text", summary.source_table);
  row.Add("output_table", "pg_catalog.text", summary.output_table);
  row.Add("dependent_varname", "pg_catalog.text[]", dependents);
  row.Add("independent_varname", "pg_catalog.text[]", independents);
  row.Add("dependent_vartype", "pg_catalog.text[]", types);
  std::string counts;
  for (size_t i = 0; i < source.targets; ++i) {
    const SourceColumn& c = source.columns[source.inputs + i];
    const base::ColumnSpec& spec = summary.packed.spec.targets[i];
    const std::string column = c.column.name + data::kClassValuesSuffix;
    counts += (counts.empty() ? "" : ",") + (c.labels() ? std::to_string(spec.num_classes) : std::string("NULL"));
    if (c.labels()) {
      const std::string type = data::LabelTextType(c.column);
      row.Add(column, (HasArrays(type) ? type : "pg_catalog.text") + "[]", ArrayText(spec.class_values, spec.num_classes), "::pg_catalog.text[]");
    } else {
      row.Add(column, "pg_catalog.text[]", pg::Null{});
    }
  }
  row.Add("buffer_size", "integer", summary.buffer_size);
  row.Add("normalizing_const", "real", summary.normalizing_const);
  row.Add("num_classes", "integer[]", "{" + counts + "}");
  const auto segments = [&row](const char* name, const std::optional<std::vector<int64_t>>& chosen) {
    if (chosen) {
      row.Add(name, "integer[]", *chosen);
    } else {
      row.Add(name, "pg_catalog.text", std::string("all_segments"));
    }
  };
  segments("distribution_rules", summary.dbids);
  segments("__internal_gpu_config__", summary.contents);
  row.Add("num_partitions", "integer", static_cast<int64_t>(summary.packed.spec.num_partitions));
  row.Add("seed", "bigint", summary.seed);
  row.Add("rows", "bigint", summary.packed.spec.rows);
  row.Add("data_spec", "pg_catalog.json", base::WriteDataSpec(summary.packed.spec), "::pg_catalog.text");
  row.Add("digest", "pg_catalog.text", summary.packed.digest);
  row.Add("partition_rows", "bigint[]", summary.packed.partition_rows);
  row.Add("partition_buffers", "integer[]", summary.packed.partition_buffers);
  row.Add("max_buffer_rows", "bigint", summary.packed.max_buffer_rows);
  const int version = summary.groups ? data::kPackedFormatVersion : data::FormatVersionOf(summary.packed.spec);
  row.Add("format_version", "integer", static_cast<int64_t>(version));
  row.Add("folds", "integer", summary.folds > 0 ? pg::Param(static_cast<int64_t>(summary.folds)) : pg::Param(pg::Null{}), "::pg_catalog.int8");
  row.Add("split", "pg_catalog.json", summary.split.empty() ? pg::Param(pg::Null{}) : pg::Param(summary.split), "::pg_catalog.text");
  if (summary.groups) AddGroups(*summary.groups, &row);
  row.Write(name, temporary);
}

PackSummary ReadSummaryConstants(const pg::TableName& packed) {
  const pg::Result row = pg::Execute("SELECT s.normalizing_const::double precision, s.seed FROM " + packed.WithSuffix("_summary").Sql() +
      " AS s");
  if (row.empty() || !row.at(0, 0) || !row.at(0, 1)) {
    throw base::Error(base::ErrorCode::kDataCorrupted, "the summary of packed table \"" + packed.name +
        "\" lacks normalizing_const or seed");
  }
  PackSummary summary;
  summary.normalizing_const = base::RealOrNaN(row.at(0, 0));
  summary.seed = base::WholeNumber(row.at(0, 1));
  return summary;
}

}  // namespace pack
