// Whether float32 tells the values of a column apart: a sample of float32 values, each with the smallest and the largest number that is
// rounded to it. The sample is the float32 values of smallest hash, so it depends neither on the order of the rows nor on who saw them.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <utility>
#include <vector>

#include "base/value.hpp"

namespace pack {

class RoundingSample {
 public:
  /// A finite number.
  void Add(double value);
  void Merge(const RoundingSample& other);

  /// Two numbers that are one in float32, if the sample has any and that matters: to integers always; to others where float32 has few values
  /// between the smallest and the largest of them. Of a million random numbers in [0, 1) some are one, and nobody misses the difference.
  std::optional<std::pair<double, double>> Indistinct() const;

  base::Value Write() const;
  /// Errors: kDataCorrupted.
  static RoundingSample Read(const base::Value& value);

 private:
  struct Cell {
    uint32_t hash;
    double low, high;
  };
  void AddRange(double low, double high);

  static constexpr size_t kMostCells = 64;
  std::vector<Cell> cells_;  // by hash, ascending
  bool integral_ = true;     // every number is an integer
  double min_ = 0, max_ = 0; // valid when there are cells
};

}  // namespace pack
