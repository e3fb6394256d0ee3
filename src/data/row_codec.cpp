#include "data/row_codec.hpp"

#include <algorithm>
#include <cmath>
#include <cstring>
#include <iterator>
#include <limits>
#include <optional>
#include <type_traits>
#include <unordered_map>
#include <utility>

#include "base/error.hpp"
#include "base/literal.hpp"
#include "base/preprocessing.hpp"
#include "data/encoder.hpp"
#include "data/image_file.hpp"

namespace data {
namespace {

using base::DType;
using base::Error;
using base::ErrorCode;
using base::TargetKind;

static_assert(__BYTE_ORDER__ == __ORDER_LITTLE_ENDIAN__, "packed columns are written in the machine's order, which must be little-endian");

constexpr size_t kMostRowBytes = (size_t{1} << 30) - 64;  // the server's values end at 1 GB

std::string Quoted(const std::string& name) { return "\"" + name + "\""; }

/// "[2][3]", counted from 1, of a flat element number.
std::string Subscript(const Cell& cell, int64_t flat) {
  std::string text;
  for (int d = cell.rank - 1; d >= 0; --d) {
    text = "[" + std::to_string(flat % cell.dims[d] + 1) + "]" + text;
    flat /= cell.dims[d];
  }
  return text;
}

/// The n-th number of a cell, for messages.
std::string NumberText(const Cell& cell, int64_t n) {
  switch (cell.type) {
    case CellType::kBool: return static_cast<const uint8_t*>(cell.data)[n] ? "true" : "false";
    case CellType::kInt16: return std::to_string(static_cast<const int16_t*>(cell.data)[n]);
    case CellType::kInt32: return std::to_string(static_cast<const int32_t*>(cell.data)[n]);
    case CellType::kInt64: return std::to_string(static_cast<const int64_t*>(cell.data)[n]);
    default: break;
  }
  const double v = cell.type == CellType::kFloat32 ? static_cast<double>(static_cast<const float*>(cell.data)[n])
                                                   : static_cast<const double*>(cell.data)[n];
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "Infinity" : "-Infinity";
  return base::FormatNumber(v, true);
}

template <typename Dst, typename Src>
bool Fits(Src v) {
  if constexpr (std::is_same_v<Dst, Src>) {
    if constexpr (std::is_floating_point_v<Src>) return std::isfinite(v);
    return true;
  } else if constexpr (std::is_floating_point_v<Dst>) {
    if constexpr (std::is_integral_v<Src>) return true;
    return std::isfinite(static_cast<Dst>(v));
  } else if constexpr (std::is_integral_v<Src>) {
    return v >= static_cast<int64_t>(std::numeric_limits<Dst>::min()) && v <= static_cast<int64_t>(std::numeric_limits<Dst>::max());
  } else {
    const double d = static_cast<double>(v);
    return d >= static_cast<double>(std::numeric_limits<Dst>::min()) && d <= static_cast<double>(std::numeric_limits<Dst>::max()) &&
           d == std::trunc(d);
  }
}

/// Converts n elements; returns the first that does not fit, or -1. The loop has no way out in the middle, so that it vectorises.
template <typename Dst, typename Src>
int64_t Run(const void* from, int64_t n, uint8_t* out) {
  const Src* in = static_cast<const Src*>(from);
  bool fits = true;
  for (int64_t i = 0; i < n; ++i) {
    fits &= Fits<Dst, Src>(in[i]);
    // a value that does not fit is not cast: that would be undefined; the row is refused below
    const Dst v = Fits<Dst, Src>(in[i]) ? static_cast<Dst>(in[i]) : Dst{};
    std::memcpy(out + static_cast<size_t>(i) * sizeof(Dst), &v, sizeof(Dst));
  }
  if (fits) return -1;
  for (int64_t i = 0; i < n; ++i) {
    if (!Fits<Dst, Src>(in[i])) return i;
  }
  return -1;
}

template <typename Dst>
int64_t RunFrom(const Cell& cell, uint8_t* out) {
  switch (cell.type) {
    case CellType::kBool: return Run<Dst, uint8_t>(cell.data, cell.count, out);
    case CellType::kInt16: return Run<Dst, int16_t>(cell.data, cell.count, out);
    case CellType::kInt32: return Run<Dst, int32_t>(cell.data, cell.count, out);
    case CellType::kInt64: return Run<Dst, int64_t>(cell.data, cell.count, out);
    case CellType::kFloat32: return Run<Dst, float>(cell.data, cell.count, out);
    case CellType::kFloat64: return Run<Dst, double>(cell.data, cell.count, out);
    case CellType::kBytes: return Run<Dst, uint8_t>(cell.data, cell.count, out);
    default: break;
  }
  throw Error(ErrorCode::kInternal, "a cell without numbers was given to a numeric column");
}

int64_t RunTo(DType type, const Cell& cell, uint8_t* out) {
  switch (type) {
    case DType::kUInt8: return RunFrom<uint8_t>(cell, out);
    case DType::kInt8: return RunFrom<int8_t>(cell, out);
    case DType::kInt16: return RunFrom<int16_t>(cell, out);
    case DType::kInt32: return RunFrom<int32_t>(cell, out);
    case DType::kFloat32: return RunFrom<float>(cell, out);
    case DType::kFloat64: return RunFrom<double>(cell, out);
  }
  throw Error(ErrorCode::kInternal, "unknown element type");
}

std::string RangeText(DType type) {
  switch (type) {
    case DType::kUInt8: return "integers from 0 to 255";
    case DType::kInt8: return "integers from -128 to 127";
    case DType::kInt16: return "integers from -32768 to 32767";
    case DType::kInt32: return "integers from -2147483648 to 2147483647";
    default: return "finite numbers";
  }
}

/// What to do with the column's cells, worked out once.
struct ColumnConverter {
  const base::ColumnSpec* column = nullptr;  // of the source table
  size_t cell = 0;
  size_t offset = 0;
  size_t elements = 0;
  bool weight = false;
  std::optional<double> fill;  // all elements, where the cell is NULL
  bool words = false;  // labels or strings
  int64_t numbers = 0;  // columns from this one on that are a number each of one packed type
  std::unordered_map<std::string, int32_t> codes;  // dictionary (from 1) or class (from 0)
};

std::string Subject(const ColumnConverter& converter) { return converter.weight ? "the sample weight" : "column " + Quoted(converter.column->name); }

void CheckShape(const ColumnConverter& converter, const Cell& cell) {
  if (cell.type == CellType::kNull && converter.fill) return;
  if (cell.type == CellType::kNull) {
    throw Error(ErrorCode::kNullValue, Subject(converter) + " is NULL", "",
                "Leave such rows out by a view with WHERE, or fill the value in.");
  }
  if (cell.has_null_elements) {
    throw Error(ErrorCode::kNullValue, Subject(converter) + " holds an array with a NULL element", "",
                "Fill the elements in, or leave the row out by a view.");
  }
  if (converter.column->kind == TargetKind::kOneHot && !cell.is_array) return;  // one label makes a vector
  const base::Shape& shape = converter.column->shape;
  if (!cell.is_array && cell.type != CellType::kBytes && shape.empty()) return;
  const bool same = cell.type == CellType::kBytes ? static_cast<size_t>(cell.count) == converter.elements : ShapesAgree(CellShape(cell), shape);
  if (same) return;
  const std::string subject = Subject(converter);
  if (cell.type == CellType::kBytes) {
    const char* format = ImageFileFormat({static_cast<const char*>(cell.data), static_cast<size_t>(cell.count)});
    if (format != nullptr) {
      throw Error(ErrorCode::kInvalidData,
                  subject + " holds a " + format + " file of " + std::to_string(cell.count) + " bytes, but the shape " + base::FormatShape(shape) +
                      " has " + std::to_string(converter.elements),
                  "", kImageFileHint);
    }
    throw Error(ErrorCode::kInvalidData,
                subject + " holds " + std::to_string(cell.count) + " bytes, but the shape " + base::FormatShape(shape) +
                    " has " + std::to_string(converter.elements),
                "", "All images must have the same shape.");
  }
  throw Error(ErrorCode::kInvalidData,
              subject + " holds an array of shape " + base::FormatShape(CellShape(cell)) + " where " +
                  base::FormatShape(shape) + " is expected",
              "", "All rows must have the same shape: pad, crop or leave out the others.");
}

/// A NULL array: all elements are one number.
void FillNumbers(const ColumnConverter& converter, uint8_t* out) {
  Cell cell;
  cell.type = CellType::kFloat64;
  cell.count = 1;
  cell.data = &*converter.fill;
  const size_t width = base::DTypeSize(converter.column->dtype);
  for (size_t i = 0; i < converter.elements; ++i) {
    if (RunTo(converter.column->dtype, cell, out + i * width) < 0) continue;
    throw Error(ErrorCode::kInvalidData, "the constant " + NumberText(cell, 0) + " for a missing array of " +
                                             Subject(converter) + " is no " + base::DTypeName(converter.column->dtype));
  }
}

void ConvertNumbers(const ColumnConverter& converter, const Cell& cell, uint8_t* out) {
  const int64_t bad = RunTo(converter.weight ? DType::kFloat32 : converter.column->dtype, cell, out);
  if (bad < 0) return;
  const std::string value = NumberText(cell, bad);
  const std::string where = cell.is_array ? Subscript(cell, bad) : std::string();
  const std::string head = Subject(converter) + (converter.weight ? " is " : " holds ") + value + (where.empty() ? "" : " at " + where);
  const bool finite = value != "NaN" && value != "Infinity" && value != "-Infinity";
  if (!finite) throw Error(ErrorCode::kInvalidData, head, "", "Replace the value, or leave the row out by a view.");
  if (converter.column->dtype == DType::kFloat32) {
    throw Error(ErrorCode::kInvalidData, head + ", which is out of the range of real numbers in single precision", "",
                "Scale the column, or leave the row out by a view.");
  }
  throw Error(ErrorCode::kInvalidData,
              head + ", but the column is packed as " + base::DTypeName(converter.column->dtype) + " (" + RangeText(converter.column->dtype) + ")",
              "", "Give the column a wider type when the training data are packed: dtypes => '{\"column\": \"float32\"}'.");
}

/// An index of a word or a class: int32, or what it is packed together with.
void StoreCode(DType type, int32_t code, uint8_t* out) {
  const auto store = [out](auto value) { std::memcpy(out, &value, sizeof(value)); };
  if (type == DType::kInt32) return store(code);
  if (type == DType::kFloat32) return store(static_cast<float>(code));
  if (type == DType::kFloat64) return store(static_cast<double>(code));
  throw Error(ErrorCode::kInternal, "indexes of words are not packed as " + std::string(base::DTypeName(type)));
}

void ConvertTexts(const ColumnConverter& converter, const Cell& cell, uint8_t* out) {
  const bool classes = converter.column->kind == TargetKind::kOneHot || converter.column->kind == TargetKind::kClassIndex;
  for (int64_t i = 0; i < cell.count; ++i) {
    const std::string text(reinterpret_cast<const char*>(cell.texts[i].data), cell.texts[i].size);
    auto found = converter.codes.find(text);
    if (found == converter.codes.end() && classes) found = converter.codes.find(CanonicalNumber(text));
    int32_t code = 0;
    if (found != converter.codes.end()) {
      code = found->second;
    } else if (classes) {
      const auto& known = converter.column->class_values;
      std::string list;
      for (size_t k = 0; k < known.size() && k < 10; ++k) list += (k ? ", " : "") + known[k];
      if (known.size() > 10) list += ", ...";
      throw Error(ErrorCode::kInvalidData,
                  "column " + Quoted(converter.column->name) + " holds '" + text + "', which is none of the training data's " +
                      std::to_string(known.size()) + " classes",
                  "The classes are: " + list + ".", "Leave such rows out by a view, or pack the training data with rows of this class.");
    }
    if (converter.column->kind == TargetKind::kOneHot) {
      std::memset(out, 0, converter.elements);
      out[code] = 1;
    } else {
      StoreCode(converter.column->dtype, code, out + static_cast<size_t>(i) * base::DTypeSize(converter.column->dtype));
    }
  }
}

}  // namespace

base::Shape CellShape(const Cell& cell) {
  if (cell.is_array && cell.rank == 0) return {0};  // an empty array; {} is a scalar
  if (cell.is_array) return base::Shape(cell.dims, cell.dims + cell.rank);
  if (cell.type == CellType::kBytes) return {cell.count};
  return {};
}

bool ShapesAgree(const base::Shape& a, const base::Shape& b) {
  if (base::ElementCount(a) != base::ElementCount(b)) return false;
  if (a.size() <= 1 || b.size() <= 1) return true;
  base::Shape x, y;
  std::copy_if(a.begin(), a.end(), std::back_inserter(x), [](int64_t d) { return d != 1; });
  std::copy_if(b.begin(), b.end(), std::back_inserter(y), [](int64_t d) { return d != 1; });
  return x == y;
}

struct RowConverter::Impl {
  std::vector<base::ColumnSpec> inputs, targets;  // of the source table
  base::ColumnSpec weight;                        // the converters need a column to name
  std::vector<ColumnConverter> converters;
  std::optional<Encoder> encoder;  // of columns that are preprocessed, whose cells come first
  size_t cells = 0;
  size_t unweighted = 0;  // cells but that of the weight
  size_t row_bytes = 0;

