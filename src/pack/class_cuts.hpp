// How the rows of each class are shared out in a split (pack/row_split.hpp), and where their order is cut. Pure; no
// SQL.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace pack {

/// Which parts the rows of a class are cut into, as numbers of rows. Pure.
struct ClassShare {
  int64_t rows = 0;
  int64_t validation = 0;
  std::vector<int64_t> folds;  // they and validation add up to rows; empty without folds
};
/// fraction: 0 without validation; folds: 0 without. A class of at least one row keeps one that trains.
std::vector<ClassShare> ShareRows(const std::vector<int64_t>& class_rows, double fraction, int64_t folds);

/// The last keys of all parts of a class but the last one, as text for cerebro._split_part: {"<class>": [keys], ...}.
struct ClassCuts {
  int64_t id = 0;                  // hash of its labels
  std::vector<int64_t> last_keys;  // ascending
};
std::string WriteCuts(const std::vector<ClassCuts>& classes);
/// Errors: kDataCorrupted.
std::vector<ClassCuts> ReadCuts(const std::string& text);

}  // namespace pack
