// A row of cells -> numbers and indexes, without a server.
#include "data/encoder.hpp"

#include <gtest/gtest.h>

#include <cmath>
#include <cstring>
#include <limits>
#include <memory>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace {

using base::ColumnSpec;
using base::DataSpec;
using base::DType;
using base::Encoding;
using base::Imputation;
using base::Scaling;
using base::SourceInput;
using base::ValueClass;
using data::Cell;
using data::CellType;

constexpr double kNaN = std::numeric_limits<double>::quiet_NaN();
constexpr double kInfinity = std::numeric_limits<double>::infinity();

Cell Number(const double& value) {
  Cell cell;
  cell.type = CellType::kFloat64;
  cell.count = 1;
  cell.data = &value;
  return cell;
}

/// A text that the cell points to.
struct Word {
  std::string text;
  base::Bytes bytes;
  Cell cell;
  explicit Word(const char* t) : text(t) {
    bytes = {reinterpret_cast<const uint8_t*>(text.data()), text.size()};
    cell.type = CellType::kText;
    cell.count = 1;
    cell.texts = &bytes;
  }
  Word(const Word&) = delete;
};

SourceInput Source(ValueClass value_class, Encoding encoding) {
  SourceInput s;
  s.name = "x";
  s.value_class = value_class;
  s.encoding = encoding;
  s.imputation = value_class == ValueClass::kCategory ? Imputation::kNone : Imputation::kMedian;
  return s;
}

DataSpec SpecOf(std::vector<SourceInput> sources) {
  DataSpec spec;
  int64_t numbers = 0;
  for (const SourceInput& s : sources) numbers += static_cast<int64_t>(base::ElementCount(s));
  if (numbers > 0) {
    spec.inputs.emplace_back();
    spec.inputs.back().name = "numbers";
    spec.inputs.back().shape = {numbers};
  }
  for (const SourceInput& s : sources) {
    if (!s.own_input()) continue;
    ColumnSpec c;
    c.name = s.name;
    c.dtype = s.categorical() ? DType::kInt32 : DType::kFloat32;
    if (!s.categorical()) c.shape = {2};
    spec.inputs.push_back(c);
  }
  auto p = std::make_shared<base::Preprocessing>();
  p->sources = std::move(sources);
  spec.preprocessing = p;
  return spec;
}

std::vector<float> Numbers(const SourceInput& source, const Cell& cell, int fold = -1) {
  const DataSpec spec = SpecOf({source});
  std::vector<float> out(base::ElementCount(source));
  data::Encoder(spec).Encode(&cell, fold, reinterpret_cast<uint8_t*>(out.data()));
  return out;
}

int32_t Index(const SourceInput& source, const Cell& cell) {
  const DataSpec spec = SpecOf({source});
  std::vector<uint8_t> out(base::ElementCount(source) * sizeof(float) + sizeof(int32_t));
  data::Encoder(spec).Encode(&cell, -1, out.data());
  int32_t index;
  std::memcpy(&index, out.data() + out.size() - sizeof(index), sizeof(index));
  return index;
}

std::string Fault(const SourceInput& source, const Cell& cell) {
  try {
    Numbers(source, cell);
  } catch (const base::Error& error) {
    return error.what();
  }
  return "";
}

TEST(Encoder, NumbersAreImputedClippedAndScaledInDoublePrecision) {
  SourceInput s = Source(ValueClass::kNumber, Encoding::kNone);
  s.indicator = true;
  s.fill = 1700000000.5;
  s.center = 1700000000;
  s.spread = 0.25;
  const double v = 1700000001;  // no float32
  EXPECT_EQ(Numbers(s, Number(v)), (std::vector<float>{4, 0}));
  EXPECT_EQ(Numbers(s, Cell()), (std::vector<float>{2, 1}));
  EXPECT_EQ(Numbers(s, Number(kNaN)), (std::vector<float>{2, 1}));
  s.indicator = false;
  EXPECT_EQ(Numbers(s, Cell()), (std::vector<float>{2}));
  s.clip_low = 1699999999;
  s.clip_high = 1700000000.25;
  EXPECT_EQ(Numbers(s, Number(v)), (std::vector<float>{1}));
  EXPECT_EQ(Numbers(s, Number(kInfinity)), (std::vector<float>{1}));
  EXPECT_EQ(Numbers(s, Number(-kInfinity)), (std::vector<float>{-4}));
  EXPECT_EQ(Numbers(s, Cell()), (std::vector<float>{1})) << "an imputed value is clipped, too";
  s = Source(ValueClass::kNumber, Encoding::kNone);
  s.scaling = Scaling::kLog;
  s.center = 0.5;
  s.spread = 2;
  const double minus = -9, zero = 0;
  EXPECT_EQ(Numbers(s, Number(minus)), (std::vector<float>{static_cast<float>((-std::log1p(9.0) - 0.5) / 2)}));
  EXPECT_EQ(Numbers(s, Number(zero)), (std::vector<float>{-0.25f}));
}

