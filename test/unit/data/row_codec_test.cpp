// Conversion of values to packed bytes, without a server.

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <string>
#include <vector>

#include "base/error.hpp"
#include "data/row_codec.hpp"

namespace {

using base::ColumnSpec;
using base::DataSpec;
using base::DType;
using base::TargetKind;
using data::Cell;
using data::CellType;

template <typename T>
Cell Array(CellType type, const std::vector<T>& values, const std::vector<int64_t>& dims) {
  Cell cell;
  cell.type = type;
  cell.is_array = true;
  cell.rank = static_cast<int>(dims.size());
  for (size_t d = 0; d < dims.size(); ++d) cell.dims[d] = dims[d];
  cell.count = static_cast<int64_t>(values.size());
  cell.data = values.data();
  return cell;
}

template <typename T>
Cell Scalar(CellType type, const T& value) {
  Cell cell;
  cell.type = type;
  cell.count = 1;
  cell.data = &value;
  return cell;
}

Cell Text(const base::Bytes& bytes) {
  Cell cell;
  cell.type = CellType::kText;
  cell.count = 1;
  cell.texts = &bytes;
  return cell;
}

base::Bytes View(const std::string& s) { return {reinterpret_cast<const uint8_t*>(s.data()), s.size()}; }

DataSpec OneInput(DType dtype, base::Shape shape) {
  DataSpec spec;
  ColumnSpec column;
  column.name = "x";
  column.dtype = dtype;
  column.shape = std::move(shape);
  spec.inputs.push_back(column);
  return spec;
}

template <typename T>
std::vector<T> Convert(const DataSpec& spec, const std::vector<Cell>& cells) {
  const data::RowConverter converter(spec);
  std::vector<uint8_t> out(converter.row_bytes());
  converter.Convert(cells.data(), out.data());
  std::vector<T> values(out.size() / sizeof(T));
  std::memcpy(values.data(), out.data(), values.size() * sizeof(T));
  return values;
}

/// The message of the error that a conversion throws; "" when it does not.
std::string Fault(const DataSpec& spec, const std::vector<Cell>& cells) {
  try {
    Convert<uint8_t>(spec, cells);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "";
}

TEST(RowConverter, EveryPairOfTypes) {
  const std::vector<int16_t> shorts = {0, 1, 127};
  const std::vector<int32_t> ints = {0, 1, 127};
  const std::vector<int64_t> longs = {0, 1, 127};
  const std::vector<float> reals = {0, 1, 127};
  const std::vector<double> doubles = {0, 1, 127};
  const std::vector<Cell> cells = {Array(CellType::kInt16, shorts, {3}), Array(CellType::kInt32, ints, {3}),
                                   Array(CellType::kInt64, longs, {3}),
                                   Array(CellType::kFloat32, reals, {3}), Array(CellType::kFloat64, doubles, {3})};
  for (const Cell& cell : cells) {
    EXPECT_EQ(Convert<uint8_t>(OneInput(DType::kUInt8, {3}), {cell}), (std::vector<uint8_t>{0, 1, 127}));
    EXPECT_EQ(Convert<int8_t>(OneInput(DType::kInt8, {3}), {cell}), (std::vector<int8_t>{0, 1, 127}));
    EXPECT_EQ(Convert<int16_t>(OneInput(DType::kInt16, {3}), {cell}), (std::vector<int16_t>{0, 1, 127}));
    EXPECT_EQ(Convert<int32_t>(OneInput(DType::kInt32, {3}), {cell}), (std::vector<int32_t>{0, 1, 127}));
    EXPECT_EQ(Convert<float>(OneInput(DType::kFloat32, {3}), {cell}), (std::vector<float>{0, 1, 127}));
  }
}

TEST(RowConverter, LimitsOfTheIntegerTypes) {
  const std::vector<int64_t> limits = {-129, -128, 127, 128, 255, 256, -32769, -32768, 32767, 32768, -2147483649LL, -2147483648LL,
      2147483647, 2147483648LL};
  const auto fits = [&](DType dtype, int64_t value) {
    const std::vector<int64_t> one = {value};
    const std::vector<double> real = {static_cast<double>(value)};
    const bool as_integer = Fault(OneInput(dtype, {1}), {Array(CellType::kInt64, one, {1})}).empty();
    EXPECT_EQ(as_integer, Fault(OneInput(dtype, {1}), {Array(CellType::kFloat64, real, {1})}).empty()) << value;
    return as_integer;
  };
  for (int64_t v : limits) {
    EXPECT_EQ(fits(DType::kUInt8, v), v >= 0 && v <= 255) << v;
    EXPECT_EQ(fits(DType::kInt8, v), v >= -128 && v <= 127) << v;
    EXPECT_EQ(fits(DType::kInt16, v), v >= -32768 && v <= 32767) << v;
    EXPECT_EQ(fits(DType::kInt32, v), v >= INT32_MIN && v <= INT32_MAX) << v;
  }
}

TEST(RowConverter, FaultsNameColumnValueAndPosition) {
  const std::vector<double> values = {1, 2, 0.5, 4};
  EXPECT_EQ(Fault(OneInput(DType::kUInt8, {2, 2}), {Array(CellType::kFloat64, values, {2, 2})}),
            "column \"x\" holds 0.5 at [2][1], but the column is packed as uint8 (integers from 0 to 255)");
  const std::vector<float> nan = {1, std::numeric_limits<float>::quiet_NaN()};
  EXPECT_EQ(Fault(OneInput(DType::kFloat32, {2}), {Array(CellType::kFloat32, nan, {2})}), "column \"x\" holds NaN at [2]");
  const double huge = 1e39;
  EXPECT_EQ(Fault(OneInput(DType::kFloat32, {}), {Scalar(CellType::kFloat64, huge)}),
            "column \"x\" holds 1e+39, which is out of the range of real numbers in single precision");
  EXPECT_EQ(Fault(OneInput(DType::kFloat32, {}), {Cell()}), "column \"x\" is NULL");
  EXPECT_EQ(Fault(OneInput(DType::kFloat32, {3}), {Array(CellType::kFloat64, values, {2, 2})}),
            "column \"x\" holds an array of shape (2, 2) where (3,) is expected");
}

TEST(RowConverter, MembersAreCellsOfTheirOwn) {
  DataSpec spec = OneInput(DType::kFloat64, {3});
  spec.inputs[0].members = {{"seconds", {}}, {"word", {"a", "b"}}, {"flag", {}}};
  const int64_t seconds = 1700000001;
  const std::string word = "b";
  const base::Bytes bytes = View(word);
  const uint8_t flag = 1;
  EXPECT_EQ(data::RowConverter(spec).columns(), 3u);
  EXPECT_EQ(Convert<double>(spec, {Scalar(CellType::kInt64, seconds), Text(bytes), Scalar(CellType::kBool, flag)}),
            (std::vector<double>{1700000001, 2, 1}));
  EXPECT_EQ(Fault(spec, {Scalar(CellType::kInt64, seconds), Text(bytes), Cell()}), "column \"flag\" is NULL");
  EXPECT_EQ(Fault(spec, {Text(bytes), Text(bytes), Scalar(CellType::kBool, flag)}), "column \"seconds\" holds text where numbers are packed");
  spec.inputs[0].dtype = DType::kFloat32;
  EXPECT_EQ(Convert<float>(spec, {Scalar(CellType::kBool, flag), Text(bytes), Scalar(CellType::kBool, flag)}), (std::vector<float>{1, 2, 1}));
}

TEST(RowConverter, ClassesDictionariesAndWeights) {
  DataSpec spec;
  ColumnSpec word = OneInput(DType::kInt32, {}).inputs[0];
  word.dictionary = {"a", "b"};
  spec.inputs.push_back(word);
  ColumnSpec one_hot;
  one_hot.name = "y";
  one_hot.dtype = DType::kUInt8;
  one_hot.kind = TargetKind::kOneHot;
  one_hot.class_values = {"1", "2.5"};
  one_hot.num_classes = 3;
  one_hot.shape = {3};
  spec.targets.push_back(one_hot);
  spec.has_weights = true;
  const std::string b = "b", label = "2.50", unknown = "z", other = "3";
  const base::Bytes views[] = {View(b), View(label), View(unknown), View(other)};
  const float weight = 0.25F, negative = -1;
  const auto row = Convert<uint8_t>(spec, {Text(views[0]), Text(views[1]), Scalar(CellType::kFloat32, weight)});
  EXPECT_EQ(row, (std::vector<uint8_t>{2, 0, 0, 0, 0, 1, 0, 0, 0, 0x80, 0x3e}));
  // an unknown string is index 0, an unknown label an error
  EXPECT_EQ(Convert<uint8_t>(spec, {Text(views[2]), Text(views[1]), Scalar(CellType::kFloat32, weight)})[0], 0);
  EXPECT_EQ(Fault(spec, {Text(views[0]), Text(views[3]), Scalar(CellType::kFloat32, weight)}),
            "column \"y\" holds '3', which is none of the training data's 2 classes");
  EXPECT_EQ(Fault(spec, {Text(views[0]), Text(views[1]), Scalar(CellType::kFloat32, negative)}), "the sample weight is -1");
}

TEST(CanonicalNumber, DropsWhatDoesNotCount) {
  EXPECT_EQ(data::CanonicalNumber("1.50"), "1.5");
  EXPECT_EQ(data::CanonicalNumber("2.000"), "2");
  EXPECT_EQ(data::CanonicalNumber("-0"), "0");
  EXPECT_EQ(data::CanonicalNumber("-0.00"), "0");
  EXPECT_EQ(data::CanonicalNumber("100"), "100");
  EXPECT_EQ(data::CanonicalNumber("1.20e+30"), "1.20e+30");
  EXPECT_EQ(data::CanonicalNumber("v1.0"), "v1.0");
  EXPECT_EQ(data::CanonicalNumber(""), "");
}

TEST(ShapesAgree, FlatAndUnitDimensions) {
  EXPECT_TRUE(data::ShapesAgree({28, 28}, {28, 28, 1}));
  EXPECT_TRUE(data::ShapesAgree({784}, {28, 28, 1}));
  EXPECT_TRUE(data::ShapesAgree({}, {1}));
  EXPECT_FALSE(data::ShapesAgree({2, 3}, {3, 2}));
  EXPECT_FALSE(data::ShapesAgree({0}, {}));
  EXPECT_FALSE(data::ShapesAgree({5}, {6}));
}

TEST(BufferBuilder, LaysRowsOutByColumn) {
  DataSpec spec = OneInput(DType::kUInt8, {2});
  ColumnSpec y;
  y.name = "y";
  y.dtype = DType::kInt16;
  y.kind = TargetKind::kArray;
  y.shape = {1};
  spec.targets.push_back(y);
  spec.has_weights = true;
  data::BufferBuilder builder(spec);
  EXPECT_EQ(builder.row_bytes(), 8u);
  EXPECT_THROW(builder.Add("short"), base::Error);
  builder.Add(std::string_view("abAB1234", 8));
  builder.Add(std::string_view("cdCD5678", 8));
  const base::Buffer buffer = builder.buffer();
  EXPECT_EQ(buffer.rows, 2);
  EXPECT_EQ(std::memcmp(buffer.inputs.at(0), "abcd", 4), 0);
  EXPECT_EQ(std::memcmp(buffer.targets.at(0), "ABCD", 4), 0);
  EXPECT_EQ(std::memcmp(buffer.weights, "12345678", 8), 0);
  builder.Clear();
  EXPECT_EQ(builder.buffer().rows, 0);
}

}  // namespace
