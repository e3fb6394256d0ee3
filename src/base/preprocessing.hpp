// How the inputs of a packed table are made of the columns of a table of rows: what each column is read as, its
// encoding, and what was learned of it from the training rows. Pure data and its JSON; std types only. Made by pack,
// kept in the packed table's description, carried out by data/encoder.hpp; whoever shows or describes columns may read
// it.
//
// A source row is the cells of `sources`, in order. The packed inputs are made of it so:
//   - every number, one-hot flag and indicator is an element of one float32 input of shape (k), the first input:
//   kNumbersInput or that name with
//     a number behind it. Its elements are those of the sources in order, each as ElementNames lists them. No such
//     input where k is 0;
//   - every source of encoding kIndex or kHash is an int32 scalar of its own, with a dictionary (1-based; 0: NULL, or
//   unknown);
//   - every source of class kArray or kBytes is an input of its own.
// Inputs of their own follow the numbers, in the order of the sources.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/tensor.hpp"
#include "base/value.hpp"

namespace base {

constexpr const char* kNumbersInput = "numbers";

/// What a column's values are read as. Numbers are written into tables: never reuse one.
enum class ValueClass : int {
  kBoolean = 1,   // 0 or 1
  kNumber = 2,    // in double precision
  kCategory = 3,  // the value's text
  kDate = 4,      // seconds since 1970-01-01, of whole days
  kTime = 5,      // seconds since 1970-01-01 00:00; of a time with a zone in UTC
  kArray = 6,     // an array of numbers: an input of its own
  kBytes = 7,     // an image: an input of its own
};

enum class Encoding : int { kNone = 1, kOneHot = 2, kIndex = 3, kHash = 4, kOrdinal = 5, kTarget = 6, kCalendar = 7 };

/// What stands for a missing value: NULL, or NaN. kNone is of categories, where a missing value is a category of its
/// own. kError refuses it.
enum class Imputation : int { kNone = 1, kMean = 2, kMedian = 3, kMode = 4, kConstant = 5, kError = 6 };

enum class Scaling : int { kNone = 1, kStandard = 2, kMinMax = 3, kRobust = 4, kLog = 5 };

/// The words that users write and read: "one_hot", "median", "minmax", ...
const char* NameOf(ValueClass value);
const char* NameOf(Encoding value);
const char* NameOf(Imputation value);
const char* NameOf(Scaling value);
std::optional<Encoding> EncodingNamed(std::string_view word);
std::optional<Imputation> ImputationNamed(std::string_view word);
std::optional<Scaling> ScalingNamed(std::string_view word);

/// Target encoding learns from training rows in so many folds.
constexpr int kTargetFolds = 5;

/// A column of the source table: value -> imputed -> clipped -> logarithm -> (x - center) / spread, in double
/// precision, rounded once.
struct SourceInput {
  std::string name;       // of the column
  std::string data_type;  // as the server writes it; for people
  ValueClass value_class = ValueClass::kNumber;
  Encoding encoding = Encoding::kNone;

  Imputation imputation = Imputation::kError;
  double fill = 0;                           // of numbers, dates, times and arrays: what stands for a missing value
  std::optional<std::string> fill_category;  // of categories; nothing: a missing value is a category of its own
  bool indicator = false;  // an element that is 1 where the value was missing, else 0; the source's last

  Scaling scaling = Scaling::kNone;
  std::optional<double> clip_low, clip_high;
  double center = 0, spread = 1;

  std::vector<std::string> categories;  // kOneHot, kIndex, kOrdinal, kTarget: in the order of their codes
  int64_t bins = 0;                     // kHash
  // kTarget: values of the target, one an output of it. A category's are those of category_values, in the order of
  // categories; a missing value's are missing_values, an unknown category's are prior.
  std::vector<std::vector<double>> category_values;
  std::vector<double> missing_values, prior;
  double smoothing = 0;
  // kTarget, only while training rows are packed: the same as learned without the rows of a fold, fold after fold. A
  // row's fold is FoldOf (data/encoder.hpp), one of kTargetFolds. Never written into a packed table's description.
  struct Fold {
    std::vector<std::vector<double>> category_values;
    std::vector<double> missing_values;
  };
  std::vector<Fold> folds;

  /// Whether it makes an input of its own.
  bool own_input() const {
    return encoding == Encoding::kIndex || encoding == Encoding::kHash || value_class == ValueClass::kArray ||
           value_class == ValueClass::kBytes;
  }
  /// Whether its cells are texts.
  bool categorical() const { return value_class == ValueClass::kCategory; }
};

/// A column of the source table that is no input, and why; for people.
struct LeftOut {
  std::string name;
  std::string reason;
};

struct Preprocessing {
  std::vector<SourceInput> sources;
  std::vector<LeftOut> left_out;
  std::vector<std::string> target_types;  // of the dependent columns, as the server writes them; empty: not known
};

/// The elements that a source adds to the input of numbers: "age", "age is null", "sex = male", "day month sine", ...
std::vector<std::string> ElementNames(const SourceInput& source);
/// How many they are.
size_t ElementCount(const SourceInput& source);

/// The columns of a table of rows, in the order in which they are given by position: with preprocessing one entry a
/// source, by its name (with its categories as the dictionary, and the shape of an input of its own); without,
/// SourceColumns(spec.inputs).
std::vector<ColumnSpec> SourceInputs(const DataSpec& spec);

/// By packed input: the first cell of a source row that it is made of; kNoCell of the numbers that preprocessing makes,
/// and of features.
constexpr size_t kNoCell = static_cast<size_t>(-1);
std::vector<size_t> CellsOfInputs(const DataSpec& spec);

/// A copy of the description whose sources have these names, in order. REQUIRES preprocessing, and as many names.
void RenameSources(const std::vector<std::string>& names, DataSpec* spec);

/// The first difference in meaning between two descriptions of sources, names and types aside, or nothing: "imputation
/// median, mean".
std::optional<std::string> FindDifference(const SourceInput& a, const SourceInput& b);

/// <-> a part of the JSON text of a DataSpec. Folds are written where there are any.
Value WritePreprocessing(const Preprocessing& preprocessing);
/// inputs: of the same description, which it is checked against. Errors: kDataCorrupted, kDatatypeMismatch.
Preprocessing ReadPreprocessing(const Value& value, const std::vector<ColumnSpec>& inputs);

}  // namespace base