  void AddConverter(const base::ColumnSpec* column, bool is_weight, std::optional<size_t> cell = std::nullopt) {
    ColumnConverter converter;
    converter.column = column;
    converter.cell = cell ? *cell : cells++;
    if (!is_weight) unweighted = cells;
    converter.offset = row_bytes;
    converter.elements = static_cast<size_t>(base::ElementCount(column->shape));
    converter.weight = is_weight;
    const bool classes = column->kind == TargetKind::kOneHot || column->kind == TargetKind::kClassIndex;
    converter.words = classes || !column->dictionary.empty();
    const std::vector<std::string>& words = classes ? column->class_values : column->dictionary;
    for (size_t i = 0; i < words.size(); ++i) converter.codes.emplace(words[i], static_cast<int32_t>(classes ? i : i + 1));
    row_bytes += column->row_bytes();
    if (row_bytes > kMostRowBytes) {
      throw Error(ErrorCode::kLimitExceeded, "a packed row would have more than " + std::to_string(kMostRowBytes) + " bytes",
                  "Column " + Quoted(column->name) + " has shape " + base::FormatShape(column->shape) + ".",
                  "A packed row must fit in a value of the server.");
    }
    converters.push_back(std::move(converter));
  }

  /// The encoder's numbers and indexes are only skipped; arrays and images have converters, under the names that their
  /// columns have.
  void AddPreprocessed(const base::DataSpec& spec) {
    encoder.emplace(spec);
    const std::vector<base::SourceInput>& sources = spec.preprocessing->sources;
    size_t numbers = 0;
    for (const base::SourceInput& s : sources) numbers += base::ElementCount(s);
    size_t next = numbers > 0 ? 1 : 0;
    row_bytes = numbers * sizeof(float);
    cells = unweighted = sources.size();
    inputs = spec.inputs;
    for (size_t i = 0; i < sources.size(); ++i) {
      if (!sources[i].own_input()) continue;
      base::ColumnSpec& input = inputs.at(next++);
      input.name = sources[i].name;
      if (sources[i].categorical()) {
        row_bytes += input.row_bytes();
        continue;
      }
      AddConverter(&input, false, i);
      if (sources[i].imputation == base::Imputation::kConstant) converters.back().fill = sources[i].fill;
    }
  }