TEST(Encoder, EveryTypeOfNumberIsRead) {
  const SourceInput s = Source(ValueClass::kNumber, Encoding::kNone);
  const auto read = [&s](CellType type, const void* data) {
    Cell cell;
    cell.type = type;
    cell.count = 1;
    cell.data = data;
    return Numbers(s, cell)[0];
  };
  const uint8_t yes = 1;
  const int16_t small = -7;
  const int32_t whole = 1 << 20;
  const int64_t large = int64_t{1} << 40;
  const float real = 0.5f;
  EXPECT_EQ(read(CellType::kBool, &yes), 1);
  EXPECT_EQ(read(CellType::kInt16, &small), -7);
  EXPECT_EQ(read(CellType::kInt32, &whole), 1 << 20);
  EXPECT_EQ(read(CellType::kInt64, &large), std::ldexp(1.0f, 40));
  EXPECT_EQ(read(CellType::kFloat32, &real), 0.5f);
}

TEST(Encoder, WhatCannotBeUsedIsRefused) {
  SourceInput s = Source(ValueClass::kNumber, Encoding::kNone);
  const double huge = 1e300;
  EXPECT_EQ(Fault(s, Number(kInfinity)), "column \"x\" holds Infinity");
  EXPECT_EQ(Fault(s, Number(-kInfinity)), "column \"x\" holds -Infinity");
  EXPECT_EQ(Fault(s, Number(huge)),
            "column \"x\" gives 1e+300, which is out of the range of real numbers in single precision");
  s.spread = 1e300;
  EXPECT_EQ(Numbers(s, Number(huge)), (std::vector<float>{1}));
  s.imputation = Imputation::kError;
  EXPECT_EQ(Fault(s, Cell()), "column \"x\" is NULL");
  EXPECT_EQ(Fault(s, Number(kNaN)), "column \"x\" is NULL");
  s.clip_high = 5;
  EXPECT_EQ(Fault(s, Number(-kInfinity)), "column \"x\" holds -Infinity");
  SourceInput c = Source(ValueClass::kCategory, Encoding::kOneHot);
  c.categories = {"a"};
  c.imputation = Imputation::kError;
  EXPECT_EQ(Fault(c, Cell()), "column \"x\" is NULL");
  EXPECT_EQ(Fault(c, Number(huge)), "column \"x\" holds numbers where categories are read");
  const Word word("a");
  EXPECT_NE(Fault(Source(ValueClass::kNumber, Encoding::kNone), word.cell), "");
}

TEST(Encoder, CategoriesHaveCodes) {
  SourceInput s = Source(ValueClass::kCategory, Encoding::kOneHot);
  s.categories = {"a", "b", ""};
  s.indicator = true;
  const Word a("a"), b("b"), empty(""), unknown("B");
  EXPECT_EQ(Numbers(s, a.cell), (std::vector<float>{1, 0, 0, 0}));
  EXPECT_EQ(Numbers(s, empty.cell), (std::vector<float>{0, 0, 1, 0}));
  EXPECT_EQ(Numbers(s, unknown.cell), (std::vector<float>{0, 0, 0, 0}));
  EXPECT_EQ(Numbers(s, Cell()), (std::vector<float>{0, 0, 0, 1}));
  s.fill_category = "b";
  EXPECT_EQ(Numbers(s, Cell()), (std::vector<float>{0, 1, 0, 1}));
  s.encoding = Encoding::kOrdinal;
  s.indicator = false;
  s.center = 1;
  s.spread = 2;
  EXPECT_EQ(Numbers(s, a.cell), (std::vector<float>{0}));
  EXPECT_EQ(Numbers(s, empty.cell), (std::vector<float>{1}));
  EXPECT_EQ(Numbers(s, unknown.cell), (std::vector<float>{-0.5}));
  EXPECT_EQ(Numbers(s, Cell()), (std::vector<float>{0.5}));
  s.encoding = Encoding::kIndex;
  EXPECT_EQ(Index(s, b.cell), 2);
  EXPECT_EQ(Index(s, unknown.cell), 0);
  EXPECT_EQ(Index(s, Cell()), 2);
  s.fill_category.reset();
  EXPECT_EQ(Index(s, Cell()), 0);
  s.indicator = true;
  EXPECT_EQ(Index(s, a.cell), 1);
}

