#include "base/tensor.hpp"

#include <cmath>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "base/preprocessing.hpp"

namespace base {
namespace {

constexpr int64_t kMaxElements = int64_t{1} << 40;
constexpr size_t kMaxRank = 8;
constexpr int64_t kMaxPartitions = 1000000;
constexpr int kFirstVersion = 1;   // neither members nor exact standardisation: what version 0.1 reads
constexpr int kSecondVersion = 2;  // no preprocessing
constexpr int kFormatVersion = 3;
constexpr size_t kFewestMembers = 2;

struct DTypeRow {
  DType type;
  const char* name;
  size_t size;
};

constexpr DTypeRow kDTypes[] = {
    {DType::kUInt8, "uint8", 1}, {DType::kInt8, "int8", 1},       {DType::kInt16, "int16", 2},
    {DType::kInt32, "int32", 4}, {DType::kFloat32, "float32", 4}, {DType::kFloat64, "float64", 8},
};

const DTypeRow& Row(DType t) {
  for (const DTypeRow& row : kDTypes) {
    if (row.type == t) return row;
  }
  throw Error(ErrorCode::kInternal, "unknown element type " + std::to_string(static_cast<int>(t)));
}

// ---------------------------------------------------------------- writing

Value Number(double v, const std::string& column) {
  if (!std::isfinite(v)) throw Error(ErrorCode::kInternal, "a scaling constant of column \"" + column + "\" is not finite");
  return Value(v);
}

Value WriteColumn(const ColumnSpec& c) {
  List shape, mean, std, dictionary, class_values;
  for (int64_t d : c.shape) shape.emplace_back(d);
  for (double v : c.mean) mean.push_back(Number(v, c.name));
  for (double v : c.std) std.push_back(Number(v, c.name));
  for (const std::string& v : c.dictionary) dictionary.emplace_back(v);
  for (const std::string& v : c.class_values) class_values.emplace_back(v);
  Dict out;
  out.emplace_back("name", c.name);
  out.emplace_back("dtype", DTypeName(c.dtype));
  out.emplace_back("shape", std::move(shape));
  out.emplace_back("scale", Number(c.scale, c.name));
  out.emplace_back("mean", std::move(mean));
  out.emplace_back("std", std::move(std));
  out.emplace_back("dictionary", std::move(dictionary));
  out.emplace_back("kind", static_cast<int>(c.kind));
  out.emplace_back("class_values", std::move(class_values));
  out.emplace_back("num_classes", c.num_classes);
  if (!c.class_rows.empty()) {
    List class_rows;
    for (int64_t rows : c.class_rows) class_rows.emplace_back(rows);
    out.emplace_back("class_rows", std::move(class_rows));
  }
  if (c.exact_standardisation) out.emplace_back("exact_standardisation", true);
  if (!c.members.empty()) {
    List members;
    for (const ColumnMember& m : c.members) {
      List words;
      for (const std::string& v : m.dictionary) words.emplace_back(v);
      members.emplace_back(Dict{{"name", m.name}, {"dictionary", std::move(words)}});
    }
    out.emplace_back("members", std::move(members));
  }
  if (c.feature) out.emplace_back("feature", true);
  return Value(std::move(out));
}

bool IsFirstVersion(const std::vector<ColumnSpec>& columns) {
  for (const ColumnSpec& c : columns) {
    if (c.exact_standardisation || !c.members.empty()) return false;
  }
  return true;
}

// ---------------------------------------------------------------- reading: nothing in the text is trusted

[[noreturn]] void Corrupted(const std::string& detail) {
  throw Error(ErrorCode::kDataCorrupted, "the description of a packed table cannot be read", detail,
              "Run training_preprocessor_dl or validation_preprocessor_dl again.");
}

const Value& Member(const Value& dict, const char* key) {
  const Value* value = dict.Find(key);
  if (value == nullptr) Corrupted(std::string("The key \"") + key + "\" is missing.");
  return *value;
}

int64_t Integer(const Value& dict, const char* key, int64_t low, int64_t high) {
  const Value& value = Member(dict, key);
  if (!value.is_int()) Corrupted(std::string("The key \"") + key + "\" is no integer.");
  const int64_t v = value.integer();
  if (v < low || v > high) Corrupted(std::string("The value of \"") + key + "\" is out of range.");
  return v;
}

double Finite(const Value& value, const char* key) {
  if (!value.is_number() || !std::isfinite(value.number())) Corrupted(std::string("A value of \"") + key + "\" is no finite number.");
  return value.number();
}

std::vector<double> Numbers(const Value& dict, const char* key) {
  std::vector<double> out;
  for (const Value& v : Member(dict, key).list()) out.push_back(Finite(v, key));
  return out;
}

std::vector<std::string> Texts(const Value& dict, const char* key) {
  std::vector<std::string> out;
  for (const Value& v : Member(dict, key).list()) out.push_back(v.string());
  return out;
}

ColumnSpec ReadColumn(const Value& in, bool target) {
  ColumnSpec c;
  c.name = Member(in, "name").string();
  c.dtype = DTypeFromName(Member(in, "dtype").string());
  for (const Value& d : Member(in, "shape").list()) {
    if (!d.is_int() || d.integer() < 1) Corrupted("A dimension of column \"" + c.name + "\" is no positive integer.");
    c.shape.push_back(d.integer());
  }
  if (c.shape.size() > kMaxRank) Corrupted("Column \"" + c.name + "\" has too many dimensions.");
  const int64_t elements = ElementCount(c.shape);
  c.scale = Finite(Member(in, "scale"), "scale");
  c.mean = Numbers(in, "mean");
  c.std = Numbers(in, "std");
  const size_t last = c.shape.empty() ? 1 : static_cast<size_t>(c.shape.back());
  if (c.mean.size() != c.std.size() || (!c.mean.empty() && c.mean.size() != last)) {
    Corrupted("The standardisation of column \"" + c.name + "\" does not fit its shape.");
  }
  for (double v : c.std) {
    if (!(v > 0)) Corrupted("A standard deviation of column \"" + c.name + "\" is not positive.");
  }
  c.dictionary = Texts(in, "dictionary");
  c.kind = static_cast<TargetKind>(Integer(in, "kind", 0, static_cast<int>(TargetKind::kReal)));
  if (target != (c.kind != TargetKind::kNone)) Corrupted("Column \"" + c.name + "\" has the wrong kind.");
  c.class_values = Texts(in, "class_values");
  c.num_classes = Integer(in, "num_classes", 0, kMaxElements);
  if (static_cast<size_t>(c.num_classes) < c.class_values.size()) {
    Corrupted("Column \"" + c.name + "\" has more class values than classes.");
  }
  if (const Value* rows = in.Find("class_rows")) {
    for (const Value& v : rows->list()) {
      if (!v.is_int() || v.integer() < 0) Corrupted("A class of column \"" + c.name + "\" has no number of rows.");
      c.class_rows.push_back(v.integer());
    }
    if (c.class_rows.size() != c.class_values.size()) Corrupted("The rows of the classes of column \"" + c.name + "\" do not fit its classes.");
  }
  if (c.kind == TargetKind::kOneHot && ((c.dtype != DType::kUInt8 && c.dtype != DType::kInt16) || elements != c.num_classes)) {
    Corrupted("One-hot column \"" + c.name + "\" does not fit its number of classes.");
  }
  if (c.kind == TargetKind::kClassIndex && (c.dtype != DType::kInt32 || elements != 1)) {
    Corrupted("Class column \"" + c.name + "\" is not one int32 a row.");
  }
  if (c.kind == TargetKind::kReal && elements != 1) Corrupted("Column \"" + c.name + "\" is not one number a row.");
  if (const Value* exact = in.Find("exact_standardisation")) c.exact_standardisation = exact->boolean();
  if (const Value* feature = in.Find("feature")) c.feature = feature->boolean();
  if (const Value* members = in.Find("members")) {
    for (const Value& m : members->list()) c.members.push_back({Member(m, "name").string(), Texts(m, "dictionary")});
    const bool fits = c.shape == Shape{static_cast<int64_t>(c.members.size())} && c.members.size() >= kFewestMembers;
    if (target || !fits || !c.dictionary.empty()) Corrupted("The members of column \"" + c.name + "\" do not fit its shape.");
  }
  return c;
}

DataSpec ReadChecked(std::string_view json) {
  const Value root = ParseLiteral(json);
  if (!root.is_dict()) Corrupted("The text is no dictionary.");
  Integer(root, "version", kFirstVersion, kFormatVersion);
  DataSpec spec;
  for (const Value& c : Member(root, "inputs").list()) spec.inputs.push_back(ReadColumn(c, false));
  for (const Value& c : Member(root, "targets").list()) spec.targets.push_back(ReadColumn(c, true));
  spec.has_weights = Member(root, "has_weights").boolean();
  spec.num_partitions = static_cast<int>(Integer(root, "num_partitions", 0, kMaxPartitions));
  spec.rows = Integer(root, "rows", 0, INT64_MAX);
  if (const Value* p = root.Find("preprocessing"))
    spec.preprocessing = std::make_shared<const Preprocessing>(ReadPreprocessing(*p, spec.inputs));
  return spec;
}

}  // namespace

size_t DTypeSize(DType t) { return Row(t).size; }

const char* DTypeName(DType t) { return Row(t).name; }

DType DTypeFromName(std::string_view name) {
  for (const DTypeRow& row : kDTypes) {
    if (name == row.name) return row.type;
  }
  throw Error(ErrorCode::kInvalidParameter, "unknown element type \"" + std::string(name) + "\"", {},
              "Known types are uint8, int8, int16, int32, float32 and float64.");
}

int64_t ElementCount(const Shape& shape) {
  int64_t count = 1;
  for (int64_t d : shape) {
    if (d < 0) throw Error(ErrorCode::kInvalidParameter, "shape " + FormatShape(shape) + " has a negative dimension");
    if (d > kMaxElements || (d > 0 && count > kMaxElements / d)) {
      throw Error(ErrorCode::kLimitExceeded,
                  "shape " + FormatShape(shape) + " has more than " + std::to_string(kMaxElements) + " elements");
    }
    count *= d;
  }
  return count;
}

std::string FormatShape(const Shape& shape) {
  std::string text = "(";
  for (size_t i = 0; i < shape.size(); ++i) {
    if (i > 0) text += ", ";
    text += std::to_string(shape[i]);
  }
  if (shape.size() == 1) text += ",";  // as Python writes a tuple of one
  return text + ")";
}

std::vector<ColumnSpec> SourceColumns(const std::vector<ColumnSpec>& packed) {
  std::vector<ColumnSpec> columns;
  for (const ColumnSpec& c : packed) {
    if (c.members.empty()) {
      columns.push_back(c);
      continue;
    }
    for (size_t i = 0; i < c.members.size(); ++i) {
      ColumnSpec column;
      column.name = c.members[i].name;
      column.dtype = c.dtype;
      column.scale = c.scale;
      if (!c.mean.empty()) {
        column.mean = {c.mean[i]};
        column.std = {c.std[i]};
      }
      column.exact_standardisation = c.exact_standardisation;
      column.dictionary = c.members[i].dictionary;
      columns.push_back(std::move(column));
    }
  }
  return columns;
}

std::string WriteDataSpec(const DataSpec& spec) {
  List inputs, targets;
  for (const ColumnSpec& c : spec.inputs) inputs.push_back(WriteColumn(c));
  for (const ColumnSpec& c : spec.targets) targets.push_back(WriteColumn(c));
  Dict root;
  root.emplace_back("version", spec.preprocessing            ? kFormatVersion
                               : IsFirstVersion(spec.inputs) ? kFirstVersion
                                                             : kSecondVersion);
  root.emplace_back("inputs", std::move(inputs));
  root.emplace_back("targets", std::move(targets));
  root.emplace_back("has_weights", spec.has_weights);
  root.emplace_back("num_partitions", spec.num_partitions);
  root.emplace_back("rows", spec.rows);
  if (spec.preprocessing) root.emplace_back("preprocessing", WritePreprocessing(*spec.preprocessing));
  return FormatJson(Value(std::move(root)));
}

DataSpec ReadDataSpec(std::string_view json) {
  try {
    return ReadChecked(json);
  } catch (const Error& error) {
    if (error.code() == ErrorCode::kDataCorrupted) throw;
    Corrupted(std::string("Reason: ") + error.what() + ".");
  }
}

}  // namespace base
