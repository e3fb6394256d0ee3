// What a scan of the training rows says of the columns that are preprocessed: sums, quantiles, counts of categories,
// sums of the target. Merged from parallel workers and segments; the result depends on the rows alone, not on their
// order or on who saw them, to the last bit:
//
//   sums       are of fixed point numbers: u = (x - middle) / half lies in [-1, 1], with the middle and half of the
//   column's range, and is rounded to
//              a multiple of 2^-62. Sums of these are exact in 128 bits. Some row has u = -1 and some u = 1, so the sum
//              of squares is not small beside the rounding: of n rows the standard deviation is off by less than n
//              2^-64 of itself
//   quantiles  are exact: a bracket is a range of values (as integers in the order of doubles) that holds the sought
//   one. A pass counts the values
//              in it, each by itself while there are at most kMostDistinct, else in kBins equal parts of the range; the
//              next pass looks into the part that holds the sought one. At most five passes, mostly two
//
// Memory: a bracket, and the categories of a column with the sums of their targets.
#pragma once

#include <cstddef>
#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "base/preprocessing.hpp"
#include "data/encoder.hpp"
#include "data/row_codec.hpp"

namespace pack {

/// The order of doubles as integers; -0 is 0. No NaN.
uint64_t OrderOf(double v);
double NumberAt(uint64_t order);

/// A sum of numbers of a known range.
class RangeSums {
 public:
  RangeSums() = default;
  /// REQUIRES finite numbers, low <= high.
  RangeSums(double low, double high);
  void Add(double v);
  void Merge(const RangeSums& other);
  int64_t count() const { return count_; }
  double Mean() const;
  double Deviation() const;  // of the population

  std::string Write() const;
  static RangeSums Read(std::string_view bytes);

 private:
  double middle_ = 0, half_ = 1;
  int64_t count_ = 0;
  __int128 sum_ = 0, squares_ = 0;
};

/// The values of a column between two bounds, both of them in it.
class Bracket {
 public:
  static constexpr size_t kMostDistinct = 4096;
  static constexpr uint64_t kBins = 8192;

  Bracket(uint64_t low, uint64_t high) : low_(low), high_(high) {
    while (((high_ - low_) >> shift_) >= kBins) ++shift_;
  }
  uint64_t low() const { return low_; }
  uint64_t high() const { return high_; }
  void Add(uint64_t order);
  void Merge(const Bracket& other);

  /// Where the value of that rank (from 0, in the bracket) lies: the value itself, or a bracket inside of this one and
  /// how many of the values of this one are below it. REQUIRES a rank less than the number of values.
  struct Found {
    std::optional<uint64_t> value;
    uint64_t low = 0, high = 0;
    int64_t below = 0;
  };
  Found Find(int64_t rank) const;

  std::string Write() const;
  static Bracket Read(std::string_view bytes);

 private:
  void CountInBins();
  uint64_t BinOf(uint64_t order) const { return (order - low_) >> shift_; }

  uint64_t low_, high_;
  int shift_ = 0;  // a bin has 2 to the power of it values
  std::unordered_map<uint64_t, int64_t> counts_;  // while there are few values
  std::vector<int64_t> bins_;                     // else
};

/// What a pass is to gather.
struct StatisticsRequest {
  struct Column {
    base::SourceInput source;  // what Add needs of it: class of values, clip, scaling
    bool mean = false;         // of clipped values
    bool moments = false;      // of transformed values
    double low = 0, high = 0;  // range of clipped values
    bool counts = false;       // rows of each number
    bool categories = false;   // rows of each category
    bool target = false;       // with the sums of the target in each fold
    std::vector<std::pair<uint64_t, uint64_t>> brackets;
  };
  std::vector<Column> columns;       // a source each
  size_t fold_cells = 0;             // of a row: what FoldOf looks at
  size_t target_cell = 0;            // the first dependent column
  std::vector<std::string> classes;  // of the target; empty: a number between target_low and target_high
  double target_low = 0, target_high = 0;

  /// Numbers of target encoding: one of two classes or of a number, else one a class.
  size_t target_outputs() const { return classes.size() > 2 ? classes.size() : 1; }
  std::string Write() const;
  static StatisticsRequest Read(std::string_view bytes);
};

/// Rows and sums of the target, fold by fold. Of classes a sum is a number of rows.
struct TargetSums {
  std::vector<int64_t> rows;
  std::vector<__int128> sums;  // fold after fold, the outputs of each; of numbers in units of RangeSums
  void Merge(const TargetSums& other);
};

struct ColumnStatistics {
  static constexpr size_t kMostCounted = 100000;  // different numbers or categories; one more ends the collection

  int64_t present = 0;  // rows with a value
  int64_t missing = 0;
  RangeSums mean, moments;
  std::unordered_map<uint64_t, int64_t> counts;
  std::map<std::string, TargetSums> categories;  // rows of a category: the sum over folds
  TargetSums missing_target;
  std::vector<Bracket> brackets;
};

class Statistics {
 public:
  explicit Statistics(StatisticsRequest request);
  /// A row: at least the cells that the request speaks of. Errors: kDatatypeMismatch when it has others.
  void Add(const std::vector<data::Cell>& cells);
  void Merge(const Statistics& other);
  const std::vector<ColumnStatistics>& columns() const { return columns_; }
  const StatisticsRequest& request() const { return request_; }

  /// As bytes between processes of one build. Errors of reading: kDataCorrupted.
  std::string Write() const;
  static Statistics Read(std::string_view bytes);

 private:
  void CheckRow(const std::vector<data::Cell>& cells) const;
  void AddTarget(const data::Cell* cells, TargetSums* sums) const;

  StatisticsRequest request_;
  std::vector<ColumnStatistics> columns_;
  std::unordered_map<std::string, size_t> class_codes_;
};

/// The target of a fold, or of all rows but a fold's, by output. fold: -1 for all rows. prior_weight: rows of the prior
/// that are added.
std::vector<double> SmoothedTargets(const StatisticsRequest& request, const TargetSums& sums, int without_fold,
                                    const std::vector<double>& prior, double prior_weight);

}  // namespace pack
