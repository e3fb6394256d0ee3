// A small table of three classes, and the argument of the first layer that reads it.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "models.hpp"

namespace fixture {

constexpr int kFeatures = 7;
constexpr int kClasses = 3;

inline std::string ClassInput() { return R"(, "batch_input_shape": [null, )" + std::to_string(kFeatures) + "]"; }

inline Table ClassTable(int64_t rows) {
  Table table;
  table.AddInput("x", {kFeatures}, Numbers(static_cast<size_t>(rows * kFeatures)));
  std::vector<double> hot(static_cast<size_t>(rows * kClasses));
  for (int64_t r = 0; r < rows; ++r) hot[static_cast<size_t>(r * kClasses + r * r % kClasses)] = 1;
  table.AddTarget("y", {kClasses}, hot, base::TargetKind::kOneHot, kClasses);
  return table;
}

}  // namespace fixture
