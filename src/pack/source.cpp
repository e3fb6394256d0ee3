#include "pack/source.hpp"

#include <algorithm>
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
  std::set<std::string> preprocessed;  // names that the packed table need not have
  for (const SourceColumn& c : source.columns) {
    if (c.weight) continue;
    const std::string& name = c.column.name;
    if (c.read_as ? !preprocessed.insert(name).second : preprocessed.count(name) > 0) {
      throw Error(
          ErrorCode::kInvalidParameter, "column \"" + name + "\" is named more than once", "",
          c.read_as ? "Name it once in independent_varname." : "A dependent column cannot be an independent one, too.");
    }
    if (c.read_as) continue;
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
    if (c.weight || c.read_as) continue;
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

/// RowSql for a profile; long categories stand as their beginnings and hashes: only how many there are is looked at,
/// and a text may be a document.
std::string ProfiledRowSql(const Source& source, std::string_view alias) {
  std::string list;
  for (const SourceColumn& c : source.columns) {
    std::string cell = c.Sql(alias);
    const std::string type = BareType(c.column);
    if (c.read_as == base::ValueClass::kCategory && (type == "text" || type == "character varying")) {
      cell = "CASE WHEN pg_catalog.octet_length(" + cell + ") OPERATOR(pg_catalog.>) " + std::to_string(kLongCategory) +
             " THEN " + ShortenedSql(cell) + " ELSE " + cell + " END";
    }
    list += (list.empty() ? "" : ", ") + cell;
  }
  return "ROW(" + list + ")";
}

}  // namespace

std::string ShortenedSql(const std::string& text) {
  return "pg_catalog.\"left\"(" + text + ", 64) OPERATOR(pg_catalog.||) pg_catalog.md5(" + text + ")";
}

std::string Source::From() const { return name.Sql() + " AS s" + (filter.empty() ? "" : " WHERE " + filter); }

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

std::string RowSql(const Source& source, std::string_view alias) {
  std::string list;
  for (const SourceColumn& c : source.columns) list += (list.empty() ? "" : ", ") + c.Sql(alias);
  return "ROW(" + list + ")";
}

std::string SourceColumn::Sql(std::string_view alias) const {
  return read_as ? data::SourceCellSql(column, *read_as, alias) : data::CellSql(column, kind, alias, form);
}

std::string Source::Text() const {
  const pg::TableName& shown = copied_from ? *copied_from : name;
  return "\"" + (shown.bare || shown.schema.empty() ? shown.name : shown.schema + "." + shown.name) + "\"";
}

Source OpenSource(const std::string& source_table, const std::string& independent_varname,
                  const std::string& dependent_varname, const std::vector<TargetKind>& kinds,
                  const std::optional<std::string>& sample_weight, const ClassChooser& choose) {
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
    if (!choose) continue;
    SourceColumn& c = source.columns.back();
    c.read_as = choose(source.columns.size() - 1, c.column);
    c.Sql("s");  // refuses types that cannot be read so
    if (*c.read_as != base::ValueClass::kArray || c.column.is_array) continue;
    // a vector is handled as the array that its cells are
    c.column.is_array = true;
    c.column.base_type = "real";
    std::replace_if(
        source.all.begin(), source.all.end(), [&name](const pg::Column& other) { return other.name == name; },
        c.column);
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
  for (const SourceColumn& c : source.columns) c.Sql("s");  // refuses types that cannot be packed
  CheckNames(source);
  const pg::Result kind =
      pg::Execute("SELECT pg_catalog.has_table_privilege(c.oid, 'SELECT') AND c.relkind OPERATOR(pg_catalog.=) ANY (ARRAY['r', 'm']::pg_catalog.\"char\"[]) FROM pg_catalog.pg_class c"
                  " WHERE c.oid OPERATOR(pg_catalog.=) $1::pg_catalog.regclass",
                  {source.name.Sql()});
  source.has_ctid = !kind.empty() && kind.at(0, 0).value_or("f") == "t" && (!pg::OnGreenplum() || NamesRows(source.name));
  return source;
}

