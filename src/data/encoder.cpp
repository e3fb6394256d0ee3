#include "data/encoder.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/error.hpp"
#include "base/hash.hpp"
#include "base/literal.hpp"

namespace data {
namespace {

using base::Encoding;
using base::Error;
using base::ErrorCode;
using base::SourceInput;
using base::ValueClass;

// Any fixed numbers: apart from the seeds of the shuffle.
constexpr uint64_t kFoldSeed = 0x666f6c64;
constexpr uint64_t kBinSeed = 0x62696e73;

constexpr double kPi = 3.14159265358979323846;
constexpr double kSecondsOfDay = 86400;
constexpr double kMostSeconds = 1e15;  // beyond all dates of the server

size_t CellBytes(const Cell& cell) {
  switch (cell.type) {
    case CellType::kBool:
    case CellType::kBytes:
      return static_cast<size_t>(cell.count);
    case CellType::kInt16:
      return 2 * static_cast<size_t>(cell.count);
    case CellType::kInt32:
    case CellType::kFloat32:
      return 4 * static_cast<size_t>(cell.count);
    case CellType::kInt64:
    case CellType::kFloat64:
      return 8 * static_cast<size_t>(cell.count);
    default:
      return 0;
  }
}

std::string_view TextOf(const SourceInput& source, const Cell& cell) {
  if (cell.type != CellType::kText || cell.is_array) {
    throw Error(ErrorCode::kDatatypeMismatch, "column \"" + source.name + "\" holds numbers where categories are read");
  }
  return {reinterpret_cast<const char*>(cell.texts[0].data), cell.texts[0].size};
}

/// 0 in January, of days since 1970-01-01 in the Gregorian calendar: days are counted from a first of March, behind
/// which leap days fall.
int MonthOf(int64_t days) {
  const int64_t since_march = days + 719468;
  const int64_t era = (since_march >= 0 ? since_march : since_march - 146096) / 146097;
  const int64_t day_of_era = since_march - era * 146097;
  const int64_t year_of_era = (day_of_era - day_of_era / 1460 + day_of_era / 36524 - day_of_era / 146096) / 365;
  const int64_t day_of_year = day_of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
  const int64_t month = (5 * day_of_year + 2) / 153;  // 0 in March
  return static_cast<int>((month + 2) % 12);
}

class Column {
 public:
  Column(const SourceInput& source, size_t offset)
      : source_(source), numbers_(base::ElementCount(source)), offset_(offset) {
    const std::vector<std::string>& categories = source.categories;
    for (size_t i = 0; i < categories.size(); ++i) codes_.emplace(categories[i], static_cast<int32_t>(i));
    if (source.fill_category) fill_code_ = CodeOf(*source.fill_category);
    for (size_t i = 0; i <= categories.size() && source.encoding == Encoding::kOrdinal; ++i)
      values_.push_back(Scaled(static_cast<double>(i)));
    if (source.encoding != Encoding::kTarget) return;
    AddValues(source.category_values, source.missing_values);
    for (const SourceInput::Fold& fold : source.folds) AddValues(fold.category_values, fold.missing_values);
  }

  size_t numbers() const { return numbers_; }
  bool has_folds() const { return !source_.folds.empty(); }

  /// numbers: this column's elements of the row, all 0. row: the packed row.
  void Encode(const Cell& cell, int fold, float* numbers, uint8_t* row) const {
    if (source_.categorical()) {
      EncodeCategory(cell, fold, numbers, row);
    } else if (source_.own_input()) {
      if (source_.indicator && cell.type == CellType::kNull) numbers[0] = 1;
    } else {
      EncodeNumber(cell, numbers);
    }
  }

 private:
  static constexpr int32_t kUnknown = -1;
  static constexpr int32_t kMissing = -2;

  int32_t CodeOf(std::string_view text) const {
    if (source_.encoding == Encoding::kHash) return static_cast<int32_t>(BinOf(text, source_.bins));
    const auto found = codes_.find(text);
    return found == codes_.end() ? kUnknown : found->second;
  }

  float Rounded(double v) const {
    const auto rounded = static_cast<float>(v);
    if (std::isfinite(rounded)) return rounded;
    throw Error(
        ErrorCode::kInvalidData,
        "column \"" + source_.name + "\" gives " + base::FormatNumber(v, true) +
            ", which is out of the range of real numbers in single precision",
        "", "Give bounds by clip or another scale when the training data are packed, or leave the row out by a view.");
  }

