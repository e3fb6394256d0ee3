#include "pack/column_choice.hpp"

#include <algorithm>
#include <cmath>
#include <iterator>
#include <map>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "data/row_sql.hpp"
#include "pg/report.hpp"
#include "pg/sql.hpp"

namespace pack {
namespace {

using base::Encoding;
using base::Error;
using base::ErrorCode;
using base::Imputation;
using base::Scaling;
using base::SourceInput;
using base::Value;
using base::ValueClass;

constexpr const char* kExample =
    "Write 'auto', or an entry a column: '{\"age\": {\"impute\": \"mean\", \"scale\": \"minmax\"}, \"city\": "
    "{\"encode\": \"index\"}}'.";
constexpr const char* kKeys[] = {"encode", "bins",      "categories", "smoothing", "impute",
                                 "value",  "indicator", "scale",      "clip"};

std::string Quoted(const std::string& name) { return "\"" + name + "\""; }

[[noreturn]] void Refuse(const std::string& column, const std::string& why, const std::string& hint) {
  throw Error(ErrorCode::kInvalidParameter, "preprocess of column " + Quoted(column) + " " + why, "", hint);
}

bool IsCategorical(Encoding e) { return e != Encoding::kNone && e != Encoding::kCalendar; }

/// What an entry says, word by word; what it does not say is empty.
struct Entry {
  std::optional<Encoding> encoding;
  std::optional<Imputation> imputation;
  std::optional<Scaling> scaling;
  std::optional<bool> indicator;
  const Value* bins = nullptr;
  const Value* categories = nullptr;
  const Value* smoothing = nullptr;
  const Value* value = nullptr;
  const Value* clip = nullptr;
};

template <typename T>
std::optional<T> ReadWord(const Value& entry, const std::string& column, const char* key,
                          std::optional<T> (*named)(std::string_view), const char* words) {
  const Value* value = entry.Find(key);
  if (value == nullptr) return std::nullopt;
  const std::optional<T> found = value->is_string() ? named(value->string()) : std::nullopt;
  if (!found)
    Refuse(column, std::string("has ") + key + " " + base::FormatJson(*value), std::string("Use ") + words + ".");
  return found;
}

Entry ReadEntry(const Value& entry, const std::string& column) {
  if (!entry.is_dict()) Refuse(column, std::string("is a ") + entry.type_name() + ", not a dictionary", kExample);
  for (const auto& [key, unused] : entry.dict()) {
    const std::string& name = key;
    if (std::any_of(std::begin(kKeys), std::end(kKeys), [&name](const char* known) { return name == known; })) continue;
    Refuse(column, "has the unknown key " + Quoted(name),
           "Use \"encode\", \"bins\", \"categories\", \"smoothing\", \"impute\", \"value\", \"indicator\", \"scale\" "
           "or \"clip\".");
  }
  Entry e;
  e.encoding =
      ReadWord<Encoding>(entry, column, "encode", base::EncodingNamed,
                         "\"one_hot\", \"index\", \"hash\", \"ordinal\", \"target\", \"calendar\" or \"none\"");
  e.imputation = ReadWord<Imputation>(
      entry, column, "impute", base::ImputationNamed,
      "\"mean\", \"median\", \"mode\", \"constant\" (with \"value\"), \"error\", or of categories \"none\"");
  e.scaling = ReadWord<Scaling>(entry, column, "scale", base::ScalingNamed,
                                "\"standard\", \"minmax\", \"robust\", \"log\" or \"none\"");
  if (const Value* indicator = entry.Find("indicator")) {
    if (!indicator->is_bool()) Refuse(column, "has indicator " + base::FormatJson(*indicator), "Use true or false.");
    e.indicator = indicator->boolean();
  }
  e.bins = entry.Find("bins");
  e.categories = entry.Find("categories");
  e.smoothing = entry.Find("smoothing");
  e.value = entry.Find("value");
  e.clip = entry.Find("clip");
  return e;
}

double FiniteNumber(const Value& value, const std::string& column, const char* key) {
  if (!value.is_number() || !std::isfinite(value.number()))
    Refuse(column, std::string("has ") + key + " " + base::FormatJson(value), "It must be a finite number.");
  return value.number();
}

void ReadClip(const Value& clip, const std::string& column, ChosenColumn* chosen) {
  const char* const hint =
      "Use two bounds such as [0, 100], of which one may be null, or a fraction below 0.5 such as 0.01 for the "
      "quantiles 0.01 and 0.99.";
  if (clip.is_number()) {
    chosen->clip_fraction = clip.number();
    if (!(*chosen->clip_fraction > 0 && *chosen->clip_fraction < 0.5))
      Refuse(column, "has clip " + base::FormatJson(clip), hint);
    return;
  }
  if (!clip.is_list() || clip.list().size() != 2) Refuse(column, "has clip " + base::FormatJson(clip), hint);
  const auto bound = [&](const Value& value) -> std::optional<double> {
    if (value.is_null()) return std::nullopt;
    if (!value.is_number() || !std::isfinite(value.number()))
      Refuse(column, "has clip " + base::FormatJson(clip), hint);
    return value.number();
  };
  chosen->source.clip_low = bound(clip.list()[0]);
  chosen->source.clip_high = bound(clip.list()[1]);
  const bool ordered =
      !chosen->source.clip_low || !chosen->source.clip_high || *chosen->source.clip_low < *chosen->source.clip_high;
  if (!ordered) Refuse(column, "has clip " + base::FormatJson(clip), hint);
}

/// The labels of an enum in their own order; empty for other types.
std::vector<std::string> EnumLabels(const pg::Column& column) {
  std::vector<std::string> labels;
  if (column.base_type.find('.') == std::string::npos) return labels;
  const pg::Result found = pg::Execute(
      "SELECT e.enumlabel::pg_catalog.text FROM pg_catalog.pg_enum AS e WHERE e.enumtypid OPERATOR(pg_catalog.=) "
      "$1::pg_catalog.regtype ORDER BY e.enumsortorder",
      {column.base_type});
  for (const auto& row : found.rows) labels.push_back(row[0].value_or(""));
  return labels;
}

void ReadCategories(const Entry& e, const SourceColumn& c, SourceInput* s) {
  if (e.categories != nullptr) {
    const bool list = e.categories->is_list() && !e.categories->list().empty() &&
                      std::all_of(e.categories->list().begin(), e.categories->list().end(),
                                  [](const Value& v) { return v.is_string(); });
    if (!list || s->encoding == Encoding::kHash) {
      Refuse(s->name, "has categories " + base::FormatJson(*e.categories),
             "Use a list of texts, with encode \"one_hot\", \"index\", \"ordinal\" or \"target\".");
    }
    for (const Value& v : e.categories->list()) {
      if (std::find(s->categories.begin(), s->categories.end(), v.string()) != s->categories.end()) {
        Refuse(s->name, "names the category " + Quoted(v.string()) + " twice", "Name it once.");
      }
      s->categories.push_back(v.string());
    }
  } else if (s->encoding == Encoding::kOrdinal) {
    s->categories = EnumLabels(c.column);
  }
  if (e.bins != nullptr) {
    const bool fits =
        s->encoding == Encoding::kHash && e.bins->is_int() && e.bins->integer() >= 2 && e.bins->integer() <= kMaxBins;
    if (!fits)
      Refuse(s->name, "has bins " + base::FormatJson(*e.bins),
             "Use a whole number from 2 to " + std::to_string(kMaxBins) + ", with encode \"hash\".");
    s->bins = e.bins->integer();
  } else if (s->encoding == Encoding::kHash) {
    s->bins = e.encoding ? kDefaultBins : kAutomaticBins;
  }
  if (e.smoothing == nullptr) {
    s->smoothing = s->encoding == Encoding::kTarget ? kDefaultSmoothing : 0;
    return;
  }
  s->smoothing = FiniteNumber(*e.smoothing, s->name, "smoothing");
  if (s->smoothing < 0 || s->encoding != Encoding::kTarget) {
    Refuse(s->name, "has smoothing " + base::FormatJson(*e.smoothing),
           "Use a number from 0 on, with encode \"target\".");
  }
}

void ReadImputation(const Entry& e, bool missing, SourceInput* s) {
  const bool images = s->value_class == ValueClass::kBytes, arrays = s->value_class == ValueClass::kArray;
  Imputation usual = Imputation::kMedian;
  if (s->categorical()) usual = Imputation::kNone;
  if (s->value_class == ValueClass::kBoolean) usual = Imputation::kMode;
  if (images) usual = Imputation::kError;
  if (arrays) usual = missing ? Imputation::kConstant : Imputation::kError;
  if (e.value != nullptr) usual = Imputation::kConstant;
  s->imputation = e.imputation.value_or(usual);
  const auto refuse = [s](const char* hint) {
    Refuse(s->name, std::string("has impute \"") + base::NameOf(s->imputation) + "\"", hint);
  };
  const bool of_numbers = s->imputation == Imputation::kMean || s->imputation == Imputation::kMedian;
  if (s->categorical() && of_numbers)
    refuse(
        "Of categories use \"mode\", \"constant\", \"error\" or \"none\", with which NULL is a category of its own.");
  if (!s->categorical() && s->imputation == Imputation::kNone)
    refuse("Of numbers use \"mean\", \"median\", \"mode\", \"constant\" or \"error\".");
  if (images && s->imputation != Imputation::kError)
    refuse("Of images use \"error\": leave rows without one out by a view.");
  if (arrays && s->imputation != Imputation::kError && s->imputation != Imputation::kConstant)
    refuse("Of arrays use \"constant\" or \"error\".");
  if ((e.value != nullptr) != (s->imputation == Imputation::kConstant) && !(arrays && e.value == nullptr)) {
    Refuse(s->name,
           e.value != nullptr ? "has a value, but impute is \"" + std::string(base::NameOf(s->imputation)) + "\""
                              : std::string("has impute \"constant\" without a value"),
           "Use \"impute\": \"constant\" together with \"value\".");
  }
  if (e.value != nullptr && s->categorical()) {
    if (!e.value->is_string())
      Refuse(s->name, "has value " + base::FormatJson(*e.value), "Of categories it is a text.");
    s->fill_category = e.value->string();
  } else if (e.value != nullptr) {
    s->fill = e.value->is_bool() ? (e.value->boolean() ? 1 : 0) : FiniteNumber(*e.value, s->name, "value");
  }
}

/// missing: whether the training rows have missing values.
ChosenColumn Choose(const SourceColumn& c, const ColumnProfile& p, const Value* given, bool missing) {
  ChosenColumn chosen;
  SourceInput& s = chosen.source;
  s.name = c.column.name;
  s.data_type = c.column.type;
  s.value_class = *c.read_as;
  const Entry e = given == nullptr ? Entry() : ReadEntry(*given, s.name);
  const bool dates = s.value_class == ValueClass::kDate || s.value_class == ValueClass::kTime;
  const bool numbers = dates || s.value_class == ValueClass::kNumber || s.value_class == ValueClass::kBoolean;
  Encoding usual = dates ? Encoding::kCalendar : Encoding::kNone;
  if (s.categorical())
    usual = p.texts.size() <= kFewCategories   ? Encoding::kOneHot
            : p.texts.size() <= kMaxDictionary ? Encoding::kIndex
                                               : Encoding::kHash;
  s.encoding = e.encoding.value_or(usual);
  if (s.categorical() ? s.encoding == Encoding::kNone : s.encoding == Encoding::kCalendar && !dates) {
    Refuse(s.name, std::string("has encode \"") + base::NameOf(s.encoding) + "\", but its type is " + s.data_type,
           s.categorical()
               ? "Use \"one_hot\", \"index\", \"hash\", \"ordinal\" or \"target\", or leave the column out by exclude."
               : "\"calendar\" is for dates and times.");
  }
  if (s.categorical())
    ReadCategories(e, c, &s);
  else if (e.bins != nullptr || e.categories != nullptr || e.smoothing != nullptr) {
    Refuse(s.name, "has \"bins\", \"categories\" or \"smoothing\", but its values are no categories",
           "Give an encode of categories, too.");
  }
  ReadImputation(e, missing, &s);
  const bool ranks = s.encoding == Encoding::kOrdinal || s.encoding == Encoding::kTarget;
  const bool own_code =
      s.encoding == Encoding::kIndex || s.encoding == Encoding::kHash || s.encoding == Encoding::kTarget;
  s.indicator = e.indicator.value_or(missing && s.imputation != Imputation::kError && !own_code);
  if (s.indicator && s.value_class == ValueClass::kBytes)
    Refuse(s.name, "has an indicator, but images are never NULL", "Leave rows without one out by a view.");
  const bool arrays = s.value_class == ValueClass::kArray || s.value_class == ValueClass::kBytes;
  s.scaling = e.scaling.value_or((numbers && s.value_class != ValueClass::kBoolean) || ranks || arrays
                                     ? Scaling::kStandard
                                     : Scaling::kNone);
  chosen.may_be_log = !e.scaling && s.value_class == ValueClass::kNumber;
  if (arrays && s.scaling != Scaling::kStandard && s.scaling != Scaling::kNone) {
    Refuse(s.name, std::string("has scale \"") + base::NameOf(s.scaling) + "\"",
           "Of arrays and images use \"standard\" or \"none\".");
  }
  if (s.scaling != Scaling::kNone && !numbers && !ranks && !arrays) {
    Refuse(s.name,
           std::string("has scale \"") + base::NameOf(s.scaling) + "\", but makes no number that could be scaled",
           "Leave it out, or use \"none\".");
  }
  if (ranks && (s.scaling == Scaling::kRobust || s.scaling == Scaling::kLog)) {
    Refuse(s.name, std::string("has scale \"") + base::NameOf(s.scaling) + "\"",
           "Of encoded categories use \"standard\", \"minmax\" or \"none\".");
  }
  if (e.clip != nullptr) {
    if (!numbers || s.value_class == ValueClass::kBoolean || (dates && !e.clip->is_number())) {
      Refuse(s.name, "has clip " + base::FormatJson(*e.clip),
             "Numbers can be clipped; dates and times by a fraction, such as 0.01.");
    }
    ReadClip(*e.clip, s.name, &chosen);
  }
  return chosen;
}

/// A count of distinct texts beyond what a profile collects.
int64_t DistinctTexts(const Source& source, const SourceColumn& c, const ColumnProfile& p) {
  if (p.texts.size() <= kMaxDictionary) return static_cast<int64_t>(p.texts.size());
  return pg::Execute("SELECT pg_catalog.count(DISTINCT " + c.Sql("s") + ") FROM " + source.From()).Int();
}

/// NULL, or a number that is not finite, in every row.
bool IsEmpty(const SourceColumn& c, const ColumnProfile& p, int64_t rows) {
  const bool numbers =
      *c.read_as != ValueClass::kCategory && *c.read_as != ValueClass::kArray && *c.read_as != ValueClass::kBytes;
  return p.nulls == rows || (numbers && p.values == 0);
}

/// Why a column without an entry is of no use, or nothing.
std::optional<std::string> UselessBecause(const Source& source, const SourceColumn& c, const ColumnProfile& p,
                                          int64_t rows) {
  if (IsEmpty(c, p, rows)) return "NULL in every row";
  if (*c.read_as == ValueClass::kArray || *c.read_as == ValueClass::kBytes) return std::nullopt;
  if (c.column.base_type == "uuid") return "uuid";
  if (*c.read_as != ValueClass::kCategory) {
    return p.nulls == 0 && p.nonfinite == 0 && p.min == p.max ? std::optional<std::string>("constant") : std::nullopt;
  }
  if (p.nulls == 0 && p.texts.size() == 1) return "constant";
  if (p.texts.size() <= kFewCategories) return std::nullopt;
  return 2 * DistinctTexts(source, c, p) > rows - p.nulls ? std::optional<std::string>("almost unique") : std::nullopt;
}

void NoticeLeftOut(const std::vector<base::LeftOut>& left_out) {
  constexpr size_t kMostListed = 20;
  std::map<std::string, std::vector<std::string>> by_reason;
  for (const base::LeftOut& l : left_out) by_reason[l.reason].push_back(l.name);
  for (const auto& [reason, names] : by_reason) {
    std::string list;
    for (size_t i = 0; i < names.size() && i < kMostListed; ++i) list += (i > 0 ? ", " : "") + Quoted(names[i]);
    if (names.size() > kMostListed) list += ", and " + std::to_string(names.size() - kMostListed) + " more";
    pg::Notice((names.size() == 1 ? "column " : std::to_string(names.size()) + " columns ") + list +
                   (names.size() == 1 ? " is" : " are") + " left out: " + reason,
               "To have such a column, give it an entry in preprocess.");
  }
}

Value ReadText(const std::string& text) {
  try {
    return base::ParseLiteral(text);
  } catch (const Error& e) {
    throw Error(e.code(), std::string("preprocess: ") + e.what(), e.detail(), kExample);
  }
}

}  // namespace

PreprocessRequest PreprocessRequest::Read(const std::string& text) {
  PreprocessRequest request;
  if (text == "auto") return request;
  if (text.find('{') == std::string::npos) {
    throw Error(ErrorCode::kInvalidParameter, "preprocess has no value \"" + text + "\"", "", kExample);
  }
  const Value value = ReadText(text);
  if (!value.is_dict())
    throw Error(ErrorCode::kInvalidParameter,
                std::string("preprocess is a ") + value.type_name() + ", not a dictionary", "", kExample);
  request.entries_ = value.dict();
  for (const auto& [column, entry] : request.entries_) ReadEntry(entry, column);
  return request;
}

const Value* PreprocessRequest::Find(const std::string& column) const {
  for (const auto& [name, entry] : entries_) {
    if (name == column) return &entry;
  }
  return nullptr;
}

ValueClass PreprocessRequest::ClassOf(const pg::Column& column) const {
  const Value* entry = Find(column.name);
  const Entry e = entry == nullptr ? Entry() : ReadEntry(*entry, column.name);
  return e.encoding && IsCategorical(*e.encoding) ? ValueClass::kCategory : data::ClassOf(column);
}

void PreprocessRequest::CheckNames(const Source& source) const {
  for (const auto& [name, unused] : entries_) {
    const std::string& wanted = name;
    const auto first = source.columns.begin(), end = first + static_cast<std::ptrdiff_t>(source.inputs);
    if (std::any_of(first, end, [&wanted](const SourceColumn& c) { return c.column.name == wanted; })) continue;
    throw Error(
        ErrorCode::kUndefinedColumn,
        "preprocess names column " + Quoted(wanted) + ", which is no independent column of table " + source.Text(), "",
        "Name columns of independent_varname, as the table has them.");
  }
}

ColumnChoice ChooseColumns(const Source& source, const Profile& profile, const PreprocessRequest& request) {
  ColumnChoice choice;
  for (size_t i = 0; i < source.inputs; ++i) {
    const SourceColumn& c = source.columns[i];
    const ColumnProfile& p = profile.columns[i];
    const Value* entry = request.Find(c.column.name);
    if (entry == nullptr) {
      if (const auto reason = UselessBecause(source, c, p, profile.rows)) {
        choice.left_out.push_back({c.column.name, *reason});
        continue;
      }
    } else if (IsEmpty(c, p, profile.rows)) {
      throw Error(ErrorCode::kNullValue,
                  "column " + Quoted(c.column.name) + " is NULL, or holds a NULL element, in every row", "",
                  "Choose another column, or fill the values in.");
    }
    choice.columns.push_back(Choose(c, p, entry, p.nulls > 0 || p.nonfinite > 0));
    choice.kept.push_back(i);
  }
  NoticeLeftOut(choice.left_out);
  if (choice.columns.empty()) {
    throw Error(ErrorCode::kInvalidParameter, "no independent column of table " + source.Text() + " is left",
                "All of them are left out as useless.",
                "Give columns that tell the rows apart, or an entry in preprocess to those that are to stay.");
  }
  return choice;
}

}  // namespace pack