TEST(Encoder, BinsOfHashesAreAFormat) {
  SourceInput s = Source(ValueClass::kCategory, Encoding::kHash);
  s.bins = 1000;
  const Word bonn("Bonn");
  EXPECT_EQ(Index(s, Cell()), 0);
  EXPECT_EQ(Index(s, bonn.cell), data::BinOf("Bonn", 1000) + 1);
  std::vector<int> rows(10);
  for (int i = 0; i < 10000; ++i) {
    const int64_t bin = data::BinOf("word " + std::to_string(i), 10);
    ASSERT_GE(bin, 0);
    ASSERT_LT(bin, 10);
    ++rows[static_cast<size_t>(bin)];
  }
  for (const int n : rows) EXPECT_NEAR(n, 1000, 150);
}

TEST(Encoder, TargetsOfFoldsAndOfTheWholeTable) {
  SourceInput s = Source(ValueClass::kCategory, Encoding::kTarget);
  s.categories = {"a", "b"};
  s.prior = {0.5, 1};
  s.category_values = {{1, 2}, {3, 4}};
  s.missing_values = {5, 6};
  s.center = 1;
  s.spread = 2;
  const Word b("b"), unknown("c");
  EXPECT_EQ(Numbers(s, b.cell), (std::vector<float>{1, 1.5}));
  EXPECT_EQ(Numbers(s, Cell()), (std::vector<float>{2, 2.5}));
  EXPECT_EQ(Numbers(s, unknown.cell), (std::vector<float>{-0.25, 0}));
  EXPECT_FALSE(data::Encoder(SpecOf({s})).needs_fold());
  s.folds = {{{{11, 12}, {13, 14}}, {15, 16}}, {{{21, 22}, {23, 24}}, {25, 26}}};
  EXPECT_TRUE(data::Encoder(SpecOf({s})).needs_fold());
  EXPECT_EQ(Numbers(s, b.cell, 0), (std::vector<float>{6, 6.5}));
  EXPECT_EQ(Numbers(s, b.cell, 1), (std::vector<float>{11, 11.5}));
  EXPECT_EQ(Numbers(s, Cell(), 1), (std::vector<float>{12, 12.5}));
}

TEST(Encoder, FoldsDependOnContents) {
  const double one = 1, other_one = 1, two = 2;
  const Word a("a"), same("a"), ab("ab"), b("b"), empty("");
  const Cell rows[][2] = {{Number(one), a.cell}, {Number(other_one), same.cell}};
  EXPECT_EQ(data::FoldOf(rows[0], 2), data::FoldOf(rows[1], 2));
  std::vector<int> counts(data::kTargetFolds);
  for (int i = 0; i < 5000; ++i) {
    const double v = i;
    const Cell row[] = {Number(v), a.cell};
    const int fold = data::FoldOf(row, 2);
    ASSERT_GE(fold, 0);
    ASSERT_LT(fold, data::kTargetFolds);
    ++counts[static_cast<size_t>(fold)];
  }
  for (const int n : counts) EXPECT_NEAR(n, 1000, 150);
  // where texts are cut is part of the contents
  int different = 0;
  for (int i = 0; i < 64; ++i) {
    const double v = i;
    const Cell first[] = {ab.cell, empty.cell, Number(v)}, second[] = {a.cell, b.cell, Number(v)};
    different += data::FoldOf(first, 3) != data::FoldOf(second, 3) ? 1 : 0;
  }
  EXPECT_GT(different, 30);
  EXPECT_GE(data::FoldOf(rows[0], 1) + static_cast<int>(two), 0);
}

