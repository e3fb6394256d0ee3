// What a scan of the source table says of its columns: shapes, ranges, NULLs, NaN, distinct texts. One pass, any number of columns, merged
// from parallel workers; the result does not depend on the order of the rows.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_set>
#include <utility>
#include <vector>

#include "base/tensor.hpp"
#include "data/row_codec.hpp"
#include "pack/rounding_sample.hpp"

namespace pack {

/// Most distinct strings that a column's dictionary may have; one more ends the collection.
constexpr size_t kMaxDictionary = 100000;

struct ColumnProfile {
  int64_t nulls = 0;           // rows that are NULL, or arrays with a NULL element
  int64_t nonfinite = 0;       // elements that are NaN or infinite
  int64_t values = 0;          // finite numbers seen
  bool integral = true;        // all of them are integers
  double min = 0, max = 0;     // of the finite numbers; valid when values > 0. Integers beyond 2^53 are rounded
  std::map<base::Shape, int64_t> shapes;  // arrays and bytes: rows of each shape, NULLs left out; at most kMaxShapes
  std::unordered_set<std::string> texts;  // distinct strings, at most kMaxDictionary + 1
  std::vector<RoundingSample> samples;    // of numbers that float32 may not hold: of each element of short arrays, else of all values
  static constexpr size_t kMaxShapes = 64;
  static constexpr int64_t kMaxSamples = 64;

  void Add(const data::Cell& cell);
  void Merge(const ColumnProfile& other);
  /// Two values that are one in float32, where that matters; of an array, of one element.
  std::optional<std::pair<double, double>> IndistinctInFloat32() const;
  /// The shape of most rows; of equally frequent ones the smallest. {} when there is none.
  base::Shape CommonShape() const;
};

struct Profile {
  int64_t rows = 0;
  std::vector<ColumnProfile> columns;

  void Add(const std::vector<data::Cell>& cells);
  void Merge(const Profile& other);
};

/// Profile <-> JSON text: the aggregate's result and its transport between workers. Errors of reading: kDataCorrupted.
std::string WriteProfile(const Profile& profile);
Profile ReadProfile(std::string_view json);

}  // namespace pack