  float Scaled(double v) const { return Rounded((v - source_.center) / source_.spread); }

  void AddValues(const std::vector<std::vector<double>>& category_values, const std::vector<double>& missing) {
    for (const std::vector<double>& row : category_values) {
      for (const double v : row) values_.push_back(Scaled(v));
    }
    for (const std::vector<double>* row : {&missing, &source_.prior}) {
      for (const double v : *row) values_.push_back(Scaled(v));
    }
  }

  void EncodeCategory(const Cell& cell, int fold, float* numbers, uint8_t* row) const {
    const bool missing = cell.type == CellType::kNull;
    if (missing && source_.imputation == base::Imputation::kError) RefuseNull();
    if (missing && source_.indicator) numbers[numbers_ - 1] = 1;
    int32_t code = kMissing;
    if (!missing)
      code = CodeOf(TextOf(source_, cell));
    else if (source_.fill_category)
      code = fill_code_;
    switch (source_.encoding) {
      case Encoding::kOneHot:
        if (code >= 0) numbers[code] = 1;
        break;
      case Encoding::kIndex:
      case Encoding::kHash: {
        const int32_t index = code < 0 ? 0 : code + 1;
        std::memcpy(row + offset_, &index, sizeof(index));
        break;
      }
      case Encoding::kOrdinal:
        numbers[0] = values_[code < 0 ? 0 : static_cast<size_t>(code) + 1];
        break;
      default: {
        const size_t outputs = source_.prior.size(), categories = source_.categories.size();
        const size_t entry = code >= 0 ? static_cast<size_t>(code) : code == kMissing ? categories : categories + 1;
        const size_t table = has_folds() ? static_cast<size_t>(fold) + 1 : 0;
        const float* values = values_.data() + (table * (categories + 2) + entry) * outputs;
        std::copy(values, values + outputs, numbers);
      }
    }
  }

  void EncodeNumber(const Cell& cell, float* numbers) const {
    double v = NumberOf(cell);
    const bool missing = std::isnan(v);
    if (missing) {
      if (source_.imputation == base::Imputation::kError) RefuseNull();
      if (source_.indicator) numbers[numbers_ - 1] = 1;
      v = source_.fill;
    }
    const double clipped = ClippedNumber(source_, v);
    if (!std::isfinite(clipped)) {
      throw Error(
          ErrorCode::kInvalidData, "column \"" + source_.name + "\" holds " + (v > 0 ? "Infinity" : "-Infinity"), "",
          "Replace the value, leave the row out by a view, or give bounds by clip when the training data are packed.");
    }
    numbers[0] = Scaled(TransformedNumber(source_, v));
    if (source_.encoding == Encoding::kCalendar && !missing) EncodeCalendar(v, numbers + 1);
  }

  void EncodeCalendar(double seconds, float* out) const {
    if (!(std::abs(seconds) < kMostSeconds)) {
      throw Error(ErrorCode::kInvalidData,
                  "column \"" + source_.name + "\" holds " + base::FormatNumber(seconds, true) +
                      " seconds since 1970, which is no date",
                  "", "Replace the value, or leave the row out by a view.");
    }
    const double day = std::floor(seconds / kSecondsOfDay);
    const auto days = static_cast<int64_t>(day);
    const auto cycle = [&out](double part) {
      *out++ = static_cast<float>(std::sin(2 * kPi * part));
      *out++ = static_cast<float>(std::cos(2 * kPi * part));
    };
    if (source_.value_class == ValueClass::kTime) cycle((seconds - day * kSecondsOfDay) / kSecondsOfDay);
    cycle(static_cast<double>(((days + 4) % 7 + 7) % 7) / 7);
    cycle(static_cast<double>(MonthOf(days)) / 12);
  }

  [[noreturn]] void RefuseNull() const {
    throw Error(ErrorCode::kNullValue, "column \"" + source_.name + "\" is NULL", "",
                "Leave such rows out by a view with WHERE, fill the value in, or pack the training data with another "
                "impute than 'error'.");
  }