TEST(Encoder, Calendar) {
  SourceInput s = Source(ValueClass::kTime, Encoding::kCalendar);
  s.fill = 86400;
  s.indicator = true;
  // 2024-02-29 18:00, a Thursday
  const double leap = 1709229600;
  const std::vector<float> row = Numbers(s, Number(leap));
  ASSERT_EQ(row.size(), 8u);
  EXPECT_EQ(row[0], static_cast<float>(leap));
  EXPECT_NEAR(row[1], -1, 1e-7);  // three quarters of the day
  EXPECT_NEAR(row[2], 0, 1e-7);
  EXPECT_NEAR(row[3], std::sin(2 * M_PI * 4 / 7), 1e-7);
  EXPECT_NEAR(row[4], std::cos(2 * M_PI * 4 / 7), 1e-7);
  EXPECT_NEAR(row[5], std::sin(2 * M_PI / 12), 1e-7);
  EXPECT_NEAR(row[6], std::cos(2 * M_PI / 12), 1e-7);
  EXPECT_EQ(Numbers(s, Cell()), (std::vector<float>{86400, 0, 0, 0, 0, 0, 0, 1}));
  s.value_class = ValueClass::kDate;
  EXPECT_EQ(Numbers(s, Number(leap)).size(), 6u);
  // every day of 800 years, with all their leap years, before and after 1970: the month is counted by days
  constexpr int kDays[] = {31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31};
  int64_t day = -135140;  // 1600-01-01, a Saturday
  for (int year = 1600; year < 2400; ++year) {
    for (int month = 0; month < 12; ++month) {
      const bool is_leap = year % 4 == 0 && (year % 100 != 0 || year % 400 == 0);
      for (int d = 0; d < kDays[month] + (month == 1 && is_leap ? 1 : 0); ++d, ++day) {
        const double seconds = static_cast<double>(day) * 86400;
        const std::vector<float> v = Numbers(s, Number(seconds));
        ASSERT_EQ(v[3], static_cast<float>(std::sin(2 * 3.14159265358979323846 * (month / 12.0))))
            << year << " " << month + 1 << " " << d + 1;
        ASSERT_EQ(v[1], static_cast<float>(
                            std::sin(2 * 3.14159265358979323846 * (static_cast<double>((day + 135140 + 6) % 7) / 7))))
            << day;
      }
    }
  }
}

TEST(Encoder, ALayoutOfSeveralInputs) {
  SourceInput n = Source(ValueClass::kNumber, Encoding::kNone), word = Source(ValueClass::kCategory, Encoding::kIndex);
  SourceInput array = Source(ValueClass::kArray, Encoding::kNone),
              hot = Source(ValueClass::kCategory, Encoding::kOneHot);
  word.name = "word";
  word.categories = {"a", "b"};
  word.indicator = true;
  array.name = "v";
  array.imputation = Imputation::kConstant;
  array.fill = 7;
  array.indicator = true;
  hot.categories = {"p", "q"};
  const DataSpec spec = SpecOf({word, n, array, hot});
  const double v = 3;
  const float values[] = {1, 2};
  const Word b("b"), q("q");
  Cell vector;
  vector.type = CellType::kFloat32;
  vector.is_array = true;
  vector.rank = 1;
  vector.dims[0] = vector.count = 2;
  vector.data = values;
  const data::RowConverter converter(spec);
  ASSERT_EQ(converter.columns(), 4u);
  ASSERT_EQ(converter.row_bytes(), 5 * sizeof(float) + sizeof(int32_t) + 2 * sizeof(float));
  const auto convert = [&](const std::vector<Cell>& cells) {
    std::vector<uint8_t> out(converter.row_bytes());
    converter.CheckShapes(cells.data());
    converter.Convert(cells.data(), out.data());
    std::vector<float> all(8);
    std::memcpy(all.data(), out.data(), out.size());
    int32_t index;
    std::memcpy(&index, out.data() + 5 * sizeof(float), sizeof(index));
    all[5] = static_cast<float>(index);
    return all;
  };
  EXPECT_EQ(convert({b.cell, Number(v), vector, q.cell}), (std::vector<float>{0, 3, 0, 0, 1, 2, 1, 2}));
  EXPECT_EQ(convert({Cell(), Cell(), Cell(), Cell()}), (std::vector<float>{1, 0, 1, 0, 0, 0, 7, 7}));
}

}  // namespace
