// The SQL around the conversion functions: which types a column may have, and how its values are handed over.
#include "data/row_sql.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"

namespace data {
namespace {

using base::DType;
using base::Error;
using base::ErrorCode;
using base::TargetKind;

/// How a type's values travel into _pack_row.
struct TypeRow {
  const char* base_type;  // format_type without a modifier
  const char* cast;       // exact, or the type that holds it for us
  bool number;
  bool integer;           // integer or boolean
};

constexpr TypeRow kTypes[] = {
    {"smallint", "smallint", true, true},
    {"integer", "integer", true, true},
    {"bigint", "bigint", true, true},
    {"boolean", "boolean", true, true},
    {"real", "real", true, false},
    {"double precision", "double precision", true, false},
    {"numeric", "double precision", true, false},
    {"text", "text", false, false},
    {"character varying", "text", false, false},
    {"character", "text", false, false},
    {"name", "text", false, false},
    {"bytea", "bytea", false, false},
};

const TypeRow* FindType(const pg::Column& column) {
  const std::string bare = column.base_type.substr(0, column.base_type.find('('));
  for (const TypeRow& row : kTypes) {
    if (bare == row.base_type) return &row;
  }
  return nullptr;
}

std::string Reference(const pg::Column& column, std::string_view alias) {
  return std::string(alias) + "." + pg::QuoteIdent(column.name);
}

[[noreturn]] void WrongType(const pg::Column& column, const std::string& role, const std::string& hint) {
  throw Error(ErrorCode::kDatatypeMismatch, role + " column \"" + column.name + "\" has type " + column.type, "", hint);
}

/// Types whose text depends on settings; a cast of theirs to text is their output.
bool WrittenBySettings(const pg::Column& column) {
  for (const char* type : {"date", "timestamp", "interval", "real", "double precision", "bytea"}) {
    if (column.base_type.rfind(type, 0) == 0) return true;
  }
  const size_t range = column.base_type.rfind("range");
  return range != std::string::npos && range + 5 == column.base_type.size();
}

// An array of one element, as Keras's users have labels, is its element.
std::string LabelSql(const pg::Column& column, std::string_view alias) {
  // a label's text must not depend on the session's time zone; the function's own settings fix the other formats, where they hold: in this
  // process
  std::string label = Reference(column, alias);
  if (column.is_array) label = "cerebro._only_label(" + label + ", " + pg::QuoteLiteral(column.name) + "::pg_catalog.text)";
  if (column.base_type.rfind("timestamp", 0) == 0 && column.base_type.find("with time zone") != std::string::npos) {
    label = "pg_catalog.timezone('UTC'::pg_catalog.text, " + label + "::timestamp with time zone)";
  }
  if (pg::OnGreenplum() && WrittenBySettings(column)) return "cerebro._label_text(" + label + ")";
  return label + "::pg_catalog.text";
}

}  // namespace

std::string CellSql(const pg::Column& column, TargetKind kind, std::string_view alias) {
  const TypeRow* type = FindType(column);
  switch (kind) {
    case TargetKind::kOneHot:
    case TargetKind::kClassIndex:
      return LabelSql(column, alias);
    case TargetKind::kReal:
      if (type == nullptr || !type->number || column.is_array) {
        WrongType(column, "regression target",
            "A regression target of type 'real' is a scalar number; an array of numbers is of type 'array'.");
      }
      return Reference(column, alias) + "::double precision";
    case TargetKind::kArray:
      if (type == nullptr || !type->number || !column.is_array) {
        WrongType(column, "array dependent", "Use an array of numbers, or dependent_type 'one_hot' for a label.");
      }
      break;
    case TargetKind::kNone:
      if (type == nullptr) {
        WrongType(column, "independent",
                  "Use numbers, booleans, text, arrays of them, or bytea images; cast the column in a view if it holds one of these.");
      }
      if (column.is_array && std::string_view(type->base_type) == "bytea") {
        WrongType(column, "independent", "Use one bytea a row, or an array of numbers.");
      }
      break;
  }
  return Reference(column, alias) + "::" + type->cast + (column.is_array ? "[]" : "");
}

namespace {

// The description and ROW(...), as the conversion functions take them.
std::string RowArguments(const base::DataSpec& spec, const std::vector<pg::Column>& columns, std::string_view weight, std::string_view alias) {
  const auto find = [&columns](std::string_view name) -> const pg::Column& {
    const pg::Column* column = pg::FindColumn(columns, name);
    if (column == nullptr) throw Error(ErrorCode::kUndefinedColumn, "column \"" + std::string(name) + "\" does not exist");
    return *column;
  };
  std::string list;
  const auto add = [&list](const std::string& sql) { list += (list.empty() ? "" : ", ") + sql; };
  for (const base::ColumnSpec& c : spec.inputs) add(CellSql(find(c.name), c.kind, alias));
  for (const base::ColumnSpec& c : spec.targets) add(CellSql(find(c.name), c.kind, alias));
  if (spec.has_weights) add(CellSql(find(weight), TargetKind::kReal, alias));
  return pg::QuoteLiteral(base::WriteDataSpec(spec)) + "::pg_catalog.text, ROW(" + list + ")";
}

}  // namespace

std::string PackRowSql(const base::DataSpec& spec, const std::vector<pg::Column>& columns, std::string_view weight, std::string_view alias) {
  return "cerebro._pack_row(" + RowArguments(spec, columns, weight, alias) + ")";
}

std::string PackRowOfSql(const base::DataSpec& spec, const std::vector<pg::Column>& columns, const std::string& id_column, std::string_view alias) {
  const std::string name = pg::QuoteIdent(id_column);
  return "cerebro._pack_row_of(" + RowArguments(spec, columns, "", alias) + ", " + pg::QuoteLiteral(name) + "::pg_catalog.text, " +
         std::string(alias) + "." + name + "::pg_catalog.text)";
}

base::DataSpec PredictSpec(const base::DataSpec& training, const std::vector<pg::Column>& columns, const std::vector<std::string>& names,
                           const char* what) {
  if (names.size() != training.inputs.size()) {
    throw Error(ErrorCode::kInvalidParameter,
                "independent_varname has " + std::to_string(names.size()) + " columns, but the model was trained on " +
                    std::to_string(training.inputs.size()),
                "", "Name one column of the test table for each independent column of the training table, in the same order.");
  }
  base::DataSpec spec;
  for (size_t i = 0; i < names.size(); ++i) {
    const pg::Column* column = pg::FindColumn(columns, names[i]);
    if (column == nullptr) {
      throw Error(ErrorCode::kUndefinedColumn, "column \"" + names[i] + "\" of independent_varname does not exist in the " + what);
    }
    CellSql(*column, TargetKind::kNone, "t");  // refuses a type that cannot be packed
    base::ColumnSpec c = training.inputs[i];
    c.name = names[i];
    const TypeRow* type = FindType(*column);
    const bool text = std::string_view(type->cast) == "text";
    if (text != !c.dictionary.empty()) {
      throw Error(ErrorCode::kDatatypeMismatch,
                  "column \"" + names[i] + "\" of the " + what + " has type " + column->type + ", but column \"" + training.inputs[i].name +
                      "\" of the training table holds " + (text ? "numbers" : "text"));
    }
    // bytes of an image and integers keep their values in int32; everything else is what training made of it, in float32
    const bool integers = c.dtype != DType::kFloat32 && c.dtype != DType::kFloat64;
    if (std::string_view(type->cast) == "bytea") {
      c.dtype = DType::kUInt8;
    } else {
      c.dtype = text || (integers && type->integer) ? DType::kInt32 : DType::kFloat32;
    }
    spec.inputs.push_back(std::move(c));
  }
  return spec;
}

void NoticeMovedColumns(const std::vector<base::ColumnSpec>& training, const std::vector<std::string>& names, const char* subject) {
  constexpr size_t kMostListed = 5;
  std::string moved;
  size_t count = 0;
  for (size_t i = 0; i < names.size(); ++i) {
    if (names[i] == training[i].name) continue;
    const auto other = std::find_if(training.begin(), training.end(), [&](const base::ColumnSpec& c) { return c.name == names[i]; });
    if (other == training.end()) continue;
    if (++count <= kMostListed) moved += (count > 1 ? ", " : "") + ("\"" + names[i] + "\"") + " is taken for \"" + training[i].name + "\"";
  }
  if (count == 0) return;
  if (count > kMostListed) moved += ", and " + std::to_string(count - kMostListed) + " more";
  pg::Notice(std::string(subject) + " has columns in another order than the training table: " + moved,
             "Columns belong to those of the training table by their order, not by their names.");
}

}  // namespace data