  const SourceInput& source_;
  const size_t numbers_;
  const size_t offset_;  // of an index in the packed row
  std::unordered_map<std::string_view, int32_t> codes_;
  int32_t fill_code_ = kUnknown;
  std::vector<float> values_;  // kOrdinal: of the codes, 0 first; kTarget: of categories, missing and unknown values,
                               // for each table of them
};

}  // namespace

int FoldOf(const Cell* cells, size_t count) {
  base::Hasher hasher(kFoldSeed);
  for (size_t i = 0; i < count; ++i) {
    const Cell& cell = cells[i];
    hasher.UpdateU64(static_cast<uint64_t>(cell.type));
    hasher.UpdateU64(static_cast<uint64_t>(cell.count));
    if (cell.type == CellType::kText) {
      for (int64_t t = 0; t < cell.count; ++t) {
        hasher.UpdateU64(cell.texts[t].size);
        hasher.Update(cell.texts[t]);
      }
    } else if (cell.type != CellType::kNull && !cell.has_null_elements) {
      hasher.Update(cell.data, CellBytes(cell));
    }
  }
  return static_cast<int>(hasher.Finish().hi % kTargetFolds);
}

int64_t BinOf(std::string_view text, int64_t bins) {
  return static_cast<int64_t>(base::Hash(text.data(), text.size(), kBinSeed).hi % static_cast<uint64_t>(bins));
}

double NumberOf(const Cell& cell) {
  switch (cell.type) {
    case CellType::kNull:
      return std::numeric_limits<double>::quiet_NaN();
    case CellType::kBool:
      return *static_cast<const uint8_t*>(cell.data) != 0 ? 1 : 0;
    case CellType::kInt16:
      return *static_cast<const int16_t*>(cell.data);
    case CellType::kInt32:
      return *static_cast<const int32_t*>(cell.data);
    case CellType::kInt64:
      return static_cast<double>(*static_cast<const int64_t*>(cell.data));
    case CellType::kFloat32:
      return static_cast<double>(*static_cast<const float*>(cell.data));
    case CellType::kFloat64:
      return *static_cast<const double*>(cell.data);
    default:
      break;
  }
  throw Error(ErrorCode::kDatatypeMismatch, "a cell holds text where a number is read");
}

double ClippedNumber(const SourceInput& source, double v) {
  if (source.clip_low && v < *source.clip_low) v = *source.clip_low;
  if (source.clip_high && v > *source.clip_high) v = *source.clip_high;
  return v;
}

double TransformedNumber(const SourceInput& source, double v) {
  v = ClippedNumber(source, v);
  return source.scaling == base::Scaling::kLog ? std::copysign(std::log1p(std::abs(v)), v) : v;
}

struct Encoder::Impl {
  std::shared_ptr<const base::Preprocessing> description;  // the columns refer to it
  std::vector<Column> columns;
  size_t numbers = 0;
  bool needs_fold = false;
};

Encoder::Encoder(const base::DataSpec& spec) : impl_(std::make_unique<Impl>()) {
  impl_->description = spec.preprocessing;
  const std::vector<SourceInput>& sources = impl_->description->sources;
  for (const SourceInput& s : sources) impl_->numbers += base::ElementCount(s);
  size_t next = impl_->numbers > 0 ? 1 : 0, offset = impl_->numbers * sizeof(float);
  impl_->columns.reserve(sources.size());
  for (const SourceInput& s : sources) {
    impl_->columns.emplace_back(s, offset);
    impl_->needs_fold = impl_->needs_fold || impl_->columns.back().has_folds();
    if (s.own_input()) offset += spec.inputs.at(next++).row_bytes();
  }
}

Encoder::~Encoder() = default;

size_t Encoder::columns() const { return impl_->columns.size(); }
bool Encoder::needs_fold() const { return impl_->needs_fold; }

void Encoder::Encode(const Cell* cells, int fold, uint8_t* out) const {
  // a packed row need not be aligned as floats are
  constexpr size_t kFewNumbers = 256;
  float few[kFewNumbers];
  std::vector<float> many;
  float* numbers = few;
  if (impl_->numbers > kFewNumbers) {
    many.resize(impl_->numbers);
    numbers = many.data();
  }
  std::fill(numbers, numbers + impl_->numbers, 0.0f);
  float* next = numbers;
  for (size_t i = 0; i < impl_->columns.size(); ++i) {
    const Column& column = impl_->columns[i];
    column.Encode(cells[i], fold, next, out);
    next += column.numbers();
  }
  if (impl_->numbers > 0) std::memcpy(out, numbers, impl_->numbers * sizeof(float));
}

}  // namespace data