namespace {

/// '{a,"B c"}' as an array has it, blanks aside, or 'a, "B c"' as other lists of columns.
std::vector<std::string> ReadExclude(const std::string& text) {
  const size_t first = text.find_first_not_of(" \t\n");
  if (first == std::string::npos) return {};
  if (text[first] != '{') return pg::ParseColumnList(text, "exclude");
  std::string bare;
  bool quoted = false;
  for (size_t i = first; i < text.size(); ++i) {
    const char c = text[i];
    if (c == '"') quoted = !quoted;
    if (quoted && c == '\\' && i + 1 < text.size()) bare += text[i++];
    if (quoted || (c != ' ' && c != '\t' && c != '\n')) bare += text[i];
  }
  if (quoted || bare.back() != '}' || bare.find('}') != bare.size() - 1) {
    throw Error(ErrorCode::kInvalidName, "invalid list of columns in exclude: \"" + text + "\"", "",
                "Write '{a,\"B c\"}' or 'a, \"B c\"'.");
  }
  std::vector<std::string> names;
  for (const pg::Cell& cell : pg::ParseArrayText(bare)) names.push_back(cell.value_or("NULL"));
  return names;
}

/// A name without quotes is in lower case, unless there is a column that has it as it is written.
std::string Folded(const std::vector<pg::Column>& columns, std::string name) {
  if (pg::FindColumn(columns, name) != nullptr) return name;
  for (char& c : name) c = static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  return name;
}

}  // namespace

std::string ExpandColumns(const std::string& source_table, const std::string& independent_varname,
                          const std::vector<std::string>& elsewhere, const std::optional<std::string>& exclude) {
  if (independent_varname != data::kAllColumns) {
    if (!exclude) return independent_varname;
    throw Error(ErrorCode::kInvalidParameter, "exclude is given, but independent_varname names the columns", "",
                "Write independent_varname => '*' for all columns but those of exclude, or leave exclude out.");
  }
  Source source;
  source.name = pg::ParseTableName(source_table, "source_table");
  source.all = pg::TableColumns(source.name, "source_table");
  std::set<std::string> left_out(elsewhere.begin(), elsewhere.end());
  for (const std::string& name : exclude ? ReadExclude(*exclude) : std::vector<std::string>()) {
    left_out.insert(Find(source.all, Folded(source.all, name), "exclude", source).name);
  }
  std::string list;
  for (const pg::Column& column : source.all) {
    if (left_out.count(column.name) == 0) list += (list.empty() ? "" : ", ") + pg::QuoteIdent(column.name);
  }
  if (list.empty()) {
    throw Error(ErrorCode::kInvalidParameter, "table " + source.Text() + " has no independent column",
                "Every column is dependent, a weight or excluded.", "Exclude fewer columns.");
  }
  return list;
}

std::optional<std::string> ImageFilesIn(const Source& source, const SourceColumn& column) {
  const std::string name = "s." + pg::QuoteIdent(column.column.name);
  const pg::Result first = pg::Execute("SELECT pg_catalog.substr(" + name + "::pg_catalog.bytea, 1, 12) FROM " + source.name.Sql() + " AS s WHERE " + name +
                                       " IS NOT NULL" + (source.filter.empty() ? "" : " AND (" + source.filter + ")") + " LIMIT 1");
  const char* format = first.empty() ? nullptr : data::ImageFileFormat(*first.at(0, 0));
  return format == nullptr ? std::nullopt : std::optional<std::string>(format);
}

Profile ProfileSource(const Source& source) {
  const pg::Result result =
      pg::Execute("SELECT cerebro._profile(" + ProfiledRowSql(source, "s") + ") FROM " + source.From());
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
    location = source.copied_from ? source.copied_ctid : "s.ctid";
    if (cluster) segment = source.copied_from ? source.copied_segment : "s.gp_segment_id";
  } else if (!cluster && !source.copied_from) {
    location = "pg_catalog.row_number() OVER ()";
  }
  const pg::Result found = pg::Execute("SELECT f.fault, f.location, f.segment FROM (SELECT " + fault + ", " + location + "::pg_catalog.text, " +
                                       segment + "::pg_catalog.text FROM " + source.From() + (cluster ? "" : " OFFSET 0") +
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
