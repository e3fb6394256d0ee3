#include "pack/class_cuts.hpp"

#include <algorithm>
#include <cmath>
#include <utility>

#include "base/error.hpp"
#include "base/literal.hpp"

namespace pack {

std::vector<ClassShare> ShareRows(const std::vector<int64_t>& class_rows, double fraction, int64_t folds) {
  std::vector<ClassShare> shares;
  const auto wanted = [fraction](int64_t rows) {
    return static_cast<int64_t>(std::floor(fraction * static_cast<double>(rows) + 0.5));
  };
  int64_t seen = 0, trained = 0;
  for (const int64_t rows : class_rows) {
    ClassShare share;
    share.rows = rows;
    share.validation = std::min(wanted(seen + rows) - wanted(seen), rows - 1);
    seen += rows;
    if (folds > 0) {
      // rows are dealt out in turn, over all classes: those of number x go to fold x mod folds
      const int64_t left = rows - share.validation;
      share.folds.assign(static_cast<size_t>(folds), left / folds);
      for (int64_t i = 0; i < left % folds; ++i) ++share.folds[static_cast<size_t>((trained + i) % folds)];
      trained += left;
    }
    shares.push_back(std::move(share));
  }
  return shares;
}

std::string WriteCuts(const std::vector<ClassCuts>& classes) {
  base::List list;
  for (const ClassCuts& of_class : classes) {
    base::List cuts{base::Value(of_class.id)};
    for (const int64_t key : of_class.last_keys) cuts.emplace_back(key);
    list.emplace_back(std::move(cuts));
  }
  return base::FormatJson(base::Value(std::move(list)));
}

std::vector<ClassCuts> ReadCuts(const std::string& text) {
  std::vector<ClassCuts> classes;
  const base::Value value = base::ParseLiteral(text);
  const auto corrupted = [] {
    return base::Error(base::ErrorCode::kDataCorrupted, "the cuts of a split cannot be read");
  };
  if (!value.is_list()) throw corrupted();
  for (const base::Value& in : value.list()) {
    if (!in.is_list() || in.list().empty()) throw corrupted();
    ClassCuts of_class;
    for (const base::Value& number : in.list()) {
      if (!number.is_int()) throw corrupted();
      of_class.last_keys.push_back(number.integer());
    }
    of_class.id = of_class.last_keys.front();
    of_class.last_keys.erase(of_class.last_keys.begin());
    if (!std::is_sorted(of_class.last_keys.begin(), of_class.last_keys.end())) throw corrupted();
    classes.push_back(std::move(of_class));
  }
  return classes;
}

}  // namespace pack
