#include "base/preprocessing.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "base/literal.hpp"

namespace base {
namespace {

template <typename T>
struct Word {
  T value;
  const char* word;
};

constexpr Word<ValueClass> kValueClasses[] = {{ValueClass::kBoolean, "boolean"},   {ValueClass::kNumber, "number"},
                                              {ValueClass::kCategory, "category"}, {ValueClass::kDate, "date"},
                                              {ValueClass::kTime, "time"},         {ValueClass::kArray, "array"},
                                              {ValueClass::kBytes, "bytes"}};
constexpr Word<Encoding> kEncodings[] = {{Encoding::kNone, "none"},        {Encoding::kOneHot, "one_hot"},
                                         {Encoding::kIndex, "index"},      {Encoding::kHash, "hash"},
                                         {Encoding::kOrdinal, "ordinal"},  {Encoding::kTarget, "target"},
                                         {Encoding::kCalendar, "calendar"}};
constexpr Word<Imputation> kImputations[] = {{Imputation::kNone, "none"},         {Imputation::kMean, "mean"},
                                             {Imputation::kMedian, "median"},     {Imputation::kMode, "mode"},
                                             {Imputation::kConstant, "constant"}, {Imputation::kError, "error"}};
constexpr Word<Scaling> kScalings[] = {{Scaling::kNone, "none"},
                                       {Scaling::kStandard, "standard"},
                                       {Scaling::kMinMax, "minmax"},
                                       {Scaling::kRobust, "robust"},
                                       {Scaling::kLog, "log"}};

template <typename T, size_t n>
const char* NameIn(const Word<T> (&words)[n], T value) {
  for (const Word<T>& word : words) {
    if (word.value == value) return word.word;
  }
  throw Error(ErrorCode::kInternal,
              "a word of a column's preprocessing has number " + std::to_string(static_cast<int>(value)));
}

template <typename T, size_t n>
std::optional<T> Named(const Word<T> (&words)[n], std::string_view text) {
  for (const Word<T>& word : words) {
    if (text == word.word) return word.value;
  }
  return std::nullopt;
}

// ---------------------------------------------------------------- writing

List Texts(const std::vector<std::string>& texts) {
  List list;
  for (const std::string& text : texts) list.emplace_back(text);
  return list;
}

Value Number(double v, const std::string& column) {
  if (!std::isfinite(v)) throw Error(ErrorCode::kInternal, "a constant of column \"" + column + "\" is not finite");
  return Value(v);
}

List Numbers(const std::vector<double>& numbers, const std::string& column) {
  List list;
  for (const double v : numbers) list.push_back(Number(v, column));
  return list;
}

List Rows(const std::vector<std::vector<double>>& rows, const std::string& column) {
  List list;
  for (const std::vector<double>& row : rows) list.emplace_back(Numbers(row, column));
  return list;
}

Value WriteSource(const SourceInput& s) {
  Dict out;
  out.emplace_back("name", s.name);
  out.emplace_back("data_type", s.data_type);
  out.emplace_back("class", NameOf(s.value_class));
  out.emplace_back("encode", NameOf(s.encoding));
  out.emplace_back("impute", NameOf(s.imputation));
  if (s.fill != 0) out.emplace_back("fill", Number(s.fill, s.name));
  if (s.fill_category) out.emplace_back("fill_category", *s.fill_category);
  out.emplace_back("indicator", s.indicator);
  out.emplace_back("scale", NameOf(s.scaling));
  if (s.clip_low) out.emplace_back("clip_low", Number(*s.clip_low, s.name));
  if (s.clip_high) out.emplace_back("clip_high", Number(*s.clip_high, s.name));
  out.emplace_back("center", Number(s.center, s.name));
  out.emplace_back("spread", Number(s.spread, s.name));
  if (!s.categories.empty()) out.emplace_back("categories", Texts(s.categories));
  if (s.bins != 0) out.emplace_back("bins", s.bins);
  if (s.encoding == Encoding::kTarget) {
    out.emplace_back("smoothing", Number(s.smoothing, s.name));
    out.emplace_back("prior", Numbers(s.prior, s.name));
    out.emplace_back("missing_values", Numbers(s.missing_values, s.name));
    out.emplace_back("category_values", Rows(s.category_values, s.name));
    if (!s.folds.empty()) {
      List folds;
      for (const SourceInput::Fold& fold : s.folds) {
        folds.emplace_back(Dict{{"missing_values", Numbers(fold.missing_values, s.name)},
                                {"category_values", Rows(fold.category_values, s.name)}});
      }
      out.emplace_back("folds", std::move(folds));
    }
  }
  return Value(std::move(out));
}

// ---------------------------------------------------------------- reading: nothing in the text is trusted

[[noreturn]] void Corrupted(const std::string& detail) {
  throw Error(ErrorCode::kDataCorrupted, "the description of a packed table's preprocessing cannot be read", detail,
              "Run training_preprocessor_dl again.");
}

const Value& Member(const Value& dict, const char* key) {
  const Value* value = dict.Find(key);
  if (value == nullptr) Corrupted(std::string("The key \"") + key + "\" is missing.");
  return *value;
}

double Finite(const Value& value, const char* key) {
  if (!value.is_number() || !std::isfinite(value.number()))
    Corrupted(std::string("A value of \"") + key + "\" is no finite number.");
  return value.number();
}

std::optional<double> MaybeFinite(const Value& dict, const char* key) {
  const Value* value = dict.Find(key);
  return value == nullptr ? std::nullopt : std::optional<double>(Finite(*value, key));
}

std::vector<double> ReadNumbers(const Value& list, const char* key, size_t count) {
  std::vector<double> out;
  for (const Value& v : list.list()) out.push_back(Finite(v, key));
  if (out.size() != count)
    Corrupted(std::string("\"") + key + "\" has " + std::to_string(out.size()) + " numbers instead of " +
              std::to_string(count) + ".");
  return out;
}

std::vector<std::vector<double>> ReadRows(const Value& list, const char* key, size_t rows, size_t count) {
  std::vector<std::vector<double>> out;
  for (const Value& row : list.list()) out.push_back(ReadNumbers(row, key, count));
  if (out.size() != rows)
    Corrupted(std::string("\"") + key + "\" has " + std::to_string(out.size()) + " entries instead of " +
              std::to_string(rows) + ".");
  return out;
}

template <typename T, size_t n>
T ReadWord(const Word<T> (&words)[n], const Value& dict, const char* key) {
  const std::optional<T> value = Named(words, Member(dict, key).string());
  if (!value) Corrupted(std::string("\"") + key + "\" has the value \"" + Member(dict, key).string() + "\".");
  return *value;
}

/// Whether a class may have an encoding: what data/encoder.hpp carries out.
bool Fits(ValueClass value_class, Encoding encoding) {
  switch (value_class) {
    case ValueClass::kCategory:
      return encoding != Encoding::kNone && encoding != Encoding::kCalendar;
    case ValueClass::kDate:
    case ValueClass::kTime:
      return encoding == Encoding::kNone || encoding == Encoding::kCalendar;
    default:
      return encoding == Encoding::kNone;
  }
}

SourceInput ReadSource(const Value& in) {
  SourceInput s;
  s.name = Member(in, "name").string();
  s.data_type = Member(in, "data_type").string();
  s.value_class = ReadWord(kValueClasses, in, "class");
  s.encoding = ReadWord(kEncodings, in, "encode");
  if (!Fits(s.value_class, s.encoding))
    Corrupted("Column \"" + s.name + "\" has an encoding of another class of values.");
  s.imputation = ReadWord(kImputations, in, "impute");
  s.fill = MaybeFinite(in, "fill").value_or(0);
  if (const Value* fill = in.Find("fill_category")) s.fill_category = fill->string();
  s.indicator = Member(in, "indicator").boolean();
  s.scaling = ReadWord(kScalings, in, "scale");
  s.clip_low = MaybeFinite(in, "clip_low");
  s.clip_high = MaybeFinite(in, "clip_high");
  s.center = Finite(Member(in, "center"), "center");
  s.spread = Finite(Member(in, "spread"), "spread");
  if (!(s.spread > 0)) Corrupted("The spread of column \"" + s.name + "\" is not positive.");
  if (const Value* categories = in.Find("categories")) {
    for (const Value& v : categories->list()) s.categories.push_back(v.string());
  }
  if (const Value* bins = in.Find("bins")) s.bins = bins->integer();
  if ((s.encoding == Encoding::kHash) != (s.bins > 0))
    Corrupted("The bins of column \"" + s.name + "\" do not fit its encoding.");
  if (s.encoding != Encoding::kTarget) return s;
  s.smoothing = Finite(Member(in, "smoothing"), "smoothing");
  for (const Value& v : Member(in, "prior").list()) s.prior.push_back(Finite(v, "prior"));
  const size_t outputs = s.prior.size(), rows = s.categories.size();
  s.missing_values = ReadNumbers(Member(in, "missing_values"), "missing_values", outputs);
  s.category_values = ReadRows(Member(in, "category_values"), "category_values", rows, outputs);
  if (const Value* folds = in.Find("folds")) {
    for (const Value& fold : folds->list()) {
      s.folds.push_back({ReadRows(Member(fold, "category_values"), "category_values", rows, outputs),
                         ReadNumbers(Member(fold, "missing_values"), "missing_values", outputs)});
    }
  }
  // a row is looked up in the fold that it has
  if (!s.folds.empty() && s.folds.size() != static_cast<size_t>(kTargetFolds))
    Corrupted("Column \"" + s.name + "\" has " + std::to_string(s.folds.size()) + " folds instead of " +
              std::to_string(kTargetFolds) + ".");
  return s;
}

void CheckInputs(const Preprocessing& p, const std::vector<ColumnSpec>& inputs) {
  size_t numbers = 0, next = 0;
  for (const SourceInput& s : p.sources) numbers += ElementCount(s);
  if (numbers > 0) {
    const bool fits = !inputs.empty() && inputs[0].shape == Shape{static_cast<int64_t>(numbers)} &&
                      inputs[0].dtype == DType::kFloat32;
    if (!fits) Corrupted("The sources make " + std::to_string(numbers) + " numbers, which do not fit the first input.");
    next = 1;
  }
  for (const SourceInput& s : p.sources) {
    if (!s.own_input()) continue;
    const bool there = next < inputs.size();
    const bool index = s.encoding == Encoding::kIndex || s.encoding == Encoding::kHash;
    const size_t words = s.encoding == Encoding::kHash ? static_cast<size_t>(s.bins) : s.categories.size();
    if (!there || (index && (inputs[next].dtype != DType::kInt32 || !inputs[next].shape.empty() ||
                             inputs[next].dictionary.size() != words))) {
      Corrupted("The input of column \"" + s.name + "\" does not fit it.");
    }
    ++next;
  }
  // feature columns of a run stand behind the packed ones
  for (; next < inputs.size(); ++next) {
    if (!inputs[next].feature) Corrupted("Input \"" + inputs[next].name + "\" is made of no column.");
  }
}

std::string NumberText(double v) { return FormatNumber(v, true); }

std::string MaybeText(const std::optional<double>& v) { return v ? NumberText(*v) : "none"; }

}  // namespace

const char* NameOf(ValueClass value) { return NameIn(kValueClasses, value); }
const char* NameOf(Encoding value) { return NameIn(kEncodings, value); }
const char* NameOf(Imputation value) { return NameIn(kImputations, value); }
const char* NameOf(Scaling value) { return NameIn(kScalings, value); }
std::optional<Encoding> EncodingNamed(std::string_view word) { return Named(kEncodings, word); }
std::optional<Imputation> ImputationNamed(std::string_view word) { return Named(kImputations, word); }
std::optional<Scaling> ScalingNamed(std::string_view word) { return Named(kScalings, word); }

std::vector<std::string> ElementNames(const SourceInput& s) {
  std::vector<std::string> names;
  switch (s.encoding) {
    case Encoding::kOneHot:
      for (const std::string& category : s.categories) names.push_back(s.name + " = " + category);
      break;
    case Encoding::kTarget:
      for (size_t i = 0; i < s.prior.size(); ++i)
        names.push_back(s.name + " target" + (s.prior.size() > 1 ? " " + std::to_string(i + 1) : ""));
      break;
    case Encoding::kCalendar:
      names.push_back(s.name + " epoch");
      for (const char* cycle : {"hour", "day of week", "month"}) {
        if (cycle == std::string("hour") && s.value_class == ValueClass::kDate) continue;
        names.push_back(s.name + " " + cycle + " sine");
        names.push_back(s.name + " " + cycle + " cosine");
      }
      break;
    case Encoding::kNone:
    case Encoding::kOrdinal:
      if (!s.own_input()) names.push_back(s.name);
      break;
    case Encoding::kIndex:
    case Encoding::kHash:
      break;
  }
  if (s.indicator) names.push_back(s.name + " is null");
  return names;
}

size_t ElementCount(const SourceInput& s) {
  const size_t indicator = s.indicator ? 1 : 0;
  switch (s.encoding) {
    case Encoding::kOneHot:
      return s.categories.size() + indicator;
    case Encoding::kTarget:
      return s.prior.size() + indicator;
    case Encoding::kCalendar:
      return (s.value_class == ValueClass::kDate ? 5 : 7) + indicator;
    default:
      return (s.own_input() ? 0 : 1) + indicator;
  }
}

std::vector<ColumnSpec> SourceInputs(const DataSpec& spec) {
  if (!spec.preprocessing) return SourceColumns(spec.inputs);
  std::vector<ColumnSpec> columns;
  size_t next = 0;
  for (const SourceInput& s : spec.preprocessing->sources) next = std::max<size_t>(next, ElementCount(s) > 0 ? 1 : 0);
  for (const SourceInput& s : spec.preprocessing->sources) {
    ColumnSpec column;
    if (s.own_input()) column = spec.inputs.at(next++);
    column.name = s.name;
    column.dictionary = s.categories;
    columns.push_back(std::move(column));
  }
  return columns;
}

std::vector<size_t> CellsOfInputs(const DataSpec& spec) {
  std::vector<size_t> cells(spec.inputs.size(), kNoCell);
  if (!spec.preprocessing) {
    size_t cell = 0;
    for (size_t i = 0; i < spec.inputs.size(); ++i) {
      cells[i] = cell;
      cell += std::max<size_t>(spec.inputs[i].members.size(), 1);
    }
    return cells;
  }
  const std::vector<SourceInput>& sources = spec.preprocessing->sources;
  size_t next = 0;
  for (const SourceInput& s : sources) next = std::max<size_t>(next, ElementCount(s) > 0 ? 1 : 0);
  for (size_t i = 0; i < sources.size(); ++i) {
    if (sources[i].own_input()) cells.at(next++) = i;
  }
  return cells;
}

void RenameSources(const std::vector<std::string>& names, DataSpec* spec) {
  auto renamed = std::make_shared<Preprocessing>(*spec->preprocessing);
  for (size_t i = 0; i < names.size(); ++i) renamed->sources.at(i).name = names[i];
  spec->preprocessing = std::move(renamed);
}

std::optional<std::string> FindDifference(const SourceInput& a, const SourceInput& b) {
  const auto differ = [](const std::string& what, const std::string& first, const std::string& second) {
    return what + " " + second + " instead of " + first;
  };
  if (a.value_class != b.value_class) return differ("values read as", NameOf(a.value_class), NameOf(b.value_class));
  if (a.encoding != b.encoding) return differ("encode", NameOf(a.encoding), NameOf(b.encoding));
  if (a.categories != b.categories)
    return differ("categories:", std::to_string(a.categories.size()), std::to_string(b.categories.size()));
  if (a.bins != b.bins) return differ("bins", std::to_string(a.bins), std::to_string(b.bins));
  if (a.indicator != b.indicator)
    return differ("indicator", a.indicator ? "true" : "false", b.indicator ? "true" : "false");
  if (a.fill != b.fill) return differ("imputed value", NumberText(a.fill), NumberText(b.fill));
  if (a.fill_category != b.fill_category)
    return differ("imputed category", a.fill_category.value_or("none"), b.fill_category.value_or("none"));
  if (a.imputation != b.imputation) return differ("impute", NameOf(a.imputation), NameOf(b.imputation));
  if (a.scaling != b.scaling) return differ("scale", NameOf(a.scaling), NameOf(b.scaling));
  if (a.clip_low != b.clip_low) return differ("lower clip", MaybeText(a.clip_low), MaybeText(b.clip_low));
  if (a.clip_high != b.clip_high) return differ("upper clip", MaybeText(a.clip_high), MaybeText(b.clip_high));
  if (a.center != b.center) return differ("center", NumberText(a.center), NumberText(b.center));
  if (a.spread != b.spread) return differ("spread", NumberText(a.spread), NumberText(b.spread));
  if (a.category_values != b.category_values || a.missing_values != b.missing_values || a.prior != b.prior)
    return "other values of target encoding";
  return std::nullopt;
}

Value WritePreprocessing(const Preprocessing& p) {
  List sources, left_out;
  for (const SourceInput& s : p.sources) sources.push_back(WriteSource(s));
  for (const LeftOut& l : p.left_out) left_out.emplace_back(Dict{{"name", l.name}, {"reason", l.reason}});
  Dict out = {{"sources", std::move(sources)}, {"left_out", std::move(left_out)}};
  if (!p.target_types.empty()) out.emplace_back("target_types", Texts(p.target_types));
  return Value(std::move(out));
}

Preprocessing ReadPreprocessing(const Value& value, const std::vector<ColumnSpec>& inputs) {
  Preprocessing p;
  for (const Value& s : Member(value, "sources").list()) p.sources.push_back(ReadSource(s));
  for (const Value& l : Member(value, "left_out").list())
    p.left_out.push_back({Member(l, "name").string(), Member(l, "reason").string()});
  if (const Value* types = value.Find("target_types")) {
    for (const Value& type : types->list()) p.target_types.push_back(type.string());
  }
  CheckInputs(p, inputs);
  return p;
}

}  // namespace base
