// Sums, quantiles and counts of columns: exact, whatever the order of the rows and however they are spread.
#include "pack/column_statistics.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <limits>
#include <map>
#include <random>
#include <string>
#include <vector>

#include "base/error.hpp"

namespace {

using data::Cell;
using data::CellType;
using pack::Bracket;
using pack::RangeSums;
using pack::Statistics;
using pack::StatisticsRequest;

Cell Number(const double& value) {
  Cell cell;
  cell.type = CellType::kFloat64;
  cell.count = 1;
  cell.data = &value;
  return cell;
}

TEST(ColumnStatistics, NumbersInTheirOrder) {
  const std::vector<double> numbers = {
      -std::numeric_limits<double>::infinity(), -1e300, -1.5, -1e-300, 0, 1e-320, 1, 1.0000000000000002, 1e300,
      std::numeric_limits<double>::infinity()};
  for (size_t i = 0; i < numbers.size(); ++i) {
    EXPECT_EQ(pack::NumberAt(pack::OrderOf(numbers[i])), numbers[i]);
    if (i > 0) {
      EXPECT_LT(pack::OrderOf(numbers[i - 1]), pack::OrderOf(numbers[i]));
    }
  }
  EXPECT_EQ(pack::OrderOf(-0.0), pack::OrderOf(0.0));
}

TEST(ColumnStatistics, SumsAreThoseOfLongArithmetic) {
  std::mt19937_64 random(1);
  std::lognormal_distribution<double> values(0, 4);
  for (const double shift : {0.0, 1.7e9, -1e12}) {
    std::vector<double> numbers(20000);
    for (double& v : numbers) v = shift + values(random);
    const auto [low, high] = std::minmax_element(numbers.begin(), numbers.end());
    RangeSums sums(*low, *high);
    long double mean = 0, variance = 0;
    for (const double v : numbers) {
      sums.Add(v);
      mean += v;
    }
    mean /= static_cast<long double>(numbers.size());
    for (const double v : numbers) variance += (v - mean) * (v - mean);
    variance /= static_cast<long double>(numbers.size());
    // values are rounded to 53 bits of half their range, and so are their squares; the sums are exact. The middle of a
    // range far from 0 is rounded, too: values at its bounds are moved by as much.
    const double half = (*high - *low) / 2, rounding = half * std::numeric_limits<double>::epsilon();
    EXPECT_NEAR(sums.Mean(), static_cast<double>(mean), rounding + 1e-15 * std::abs(static_cast<double>(mean)));
    const double deviation = static_cast<double>(std::sqrt(variance));
    EXPECT_NEAR(sums.Deviation() / deviation, 1, 2 * rounding * half / (deviation * deviation) + 1e-11);
    // in another order, in two parts, as bytes: the same bits
    std::shuffle(numbers.begin(), numbers.end(), random);
    RangeSums first(*std::min_element(numbers.begin(), numbers.end()),
                    *std::max_element(numbers.begin(), numbers.end())),
        second = first;
    for (size_t i = 0; i < numbers.size(); ++i) (i % 3 == 0 ? first : second).Add(numbers[i]);
    first.Merge(RangeSums::Read(second.Write()));
    EXPECT_EQ(first.Mean(), sums.Mean());
    EXPECT_EQ(first.Deviation(), sums.Deviation());
    EXPECT_EQ(first.count(), sums.count());
  }
  RangeSums constant(3, 3);
  constant.Add(3);
  EXPECT_EQ(constant.Mean(), 3);
  EXPECT_EQ(constant.Deviation(), 0);
  RangeSums widest(-1.7e308, 1.7e308);
  widest.Add(-1.7e308);
  widest.Add(1.7e308);
  EXPECT_EQ(widest.Mean(), 0);
  EXPECT_DOUBLE_EQ(widest.Deviation(), 1.7e308);
}

/// The value of a rank, by as many passes as it takes; spread over three parts.
double Select(const std::vector<double>& numbers, int64_t rank, int* passes) {
  uint64_t low = pack::OrderOf(*std::min_element(numbers.begin(), numbers.end()));
  uint64_t high = pack::OrderOf(*std::max_element(numbers.begin(), numbers.end()));
  for (*passes = 1;; ++*passes) {
    Bracket parts[] = {{low, high}, {low, high}, {low, high}};
    for (size_t i = 0; i < numbers.size(); ++i) parts[i % 7 == 0 ? 0 : 1 + i % 2].Add(pack::OrderOf(numbers[i]));
    Bracket all = Bracket::Read(parts[0].Write());
    all.Merge(parts[1]);
    all.Merge(Bracket::Read(parts[2].Write()));
    const Bracket::Found found = all.Find(rank);
    if (found.value) return pack::NumberAt(*found.value);
    rank -= found.below;
    low = found.low;
    high = found.high;
    if (*passes > 9) return std::numeric_limits<double>::quiet_NaN();
  }
}

TEST(ColumnStatistics, QuantilesAreExact) {
  std::mt19937_64 random(2);
  std::uniform_real_distribution<double> uniform(-1, 1);
  std::lognormal_distribution<double> skewed(0, 20);
  std::vector<std::vector<double>> samples(5);
  for (int i = 0; i < 60000; ++i) {
    samples[0].push_back(uniform(random));
    samples[1].push_back(skewed(random));
    samples[2].push_back(static_cast<double>(i % 100));           // few values
    samples[3].push_back(1.7e9 + static_cast<double>(i) / 1000);  // close together
    samples[4].push_back(i % 2 == 0 ? -std::numeric_limits<double>::infinity() : uniform(random));
  }
  int most = 0;
  for (std::vector<double>& sample : samples) {
    std::vector<double> sorted = sample;
    std::sort(sorted.begin(), sorted.end());
    for (const int64_t rank : {0, 1, 15000, 29999, 30000, 45000, 59998, 59999}) {
      int passes = 0;
      EXPECT_EQ(Select(sample, rank, &passes), sorted[static_cast<size_t>(rank)]) << rank;
      most = std::max(most, passes);
    }
  }
  EXPECT_GT(most, 1);
  EXPECT_LE(most, 5);
}

StatisticsRequest EncodedRequest(bool classes) {
  StatisticsRequest request;
  request.columns.resize(2);
  request.columns[0].source.name = "word";
  request.columns[0].source.value_class = base::ValueClass::kCategory;
  request.columns[0].categories = request.columns[0].target = true;
  request.columns[1].source.name = "x";
  request.columns[1].mean = request.columns[1].moments = request.columns[1].counts = true;
  request.columns[1].source.clip_high = 6;
  request.columns[1].low = 0;
  request.columns[1].high = 6;
  request.columns[1].brackets = {{pack::OrderOf(0), pack::OrderOf(9)}};
  request.fold_cells = 3;
  request.target_cell = 2;
  if (classes) {
    request.classes = {"0", "1"};
  } else {
    request.target_low = 0;
    request.target_high = 1;
  }
  return request;
}

TEST(ColumnStatistics, RowsInAnyOrderGiveOneResult) {
  const StatisticsRequest request = EncodedRequest(false);
  Statistics all(request), first(request), second(request);
  const std::vector<std::string> words = {"a", "b", "c"};
  std::vector<int> order(3000);
  for (int i = 0; i < 3000; ++i) order[static_cast<size_t>(i)] = i;
  double sum_a = 0, rows_a = 0, missing = 0;
  for (int pass = 0; pass < 2; ++pass) {
    for (const int i : order) {
      const std::string& word = words[static_cast<size_t>(i % 3)];
      const base::Bytes bytes{reinterpret_cast<const uint8_t*>(word.data()), word.size()};
      const double x = i % 10, y = (i % 7) / 7.0;
      std::vector<Cell> cells = {Cell(), Number(x), Number(y)};
      if (i % 11 != 0) {
        cells[0].type = CellType::kText;
        cells[0].count = 1;
        cells[0].texts = &bytes;
      }
      if (i % 5 == 0) cells[1] = Cell();
      if (pass == 0) {
        all.Add(cells);
        if (i % 11 == 0) ++missing;
        if (i % 11 != 0 && i % 3 == 0) {
          sum_a += y;
          ++rows_a;
        }
      } else {
        (i % 2 == 0 ? first : second).Add(cells);
      }
    }
    std::shuffle(order.begin(), order.end(), std::mt19937_64(3));
  }
  first.Merge(Statistics::Read(second.Write()));
  const auto &a = all.columns(), &b = first.columns();
  EXPECT_EQ(a[1].mean.Mean(), b[1].mean.Mean());
  EXPECT_EQ(a[1].moments.Deviation(), b[1].moments.Deviation());
  EXPECT_EQ(a[1].missing, 600);
  EXPECT_EQ(b[1].present, 2400);
  EXPECT_EQ(a[1].counts, b[1].counts);
  EXPECT_EQ(a[1].counts.size(), 8u);  // those of 5 and 0 are missing
  EXPECT_EQ(a[1].brackets[0].Find(1200).value, b[1].brackets[0].Find(1200).value);
  EXPECT_EQ(a[0].missing, static_cast<int64_t>(missing));
  ASSERT_EQ(a[0].categories.size(), 3u);
  for (const auto& [word, sums] : a[0].categories) {
    const auto& others = b[0].categories.at(word);
    EXPECT_EQ(sums.rows, others.rows);
    EXPECT_TRUE(sums.sums == others.sums);
  }
  const std::vector<double> prior = {0.25};
  EXPECT_NEAR(pack::SmoothedTargets(request, a[0].categories.at("a"), -1, prior, 10)[0],
              (sum_a + 10 * 0.25) / (rows_a + 10), 1e-15);
  // without a fold: what the others have
  double rows = 0, weighted = 0;
  for (int fold = 0; fold < data::kTargetFolds; ++fold) {
    const auto n = static_cast<double>(a[0].categories.at("a").rows[static_cast<size_t>(fold)]);
    EXPECT_GT(n, 0);
    rows += rows_a - n;
    weighted += (rows_a - n) * pack::SmoothedTargets(request, a[0].categories.at("a"), fold, {}, 0)[0];
  }
  EXPECT_NEAR(rows, 4 * rows_a, 1e-9);
  EXPECT_NEAR(weighted, 4 * sum_a, 1e-9);
}

TEST(ColumnStatistics, ClassesAreCounted) {
  StatisticsRequest request = EncodedRequest(true);
  for (const bool three : {false, true}) {
    if (three) request.classes = {"0", "1", "2"};
    Statistics statistics(request);
    const std::string word = "a", labels[] = {"0", "1", "1.0", "1"};
    const base::Bytes bytes{reinterpret_cast<const uint8_t*>(word.data()), word.size()};
    for (const std::string& label : labels) {
      const base::Bytes text{reinterpret_cast<const uint8_t*>(label.data()), label.size()};
      std::vector<Cell> cells(3);
      for (Cell* cell : {&cells[0], &cells[2]}) {
        cell->type = CellType::kText;
        cell->count = 1;
        cell->texts = cell == &cells[0] ? &bytes : &text;
      }
      statistics.Add(cells);
    }
    const auto values =
        pack::SmoothedTargets(statistics.request(), statistics.columns()[0].categories.at("a"), -1, {}, 0);
    EXPECT_EQ(values, three ? (std::vector<double>{0.25, 0.75, 0}) : (std::vector<double>{0.75}));
  }
}

// Anyone can call the aggregate, with any request.
TEST(ColumnStatistics, RowsOfOtherCellsAreRefused) {
  const StatisticsRequest request = EncodedRequest(false);
  const std::string word = "a";
  const base::Bytes bytes{reinterpret_cast<const uint8_t*>(word.data()), word.size()};
  Cell text;
  text.type = CellType::kText;
  text.count = 1;
  text.texts = &bytes;
  const double x = 0.5;
  Cell empty = Number(x);
  empty.count = 0;
  Statistics statistics(request);
  statistics.Add({text, Number(x), Number(x)});
  for (const std::vector<Cell>& row : std::vector<std::vector<Cell>>{{},
                                                                     {text},
                                                                     {text, Number(x)},
                                                                     {Number(x), Number(x), Number(x)},
                                                                     {text, text, Number(x)},
                                                                     {text, Number(x), text},
                                                                     {text, empty, Number(x)},
                                                                     {text, Number(x), empty}}) {
    EXPECT_THROW(statistics.Add(row), base::Error);
  }
  StatisticsRequest beyond = request;
  beyond.fold_cells = 4;
  EXPECT_THROW(Statistics(beyond).Add({text, Number(x), Number(x)}), base::Error);
  beyond = request;
  beyond.target_cell = 3;
  EXPECT_THROW(Statistics(beyond).Add({text, Number(x), Number(x)}), base::Error);
}
}  // namespace
