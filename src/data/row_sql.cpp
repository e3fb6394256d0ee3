// The SQL around the conversion functions: which types a column may have, and how its values are handed over.
#include "data/row_sql.hpp"

#include <algorithm>
#include <initializer_list>
#include <optional>
#include <utility>

#include "base/error.hpp"
#include "base/preprocessing.hpp"
#include "pg/cluster.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"

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

// ---------------------------------------------------------------- columns that are preprocessed

namespace {

using base::ValueClass;

constexpr const char* kJsonHint =
    "Take the values that predict out of it in a view, such as (data ->> 'price')::double precision AS price, or leave "
    "the column out by exclude.";
constexpr const char* kOtherHint =
    "Numbers, truth values, text, enums, dates, times, arrays of numbers, vectors and bytea images can be "
    "preprocessed: cast the column in a "
    "view, or leave it out by exclude.";

std::string BareType(const pg::Column& column) { return column.base_type.substr(0, column.base_type.find('(')); }

bool IsOneOf(const std::string& type, std::initializer_list<const char*> types) {
  return std::any_of(types.begin(), types.end(), [&type](const char* other) { return type == other; });
}

/// pgvector's types, in whatever schema it is.
bool IsVector(const pg::Column& column) {
  const std::string type = BareType(column);
  const std::string name = type.substr(type.rfind('.') + 1);
  return !column.is_array && type != name && (name == "vector" || name == "halfvec");
}

bool IsEnum(const pg::Column& column) {
  if (column.base_type.find('.') == std::string::npos) return false;  // the server's own types
  const pg::Result found = pg::Read(
      "SELECT t.typtype OPERATOR(pg_catalog.=) 'e' FROM pg_catalog.pg_type AS t WHERE t.oid OPERATOR(pg_catalog.=) "
      "$1::pg_catalog.regtype",
      {column.base_type});
  return !found.empty() && found.at(0, 0).value_or("f") == "t";
}

bool IsTextLike(const pg::Column& column) {
  return IsOneOf(BareType(column), {"text", "character varying", "character", "name", "uuid", "macaddr", "macaddr8", "inet", "cidr"}) ||
         IsEnum(column);
}

bool IsDate(const pg::Column& column) { return BareType(column) == "date"; }

bool IsTimestamp(const pg::Column& column) { return column.base_type.rfind("timestamp", 0) == 0; }

bool IsInterval(const pg::Column& column) { return column.base_type.rfind("interval", 0) == 0; }

/// An amount of time, or a time of the day: a number of seconds; with a zone those since midnight in UTC.
bool IsSeconds(const pg::Column& column) {
  return IsInterval(column) || (column.base_type.rfind("time", 0) == 0 && !IsTimestamp(column));
}

const char* SecondsType(const pg::Column& column) {
  if (IsInterval(column)) return "::pg_catalog.interval";
  return column.base_type.find("with time zone") != std::string::npos ? "::time with time zone" : "::time without time zone";
}

std::string EpochSql(const std::string& value) {
  return "pg_catalog.date_part('epoch'::pg_catalog.text, " + value + ")";
}

/// Infinite times are infinite seconds on every server.
std::string TimeSql(const pg::Column& column, const std::string& reference) {
  const std::string value =
      reference + (IsZonedTime(column) ? "::timestamp with time zone" : "::timestamp without time zone");
  if (!pg::OnGreenplum()) return EpochSql(value);
  return "CASE WHEN NOT pg_catalog.isfinite(" + value + ") THEN 'Infinity'::double precision ELSE " + EpochSql(value) +
         " END";
}

/// nullopt: values of the column cannot be read so.
std::optional<std::string> TryCellSql(const pg::Column& column, ValueClass value_class, std::string_view alias) {
  const TypeRow* type = FindType(column);
  const std::string reference = Reference(column, alias);
  const bool scalar_number = type != nullptr && type->number && !column.is_array;
  switch (value_class) {
    case ValueClass::kBoolean:
    case ValueClass::kNumber:
      if (scalar_number) return reference + "::" + type->cast;
      if (column.is_array) return std::nullopt;
      if (column.base_type == "money") return reference + "::pg_catalog.numeric::double precision";
      if (IsSeconds(column)) return EpochSql(reference + SecondsType(column));
      return std::nullopt;
    case ValueClass::kCategory:
      // numbers whose text is one and the same everywhere
      if (column.is_array || !(IsTextLike(column) || (type != nullptr && type->integer))) return std::nullopt;
      return reference + "::pg_catalog.text";
    case ValueClass::kDate:
    case ValueClass::kTime:
      if (column.is_array || !(IsDate(column) || IsTimestamp(column))) return std::nullopt;
      return TimeSql(column, reference);
    case ValueClass::kArray:
      if (IsVector(column)) return reference + "::real[]";
      if (!column.is_array || type == nullptr || !type->number) return std::nullopt;
      return reference + "::" + type->cast + "[]";
    case ValueClass::kBytes:
      if (column.is_array || BareType(column) != "bytea") return std::nullopt;
      return reference + "::bytea";
  }
  return std::nullopt;
}

const char* Described(ValueClass value_class) {
  switch (value_class) {
    case ValueClass::kBoolean:
    case ValueClass::kNumber:
      return "numbers";
    case ValueClass::kCategory:
      return "categories";
    case ValueClass::kDate:
    case ValueClass::kTime:
      return "dates or times";
    case ValueClass::kArray:
      return "arrays of numbers";
    case ValueClass::kBytes:
      return "bytea images";
  }
  return "values";
}

}  // namespace

