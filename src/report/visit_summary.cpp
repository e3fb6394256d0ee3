#include "report/visit_summary.hpp"

#include <algorithm>
#include <utility>

namespace report {

VisitSummary::VisitSummary(std::vector<int64_t> workers, int64_t count, double seconds) {
  visits_.count = count;
  visits_.seconds = seconds;
  visits_.working.assign(workers.size(), 0);
  if (count > kMostBars) visits_.busy.assign(workers.size(), std::vector<double>(kCells, 0));
  visits_.workers = std::move(workers);
}

void VisitSummary::Add(const Visit& visit) {
  const auto found = std::lower_bound(visits_.workers.begin(), visits_.workers.end(), visit.worker);
  if (found == visits_.workers.end() || *found != visit.worker) return;
  const auto worker = static_cast<size_t>(found - visits_.workers.begin());
  Visit own = visit;
  own.start = std::clamp(own.start, 0.0, visits_.seconds);
  own.end = std::clamp(own.end, own.start, visits_.seconds);
  visits_.working[worker] += own.end - own.start;
  if (visits_.busy.empty()) {
    if (static_cast<int64_t>(visits_.bars.size()) < kMostBars) visits_.bars.push_back(own);
    return;
  }
  const double cell = visits_.seconds / kCells;
  if (!(cell > 0)) return;
  for (auto c = static_cast<size_t>(own.start / cell); c < kCells; c++) {
    const double from = std::max(own.start, static_cast<double>(c) * cell), to = std::min(own.end, static_cast<double>(c + 1) * cell);
    if (to <= from) break;
    double& busy = visits_.busy[worker][c];
    busy = std::min(1.0, busy + (to - from) / cell);
  }
}

}  // namespace report
