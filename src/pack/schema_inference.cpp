#include "pack/schema_inference.hpp"

#include <algorithm>
#include <cfloat>
#include <cmath>
#include <cstdlib>
#include <optional>
#include <set>
#include <string_view>
#include <utility>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "pg/report.hpp"
#include "data/image_file.hpp"
#include "data/row_codec.hpp"
#include "pack/joined_columns.hpp"
#include "pack/source.hpp"
#include "pack/source_profile.hpp"

namespace pack {
namespace {

using base::ColumnSpec;
using base::DType;
using base::Error;
using base::ErrorCode;
using base::TargetKind;

constexpr size_t kMaxPackedRank = 5;
constexpr size_t kMaxRowBytes = size_t{256} << 20;

std::string Quoted(const std::string& name) { return "\"" + name + "\""; }

struct Range {
  DType type;
  double min, max;
};
constexpr Range kIntegers[] = {{DType::kUInt8, 0, 255},
                               {DType::kInt8, -128, 127},
                               {DType::kInt16, -32768, 32767},
                               {DType::kInt32, -2147483648.0, 2147483647.0}};

bool Holds(DType type, const ColumnProfile& p) {
  if (p.values == 0 || type == DType::kFloat64) return true;
  for (const Range& r : kIntegers) {
    if (r.type == type) return p.integral && p.min >= r.min && p.max <= r.max;
  }
  return p.min >= -static_cast<double>(FLT_MAX) && p.max <= static_cast<double>(FLT_MAX);
}

/// exactly: as the source has the values, for standardisation.
DType ChooseType(const SourceColumn& c, const ColumnProfile& p, bool exactly) {
  if (c.bytes() || c.column.base_type == "boolean") return DType::kUInt8;
  if (c.text()) return DType::kInt32;
  const DType reals = exactly && c.column.base_type != "real" ? DType::kFloat64 : DType::kFloat32;
  const DType integers = exactly && !Holds(DType::kInt32, p) ? DType::kFloat64 : DType::kInt32;
  if (!c.column.is_array) {
    if (!c.integers()) return reals;
    return c.column.base_type == "smallint" ? DType::kInt16 : integers;
  }
  for (const Range& r : kIntegers) {
    if (Holds(r.type, p) && (c.integers() || DTypeSize(r.type) == 1)) return r.type;
  }
  return c.integers() ? integers : reals;
}

/// {"column": ...} given by the caller; keys must be packed columns of arrays or bytea.
base::Dict ReadColumnDict(const std::optional<std::string>& text, const char* what, const Source& source) {
  if (!text) return {};
  const base::Value value = base::ParseLiteral(*text);
  if (!value.is_dict()) {
    throw Error(ErrorCode::kInvalidParameter, std::string(what) + " is a " + value.type_name() + ", not a dictionary", "",
                std::string("Write it as ") + (std::string_view(what) == "shapes"
                    ? "{\"column\": [28, 28, 1]}." : "{\"column\": \"float32\"}."));
  }
  for (const auto& [name, unused] : value.dict()) {
    const std::string& wanted = name;
    const bool known = std::any_of(source.columns.begin(), source.columns.end(), [&wanted](const SourceColumn& c) {
      return !c.weight && !c.labels() && c.column.name == wanted;
    });
    if (!known) {
      throw Error(ErrorCode::kUndefinedColumn, std::string(what) + " names column " + Quoted(name) + ", which is not packed as numbers", "",
                  "Name columns of independent_varname, or array columns of dependent_varname.");
    }
  }
  return value.dict();
}

const base::Value* Entry(const base::Dict& dict, const std::string& name) {
  for (const auto& [key, value] : dict) {
    if (key == name) return &value;
  }
  return nullptr;
}

base::Shape ReadShape(const base::Value& value, const std::string& name) {
  const auto refuse = [&name](const std::string& why) {
    return Error(ErrorCode::kInvalidParameter, "the shape of column " + Quoted(name) + " " + why, "",
                 "Write shapes as '{\"" + name + "\": [28, 28, 1]}': one to five positive integers.");
  };
  if (!value.is_list()) throw refuse("is no list of integers");
  base::Shape shape;
  for (const base::Value& d : value.list()) {
    if (!d.is_int()) throw refuse("is no list of integers");
    if (d.integer() < 1) throw refuse("has the dimension " + std::to_string(d.integer()));
    shape.push_back(d.integer());
  }
  if (shape.empty() || shape.size() > kMaxPackedRank) throw refuse("has " + std::to_string(shape.size()) + " dimensions");
  return shape;
}

/// A column without any value has neither a shape nor classes.
void RefuseEmptyColumns(const Source& source, const Profile& profile) {
  if (profile.columns.size() != source.columns.size()) throw Error(ErrorCode::kInternal, "the profile does not fit the columns");
  for (size_t i = 0; i < source.columns.size(); ++i) {
    if (profile.columns[i].nulls < profile.rows) continue;
    throw Error(ErrorCode::kNullValue, "column " + Quoted(source.columns[i].column.name) +
        " is NULL, or holds a NULL element, in every row",
                "", "Choose another column, or fill the values in.");
  }
}

/// The shape of the source's values. Errors for what no row can mend; rows of other shapes are found by RaiseFault.
base::Shape SourceShape(const SourceColumn& c, const ColumnProfile& p) {
  const base::Shape shape = p.CommonShape();
  if (c.column.is_array && shape == base::Shape{0}) {
    throw Error(ErrorCode::kInvalidData, "column " + Quoted(c.column.name) + " holds empty arrays", "",
                "Each row needs an array with at least one element.");
  }
  if (shape.size() > kMaxPackedRank) {
    throw Error(ErrorCode::kInvalidData,
                "column " + Quoted(c.column.name) + " holds arrays of " + std::to_string(shape.size()) + " dimensions, at most " +
                    std::to_string(kMaxPackedRank) + " can be packed",
                "", "Put dimensions together: the model can take them apart by a Reshape layer.");
  }
  if (c.bytes() && shape == base::Shape{0}) {
    throw Error(ErrorCode::kInvalidData, "column " + Quoted(c.column.name) + " holds empty images");
  }
  return shape;
}

/// A shape cannot help where the column holds files.
void RefuseImageFiles(const Source& source, const SourceColumn& c) {
  if (!c.bytes()) return;
  const std::optional<std::string> format = ImageFilesIn(source, c);
  if (!format) return;
  throw Error(ErrorCode::kInvalidData, "column " + Quoted(c.column.name) + " holds " + *format + " files, not pixels", "", data::kImageFileHint);
}

/// Label texts in the order of classes: numbers by value, other text by bytes.
std::vector<std::string> ClassValues(const SourceColumn& c, const ColumnProfile& p) {
  const bool numbers = (c.numbers() && c.column.base_type != "boolean") || c.column.base_type == "money";
  std::set<std::string> distinct;
  for (const std::string& text : p.texts) {
    const std::string value = numbers ? data::CanonicalNumber(text) : text;
    if (numbers && value.find_first_of("Nn") != std::string::npos) {
      throw Error(ErrorCode::kInvalidData, "column " + Quoted(c.column.name) + " holds " + value + ", which is no class", "",
                  "Replace the value, or leave such rows out by a view.");
    }
    distinct.insert(value);
  }
  if (distinct.size() > kMaxClasses) RefuseClasses(c.column.name);
  std::vector<std::string> values(distinct.begin(), distinct.end());
  if (numbers) {
    // a 64-bit mantissa tells all bigint values apart; longer numerics of equal value in it stay in the order of their texts
    std::stable_sort(values.begin(), values.end(), [](const std::string& a, const std::string& b) {
      return std::strtold(a.c_str(), nullptr) < std::strtold(b.c_str(), nullptr);
    });
  }
  return values;
}

/// Numbers with digits after the point are hardly labels: a price that was not declared as one.
void NoticeNumbers(const SourceColumn& c, const std::vector<std::string>& classes) {
  if (!c.by_default || !c.numbers() || c.integers()) return;
  const bool fractions = std::any_of(classes.begin(), classes.end(), [](const std::string& text) { return text.find_first_of(".eE") != std::string::npos; });
  if (!fractions) return;
  pg::Notice("column " + Quoted(c.column.name) + " of type " + c.column.type + " is packed as a label of " + std::to_string(classes.size()) +
                 " classes",
             "If it is a number to be predicted, pack it again with dependent_type => 'real'; with dependent_type => 'one_hot' this notice "
             "does not come.");
}

[[noreturn]] void WrongClassCounts(size_t given, size_t targets) {
  throw Error(ErrorCode::kInvalidParameter,
              "num_classes has " + std::to_string(given) + " values for " + std::to_string(targets) + " dependent columns", "",
              "Give one number for each dependent column.");
}

/// num_classes is given for all dependent columns, or for the label columns only.
int64_t ClassCount(const SpecRequest& request, const Source& source, size_t target, const std::vector<std::string>& values) {
  const int64_t found = static_cast<int64_t>(values.size());
  if (!request.num_classes) return found;
  size_t labels = 0, before = 0;
  for (size_t i = 0; i < source.targets; ++i) {
    const bool is_label = source.columns[source.inputs + i].labels();
    labels += is_label;
    before += is_label && i < target;
  }
  const std::vector<int32_t>& given = *request.num_classes;
  if (given.size() != source.targets && given.size() != labels) {
    WrongClassCounts(given.size(), source.targets);
  }
  const int64_t wanted = given.size() == source.targets ? given[target] : given[before];
  if (wanted < found || wanted > static_cast<int64_t>(kMaxClasses)) {
    throw Error(ErrorCode::kInvalidParameter,
                "num_classes is " + std::to_string(wanted) + " for column " + Quoted(source.columns[source.inputs + target].column.name) +
                    ", which has " + std::to_string(found) + " distinct values",
                "", "It must be equal to or greater than the number of distinct values, and at most " + std::to_string(kMaxClasses) + ".");
  }
  return wanted;
}

/// A number for a column without classes can only say so, by 1, or what its arrays show.
void CheckClassCounts(const SpecRequest& request, const Source& source, const std::vector<ColumnSpec>& targets) {
  if (!request.num_classes) return;
  const std::vector<int32_t>& given = *request.num_classes;
  bool labels = false;
  for (size_t i = 0; i < targets.size(); ++i) {
    const ColumnSpec& target = targets[i];
    labels = labels || source.columns[source.inputs + i].labels();
    if (source.columns[source.inputs + i].labels() || given.size() != targets.size()) continue;
    const int64_t elements = target.shape.empty() ? 0 : target.shape.back();
    if (given[i] == 1 || given[i] == elements) continue;
    throw Error(ErrorCode::kInvalidParameter,
                "num_classes is " + std::to_string(given[i]) + " for column " + Quoted(target.name) + ", which is not packed as classes" +
                    (elements > 0 ? ": its arrays have " + std::to_string(elements) + " elements" : ""),
                "", "Leave num_classes out, or pack labels by dependent_type => 'one_hot' or 'index'.");
  }
  if (!labels && given.size() != targets.size()) WrongClassCounts(given.size(), targets.size());
}

/// Whether the profile shows something that the conversion refuses: then the row is looked for.
bool Faulty(const SourceColumn& c, const ColumnProfile& p, const ColumnSpec& packed, const base::Shape& source_shape) {
  if (p.nulls > 0 || p.nonfinite > 0) return true;
  if (c.weight && p.values > 0 && p.min < 0) return true;
  for (const auto& [shape, rows] : p.shapes) {
    if (!c.labels() && !data::ShapesAgree(shape, source_shape)) return true;
  }
  if (!c.text()) return !Holds(packed.dtype, p);
  if (!c.labels()) return false;
  const std::set<std::string> known(packed.class_values.begin(), packed.class_values.end());
  return std::any_of(p.texts.begin(), p.texts.end(),
                     [&known](const std::string& t) { return known.count(t) == 0 && known.count(data::CanonicalNumber(t)) == 0; });
}

// ---------------------------------------------------------------- what float32 loses

void TellOfRounding(const std::vector<const SourceColumn*>& columns, const std::pair<double, double>& values, const std::string& hint) {
  const std::string name = Quoted(columns.front()->column.name);
  const size_t others = columns.size() - 1;
  const std::string subject = others == 0 ? "column " + name + " holds"
                                          : "column " + name + " and " + std::to_string(others) + " other column" + (others > 1 ? "s hold" : " hold");
  pg::Notice(subject + " neighbouring values that float32 cannot tell apart, such as " + base::FormatNumber(values.first, true) + " and " +
                 base::FormatNumber(values.second, true),
             hint);
}

/// A NOTICE for independent and one for dependent columns. What is standardised loses only what it was packed without.
void WarnOfRounding(const Source& source, const Profile& profile, const std::vector<ColumnSpec>& packed_inputs, bool standardize) {
  for (const bool inputs : {true, false}) {
    std::vector<const SourceColumn*> lossy;
    std::optional<std::pair<double, double>> example;
    for (size_t i = inputs ? 0 : source.inputs; i < (inputs ? source.inputs : source.inputs + source.targets); ++i) {
      const SourceColumn& c = source.columns[i];
      if (c.text() || (inputs && standardize && packed_inputs[i].dtype != DType::kFloat32)) continue;
      const auto values = profile.columns[i].IndistinctInFloat32();
      if (!values) continue;
      lossy.push_back(&c);
      if (!example) example = values;
    }
    if (!example) continue;
    TellOfRounding(lossy, *example,
                   inputs && standardize ? "Leave it out of dtypes: it is packed exactly then."
                   : inputs ? "Ask for standardize => true, which subtracts the mean in double precision, or subtract a constant in a view over "
                            "the source table."
                          : "Subtract a constant in a view over the source table, and add it to the predictions.");
  }
}

void CheckRows(const Source& source, const Profile& profile, const SpecPair& specs) {
  bool faulty = false;
  size_t row_bytes = 0;
  ColumnSpec weight;
  for (size_t i = 0; i < source.columns.size(); ++i) {
    const SourceColumn& c = source.columns[i];
    const bool input = i < source.inputs;
    const ColumnSpec& packed = c.weight ? weight : input ? specs.data.inputs[i] : specs.data.targets[i - source.inputs];
    const ColumnSpec& from = c.weight ? weight : input ? specs.source.inputs[i] : specs.source.targets[i - source.inputs];
    faulty = faulty || Faulty(c, profile.columns[i], packed, from.shape);
    row_bytes += packed.row_bytes();
  }
  if (row_bytes > kMaxRowBytes) {
    throw Error(ErrorCode::kLimitExceeded,
                "a packed row would have " + std::to_string(row_bytes) + " bytes, at most " + std::to_string(kMaxRowBytes) +
                    " are possible", "",
                "Use smaller images, or class indexes (dependent_type => 'index') in place of one-hot labels.");
  }
  if (!faulty) return;
  RaiseFault(source, specs.source);
  throw Error(ErrorCode::kInvalidData, "table " + source.Text() + " was changed while it was being packed", "",
              "Pack it again when nobody writes to it, or in a repeatable read transaction.");
}

}  // namespace

void RefuseClasses(const std::string& column) {
  throw Error(ErrorCode::kLimitExceeded,
              "column " + Quoted(column) + " has more than " + std::to_string(kMaxClasses) +
                  " distinct values, too many for classes",
              "", "If the column is a number to be predicted, ask for regression by dependent_type => 'real'.");
}

bool IsQuantity(const SourceColumn& column) { return column.column.base_type != "boolean" && !column.text(); }

std::vector<TargetKind> ReadTargetKinds(const std::optional<std::string>& text) {
  std::vector<TargetKind> kinds;
  if (!text) return kinds;
  std::string word;
  const auto end_word = [&kinds, &word] {
    if (word == "auto") kinds.push_back(TargetKind::kNone);
    else if (word == "one_hot") kinds.push_back(TargetKind::kOneHot);
    else if (word == "index") kinds.push_back(TargetKind::kClassIndex);
    else if (word == "array") kinds.push_back(TargetKind::kArray);
    else if (word == "real") kinds.push_back(TargetKind::kReal);
    else {
      throw Error(ErrorCode::kInvalidParameter, "dependent_type has no value \"" + word + "\"", "",
                  "Use 'auto', 'one_hot', 'index', 'real' or 'array': one for all dependent columns, or one "
                  "for each, separated by commas.");
    }
    word.clear();
  };
  for (char c : *text) {
    if (c == ',') end_word();
    else if (c != ' ') word += static_cast<char>(c >= 'A' && c <= 'Z' ? c - 'A' + 'a' : c);
  }
  end_word();
  return kinds;
}

SpecPair TrainingSpec(const Source& source, const Profile& profile, const SpecRequest& request) {
  RefuseEmptyColumns(source, profile);
  const base::Dict shapes = ReadColumnDict(request.shapes, "shapes", source);
  const base::Dict dtypes = ReadColumnDict(request.dtypes, "dtypes", source);
  SpecPair specs;  // a column of the source each, until runs are packed together
  std::vector<bool> given(source.inputs, false);
  for (size_t i = 0; i < source.inputs + source.targets; ++i) {
    const SourceColumn& c = source.columns[i];
    const ColumnProfile& p = profile.columns[i];
    ColumnSpec spec;
    spec.name = c.column.name;
    spec.kind = c.kind;
    base::Shape source_shape;
    if (c.labels()) {
      spec.class_values = ClassValues(c, p);
      spec.num_classes = ClassCount(request, source, i - source.inputs, spec.class_values);
      NoticeNumbers(c, spec.class_values);
      spec.dtype = c.kind == TargetKind::kOneHot ? DType::kUInt8 : DType::kInt32;
      if (c.kind == TargetKind::kOneHot) spec.shape = {spec.num_classes};
      source_shape = spec.shape;
    } else {
      source_shape = SourceShape(c, p);
      spec.shape = source_shape;
      const base::Value* shape = Entry(shapes, spec.name);
      if (shape != nullptr) {
        spec.shape = ReadShape(*shape, spec.name);
        if (base::ElementCount(spec.shape) != base::ElementCount(source_shape)) {
          RefuseImageFiles(source, c);
          throw Error(ErrorCode::kInvalidParameter,
                      "the shape " + base::FormatShape(spec.shape) + " given for column " + Quoted(spec.name) + " has " +
                          std::to_string(base::ElementCount(spec.shape)) + " elements, but its rows have " +
                          std::to_string(base::ElementCount(source_shape)));
        }
      } else if (c.bytes()) {
        RefuseImageFiles(source, c);
        throw Error(ErrorCode::kInvalidParameter, "column " + Quoted(spec.name) + " is of type bytea and has no shape", "",
                    "Give its shape, one byte an element: shapes => '{\"" + spec.name + "\": [28, 28, 1]}'.");
      }
      spec.exact_standardisation = i < source.inputs && request.Standardizes(i) && IsQuantity(c);
      spec.dtype = c.kind == TargetKind::kReal ? DType::kFloat32 : ChooseType(c, p, spec.exact_standardisation);
      if (const base::Value* dtype = Entry(dtypes, spec.name)) {
        if (!dtype->is_string() || c.text() || c.kind == TargetKind::kReal || *dtype == base::Value("float64")) {
          throw Error(ErrorCode::kInvalidParameter, "the element type of column " + Quoted(spec.name) + " cannot be given so", "",
                      "Use \"uint8\", \"int8\", \"int16\", \"int32\" or \"float32\" for columns of numbers.");
        }
        spec.dtype = base::DTypeFromName(dtype->string());
        if (i < source.inputs) given[i] = true;
      }
      if (c.text()) {
        if (p.texts.size() > kMaxDictionary) {
          throw Error(ErrorCode::kLimitExceeded,
                      "column " + Quoted(spec.name) + " has more than " + std::to_string(kMaxDictionary) + " distinct strings", "",
                      "Replace rare strings by one common string in a view over the source table.");
        }
        spec.dictionary.assign(p.texts.begin(), p.texts.end());
        std::sort(spec.dictionary.begin(), spec.dictionary.end());
      } else if (i < source.inputs && c.column.base_type != "boolean") {
        spec.scale = request.normalizing_const == 1.0 ? 1.0 : 1.0 / request.normalizing_const;
      }
    }
    ColumnSpec from = spec;
    from.shape = source_shape;
    // values are converted without them, and they need not fit the source's shape
    from.mean.clear();
    from.std.clear();
    (i < source.inputs ? specs.data.inputs : specs.data.targets).push_back(std::move(spec));
    (i < source.inputs ? specs.source.inputs : specs.source.targets).push_back(std::move(from));
  }
  specs.data.has_weights = specs.source.has_weights = source.has_weights;
  CheckClassCounts(request, source, specs.data.targets);
  const std::vector<size_t> runs = FindScalarRuns(source, specs.data.inputs, given);
  for (std::vector<ColumnSpec>* inputs : {&specs.data.inputs, &specs.source.inputs}) JoinTypes(runs, request.standardize, inputs);
  CheckRows(source, profile, specs);
  WarnOfRounding(source, profile, specs.data.inputs, request.StandardizesAny());
  PackRuns(source, runs, &specs);
  return specs;
}

SpecPair ValidationSpec(const Source& source, const Profile& profile, const base::DataSpec& training) {
  RefuseEmptyColumns(source, profile);
  const std::vector<ColumnSpec> inputs = base::SourceColumns(training.inputs);
  SpecPair specs;  // a column of the source each, until runs are packed together
  for (size_t i = 0; i < source.inputs + source.targets; ++i) {
    const SourceColumn& c = source.columns[i];
    const ColumnProfile& p = profile.columns[i];
    ColumnSpec spec = i < source.inputs ? inputs[i] : training.targets[i - source.inputs];
    const std::string training_name = spec.name;
    spec.name = c.column.name;
    const bool words = !spec.dictionary.empty();
    if (!c.labels() && words != c.text()) {
      throw Error(ErrorCode::kDatatypeMismatch,
                  "column " + Quoted(spec.name) + " has type " + c.column.type + ", but column " + Quoted(training_name) +
                      " of the training table holds " + (words ? "text" : "numbers"));
    }
    base::Shape source_shape = spec.shape;
    if (!c.labels()) {
      const base::Shape found = SourceShape(c, p);
      if (!(c.bytes() ? base::ElementCount(found) == base::ElementCount(spec.shape) : data::ShapesAgree(found, spec.shape))) {
        throw Error(ErrorCode::kInvalidData,
                    "column " + Quoted(spec.name) + " has rows of shape " + base::FormatShape(found) + ", but column " +
                        Quoted(training_name) + " of the training table has shape " + base::FormatShape(spec.shape));
      }
      source_shape = found;
    }
    if (words) {
      const int64_t unknown = std::count_if(p.texts.begin(), p.texts.end(), [&spec](const std::string& t) {
        return !std::binary_search(spec.dictionary.begin(), spec.dictionary.end(), t);
      });
      if (unknown > 0) {
        pg::Notice("column " + Quoted(spec.name) + " holds strings that the training data lack: " + std::to_string(unknown) + " distinct",
                   "They are packed as index 0, the index of unknown strings.");
      }
    }
    ColumnSpec from = spec;
    from.shape = source_shape;
    // values are converted without them, and they need not fit the source's shape
    from.mean.clear();
    from.std.clear();
    (i < source.inputs ? specs.data.inputs : specs.data.targets).push_back(std::move(spec));
    (i < source.inputs ? specs.source.inputs : specs.source.targets).push_back(std::move(from));
  }
  specs.data.has_weights = specs.source.has_weights = source.has_weights;  // by which CheckRows looks for the faulty row
  CheckRows(source, profile, specs);
  std::vector<size_t> runs;
  for (const ColumnSpec& c : training.inputs) runs.push_back(std::max<size_t>(c.members.size(), 1));
  PackRuns(source, runs, &specs);
  return specs;
}

}  // namespace pack
