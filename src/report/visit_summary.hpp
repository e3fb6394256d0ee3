// Visits on their way into a drawing: each by itself where they are few, otherwise summed up in cells of time. Memory
// does not grow with the visits.
#pragma once

#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

#include "report/run.hpp"

namespace report {

class VisitSummary {
 public:
  static constexpr int64_t kMostBars = 1500;
  static constexpr size_t kCells = 240;

  /// workers: ascending. count: visits that will be added. seconds: the end of the last one.
  VisitSummary(std::vector<int64_t> workers, int64_t count, double seconds);
  /// A visit of one of the workers. What lies outside of 0 to seconds is left out.
  void Add(const Visit& visit);
  Visits Finish() { return std::move(visits_); }

 private:
  Visits visits_;
};

}  // namespace report
