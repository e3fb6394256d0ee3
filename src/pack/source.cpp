#include "pack/source.hpp"

#include <set>
#include <utility>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "pg/cluster.hpp"
#include "pg/sql.hpp"
#include "data/image_file.hpp"
#include "data/packed_format.hpp"
#include "data/row_sql.hpp"
#include "pack/source_profile.hpp"

namespace pack {
namespace {

using base::Error;
using base::ErrorCode;
using base::TargetKind;

constexpr size_t kMaxColumns = 1600;      // what a table can have
constexpr size_t kMaxNameBytes = 63;      // what the server keeps of a name

std::string BareType(const pg::Column& column) { return column.base_type.substr(0, column.base_type.find('(')); }

const pg::Column& Find(const std::vector<pg::Column>& columns, const std::string& name, const char* what, const Source& source) {
  const pg::Column* column = pg::FindColumn(columns, name);
  if (column == nullptr) {
    throw Error(ErrorCode::kUndefinedColumn, "column \"" + name + "\" of " + what + " does not exist in table " + source.Text(), "",
                "Column names are separated by commas; a name with capitals, blanks or commas is written in double quotes.");
  }
  return *column;
}

/// Every column that the packed table or its summary will have must have a name of its own.
void CheckNames(const Source& source) {
  std::set<std::string> names = {data::kPartitionColumn, data::kBufferColumn, data::kDistributionColumn};
  if (source.has_weights) names.insert(data::kWeightColumn);
  const auto add = [&names](const std::string& name, const std::string& reason) {
    if (!names.insert(name).second) {
      throw Error(ErrorCode::kInvalidParameter, "column name \"" + name + "\" would be in the packed table twice", reason,
                  "Give the column another name in a view over the source table.");
    }
  };
  for (const SourceColumn& c : source.columns) {
    if (c.weight) continue;
    const std::string& name = c.column.name;
    add(name, "It is named more than once, or it is a column that the packed table adds itself.");
    const size_t longest = name.size() + std::string(c.labels() ? data::kClassValuesSuffix : data::kShapeSuffix).size();
    if (longest > kMaxNameBytes) {
      throw Error(ErrorCode::kInvalidName, "column name \"" + name + "\" is too long to be packed",
                  "With a suffix for its shape or its class values it would have " + std::to_string(longest) +
                      " bytes; the server keeps 63.",
                  "Give the column a shorter name in a view over the source table.");
    }
  }
  for (const SourceColumn& c : source.columns) {
    if (c.weight) continue;
    add(c.column.name + data::kShapeSuffix, "The packed table keeps the shape of column \"" + c.column.name + "\" under this name.");
  }
}

/// Whether ctid and gp_segment_id name a row of a cluster's table: its own storage, distributed, no partitions.
bool NamesRows(const pg::TableName& name) {
  const pg::Result found =
      pg::Execute("SELECT 1 FROM pg_catalog.pg_class AS c JOIN pg_catalog.gp_distribution_policy AS p"
                  " ON p.localoid OPERATOR(pg_catalog.=) c.oid WHERE c.oid OPERATOR(pg_catalog.=) $1::pg_catalog.regclass AND c.relstorage OPERATOR(pg_catalog.<>) 'x'"
                  " AND p.policytype OPERATOR(pg_catalog.=) 'p' AND NOT c.relhassubclass",
                  {name.Sql()});
  return !found.empty();
}

std::string RowSql(const Source& source, std::string_view alias) {
  std::string list;
  for (const SourceColumn& c : source.columns) list += (list.empty() ? "" : ", ") + data::CellSql(c.column, c.kind, alias, c.form);
  return "ROW(" + list + ")";
}

}  // namespace

bool SourceColumn::integers() const {
  const std::string t = BareType(column);
  return t == "smallint" || t == "integer" || t == "bigint" || t == "boolean";
}

bool SourceColumn::numbers() const {
  const std::string t = BareType(column);
  return integers() || t == "real" || t == "double precision" || t == "numeric";
}

bool SourceColumn::text() const { return labels() || (!numbers() && !bytes()); }

bool SourceColumn::bytes() const { return !labels() && !column.is_array && BareType(column) == "bytea"; }

std::string Source::Text() const { return "\"" + (name.bare || name.schema.empty() ? name.name : name.schema + "." + name.name) + "\""; }

Source OpenSource(const std::string& source_table, const std::string& independent_varname, const std::string& dependent_varname,
                  const std::vector<TargetKind>& kinds, const std::optional<std::string>& sample_weight) {
  Source source;
  source.name = pg::ParseTableName(source_table, "source_table");
  const std::vector<std::string> inputs = pg::ParseColumnList(independent_varname, "independent_varname");
  const std::vector<std::string> targets = pg::ParseColumnList(dependent_varname, "dependent_varname");
  source.all = pg::TableColumns(source.name, "source_table");
  if (inputs.size() + targets.size() > kMaxColumns) {
    throw Error(ErrorCode::kLimitExceeded,
                std::to_string(inputs.size() + targets.size()) + " columns are more than the " + std::to_string(kMaxColumns) +
                    " that can be packed",
                "", "Put columns together into arrays, in a view over the source table.");
  }
  if (kinds.size() != targets.size() && kinds.size() > 1) {
    throw Error(ErrorCode::kInvalidParameter,
                "dependent_type has " + std::to_string(kinds.size()) + " values for " + std::to_string(targets.size()) +
                    " dependent columns", "",
                "Give one value for all dependent columns, or one for each.");
  }
  for (const std::string& name : inputs) {
    source.columns.push_back({Find(source.all, name, "independent_varname", source), TargetKind::kNone});
  }
  for (size_t i = 0; i < targets.size(); ++i) {
    const pg::Column& column = Find(source.all, targets[i], "dependent_varname", source);
    TargetKind kind = kinds.empty() ? TargetKind::kNone : kinds.size() == 1 ? kinds[0] : kinds[i];
    const bool by_default = kind == TargetKind::kNone;
    if (by_default) kind = column.is_array ? TargetKind::kArray : TargetKind::kOneHot;
    source.columns.push_back({column, kind});
    source.columns.back().by_default = by_default;
  }
  source.inputs = inputs.size();
  source.targets = targets.size();
  if (sample_weight) {
    const std::vector<std::string> weight = pg::ParseColumnList(*sample_weight, "sample_weight");
    if (weight.size() != 1) {
      throw Error(ErrorCode::kInvalidParameter, "sample_weight names " + std::to_string(weight.size()) + " columns", "",
          "Name one column.");
    }
    source.columns.push_back({Find(source.all, weight[0], "sample_weight", source), TargetKind::kReal, true});
    source.has_weights = true;
    const SourceColumn& c = source.columns.back();
    if (!c.numbers() || c.column.is_array) {
      throw Error(ErrorCode::kDatatypeMismatch, "sample weight column \"" + weight[0] + "\" has type " + c.column.type, "",
                  "A sample weight is a scalar number.");
    }
  }
  for (const SourceColumn& c : source.columns) data::CellSql(c.column, c.kind, "s");  // refuses types that cannot be packed
  CheckNames(source);
  const pg::Result kind =
      pg::Execute("SELECT pg_catalog.has_table_privilege(c.oid, 'SELECT') AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'm']::pg_catalog.\"char\"[]) FROM pg_catalog.pg_class c"
                  " WHERE c.oid OPERATOR(pg_catalog.=) $1::pg_catalog.regclass",
                  {source.name.Sql()});
  source.has_ctid = !kind.empty() && kind.at(0, 0).value_or("f") == "t" && (!pg::OnGreenplum() || NamesRows(source.name));
  return source;
}

std::optional<std::string> ImageFilesIn(const Source& source, const SourceColumn& column) {
  const std::string name = "s." + pg::QuoteIdent(column.column.name);
  const pg::Result first = pg::Execute("SELECT pg_catalog.substr(" + name + "::pg_catalog.bytea, 1, 12) FROM " + source.name.Sql() + " AS s WHERE " + name +
                                       " IS NOT NULL LIMIT 1");
  const char* format = first.empty() ? nullptr : data::ImageFileFormat(*first.at(0, 0));
  return format == nullptr ? std::nullopt : std::optional<std::string>(format);
}

Profile ProfileSource(const Source& source) {
  const pg::Result result = pg::Execute("SELECT cerebro._profile(" + RowSql(source, "s") + ") FROM " + source.name.Sql() + " AS s");
  Profile profile = ReadProfile(result.Text());
  if (profile.rows == 0) {
    throw Error(ErrorCode::kInvalidData, "table " + source.Text() + " is empty", "",
        "Load rows into it first; at least one row is needed.");
  }
  return profile;
}

void RaiseFault(const Source& source, const base::DataSpec& spec) {
  const std::string call = data::PackRowSql(spec, source.all, source.WeightName(), "s");
  // _pack_row and _row_fault take the same arguments
  const std::string fault = "cerebro._row_fault" + call.substr(call.find('('));
  // on a cluster both OFFSET and a number of the row would gather all rows in one process
  const bool cluster = pg::OnGreenplum();
  std::string location = "NULL", segment = "NULL";
  if (source.has_ctid) {
    location = "s.ctid";
    if (cluster) segment = "s.gp_segment_id";
  } else if (!cluster) {
    location = "pg_catalog.row_number() OVER ()";
  }
  const pg::Result found = pg::Execute("SELECT f.fault, f.location, f.segment FROM (SELECT " + fault + ", " + location + "::pg_catalog.text, " +
                                       segment + "::pg_catalog.text FROM " + source.name.Sql() + " AS s" + (cluster ? "" : " OFFSET 0") +
                                       ") AS f (fault, location, segment) WHERE f.fault IS NOT NULL LIMIT 1");
  if (found.empty()) return;
  const base::Value parts = base::ParseLiteral(found.at(0, 0).value_or(""));
  const std::string where = found.at(0, 1).value_or("");
  std::string detail = parts.list().at(2).string();
  if (!detail.empty() && !where.empty()) detail += " ";
  if (source.has_ctid) {
    const std::string where_segment = found.at(0, 2) ? "gp_segment_id " + *found.at(0, 2) + " and " : "";
    detail += "It is the row with " + where_segment + "ctid '" + where + "' of table " + source.Text() + ".";
  } else if (!where.empty()) {
    detail += "It is row " + where + " of a scan of " + source.Text() + ".";
  }
  throw Error(static_cast<ErrorCode>(parts.list().at(0).integer()), parts.list().at(1).string(), detail, parts.list().at(3).string());
}

}  // namespace pack