  // Wide tables of scalar columns are converted by such runs.
  void CountNumbers() {
    for (size_t i = converters.size(); i-- > 0;) {
      const ColumnConverter* next = i + 1 < converters.size() ? &converters[i + 1] : nullptr;
      ColumnConverter& converter = converters[i];
      if (converter.words || converter.weight || !converter.column->shape.empty()) continue;
      const bool goes_on = next != nullptr && next->numbers > 0 && next->column->dtype == converter.column->dtype;
      converter.numbers = goes_on ? next->numbers + 1 : 1;
    }
  }
};

RowConverter::RowConverter(const base::DataSpec& spec) : impl_(std::make_unique<Impl>()) {
  impl_->targets = spec.targets;
  impl_->weight.name = "sample_weight";
  if (spec.preprocessing) {
    impl_->AddPreprocessed(spec);
  } else {
    impl_->inputs = base::SourceColumns(spec.inputs);
    for (const base::ColumnSpec& c : impl_->inputs) impl_->AddConverter(&c, false);
  }
  for (const base::ColumnSpec& c : impl_->targets) impl_->AddConverter(&c, false);
  if (spec.has_weights) impl_->AddConverter(&impl_->weight, true);
  impl_->CountNumbers();
}

RowConverter::~RowConverter() = default;
RowConverter::RowConverter(RowConverter&&) noexcept = default;

size_t RowConverter::columns() const { return impl_->cells; }
size_t RowConverter::row_bytes() const { return impl_->row_bytes; }

void RowConverter::CheckShapes(const Cell* cells) const {
  for (const ColumnConverter& converter : impl_->converters) CheckShape(converter, cells[converter.cell]);
}

void RowConverter::Convert(const Cell* cells, uint8_t* out) const {
  if (impl_->encoder) {
    const int fold = impl_->encoder->needs_fold() ? FoldOf(cells, impl_->unweighted) : -1;
    impl_->encoder->Encode(cells, fold, out);
  }
  for (size_t i = 0; i < impl_->converters.size(); ++i) {
    const ColumnConverter& converter = impl_->converters[i];
    const Cell& cell = cells[converter.cell];
    const int64_t run = std::min(converter.numbers, cell.side_by_side);
    if (run > 1) {
      Cell numbers = cell;
      numbers.count = run;
      const int64_t bad = RunTo(converter.column->dtype, numbers, out + converter.offset);
      if (bad >= 0)
        ConvertNumbers(impl_->converters[i + static_cast<size_t>(bad)],
                       cells[converter.cell + static_cast<size_t>(bad)], out);  // throws
      i += static_cast<size_t>(run) - 1;
      continue;
    }
    CheckShape(converter, cell);
    if (cell.type == CellType::kNull) {
      FillNumbers(converter, out + converter.offset);
      continue;
    }
    if (cell.type == CellType::kText) {
      if (!converter.words) throw Error(ErrorCode::kDatatypeMismatch, "column " + Quoted(converter.column->name) + " holds text where numbers are packed");
      ConvertTexts(converter, cell, out + converter.offset);
      continue;
    }
    if (converter.words) throw Error(ErrorCode::kDatatypeMismatch, "column " + Quoted(converter.column->name) + " holds numbers where text is packed");
    ConvertNumbers(converter, cell, out + converter.offset);
    if (converter.weight) {
      float weight = 0;
      std::memcpy(&weight, out + converter.offset, sizeof(weight));
      if (weight < 0) {
        throw Error(ErrorCode::kInvalidData, "the sample weight is " + base::FormatNumber(static_cast<double>(weight), true), "",
                    "Sample weights must be 0 or more.");
      }
    }
  }
}

std::string CanonicalNumber(std::string_view text) {
  std::string number(text);
  const size_t point = number.find('.');
  if (point != std::string::npos && number.find_first_not_of("0123456789.-") == std::string::npos) {
    number.erase(number.find_last_not_of('0') + 1);
    if (number.back() == '.') number.pop_back();
  }
  if (number == "-0") return "0";
  return number;
}

BufferBuilder::BufferBuilder(const base::DataSpec& spec) : inputs_(spec.inputs.size()), targets_(spec.targets.size()) {
  for (const base::ColumnSpec& c : spec.inputs) widths_.push_back(c.row_bytes());
  for (const base::ColumnSpec& c : spec.targets) widths_.push_back(c.row_bytes());
  if (spec.has_weights) widths_.push_back(sizeof(float));
  for (size_t w : widths_) row_bytes_ += w;
  data_.resize(widths_.size());
}

void BufferBuilder::Add(std::string_view packed_row) {
  if (packed_row.size() != row_bytes_) {
    throw Error(ErrorCode::kDataCorrupted,
                "a packed row has " + std::to_string(packed_row.size()) + " bytes instead of " + std::to_string(row_bytes_));
  }
  const uint8_t* from = reinterpret_cast<const uint8_t*>(packed_row.data());
  for (size_t i = 0; i < widths_.size(); ++i) {
    data_[i].insert(data_[i].end(), from, from + widths_[i]);
    from += widths_[i];
  }
  ++rows_;
}

void BufferBuilder::Clear() {
  for (auto& column : data_) column.clear();
  rows_ = 0;
}

base::Bytes BufferBuilder::column(size_t i) const { return {data_[i].data(), data_[i].size()}; }

base::Buffer BufferBuilder::buffer() const {
  base::Buffer buffer;
  buffer.rows = rows_;
  for (size_t i = 0; i < inputs_; ++i) buffer.inputs.push_back(data_[i].data());
  for (size_t i = inputs_; i < inputs_ + targets_; ++i) buffer.targets.push_back(data_[i].data());
  if (widths_.size() > inputs_ + targets_) buffer.weights = data_.back().data();
  return buffer;
}

}  // namespace data
