// The SQL around the conversion functions: which types a column may have, and how its values are handed over.
#include "data/row_sql.hpp"

#include <algorithm>
#include <utility>

#include "base/error.hpp"
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

/// Types whose text is the same whatever the settings: numbers, truth values, strings. Every other type's text may depend on one (dates on
/// DateStyle, ranges of times on TimeZone, points on extra_float_digits, ...) and is made under settings of its own.
bool TextIsPlain(const pg::Column& column) {
  const std::string bare = column.base_type.substr(0, column.base_type.find('('));
  for (const char* type : {"smallint", "integer", "bigint", "boolean", "numeric", "text", "character varying", "character", "name", "uuid"}) {
    if (bare == type) return true;
  }
  return false;
}

/// Types whose text is the name of something in the catalog, as search_path has it.
bool NamesCatalog(const pg::Column& column) {
  for (const char* type : {"regclass", "regproc", "regprocedure", "regoper", "regoperator", "regtype", "regconfig", "regdictionary", "regcollation"}) {
    if (column.base_type == type) return true;
  }
  return false;
}

std::string LabelSql(const pg::Column& column, std::string_view alias, LabelForm form) {
  std::string label = Reference(column, alias);
  // an array of one element, as Keras's users have labels, is its element
  if (column.is_array) label = "cerebro._only_label(" + label + ", " + pg::QuoteLiteral(column.name) + "::pg_catalog.text)";
  // the text of an amount of money depends on lc_monetary on its way in, too
  if (column.base_type == "money") return label + "::pg_catalog.numeric::pg_catalog.text";
  if (NamesCatalog(column)) return label + "::pg_catalog.oid::pg_catalog.text";
  if (IsZonedTime(column) && form == LabelForm::kBareTime) {
    return "cerebro._label_text(pg_catalog.timezone('UTC'::pg_catalog.text, " + label + "::pg_catalog.timestamptz))";
  }
  return TextIsPlain(column) ? label + "::pg_catalog.text" : "cerebro._label_text(" + label + ")";
}

}  // namespace

std::string LabelTextType(const pg::Column& column) {
  if (column.base_type == "money") return "pg_catalog.numeric";
  if (NamesCatalog(column)) return "pg_catalog.oid";
  // of an array of one element: the element's
  return column.is_array ? column.sql_type.substr(0, column.sql_type.rfind("[]")) : column.sql_type;
}

bool IsZonedTime(const pg::Column& column) {
  return column.base_type.rfind("timestamp", 0) == 0 && column.base_type.find("with time zone") != std::string::npos;
}

LabelForm LabelFormOf(const pg::Column& column, const std::vector<std::string>& class_values) {
  const auto zoned = [](const std::string& text) { return text.size() > 3 && text.compare(text.size() - 3, 3, "+00") == 0; };
  const bool bare = IsZonedTime(column) && std::any_of(class_values.begin(), class_values.end(), [&zoned](const std::string& text) {
    return !zoned(text) && text.find("infinity") == std::string::npos;
  });
  return bare ? LabelForm::kBareTime : LabelForm::kFull;
}

std::string CellSql(const pg::Column& column, TargetKind kind, std::string_view alias, LabelForm form) {
  const TypeRow* type = FindType(column);
  switch (kind) {
    case TargetKind::kOneHot:
    case TargetKind::kClassIndex:
      return LabelSql(column, alias, form);
    case TargetKind::kReal:
      if (type == nullptr || !type->number || column.is_array) {
        WrongType(column, "regression target",
            "A regression target of type 'real' is a scalar number; an array of numbers is of type 'array'.");
      }
      if (std::string_view(type->base_type) == "boolean") return Reference(column, alias) + "::pg_catalog.int4::pg_catalog.float8";  // 0 or 1
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
  for (const base::ColumnSpec& c : base::SourceColumns(spec.inputs)) add(CellSql(find(c.name), c.kind, alias));
  for (const base::ColumnSpec& c : spec.targets) {
    const pg::Column& column = find(c.name);
    add(CellSql(column, c.kind, alias, LabelFormOf(column, c.class_values)));
  }
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
  const size_t wanted = base::SourceColumns(training.inputs).size();
  if (names.size() != wanted) {
    throw Error(ErrorCode::kInvalidParameter,
                "independent_varname has " + std::to_string(names.size()) + " columns, but the model was trained on " + std::to_string(wanted),
                "", "Name one column of the test table for each independent column of the training table, in the same order.");
  }
  base::DataSpec spec;
  size_t next = 0;
  // the next name stands for a column of the training table; returns its type
  const auto take = [&](const std::string& trained_name, const std::vector<std::string>& dictionary, bool scalar, std::string* name) {
    *name = names[next++];
    const pg::Column* column = pg::FindColumn(columns, *name);
    if (column == nullptr) {
      throw Error(ErrorCode::kUndefinedColumn, "column \"" + *name + "\" of independent_varname does not exist in the " + what);
    }
    CellSql(*column, TargetKind::kNone, "t");  // refuses a type that cannot be packed
    const TypeRow* type = FindType(*column);
    const bool text = std::string_view(type->cast) == "text";
    if (text != !dictionary.empty()) {
      throw Error(ErrorCode::kDatatypeMismatch,
                  "column \"" + *name + "\" of the " + what + " has type " + column->type + ", but column \"" + trained_name +
                      "\" of the training table holds " + (text ? "numbers" : "text"));
    }
    if (scalar && std::string_view(type->cast) == "bytea") {
      throw Error(ErrorCode::kDatatypeMismatch, "column \"" + *name + "\" of the " + what + " has type bytea, but column \"" + trained_name +
                                                    "\" of the training table holds numbers");
    }
    return type;
  };
  for (const base::ColumnSpec& trained : training.inputs) {
    base::ColumnSpec c = trained;
    // bytes of an image and integers keep their values in int32; everything else is what training made of it
    const bool integers = c.dtype != DType::kFloat32 && c.dtype != DType::kFloat64;
    const DType numbers = c.exact_standardisation ? DType::kFloat64 : DType::kFloat32;
    const auto keeps_integers = [&c, integers](const TypeRow& type) {
      return integers && type.integer && !(c.exact_standardisation && std::string_view(type.base_type) == "bigint");
    };
    if (c.members.empty()) {
      const TypeRow* type = take(trained.name, trained.dictionary, false, &c.name);
      const bool text = std::string_view(type->cast) == "text";
      if (std::string_view(type->cast) == "bytea") {
        c.dtype = DType::kUInt8;
      } else {
        c.dtype = text || keeps_integers(*type) ? DType::kInt32 : numbers;
      }
    } else {
      bool exact = integers;
      for (base::ColumnMember& member : c.members) {
        const std::string trained_name = member.name;
        const TypeRow* type = take(trained_name, member.dictionary, true, &member.name);
        exact = exact && (keeps_integers(*type) || !member.dictionary.empty());
      }
      c.dtype = exact ? DType::kInt32 : numbers;
    }
    spec.inputs.push_back(std::move(c));
  }
  return spec;
}

void NoticeMovedColumns(const std::vector<base::ColumnSpec>& packed, const std::vector<std::string>& names, const char* subject) {
  const std::vector<base::ColumnSpec> training = base::SourceColumns(packed);
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