ValueClass ClassOf(const pg::Column& column) {
  const std::string bare = BareType(column);
  if (bare == "json" || bare == "jsonb") WrongType(column, "independent", kJsonHint);
  if (bare == "boolean" && !column.is_array) return ValueClass::kBoolean;
  if (IsDate(column) && !column.is_array) return ValueClass::kDate;
  for (const ValueClass value_class :
       {ValueClass::kNumber, ValueClass::kCategory, ValueClass::kTime, ValueClass::kArray, ValueClass::kBytes}) {
    if (TryCellSql(column, value_class, "s")) return value_class;
  }
  if (column.is_array && FindType(column) != nullptr) {
    WrongType(
        column, "independent",
        "Arrays of strings cannot be preprocessed: pack them without preprocess, or leave the column out by exclude.");
  }
  WrongType(column, "independent", kOtherHint);
}

std::string SourceCellSql(const pg::Column& column, ValueClass value_class, std::string_view alias) {
  if (const auto sql = TryCellSql(column, value_class, alias)) return *sql;
  const std::string bare = BareType(column);
  throw Error(
      ErrorCode::kDatatypeMismatch,
      "column \"" + column.name + "\" has type " + column.type + ", which cannot be read as " + Described(value_class),
      "",
      bare == "json" || bare == "jsonb" ? std::string(kJsonHint)
      : value_class == ValueClass::kCategory
          ? std::string(
                "Text, enums, uuids, integers and truth values can be categories: cast the column to text in a view.")
          : std::string("Cast the column in a view."));
}

std::vector<std::string> InputNames(const base::DataSpec& training, const std::string& independent_varname,
                                    const std::vector<pg::Column>& columns, const char* what) {
  if (independent_varname != kAllColumns) return pg::ParseColumnList(independent_varname, "independent_varname");
  std::vector<std::string> names;
  for (const base::ColumnSpec& c : base::SourceInputs(training)) {
    names.push_back(c.name);
    if (pg::FindColumn(columns, c.name) != nullptr) continue;
    throw Error(ErrorCode::kUndefinedColumn,
                std::string("the ") + what + " has no column \"" + c.name + "\", which the training table has", "",
                "With independent_varname => '*' columns are found by their names. Give it the name in a view, or name "
                "all columns in the order "
                "of the training table.");
  }
  return names;
}

namespace {

/// The next names stand for the training table's sources.
base::DataSpec PredictPreprocessed(const base::DataSpec& training, const std::vector<pg::Column>& columns,
                                   const std::vector<std::string>& names, const char* what) {
  base::DataSpec spec;
  spec.inputs = training.inputs;
  spec.preprocessing = training.preprocessing;
  const std::vector<base::SourceInput>& sources = training.preprocessing->sources;
  size_t own = 0;
  for (const base::SourceInput& s : sources) own = std::max<size_t>(own, base::ElementCount(s) > 0 ? 1 : 0);
  for (size_t i = 0; i < sources.size(); ++i) {
    const pg::Column* column = pg::FindColumn(columns, names[i]);
    if (column == nullptr) {
      throw Error(ErrorCode::kUndefinedColumn,
                  "column \"" + names[i] + "\" of independent_varname does not exist in the " + what);
    }
    if (!TryCellSql(*column, sources[i].value_class, "t")) {
      throw Error(ErrorCode::kDatatypeMismatch,
                  "column \"" + names[i] + "\" of the " + what + " has type " + column->type + ", but column \"" +
                      sources[i].name + "\" of the training table holds " + Described(sources[i].value_class),
                  "", "Cast it in a view to " + sources[i].data_type + ", the type that it had in training.");
    }
    if (!sources[i].own_input()) continue;
    base::ColumnSpec& input = spec.inputs.at(own++);
    if (sources[i].value_class != ValueClass::kArray) continue;
    const TypeRow* type = FindType(*column);
    const bool integers = input.dtype != DType::kFloat32 && type != nullptr && type->integer;
    input.dtype = integers ? DType::kInt32 : DType::kFloat32;
  }
  base::RenameSources(names, &spec);
  return spec;
}

// The description and ROW(...), as the conversion functions take them.
std::string RowArguments(const base::DataSpec& spec, const std::vector<pg::Column>& columns, std::string_view weight, std::string_view alias) {
  const auto find = [&columns](std::string_view name) -> const pg::Column& {
    const pg::Column* column = pg::FindColumn(columns, name);
    if (column == nullptr) throw Error(ErrorCode::kUndefinedColumn, "column \"" + std::string(name) + "\" does not exist");
    return *column;
  };
  std::string list;
  const auto add = [&list](const std::string& sql) { list += (list.empty() ? "" : ", ") + sql; };
  if (spec.preprocessing) {
    for (const base::SourceInput& s : spec.preprocessing->sources)
      add(SourceCellSql(find(s.name), s.value_class, alias));
  } else {
    for (const base::ColumnSpec& c : base::SourceColumns(spec.inputs)) add(CellSql(find(c.name), c.kind, alias));
  }
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
  const size_t wanted = base::SourceInputs(training).size();
  if (names.size() != wanted) {
    throw Error(ErrorCode::kInvalidParameter,
                "independent_varname has " + std::to_string(names.size()) + " columns, but the model was trained on " + std::to_string(wanted),
                "", "Name one column of the test table for each independent column of the training table, in the same order.");
  }
  if (training.preprocessing) return PredictPreprocessed(training, columns, names, what);
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
